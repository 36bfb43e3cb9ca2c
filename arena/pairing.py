"""Which two agents to let meet next (signatures; bodies follow in the next commit)."""

from __future__ import annotations

from collections.abc import Iterable

from arena.ratings import Ratings


def next_pairs(
    ratings: Ratings, pending: Iterable[tuple[int, int]], k: int, seed: int, *, minimum: int = 2
) -> list[tuple[int, int]]:
    """The ``k`` mirrored pairs (a < b) that teach most about the ratings, given results so far and those still to come.

    pending: pairs scheduled whose results are not in ``ratings`` yet.
    minimum: mirrored pairs each agent plays before the choice becomes free.
    The same ratings, pending pairs and seed give the same list. An agent pair may appear several times."""
    raise NotImplementedError

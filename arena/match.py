"""A match between two agents given by their specs, in this process."""

from __future__ import annotations

from collections.abc import Iterator

from arena.records import MatchRecord
from arena.runner import Limits


def play_match(
    a: str,
    b: str,
    game_id: str,
    games: int = 2,
    *,
    plies: tuple[int, int] | None = None,  # length of the random openings, least and most; None: `default_plies`
    seed: int = 0,
    limits: Limits = Limits(),
    batch: int = 64,
) -> Iterator[MatchRecord]:
    """Yields games as they finish: mirrored pairs (same opening, same seed, seats swapped), ``batch`` at a time.

    Stop iterating to stop the match (SPRT). Record ids end in "-1" and "-2" for the two games of a pair; in "-1"
    agent ``a`` moves first. Raises `InputError`: unknown agent or game, an odd number of games.
    """
    raise NotImplementedError

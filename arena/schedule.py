"""Who meets whom: pure functions from the entrants and what is already planned to what is to be planned next.

A pairing is a number of mirrored pairs between two entrants; the pairs of two entrants are numbered from 0, and all
about pair k (its opening, its seed, the ids of its two games) follows from the ladder, the two players and k.
So the same games come out however often a ladder is stopped, and a game that is stored never has to be played again.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from arena.openings import Opening, Placed
from arena.runner import Task
from envs.core import GameSpec

BOOK = 256  # openings of a ladder; pairs beyond begin with the same openings again, but other seeds


@dataclass(frozen=True, slots=True)
class Pairing:
    """Mirrored pairs ``start`` to ``start + pairs - 1`` between two entrants, a < b; or, where a is b, games for points
    from the seeds of these numbers."""

    a: int
    b: int
    start: int
    pairs: int


Planned = Mapping[tuple[int, int], int]
"""How many mirrored pairs of two entrants (a < b) are planned; couples without any may be left out."""


def planned(pairings: Iterable[Pairing]) -> Counter[tuple[int, int]]:
    """The pairs that these pairings come to, by couple."""
    count: Counter[tuple[int, int]] = Counter()
    for pairing in pairings:
        count[pairing.a, pairing.b] += pairing.pairs
    return count


def round_robin(waves: Sequence[int], done: Planned, pairs: int) -> list[Pairing]:
    """What everyone lacks to ``pairs`` mirrored pairs against everyone. ``waves[i]``: the wave of entrant i."""
    return _fill(combinations(range(len(waves)), 2), done, pairs)


def gauntlet(waves: Sequence[int], done: Planned, pairs: int) -> list[Pairing]:
    """The same, but those who entered in the same wave do not meet: newcomers play all others."""
    return _fill((c for c in combinations(range(len(waves)), 2) if waves[c[0]] != waves[c[1]]), done, pairs)


def chosen(couples: Iterable[tuple[int, int]], done: Planned) -> list[Pairing]:
    """One more mirrored pair for each couple (a < b) in the list, in which a couple may stand several times."""
    return [Pairing(a, b, done.get((a, b), 0), pairs) for (a, b), pairs in Counter(couples).items()]


def solo(entrants: int, done: Planned, seeds: int) -> list[Pairing]:
    """What everyone lacks to having played so many seeds."""
    return _fill(((i, i) for i in range(entrants)), done, seeds)


def _fill(couples: Iterable[tuple[int, int]], done: Planned, pairs: int) -> list[Pairing]:
    have = ((a, b, done.get((a, b), 0)) for a, b in couples)
    return [Pairing(a, b, start, pairs - start) for a, b, start in have if start < pairs]


def tasks(
    ladder: str,
    seed: int,
    spec: GameSpec,
    a: str,
    b: str,
    pairing: Pairing,
    book: Sequence[Opening],
    options: Mapping[str, Any] | None = None,
) -> Iterator[Task]:
    """The games of a pairing, mirrored pairs one after the other. ``a``, ``b``: the players' fingerprints.

    Ids are 16 hexadecimal digits for the pair and "-1" where ``a`` moves first, "-2" where ``b`` does. Where both are
    one agent, these are its games for points: all agents play the same seeds, and ids of one seed begin alike.
    """
    if pairing.a == pairing.b:
        yield from _solos(ladder, seed, spec, a, pairing)
        return
    for k in range(pairing.start, pairing.start + pairing.pairs):
        opening, own = book[k % len(book)], dict(options or {})
        if isinstance(opening, Placed):
            own |= opening.options
            opening = opening.actions
        name = json.dumps([ladder, seed, spec.id, spec.version, a, b, k, opening, *([own] if own else [])])
        digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
        for first in (0, 1):
            yield Task(
                id=f"{digest[:8].hex()}-{first + 1}",
                seed=int.from_bytes(digest[8:], "big") >> 1,
                opening=opening,
                first=first,
                options=own,
            )


def _solos(ladder: str, seed: int, spec: GameSpec, player: str, pairing: Pairing) -> Iterator[Task]:
    own = hashlib.blake2b(player.encode(), digest_size=8).hexdigest()
    for k in range(pairing.start, pairing.start + pairing.pairs):
        name = json.dumps([ladder, seed, spec.id, spec.version, k])
        digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
        number = int.from_bytes(digest[8:], "big") >> 1
        yield Task(id=f"{digest[:8].hex()}-{own}", seed=number, opening=(), first=0)


def batches(games: Sequence[Task], size: int) -> list[Sequence[Task]]:
    """The games in pieces of at most ``size``, all of about the same length."""
    pieces = -(-len(games) // size)
    cuts = [len(games) * i // pieces for i in range(pieces + 1)]
    return [games[a:b] for a, b in pairwise(cuts)]


def pair_number(match_id: str) -> int:
    """A number that the two games of a mirrored pair share, or all games for points of one seed; 0..2**63-1."""
    return int(match_id.partition("-")[0], 16) >> 1

"""Results of many games boiled down to what the statistics need: how often each result of a mirrored pair came up.

The unit of evidence is the *mirrored pair*: two games of the same two agents from the same opening with the same seed,
seats swapped. The games of a pair are not independent (an opening good for the first player is so in both), so nothing
below ever looks at a game apart from its pair. For each two agents, a 4 x 4 table of pair results is all there is to know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from envs.core import InputError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ALONE = -1  # the pair number of a game that has no mirror image


@dataclass(frozen=True, slots=True)
class Tally:
    """Results between agents 0..agents-1: one row for every two agents that have met, ``low < high``."""

    agents: int
    low: Ints  # [m]
    high: Ints  # [m]
    cells: Ints
    """[m, 4, 4]: how many pairs ended like this. First index: the game that ``low`` started, second: the one that ``high``
    started; 0 no such game, 1 ``low`` lost, 2 draw, 3 ``low`` won. Row 0 and column 0 hold games without a mirror image."""
    distinct: Floats
    """[m] in (0, 1]: the share of these games that differ. Two agents without chance play the same game again and again;
    however often it was played it is the evidence of one game, so statistics count ``distinct`` times the games."""

    @property
    def games(self) -> Ints:
        """int64[n]: games each agent has played, repeated ones included."""
        per_cell = np.minimum(np.arange(4), 1)[:, None] + np.minimum(np.arange(4), 1)
        played = np.einsum("mij,ij->m", self.cells, per_cell)
        return np.bincount(self.low, played, self.agents).astype(np.int64) + np.bincount(
            self.high, played, self.agents
        ).astype(np.int64)

    def pentanomial(self, a: int, b: int) -> Ints:
        """int64[5]: mirrored pairs in which ``a`` scored 0, 1/2, 1, 3/2 and 2 points against ``b``."""
        counts = np.zeros(5, np.int64)
        low, high = min(a, b), max(a, b)
        for row in np.flatnonzero((self.low == low) & (self.high == high)):
            np.add.at(counts, np.add.outer(np.arange(3), np.arange(3)), self.cells[row, 1:, 1:])
        return counts if a == low else counts[::-1].copy()


def tally(
    agents: int,
    first: ArrayLike,
    second: ArrayLike,
    result: ArrayLike,
    pair: ArrayLike | None = None,
    content: ArrayLike | None = None,
) -> Tally:
    """Counts games, one array entry each.

    first, second: who moved first and second, 0..agents-1.
    result: 1, 0 or -1 from the view of the first player (`MatchRecord.returns[0]` of a board game).
    pair: number shared by the two games of a mirrored pair (unique among the games of the same two agents), `ALONE` for
        a game without a mirror image; None: all games stand alone.
    content: equal integers for games that went alike move by move, such as a hash of their actions; None: all differ.

    Leave out games that say nothing about the agents (faults of the host). Raises `InputError` for agents out of range, an
    agent against itself, other results, or a pair with two games from the same seat.
    """
    one, two, sign = (np.asarray(x) for x in (first, second, result))
    number = np.full(len(one), ALONE, np.int64) if pair is None else np.asarray(pair)
    if not one.shape == two.shape == sign.shape == number.shape or one.ndim != 1:
        raise InputError("first, second, result and pair have to be flat arrays of the same length")
    if len(one) and (min(one.min(), two.min()) < 0 or max(one.max(), two.max()) >= agents):
        raise InputError(f"agents are numbered 0..{agents - 1}")
    if np.any(one == two):
        raise InputError("an agent cannot be rated by games against itself")
    if not np.isin(sign, (-1, 0, 1)).all():
        raise InputError("a result is 1, 0 or -1")

    swapped = one > two
    matchup = np.where(swapped, two * agents + one, one * agents + two).astype(np.int64)
    met, row = np.unique(matchup, return_inverse=True)
    result_of_low = (np.where(swapped, -sign, sign) + 2).astype(np.int64)
    cells = np.zeros((len(met), 4, 4), np.int64)

    alone = number == ALONE
    for seat, index in ((False, (slice(None), slice(1, None), 0)), (True, (slice(None), 0, slice(1, None)))):
        chosen = alone & (swapped == seat)
        cells[index] += np.bincount(row[chosen] * 3 + result_of_low[chosen] - 1, minlength=3 * len(met)).reshape(-1, 3)

    numbers, number = np.unique(number[~alone], return_inverse=True)
    key, where = np.unique(row[~alone] * max(len(numbers), 1) + number, return_inverse=True)
    sides = np.zeros((2, len(key)), np.int64)
    for seat in (0, 1):
        chosen = swapped[~alone] == bool(seat)
        if np.any(np.bincount(where[chosen], minlength=1) > 1):
            raise InputError("a mirrored pair has two games with the same agent in the first seat")
        sides[seat, where[chosen]] = result_of_low[~alone][chosen]
    rows = key // max(len(numbers), 1)
    cells += np.bincount(rows * 16 + sides[0] * 4 + sides[1], minlength=16 * len(met)).reshape(-1, 4, 4)

    return Tally(agents, met // agents, met % agents, cells, _distinct(row, len(met), content))


def _distinct(row: Ints, rows: int, content: ArrayLike | None) -> Floats:
    """float64[rows]: different games over games."""
    if content is None:
        return np.ones(rows)
    kinds, kind = np.unique(np.asarray(content), return_inverse=True)
    different = np.unique(row * max(len(kinds), 1) + kind) // max(len(kinds), 1)
    return np.bincount(different, minlength=rows) / np.bincount(row, minlength=rows)

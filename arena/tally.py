"""Results of many games boiled down to what the statistics need: how often each result of a mirrored pair came up.

The unit of evidence is the *mirrored pair*: two games of the same two agents from the same opening with the same seed,
seats swapped. The games of a pair are not independent (an opening that is good for the first player is so in both), so
nothing that reads a `Tally` sees a game apart from its pair. Of each two agents, a 4 x 4 table of pair results is kept.
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
    """[m, 4, 4]: how many pairs ended like this. First index: the game that ``low`` started, second: the one that
    ``high`` started; 0 no such game, 1 ``low`` lost, 2 draw, 3 ``low`` won. So row 0 and column 0 hold the games
    without a mirror image, and ``cells[:, 0, 0]`` is 0."""
    distinct: Floats
    """[m] in (0, 1]: the share of the games that differ. Two agents without chance repeat themselves, and a game is the
    evidence of one game however often it was played, so statistics count ``distinct`` times the games. (The proportions
    stay those of all games: agents that do play by chance may have honest repeats.)"""

    @property
    def games(self) -> Ints:
        """int64[n]: games each agent has played, repeated ones included."""
        met = self.cells[:, 1:].sum(axis=(1, 2)) + self.cells[:, :, 1:].sum(axis=(1, 2))
        both = np.concatenate([self.low, self.high])
        return np.bincount(both, np.concatenate([met, met]), self.agents).astype(np.int64)


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
    result: 1, 0 or -1 from the view of the first player (``returns[0]`` of a board game's `MatchRecord`).
    pair: number shared by the two games of a mirrored pair, unique among the pairs of the same two agents; `ALONE` for
        a game without a mirror image; None: all games stand alone.
    content: equal integers for games that went alike move by move, such as a hash of their actions; None: all differ.

    Leave out games that say nothing about the agents (faults of the host). Raises `InputError` for agents out of range,
    an agent against itself, other results, or a pair with two games from the same seat.
    """
    one, two = np.asarray(first, np.int64), np.asarray(second, np.int64)
    sign = np.asarray(result)
    number = np.full(one.shape, ALONE) if pair is None else np.asarray(pair, np.int64)
    _check(agents, one, two, sign, number)

    swapped = one > two
    couple = np.minimum(one, two) * agents + np.maximum(one, two)
    met = np.flatnonzero(np.bincount(couple, minlength=1))
    row = _positions(met)[couple]
    result_of_low = (np.where(swapped, -sign, sign) + 2).astype(np.int64)  # 1, 2, 3 as in `Tally.cells`

    alone = number == ALONE
    cells = np.zeros((len(met), 4, 4), np.int64)
    where = row * 16 + result_of_low * np.where(swapped, 1, 4)
    cells += np.bincount(where[alone], minlength=16 * len(met)).reshape(-1, 4, 4)
    cells += _pairs(len(met), row[~alone], number[~alone], result_of_low[~alone], swapped[~alone])
    return Tally(agents, met // agents, met % agents, cells, _distinct(len(met), row, swapped, content))


def _check(agents: int, one: Ints, two: Ints, sign: NDArray[np.generic], number: Ints) -> None:
    if not one.shape == two.shape == sign.shape == number.shape or one.ndim != 1:
        raise InputError("first, second, result and pair have to be flat arrays of one length")
    if len(one) and (min(one.min(), two.min()) < 0 or max(one.max(), two.max()) >= agents):
        raise InputError(f"agents are numbered 0..{agents - 1}")
    if np.any(one == two):
        raise InputError("a game of an agent against itself rates nobody")
    if not np.isin(sign, (-1, 0, 1)).all():
        raise InputError("a result is 1, 0 or -1")


def _positions(met: Ints) -> Ints:
    """Inverse of a sorted array: ``_positions(met)[met[i]] == i``."""
    out = np.zeros(met.max(initial=-1) + 1, np.int64)
    out[met] = np.arange(len(met))
    return out


def _pairs(rows: int, row: Ints, number: Ints, result: Ints, swapped: NDArray[np.bool_]) -> Ints:
    """int64[rows, 4, 4]: the cells that mirrored pairs fall into; a pair with one game so far counts as one game."""
    if len(row) == 0:
        return np.zeros((rows, 4, 4), np.int64)
    span = int(number.max()) - int(number.min()) + 1
    if span < 2**62 // rows:
        number = number - number.min()
    else:  # numbers such as hashes: rank them first, so that row and number fit into one word
        ranks, number = np.unique(number, return_inverse=True)
        span = len(ranks)
    key, pair = np.unique(row * span + number, return_inverse=True)
    sides = np.zeros((len(key), 2), np.int64)
    if np.bincount(pair * 2 + swapped).max() > 1:
        raise InputError("a mirrored pair has two games with the same agent in the first seat")
    sides[pair, swapped.astype(np.int64)] = result
    cell = key // span * 16 + sides[:, 0] * 4 + sides[:, 1]
    return np.bincount(cell, minlength=16 * rows).reshape(rows, 4, 4)


def _distinct(rows: int, row: Ints, swapped: NDArray[np.bool_], content: ArrayLike | None) -> Floats:
    """float64[rows]: different games over games."""
    if content is None:
        return np.ones(rows)
    kinds, kind = np.unique(np.asarray(content), return_inverse=True)
    game = np.sort((row * 2 + swapped) * len(kinds) + kind)  # np.unique without an inverse hashes, ten times slower
    different = game[np.diff(game, prepend=-1) > 0] // (2 * max(len(kinds), 1))
    return np.bincount(different, minlength=rows) / np.bincount(row, minlength=rows)

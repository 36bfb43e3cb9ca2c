"""Results of Othello positions under perfect play, where a small search on the rules alone finds them.

Alpha-beta for who wins, not by how much. The move that leaves the opponent the fewest answers comes first ("fastest
first", Buro 1997), and a table knows what was seen before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.bits import mix, popcount
from envs.core import States
from envs.discs import flips, placements
from envs.endings import LOSS, UNKNOWN, WIN, bounds, learned
from envs.kernels import njit

U = np.uint64
SQUARES = 64
MOST_EMPTY = 14  # squares; earlier positions would cost all nodes in vain
_MOST_MOVES = 34
_TABLE = 1 << 11  # entries: both players' discs, whose search this is and what is known


@njit(cache=True, nogil=True)
def _search(
    mine: np.uint64,
    theirs: np.uint64,
    row: np.uint64,
    alpha: int | np.int64,
    beta: int | np.int64,
    left: NDArray[np.int64],
    table: NDArray[np.uint64],
    scratch: NDArray[np.uint64],
) -> int:
    """The result for the mover as far as ``alpha`` and ``beta`` ask (fail-soft); or `UNKNOWN`.

    ``left[0]``: how many more positions may be looked at. ``table``: uint64[entries, 3] of mine, theirs and
    ``row << 4 | lower + 1 << 2 | upper + 1``; those of other rows are as good as none. ``scratch``:
    uint64[64, moves, 2], a row for each number of discs."""
    moves = placements(mine, theirs)
    if moves == U(0):
        if placements(theirs, mine) == U(0):
            return int(np.sign(np.int64(popcount(mine)) - np.int64(popcount(theirs))))
        result = _search(theirs, mine, row, -beta, -alpha, left, table, scratch)
        return result if result == UNKNOWN else -result
    entry, lower, upper = table[mix(mine ^ mix(theirs)) % U(_TABLE)], -1, 1
    if entry[0] == mine and entry[1] == theirs and entry[2] >> U(4) == row:
        lower, upper = bounds(entry[2])
    floor, ceiling = max(alpha, lower), min(beta, upper)
    if floor >= ceiling:
        return lower if lower >= beta else upper
    left[0] -= 1
    if left[0] < 0:
        return UNKNOWN
    order, n = scratch[popcount(mine | theirs)], 0  # moves, and how many answers they leave; fewest first
    while moves:
        disc = moves & (~moves + U(1))
        moves ^= disc
        turned = flips(mine, theirs, disc)
        answers, i = popcount(placements(theirs ^ turned, mine | turned | disc)), n
        while i > 0 and order[i - 1, 1] > answers:
            order[i] = order[i - 1]
            i -= 1
        order[i, 0], order[i, 1] = disc, answers
        n += 1
    best = -1
    for i in range(n):
        disc = order[i, 0]
        turned = flips(mine, theirs, disc)
        after = theirs ^ turned, mine | turned | disc
        result = _search(after[0], after[1], row, -ceiling, -max(floor, best), left, table, scratch)
        if result == UNKNOWN:
            return UNKNOWN
        best = max(best, -result)
        if best >= ceiling:
            break
    entry[0], entry[1], entry[2] = mine, theirs, learned(row, lower, upper, floor, ceiling, best)
    return best


@njit(cache=True, nogil=True)
def prove(states: States, nodes: int) -> NDArray[np.float32]:
    """See `envs.core.BoardGame.prove`."""
    out = np.empty(states.shape[0], np.float32)
    left, scratch = np.empty(1, np.int64), np.empty((SQUARES, _MOST_MOVES, 2), np.uint64)
    table = np.zeros((_TABLE, 3), np.uint64)
    for b in range(states.shape[0]):
        mine, theirs = states[b, 0], states[b, 1]
        left[0] = nodes if popcount(mine | theirs) >= U(SQUARES - MOST_EMPTY) else 0
        result = _search(mine, theirs, U(b), LOSS, WIN, left, table, scratch)
        out[b] = np.nan if result == UNKNOWN else -result if states[b, 2] else result
    return out

"""The exact search: null-window negamax over bitboards.

After Pascal Pons, "Solving Connect 4: how to build a perfect AI" (blog.gamesolver.org, 2015-2019): the score
convention, the filter of losing moves, the order by threats and the two-sided bounds in the table are his ideas. The
layout of a position is that of `envs.connect_four`. Differences from his programme: one table entry holds both bounds,
all successors are looked up before any is searched (enhanced transposition cut-off, Plaat et al. 1996), and forced
moves are followed without a table look-up, since on current machines a look-up (a cache miss) costs more than a node.

Scores: a win scores 1 plus the number of stones the winner still had left after the winning one, so sooner is more;
a loss the opposite; a draw 0. The mover of a position after ``ply`` stones wins at once with ``(43 - ply) // 2``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.bits import popcount
from envs.fours import BOTTOM, CELL, COLUMNS, ROWS, has_four, playable, sort_moves, surviving, threats
from envs.kernels import njit

U = np.uint64
PLIES = COLUMNS * ROWS
_BOTTOM = U(BOTTOM)
_GOLDEN = U(0x9E3779B97F4A7C15)  # 2**64 / golden ratio (Knuth, TAOCP 3, 6.4: multiplicative hashing)
_TABLE_PLIES = 36  # later positions are solved faster than looked up
_MIRROR_PLIES = 14  # mirrored positions meet in one search only while the board is nearly empty
_BIAS = 32  # makes scores, -21..21, unsigned in a table entry


@njit(cache=True, nogil=True)
def _mirrored(key: np.uint64) -> np.uint64:
    """The key of the mirrored position: the seven-bit columns in reverse order."""
    out = key & (U(127) << U(21))
    for c in range(3):
        distance = U(7 * (6 - 2 * c))
        out |= (key & (U(127) << U(7 * c))) << distance
        out |= (key >> distance) & (U(127) << U(7 * c))
    return out


@njit(cache=True, nogil=True)
def canonical(mine: np.uint64, stones: np.uint64) -> np.uint64:
    """A number below 2**49 that a position shares with its mirror image and with no other position."""
    key = mine + stones + _BOTTOM  # every column's sum has seven bits, the highest one just above its stones (Tromp)
    return min(key, _mirrored(key))


@njit(cache=True, nogil=True)
def _key(mine: np.uint64, stones: np.uint64, ply: int) -> np.uint64:
    if ply < _MIRROR_PLIES:
        return canonical(mine, stones)
    return mine + stones + _BOTTOM


@njit(cache=True, nogil=True)
def _search(
    mine: np.uint64,
    stones: np.uint64,
    ply: int,
    bound: int,
    table: NDArray[np.uint64],
    shift: np.uint64,
    scratch: NDArray[np.uint64],
) -> int:
    """A bound of the score that answers whether it is at least ``bound``: a lower bound if so, else an upper bound.

    The mover must have no winning move. ``table``: 2**(64 - shift) entries, each ``key << 12 | lower << 6 | upper``.
    ``scratch``: uint64[PLIES, 7], row ``ply`` is this node's.
    """
    moves = surviving(mine, stones)
    if moves == U(0):
        return -((PLIES - ply) // 2)
    if ply >= PLIES - 2:
        return 0
    lower, upper = -((PLIES - 2 - ply) // 2), (PLIES - 1 - ply) // 2  # nobody wins with the next stone of either
    if lower >= bound:
        return lower
    if upper < bound:
        return upper
    if moves & (moves - U(1)) == U(0):
        return -_search(stones ^ mine, stones | moves, ply + 1, 1 - bound, table, shift, scratch)

    key = _key(mine, stones, ply)
    slot = (key * _GOLDEN) >> shift
    if ply < _TABLE_PLIES:
        entry = table[slot]
        if entry >> U(12) == key:
            lower = max(lower, int(np.int64((entry >> U(6)) & U(63))) - _BIAS)
            upper = min(upper, int(np.int64(entry & U(63))) - _BIAS)
            if lower >= bound:
                return lower
            if upper < bound:
                return upper

    order = scratch[ply]
    n = sort_moves(mine, stones, moves, order)

    if ply + 1 < _TABLE_PLIES:
        for i in range(n):
            child = _key(stones ^ mine, stones | (order[i] & CELL), ply + 1)
            entry = table[(child * _GOLDEN) >> shift]
            if entry >> U(12) == child:
                value = _BIAS - int(np.int64(entry & U(63)))
                if value >= bound:
                    return value

    best = -PLIES
    for i in range(n):
        value = -_search(stones ^ mine, stones | (order[i] & CELL), ply + 1, 1 - bound, table, shift, scratch)
        best = max(best, value)
        if best >= bound:
            break
    best = min(max(best, lower), upper)
    if ply < _TABLE_PLIES:
        if best >= bound:
            lower = best
        else:
            upper = best
        table[slot] = (key << U(12)) | (U(lower + _BIAS) << U(6)) | U(upper + _BIAS)
    return best


@njit(cache=True, nogil=True)
def bounded(
    mine: np.uint64,
    stones: np.uint64,
    bound: int,
    table: NDArray[np.uint64],
    shift: np.uint64,
    scratch: NDArray[np.uint64],
) -> int:
    """As `_search`, for any position, a finished one too."""
    ply = int(np.int64(popcount(stones)))
    if has_four(stones ^ mine):
        return -((PLIES + 2 - ply) // 2)
    if threats(mine, stones) & playable(stones):
        return (PLIES + 1 - ply) // 2
    if ply >= PLIES:
        return 0
    return _search(mine, stones, ply, bound, table, shift, scratch)


@njit(cache=True, nogil=True)
def exact(
    mine: np.uint64, stones: np.uint64, table: NDArray[np.uint64], shift: np.uint64, scratch: NDArray[np.uint64]
) -> int:
    """The score of any position, by questions that narrow what is possible from both ends: whether somebody wins soon
    is cheap to ask, and the answers in the table make the next question cheaper."""
    ply = int(np.int64(popcount(stones)))
    lower, upper = -((PLIES + 2 - ply) // 2), (PLIES + 1 - ply) // 2
    while lower < upper:
        bound = lower + (upper - lower) // 2 + 1
        bound = min(bound, 1 - -lower // 2) if bound <= 1 else max(bound, 1 + upper // 2)
        value = bounded(mine, stones, bound, table, shift, scratch)
        if value >= bound:
            lower = value
        else:
            upper = value
    return lower

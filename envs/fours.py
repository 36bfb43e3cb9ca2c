"""Lines of four on Connect Four's board, by bit tricks; the layout of a position is that of `envs.connect_four`.

Threats and the filter of losing moves are Pascal Pons's ("Solving Connect 4: how to build a perfect AI",
blog.gamesolver.org, 2015-2019).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.bits import popcount
from envs.kernels import njit

U = np.uint64
COLUMNS, ROWS = 7, 6
BOTTOM = sum(1 << (7 * c) for c in range(COLUMNS))  # the lowest cell of every column
FULL = BOTTOM * ((1 << ROWS) - 1)
OUTWARDS = np.array(  # the cells of each column, from the centre outwards
    [((1 << ROWS) - 1) << (7 * c) for c in (3, 2, 4, 1, 5, 0, 6)], np.uint64
)
CELL = U((1 << 49) - 1)  # the bits that a cell can have
_BOTTOM, _FULL = U(BOTTOM), U(FULL)


@njit(cache=True, nogil=True)
def has_four(stones: np.uint64) -> bool:
    """Whether the stones contain four in a row (shift by 1: vertical, 7: horizontal, 6 and 8: diagonals)."""
    for shift in (U(1), U(7), U(6), U(8)):
        pairs = stones & (stones >> shift)
        if pairs & (pairs >> (shift + shift)):
            return True
    return False


@njit(cache=True, nogil=True)
def threats(mine: np.uint64, stones: np.uint64) -> np.uint64:
    """The empty cells, reachable or not yet, that would complete four in a row of ``mine``."""
    cells = (mine << U(1)) & (mine << U(2)) & (mine << U(3))
    for shift in (U(7), U(6), U(8)):
        twice, thrice = shift + shift, shift + shift + shift
        right = (mine << shift) & (mine << twice)
        left = (mine >> shift) & (mine >> twice)
        cells |= right & ((mine << thrice) | (mine >> shift))
        cells |= left & ((mine << shift) | (mine >> thrice))
    return cells & (_FULL ^ stones)


@njit(cache=True, nogil=True)
def playable(stones: np.uint64) -> np.uint64:
    """The lowest empty cell of every column that is not full."""
    return (stones + _BOTTOM) & _FULL


@njit(cache=True, nogil=True)
def surviving(mine: np.uint64, stones: np.uint64) -> np.uint64:
    """The cells the mover can take without letting the other player win at once."""
    cells = playable(stones)
    dangers = threats(stones ^ mine, stones)
    forced = cells & dangers
    if forced:
        if forced & (forced - U(1)):
            return U(0)  # two threats, one move
        cells = forced
    return cells & ~(dangers >> U(1))  # never below a danger


@njit(cache=True, nogil=True)
def sort_moves(mine: np.uint64, stones: np.uint64, moves: np.uint64, order: NDArray[np.uint64]) -> int:
    """Fills ``order`` with the cells in ``moves``, the number of threats they make above bit 49: most threats first,
    then from the centre outwards. Returns how many there are."""
    n = 0
    for column in OUTWARDS:
        move = moves & column
        if move:
            count = popcount(threats(mine | move, stones | move)) << U(49)
            i = n
            while i > 0 and order[i - 1] < count:
                order[i] = order[i - 1]
                i -= 1
            order[i] = count | move
            n += 1
    return n

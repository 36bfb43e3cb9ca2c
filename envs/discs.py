"""How discs turn over in Othello, by bit tricks; the layout of a position is that of `envs.othello`."""

from __future__ import annotations

import numpy as np

from envs.kernels import njit

U = np.uint64
_INNER = U(0x7E7E7E7E7E7E7E7E)  # without the files a and h, over whose edge a line must not run


@njit(cache=True, nogil=True)
def _runs(start: np.uint64, through: np.uint64, shift: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The unbroken runs in ``through`` that begin beside ``start``, towards higher and towards lower bits.

    Parallel prefix in steps of 1, 1, 2 and 2 squares: a run has at most six."""
    up = through & (start << shift)
    down = through & (start >> shift)
    up |= through & (up << shift)
    down |= through & (down >> shift)
    pairs_up = through & (through << shift)
    pairs_down = through & (through >> shift)
    twice = shift + shift
    up |= pairs_up & (up << twice)
    down |= pairs_down & (down >> twice)
    up |= pairs_up & (up << twice)
    down |= pairs_down & (down >> twice)
    return up, down


@njit(cache=True, nogil=True)
def placements(mine: np.uint64, theirs: np.uint64) -> np.uint64:
    """Empty squares from which a run of the opponent's discs leads to one of the mover's."""
    found = U(0)
    for shift in (U(1), U(7), U(9), U(8)):
        up, down = _runs(mine, theirs if shift == U(8) else theirs & _INNER, shift)
        found |= (up << shift) | (down >> shift)
    return found & ~(mine | theirs)


@njit(cache=True, nogil=True)
def flips(mine: np.uint64, theirs: np.uint64, disc: np.uint64) -> np.uint64:
    """The opponent's discs that turn over when the mover places ``disc`` (one bit)."""
    found = U(0)
    for shift in (U(1), U(7), U(9), U(8)):
        up, down = _runs(disc, theirs if shift == U(8) else theirs & _INNER, shift)
        if (up << shift) & mine:
            found |= up
        if (down >> shift) & mine:
            found |= down
    return found

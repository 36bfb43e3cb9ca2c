"""Sets of squares as 64-bit words, for boards of 8 x 8 and of 5 x 5 squares.

Bit ``8 * rank + file`` is a square, ``a1`` being bit 0, whatever the size: the small board is the lower left corner of
the large one. Everything is computed for all pieces of a kind at once by shifting whole words, so there are no tables
of attacks: nothing to build, to keep in the cache or to get wrong.
"""

from __future__ import annotations

import numpy as np

from envs.kernels import njit

U = np.uint64
LARGE, SMALL = U(0xFFFFFFFFFFFFFFFF), U(0x0000001F1F1F1F1F)  # the squares of each board
NOT_A, NOT_H = U(0xFEFEFEFEFEFEFEFE), U(0x7F7F7F7F7F7F7F7F)  # where a step to the right, to the left can end
NOT_AB, NOT_GH = U(0xFCFCFCFCFCFCFCFC), U(0x3F3F3F3F3F3F3F3F)


@njit(cache=True, nogil=True)
def squares(size: np.uint64) -> np.uint64:
    """The squares of the board with ``size`` ranks, 8 or 5."""
    return LARGE if size == U(8) else SMALL


@njit(cache=True, nogil=True)
def rank(size: np.uint64, number: np.uint64) -> np.uint64:
    """The squares of one rank, counted from 0."""
    return squares(size) & (U(0xFF) << (U(8) * number))


@njit(cache=True, nogil=True)
def flipped(x: np.uint64, size: np.uint64) -> np.uint64:
    """The set seen from the other side of the board: ranks in reverse order, files as they are."""
    x = ((x >> U(8)) & U(0x00FF00FF00FF00FF)) | ((x & U(0x00FF00FF00FF00FF)) << U(8))
    x = ((x >> U(16)) & U(0x0000FFFF0000FFFF)) | ((x & U(0x0000FFFF0000FFFF)) << U(16))
    return ((x >> U(32)) | (x << U(32))) >> (U(8) * (U(8) - size))


def turned(square: int, size: int) -> int:
    """The number of a square seen from the other side of the board."""
    return 8 * (size - 1 - square // 8) + square % 8


@njit(cache=True, nogil=True)
def mirrored(x: np.uint64, size: np.uint64) -> np.uint64:
    """The set with files in reverse order."""
    x = ((x >> U(1)) & U(0x5555555555555555)) | ((x & U(0x5555555555555555)) << U(1))
    x = ((x >> U(2)) & U(0x3333333333333333)) | ((x & U(0x3333333333333333)) << U(2))
    x = ((x >> U(4)) & U(0x0F0F0F0F0F0F0F0F)) | ((x & U(0x0F0F0F0F0F0F0F0F)) << U(4))
    return x >> (U(8) - size)


@njit(cache=True, nogil=True)
def slide_up(pieces: np.uint64, empty: np.uint64, shift: np.uint64, within: np.uint64) -> np.uint64:
    """What sliders attack towards higher bits: empty squares in their line and the first that is not.

    Kogge-Stone parallel prefix (chessprogramming.org/Kogge-Stone_Algorithm): seven steps in three rounds. ``within``
    are the squares a single step may end on, which keeps lines from running over the edge. No two pieces of one set
    attack the same square in the same direction, so counting the bits counts the moves."""
    free = empty & within
    pieces |= free & (pieces << shift)
    free &= free << shift
    pieces |= free & (pieces << (U(2) * shift))
    free &= free << (U(2) * shift)
    pieces |= free & (pieces << (U(4) * shift))
    return (pieces << shift) & within


@njit(cache=True, nogil=True)
def slide_down(pieces: np.uint64, empty: np.uint64, shift: np.uint64, within: np.uint64) -> np.uint64:
    """As `slide_up`, towards lower bits."""
    free = empty & within
    pieces |= free & (pieces >> shift)
    free &= free >> shift
    pieces |= free & (pieces >> (U(2) * shift))
    free &= free >> (U(2) * shift)
    pieces |= free & (pieces >> (U(4) * shift))
    return (pieces >> shift) & within


@njit(cache=True, nogil=True)
def king_attacks(kings: np.uint64) -> np.uint64:
    """Squares beside any of the kings; may include squares off a small board."""
    row = kings | ((kings << U(1)) & NOT_A) | ((kings >> U(1)) & NOT_H)
    return (row | (row << U(8)) | (row >> U(8))) & ~kings


@njit(cache=True, nogil=True)
def knight_attacks(knights: np.uint64) -> np.uint64:
    """Squares a knight's move away from any of the knights; may include squares off a small board."""
    near = ((knights << U(1)) & NOT_A) | ((knights >> U(1)) & NOT_H)
    far = ((knights << U(2)) & NOT_AB) | ((knights >> U(2)) & NOT_GH)
    return (near << U(16)) | (near >> U(16)) | (far << U(8)) | (far >> U(8))


@njit(cache=True, nogil=True)
def pawn_attacks_up(pawns: np.uint64) -> np.uint64:
    """Squares that the mover's pawns attack; they advance towards higher ranks."""
    return ((pawns << U(9)) & NOT_A) | ((pawns << U(7)) & NOT_H)


@njit(cache=True, nogil=True)
def pawn_attacks_down(pawns: np.uint64) -> np.uint64:
    """Squares that the opponent's pawns attack."""
    return ((pawns >> U(7)) & NOT_A) | ((pawns >> U(9)) & NOT_H)

"""Playing one move on the four words of a board (`envs.chess.threats`), which then shows the other side's view."""

from __future__ import annotations

import numpy as np

from envs.chess.bitboards import NOT_A, NOT_H, U, flipped, rank
from envs.kernels import njit

_SQUARE = U(63)
_HOME = U(4)  # of a king that may castle
_CORNERS = ((U(7), U(1)), (U(0), U(2)), (U(63), U(4)), (U(56), U(8)))  # rook's square -> the right that goes with it
_KING_RIGHTS = U(3)


@njit(cache=True, nogil=True)
def relocated(x: np.uint64, start: np.uint64, end: np.uint64) -> np.uint64:
    """The set after whatever is on ``start`` has gone to ``end``, where nothing of the set remains."""
    return (x & ~(U(1) << start) & ~(U(1) << end)) | (((x >> start) & U(1)) << end)


@njit(cache=True, nogil=True)
def captures_or_advances(diag: np.uint64, orth: np.uint64, step: np.uint64, move: np.uint64) -> bool:
    """Whether the move captures or is a pawn's: such a move sets the clock of the fifty-move rule to 0."""
    start, end = U(1) << (move & _SQUARE), U(1) << ((move >> U(6)) & _SQUARE)
    return bool(((start & step & ~diag & ~orth) | (end & (diag | orth | step))) != U(0))


@njit(cache=True, nogil=True)
def play(
    own: np.uint64,
    diag: np.uint64,
    orth: np.uint64,
    step: np.uint64,
    castling: np.uint64,
    passant: np.uint64,
    move: np.uint64,
    size: np.uint64,
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]:
    """The board, castling rights and ``passant`` after a legal move, from the side of the player who then moves.

    ``passant`` is set if an opponent's pawn stands beside the one that made a double step; whether it may capture
    without exposing its king is for `envs.chess.threats.passers` to say."""
    start, end, promotion = move & _SQUARE, (move >> U(6)) & _SQUARE, move >> U(12)
    kings, pawns = orth & step, step & ~diag & ~orth
    others = ~own
    king, pawn = (kings >> start) & U(1), (pawns >> start) & U(1)
    own, diag, orth, step = (
        relocated(own, start, end),
        relocated(diag, start, end),
        relocated(orth, start, end),
        relocated(step, start, end),
    )
    beside = U(0)
    if pawn:
        arrived = U(1) << end
        if arrived & rank(size, size - U(1)):
            if promotion == U(0):
                diag |= arrived
            else:
                step ^= arrived
                diag |= (promotion & U(1)) << end
                orth |= (promotion >> U(1)) << end
        elif passant and end == U(39) + passant:
            step &= ~(arrived >> U(8))
        elif end == start + U(16):
            neighbours = ((arrived << U(1)) & NOT_A) | ((arrived >> U(1)) & NOT_H)
            if neighbours & pawns & others:
                beside = U(1) + (end & U(7))
    if castling:
        if king:
            if castling & _KING_RIGHTS and start == _HOME:
                if end == start + U(2):
                    own, orth = relocated(own, U(7), U(5)), relocated(orth, U(7), U(5))
                elif end + U(2) == start:
                    own, orth = relocated(own, U(0), U(3)), relocated(orth, U(0), U(3))
            castling &= ~_KING_RIGHTS
        for corner, right in _CORNERS:
            if start == corner or end == corner:
                castling &= ~right
        castling = (castling >> U(2)) | ((castling & U(3)) << U(2))
    own = (diag | orth | step) & ~own
    return (
        flipped(own, size),
        flipped(diag, size),
        flipped(orth, size),
        flipped(step, size),
        castling,
        beside,
    )

"""Legal moves of one position, made directly: nothing is played and taken back to see whether the king hangs.

Boards are the four words of `envs.chess.threats`. A move is ``from | to << 6 | promotion << 12`` with the kinds 1 to 3
for a promotion to bishop, rook or queen and 0 for every other move; a pawn that reaches the last rank with 0 becomes a
knight. A king that castles moves two files. ``castling`` has bit 0 (1) for the mover's right to castle towards the h
(a) file, bits 2 and 3 for the opponent's. ``passant`` is 1 + the file on which the opponent's pawn has just made a
double step, 0 if none has. ``size`` is 8, or 5 for the small board without double steps and castling.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.bits import lowest, popcount
from envs.chess.bitboards import NOT_A, NOT_AB, NOT_GH, NOT_H, U, king_attacks, rank, slide_down, slide_up, squares
from envs.chess.threats import passers, threats
from envs.kernels import njit

MOST_MOVES = 512  # room for any board with at most 16 pieces a side, reachable or not
_NOWHERE = U(0)
_SHORT_PATH, _LONG_PATH, _LONG_WALK = U(0x60), U(0x0E), U(0x0C)  # empty to castle; where the king walks (f1 g1; d1 c1)


@njit(cache=True, nogil=True)
def _castles(
    king: np.uint64, occupied: np.uint64, attacked: np.uint64, castling: np.uint64
) -> tuple[np.uint64, np.uint64]:
    """The king's square if it may castle towards the h file, and the same towards the a file."""
    if king & attacked:
        return _NOWHERE, _NOWHERE
    short = (castling & U(1)) != _NOWHERE and ((occupied | attacked) & _SHORT_PATH) == _NOWHERE
    long = (castling & U(2)) != _NOWHERE and ((occupied & _LONG_PATH) | (attacked & _LONG_WALK)) == _NOWHERE
    return king if short else _NOWHERE, king if long else _NOWHERE


@njit(cache=True, nogil=True)
def count(
    own: np.uint64,
    diag: np.uint64,
    orth: np.uint64,
    step: np.uint64,
    castling: np.uint64,
    passant: np.uint64,
    size: np.uint64,
) -> np.uint64:
    """The number of legal moves."""
    attacked, targets, pin_v, pin_h, pin_d, pin_a = threats(own, diag, orth, step, size)
    board = squares(size)
    occupied = diag | orth | step
    empty, theirs = board & ~occupied, occupied & ~own
    right, left = NOT_A & board, NOT_H & board
    free = own & ~(pin_v | pin_h | pin_d | pin_a)
    king = own & orth & step
    short, long = _castles(king, occupied, attacked, castling)
    found = popcount(king_attacks(king) & board & ~own & ~attacked) + popcount(short) + popcount(long)
    if targets == _NOWHERE:
        return found

    rooks, bishops = orth & ~step, diag & ~step
    some = rooks & (free | pin_v)
    found += popcount(slide_up(some, empty, U(8), board) & targets)
    found += popcount(slide_down(some, empty, U(8), board) & targets)
    some = rooks & (free | pin_h)
    found += popcount(slide_up(some, empty, U(1), right) & targets)
    found += popcount(slide_down(some, empty, U(1), left) & targets)
    some = bishops & (free | pin_d)
    found += popcount(slide_up(some, empty, U(9), right) & targets)
    found += popcount(slide_down(some, empty, U(9), left) & targets)
    some = bishops & (free | pin_a)
    found += popcount(slide_up(some, empty, U(7), left) & targets)
    found += popcount(slide_down(some, empty, U(7), right) & targets)

    knights = free & diag & step
    for shift, within in ((U(17), NOT_A), (U(15), NOT_H), (U(10), NOT_AB), (U(6), NOT_GH)):
        found += popcount((knights << shift) & within & targets)
    for shift, within in ((U(17), NOT_H), (U(15), NOT_A), (U(10), NOT_GH), (U(6), NOT_AB)):
        found += popcount((knights >> shift) & within & targets)

    pawns = own & step & ~diag & ~orth
    last = rank(size, size - U(1))
    once = ((pawns & (free | pin_v)) << U(8)) & empty
    takes_right = ((pawns & (free | pin_d)) << U(9)) & NOT_A & theirs & targets
    takes_left = ((pawns & (free | pin_a)) << U(7)) & NOT_H & theirs & targets
    if size == U(8):
        found += popcount(((once & rank(size, U(2))) << U(8)) & empty & targets)
    once &= targets
    found += popcount(once) + popcount(takes_right) + popcount(takes_left)
    found += U(3) * (popcount(once & last) + popcount(takes_right & last) + popcount(takes_left & last))
    return found + popcount(passers(own, diag, orth, step, passant, size))


@njit(cache=True, nogil=True)
def _emit(ends: np.uint64, offset: int, moves: NDArray[np.uint16], n: int) -> int:
    """Appends a move to each of ``ends`` from ``offset`` squares before it."""
    while ends:
        end = np.int64(lowest(ends))
        ends &= ends - U(1)
        moves[n] = np.uint16((end - offset) | end << 6)
        n += 1
    return n


@njit(cache=True, nogil=True)
def _emit_steps(
    pieces: np.uint64,
    empty: np.uint64,
    targets: np.uint64,
    shift: int,
    up: np.uint64,
    down: np.uint64,
    moves: NDArray[np.uint16],
    n: int,
) -> int:
    """The moves of pieces along one line, both ways, by distance; through ``empty`` squares they go on."""
    ahead = behind = pieces
    distance = 0
    while ahead | behind:
        distance += shift
        ahead, behind = (ahead << U(shift)) & up, (behind >> U(shift)) & down
        n = _emit(ahead & targets, distance, moves, n)
        n = _emit(behind & targets, -distance, moves, n)
        ahead, behind = ahead & empty, behind & empty
    return n


@njit(cache=True, nogil=True)
def generate(
    own: np.uint64,
    diag: np.uint64,
    orth: np.uint64,
    step: np.uint64,
    castling: np.uint64,
    passant: np.uint64,
    size: np.uint64,
    moves: NDArray[np.uint16],
) -> int:
    """Writes the legal moves to ``moves`` (room for `MOST_MOVES`) and returns their number. The order is fixed."""
    attacked, targets, pin_v, pin_h, pin_d, pin_a = threats(own, diag, orth, step, size)
    board = squares(size)
    occupied = diag | orth | step
    empty, theirs = board & ~occupied, occupied & ~own
    right, left = NOT_A & board, NOT_H & board
    free = own & ~(pin_v | pin_h | pin_d | pin_a)
    king, rooks, bishops, knights = own & orth & step, orth & ~step, diag & ~step, free & diag & step
    safe = board & ~own & ~attacked
    n = 0
    for pieces, through, goals, shift, up, down in (
        (king, _NOWHERE, safe, 8, board, board),
        (king, _NOWHERE, safe, 1, right, left),
        (king, _NOWHERE, safe, 9, right, left),
        (king, _NOWHERE, safe, 7, left, right),
        (rooks & (free | pin_v), empty, targets, 8, board, board),
        (rooks & (free | pin_h), empty, targets, 1, right, left),
        (bishops & (free | pin_d), empty, targets, 9, right, left),
        (bishops & (free | pin_a), empty, targets, 7, left, right),
        (knights, _NOWHERE, targets, 17, NOT_A, NOT_H),
        (knights, _NOWHERE, targets, 15, NOT_H, NOT_A),
        (knights, _NOWHERE, targets, 10, NOT_AB, NOT_GH),
        (knights, _NOWHERE, targets, 6, NOT_GH, NOT_AB),
    ):
        n = _emit_steps(pieces, through, goals, shift, up, down, moves, n)
    short, long = _castles(king, occupied, attacked, castling)

    pawns = own & step & ~diag & ~orth
    last = rank(size, size - U(1))
    once = ((pawns & (free | pin_v)) << U(8)) & empty
    twice = ((once & rank(size, U(2))) << U(8)) & empty & targets if size == U(8) else _NOWHERE
    once &= targets
    takes_right = ((pawns & (free | pin_d)) << U(9)) & NOT_A & theirs & targets
    takes_left = ((pawns & (free | pin_a)) << U(7)) & NOT_H & theirs & targets
    for ends, distance in (
        (short << U(2), 2),
        (long >> U(2), -2),
        (twice, 16),
        (once, 8),
        (takes_right, 9),
        (takes_left, 7),
    ):
        n = _emit(ends, distance, moves, n)
    if (once | takes_right | takes_left) & last:
        for promotion in range(1, 4):
            start = n
            for ends, distance in ((once, 8), (takes_right, 9), (takes_left, 7)):
                n = _emit(ends & last, distance, moves, n)
            for i in range(start, n):
                moves[i] |= np.uint16(promotion << 12)
    if passant and targets:
        taking = passers(own, diag, orth, step, passant, size)
        while taking:
            moves[n] = np.uint16(lowest(taking) | (U(39) + passant) << U(6))
            taking &= taking - U(1)
            n += 1
    return n

"""What attacks what on one board, which pieces are pinned, and where that lets the others go.

A board is four words, from the mover's side, whose pawns advance towards higher ranks. ``own`` are the mover's pieces;
the other three spell the kind of every piece:

============  ====  ====  ====
kind          diag  orth  step
============  ====  ====  ====
bishop (1)     x
rook (2)             x
queen (3)      x     x
pawn (4)                   x
knight (5)     x           x
king (6)             x     x
============  ====  ====  ====
"""

from __future__ import annotations

import numpy as np

from envs.chess.bitboards import (
    NOT_A,
    NOT_H,
    U,
    king_attacks,
    knight_attacks,
    pawn_attacks_down,
    pawn_attacks_up,
    slide_down,
    slide_up,
    squares,
)
from envs.kernels import njit

BISHOP, ROOK, QUEEN, PAWN, KNIGHT, KING = range(1, 7)
_NOWHERE = U(0)


@njit(cache=True, nogil=True)
def _line(
    king: np.uint64,
    sliders: np.uint64,
    own: np.uint64,
    empty: np.uint64,
    shift: np.uint64,
    up: np.uint64,
    down: np.uint64,
) -> tuple[np.uint64, np.uint64, np.uint64]:
    """What the opponent's sliders do along one of the four lines through each square.

    Returns the squares attacked (also those that the king, moving away, would still be attacked on), the squares from a
    checking slider (included) to the king, and the mover's pieces that stand alone between a slider and the king."""
    from_below, from_above = slide_up(sliders, empty, shift, up), slide_down(sliders, empty, shift, down)
    above, below = slide_up(king, empty, shift, up), slide_down(king, empty, shift, down)
    pinned = own & ((from_above & above) | (from_below & below))
    attacked, check = from_above | from_below, _NOWHERE
    if from_above & king:
        check |= above
        attacked |= (king >> shift) & down
    if from_below & king:
        check |= below
        attacked |= (king << shift) & up
    return attacked, check, pinned


@njit(cache=True, nogil=True)
def threats(
    own: np.uint64, diag: np.uint64, orth: np.uint64, step: np.uint64, size: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]:
    """What the opponent's pieces leave the mover: (attacked, targets, four sets of pinned pieces).

    ``attacked``: where the king must not be. ``targets``: where any other piece may go; if the king is in check, only
    where that ends it. A pinned piece may only move along the line it is pinned on: a file, a rank, a diagonal towards
    h8 or one towards a8, in this order."""
    board = squares(size)
    theirs, empty = (diag | orth | step) & ~own, board & ~(diag | orth | step)
    king = own & orth & step
    right, left = NOT_A & board, NOT_H & board
    straight, slanting = theirs & orth & ~step, theirs & diag & ~step
    seen_v, check_v, pin_v = _line(king, straight, own, empty, U(8), board, board)
    seen_h, check_h, pin_h = _line(king, straight, own, empty, U(1), right, left)
    seen_d, check_d, pin_d = _line(king, slanting, own, empty, U(9), right, left)
    seen_a, check_a, pin_a = _line(king, slanting, own, empty, U(7), left, right)
    knights, pawns = theirs & step & diag, theirs & step & ~diag & ~orth
    attacked = seen_v | seen_h | seen_d | seen_a | knight_attacks(knights) | pawn_attacks_down(pawns)
    attacked |= king_attacks(theirs & orth & step)
    checks = check_v | check_h | check_d | check_a
    checks |= (knight_attacks(king) & knights) | (pawn_attacks_up(king) & pawns)
    targets = board & ~own
    if checks:
        checkers = checks & theirs
        targets = _NOWHERE if checkers & (checkers - U(1)) else checks
    return attacked, targets, pin_v, pin_h, pin_d, pin_a


@njit(cache=True, nogil=True)
def in_check(own: np.uint64, diag: np.uint64, orth: np.uint64, step: np.uint64, size: np.uint64) -> bool:
    """Whether the mover's king is attacked."""
    board = squares(size)
    theirs, empty = (diag | orth | step) & ~own, board & ~(diag | orth | step)
    king = own & orth & step
    right, left = NOT_A & board, NOT_H & board
    straight = slide_up(king, empty, U(8), board) | slide_down(king, empty, U(8), board)
    straight |= slide_up(king, empty, U(1), right) | slide_down(king, empty, U(1), left)
    slanting = slide_up(king, empty, U(9), right) | slide_down(king, empty, U(9), left)
    slanting |= slide_up(king, empty, U(7), left) | slide_down(king, empty, U(7), right)
    hits = (straight & orth & ~step) | (slanting & diag & ~step) | (knight_attacks(king) & diag & step)
    hits |= (pawn_attacks_up(king) & step & ~diag & ~orth) | (king_attacks(king) & orth & step)
    return bool((hits & theirs) != _NOWHERE)


@njit(cache=True, nogil=True)
def passers(
    own: np.uint64, diag: np.uint64, orth: np.uint64, step: np.uint64, passant: np.uint64, size: np.uint64
) -> np.uint64:
    """The mover's pawns that may capture en passant: two pieces leave the king's rank at once, so each one is tried."""
    if passant == _NOWHERE:
        return _NOWHERE
    target = U(1) << (U(39) + passant)
    captured = target >> U(8)
    candidates = pawn_attacks_down(target) & own & step & ~diag & ~orth
    legal = _NOWHERE
    while candidates:
        pawn = candidates & (~candidates + U(1))
        candidates ^= pawn
        if not in_check(own ^ pawn ^ target, diag, orth, step ^ pawn ^ target ^ captured, size):
            legal |= pawn
    return legal

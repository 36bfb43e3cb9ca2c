"""A position as a row of words, and what a move does to it.

====== =====================================================================================================
word   holds
====== =====================================================================================================
0-3    the board from the mover's side: ``own``, ``diag``, ``orth``, ``step`` (`envs.chess.threats`)
4      facts, lowest bits first: mover 1, castling 4, passant 4, status 4, earlier occurrences 2 (at most 2),
       a gap of 1, halfmove clock 8, moves remembered 8, plies since the first move of the game 32
5-29   the moves remembered: those since the last irreversible one, four to a word, as `envs.chess.movegen` writes
       them, each from its own mover's side
====== =====================================================================================================

Repetitions are found by taking the remembered moves back one by one and comparing boards, so there are no hashes that
could collide. Captures, moves of pawns and moves that lose a right to castle or to capture en passant can never be
undone: they empty the memory. As the game is drawn when the clock reaches 100, 100 moves are the most there can be.

The rules of draws are those of engines and of AlphaZero: the third occurrence of a position and the hundredth ply
without capture or pawn's move end the game at once, without anybody's claim. The fivefold repetition and the
seventy-five moves of the FIDE laws can then no longer come up. Mate on the board goes before all draws.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.bits import below, draw, popcount
from envs.chess.bitboards import U
from envs.chess.movegen import MOST_MOVES, count, generate
from envs.chess.moving import captures_or_advances, play, relocated
from envs.chess.threats import in_check, passers
from envs.core import Actions, State, States
from envs.kernels import njit

FACTS, MEMORY = 4, 5  # words
MOST_REMEMBERED = 100  # and the clock that ends the game
WORDS = MEMORY + MOST_REMEMBERED // 4
CASTLING, PASSANT, STATUS, EARLIER, CLOCK, REMEMBERED, PLIES = (U(bit) for bit in (1, 5, 9, 13, 16, 24, 32))
RUNNING, CHECKMATE, STALEMATE, INSUFFICIENT_MATERIAL, FIFTY_MOVES, THREEFOLD = range(6)
_DARK = U(0xAA55AA55AA55AA55)


@njit(cache=True, nogil=True)
def field(row: State, bit: np.uint64, width: int) -> np.uint64:
    """One of the facts of word 4."""
    return U((row[FACTS] >> bit) & ((U(1) << U(width)) - U(1)))


@njit(cache=True, nogil=True)
def cannot_mate(own: np.uint64, diag: np.uint64, orth: np.uint64, step: np.uint64) -> bool:
    """Neither side could mate even with the other's help: bare kings, one knight, or bishops all on one colour."""
    if (orth & ~step) | (step & ~diag & ~orth):
        return False  # a rook, queen or pawn
    if popcount(diag | orth | step) <= U(3):
        return True
    bishops = diag & ~step
    return bool((diag & step) == U(0) and ((bishops & _DARK) == U(0) or (bishops & ~_DARK) == U(0)))


@njit(cache=True, nogil=True)
def _earlier(row: State, size: np.uint64) -> int:
    """How often the position of this row has occurred before, counted up to 2."""
    own, diag, orth, step = row[0], row[1], row[2], row[3]
    remembered, found = np.int64(field(row, REMEMBERED, 8)), 0
    for back in range(1, remembered + 1):
        slot = remembered - back
        move = row[MEMORY + slot // 4] >> U(16 * (slot % 4))
        start, end = move & U(63), (move >> U(6)) & U(63)
        if back % 2 == 1:  # the opponent's
            top = U(8) * (size - U(1))
            start, end = start % U(8) + top - (start & U(56)), end % U(8) + top - (end & U(56))
        else:
            own = relocated(own, end, start)
        diag, orth, step = relocated(diag, end, start), relocated(orth, end, start), relocated(step, end, start)
        if back % 2 == 0 and own == row[0] and diag == row[1] and orth == row[2] and step == row[3]:
            found += 1
            if found == 2:
                break
    return found


@njit(cache=True, nogil=True)
def settle(row: State, size: np.uint64) -> None:
    """Fills in what follows from the rest of a row: whether en passant is legal, earlier occurrences and status."""
    own, diag, orth, step = row[0], row[1], row[2], row[3]
    castling, passant = field(row, CASTLING, 4), field(row, PASSANT, 4)
    if passant and passers(own, diag, orth, step, passant, size) == U(0):
        row[FACTS] &= ~(U(15) << PASSANT)
        passant = U(0)
    earlier = _earlier(row, size)
    status = RUNNING
    if count(own, diag, orth, step, castling, passant, size) == U(0):
        status = CHECKMATE if in_check(own, diag, orth, step, size) else STALEMATE
    elif cannot_mate(own, diag, orth, step):
        status = INSUFFICIENT_MATERIAL
    elif field(row, CLOCK, 8) >= U(MOST_REMEMBERED):
        status = FIFTY_MOVES
    elif earlier == 2:
        status = THREEFOLD
    row[FACTS] &= ~((U(15) << STATUS) | (U(3) << EARLIER))
    row[FACTS] |= (U(status) << STATUS) | (U(earlier) << EARLIER)


@njit(cache=True, nogil=True)
def advance(row: State, move: np.uint64, size: np.uint64) -> None:
    """Plays a legal move of a running game, in place."""
    own, diag, orth, step = row[0], row[1], row[2], row[3]
    castling, passant = field(row, CASTLING, 4), field(row, PASSANT, 4)
    zeroing = captures_or_advances(diag, orth, step, move)
    own, diag, orth, step, rights, beside = play(own, diag, orth, step, castling, passant, move, size)
    row[0], row[1], row[2], row[3] = own, diag, orth, step
    clock = U(0) if zeroing else field(row, CLOCK, 8) + U(1)
    remembered = field(row, REMEMBERED, 8)
    swapped = (castling >> U(2)) | ((castling & U(3)) << U(2))
    if zeroing or passant or rights != swapped:
        for word in range(MEMORY, MEMORY + (np.int64(remembered) + 3) // 4):
            row[word] = U(0)
        remembered = U(0)
    else:
        row[MEMORY + np.int64(remembered) // 4] |= move << (U(16) * (remembered % U(4)))
        remembered += U(1)
    mover, plies = U(1) - (row[FACTS] & U(1)), field(row, PLIES, 32) + U(1)
    row[FACTS] = mover | (rights << CASTLING) | (beside << PASSANT) | (clock << CLOCK)
    row[FACTS] |= (remembered << REMEMBERED) | (plies << PLIES)
    settle(row, size)


@njit(cache=True, nogil=True)
def legal_moves(row: State, size: np.uint64, moves: NDArray[np.uint16]) -> int:
    """Writes the legal moves to ``moves`` (room for `MOST_MOVES`); returns their number, 0 for a finished game."""
    if field(row, STATUS, 4) != U(RUNNING):
        return 0
    castling, passant = field(row, CASTLING, 4), field(row, PASSANT, 4)
    return generate(row[0], row[1], row[2], row[3], castling, passant, size, moves)


@njit(cache=True, nogil=True)
def checked(row: State, size: np.uint64) -> bool:
    """Whether the mover's king is attacked."""
    return in_check(row[0], row[1], row[2], row[3], size)


@njit(cache=True, nogil=True)
def result(row: State) -> float:
    """The outcome for player 0; NaN while the game runs. Whoever is mated is to move."""
    status = field(row, STATUS, 4)
    if status == U(RUNNING):
        return np.nan
    if status == U(CHECKMATE):
        return 1.0 if row[FACTS] & U(1) else -1.0
    return 0.0


@njit(cache=True, nogil=True)
def step_rows(states: States, actions: Actions, moves: NDArray[np.uint16], size: np.uint64) -> States:
    """Successors of all rows; ``moves[action]`` is the move."""
    out = states.copy()
    for b in range(states.shape[0]):
        if field(out[b], STATUS, 4) == U(RUNNING):
            advance(out[b], U(moves[actions[b]]), size)
    return out


@njit(cache=True, nogil=True)
def legal_rows(states: States, actions: NDArray[np.int16], num_actions: int, size: np.uint64) -> NDArray[np.bool_]:
    """bool[B, num_actions]; ``actions[move]`` is the action."""
    out = np.zeros((states.shape[0], num_actions), np.bool_)
    moves = np.empty(MOST_MOVES, np.uint16)
    for b in range(states.shape[0]):
        for i in range(legal_moves(states[b], size, moves)):
            out[b, actions[moves[i]]] = True
    return out


@njit(cache=True, nogil=True)
def outcome_rows(states: States) -> NDArray[np.float32]:
    out = np.empty(states.shape[0], np.float32)
    for b in range(states.shape[0]):
        out[b] = result(states[b])
    return out


@njit(cache=True, nogil=True)
def rollout_rows(states: States, seeds: NDArray[np.uint64], size: np.uint64) -> NDArray[np.float32]:
    out = np.empty(states.shape[0], np.float32)
    moves = np.empty(MOST_MOVES, np.uint16)
    for b in range(states.shape[0]):
        row, ply = states[b].copy(), U(0)
        while True:
            n = legal_moves(row, size, moves)
            if n == 0:
                break
            advance(row, U(moves[below(draw(seeds[b], ply), U(n))]), size)
            ply += U(1)
        out[b] = result(row)
    return out

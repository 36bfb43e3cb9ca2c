"""Perft: the number of lines of play of each length, the classic check of move generators."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.chess.bitboards import U
from envs.chess.movegen import MOST_MOVES, count, generate
from envs.chess.moving import play
from envs.chess.position import CASTLING, PASSANT, field
from envs.core import State
from envs.kernels import njit


@njit(cache=True, nogil=True)
def count_lines(row: State, size: np.uint64, counts: NDArray[np.int64]) -> None:
    """Adds to ``counts[k]`` the number of lines of k + 1 plies from a row of `envs.chess.position`; draws end none.

    Depth first with a stack of its own. The last ply's moves are counted without being made."""
    depth = len(counts)
    own, diag, orth, step = row[0], row[1], row[2], row[3]
    castling, passant = field(row, CASTLING, 4), field(row, PASSANT, 4)
    boards = np.empty((depth, 6), np.uint64)
    moves = np.empty((depth, MOST_MOVES), np.uint16)
    left = np.zeros(depth, np.int64)  # of each ply's moves, those not yet made
    ply = 0
    while True:
        if ply + 1 == depth:
            counts[ply] += np.int64(count(own, diag, orth, step, castling, passant, size))
        else:
            board = boards[ply]
            board[0], board[1], board[2], board[3], board[4], board[5] = own, diag, orth, step, castling, passant
            left[ply] = generate(own, diag, orth, step, castling, passant, size, moves[ply])
            counts[ply] += left[ply]
        while ply >= 0 and left[ply] == 0:
            ply -= 1
        if ply < 0:
            return
        left[ply] -= 1
        board, move = boards[ply], U(moves[ply, left[ply]])
        own, diag, orth, step, castling, passant = play(
            board[0], board[1], board[2], board[3], board[4], board[5], move, size
        )
        ply += 1

"""Numbers for moves, from the mover's side: every way a queen or a knight can go on the empty board, then promotions.

On the large board these are the 1858 of Leela Chess Zero (lczero.org) in its order: by square of departure, then of
arrival, ``a1b1`` first; promotions to queen, rook and bishop come after all others, while a pawn that reaches the last
rank by a plain action becomes a knight. The small board's 455 are made the same way.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from envs.chess.threats import BISHOP, QUEEN, ROOK


@cache
def action_moves(size: int) -> NDArray[np.uint16]:
    """uint16[A]: the move of each action, as `envs.chess.movegen` writes moves."""
    board = [8 * r + f for r in range(size) for f in range(size)]
    plain, promotions = [], []
    for start in board:
        for end in board:
            ranks, files = end // 8 - start // 8, end % 8 - start % 8
            slides = start != end and (ranks == 0 or files == 0 or abs(ranks) == abs(files))
            if slides or {abs(ranks), abs(files)} == {1, 2}:
                plain.append(start | end << 6)
            if end // 8 == size - 1 and ranks == 1 and abs(files) <= 1:
                promotions += [start | end << 6 | kind << 12 for kind in (QUEEN, ROOK, BISHOP)]
    return np.array(plain + promotions, np.uint16)


@cache
def move_actions(size: int) -> NDArray[np.int16]:
    """int16[2**14]: the action of each move; -1 for what no piece can do."""
    table = np.full(1 << 14, -1, np.int16)
    table[action_moves(size)] = np.arange(len(action_moves(size)))
    return table


@cache
def mirrored_actions(size: int) -> NDArray[np.int32]:
    """int32[A]: each action with left and right exchanged."""
    moves = action_moves(size).astype(np.int32)
    files = (size - 1 - (moves & 7)) | (size - 1 - (moves >> 6 & 7)) << 6
    actions: NDArray[np.int32] = move_actions(size)[moves & ~0x1C7 | files].astype(np.int32)
    return actions

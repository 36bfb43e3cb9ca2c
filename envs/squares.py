"""Square boards: their eight symmetries and the names of their squares.

Squares are numbered row by row from the top left. Symmetry ``k`` in 0..7 mirrors left and right if ``k & 1``, then
turns the board upside down if ``k & 2``, then reflects it in the main diagonal if ``k & 4``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from envs.picture import Text


def dihedral(size: int) -> NDArray[np.int32]:
    """int32[8, size * size]: where symmetry ``k`` moves square ``q``."""
    tables = np.empty((8, size * size), np.int32)
    for k in range(8):
        board = np.arange(size * size).reshape(size, size)
        if k & 1:
            board = board[:, ::-1]
        if k & 2:
            board = board[::-1]
        if k & 4:
            board = board.T
        tables[k, board.ravel()] = np.arange(size * size)  # board.ravel()[j] is the square that has come to j
    return tables


def square_name(square: int, size: int) -> str:
    """Column letter and row number, ``a1`` at the top left: the notation of Othello and Gomoku."""
    row, column = divmod(square, size)
    return f"{chr(ord('a') + column)}{row + 1}"


def board_text(cells: Sequence[int], size: int, characters: str = ".XO") -> str:
    """``characters[cells[square]]`` row by row, with column letters above and row numbers on the left."""
    rows = [[str(r + 1), *(characters[cell] for cell in cells[size * r : size * (r + 1)])] for r in range(size)]
    return "\n".join(" ".join(row) for row in [[" ", *(chr(ord("a") + c) for c in range(size))], *rows])


def coordinates(size: int, cell: float, margin: float, fill: str) -> list[Text]:
    """Column letters and row numbers in the margins above and to the left of a drawn board."""
    middles = [margin + cell * (i + 0.5) for i in range(size)]
    letters = [Text(middle, margin / 2, chr(ord("a") + i), margin / 2, fill) for i, middle in enumerate(middles)]
    numbers = [Text(margin / 2, middle, str(i + 1), margin / 2, fill) for i, middle in enumerate(middles)]
    return letters + numbers

"""Names of moves: UCI (``e2e4``, ``e7e8q``) and standard algebraic notation (``Nf3``, ``exd8=Q+``), for both boards.

Moves are numbers as `envs.chess.movegen` writes them, from the mover's side.
"""

from __future__ import annotations

import re

import numpy as np

from envs.chess.bitboards import U, turned
from envs.chess.movegen import MOST_MOVES
from envs.chess.position import CHECKMATE, FACTS, STATUS, advance, checked, field, legal_moves
from envs.chess.threats import KING, KNIGHT, PAWN
from envs.core import State

_LETTERS = ".BRQ.NK"  # by kind; pawns have none
_SAN = re.compile(r"(?:([NBRQK])?([a-h])?([1-8])?[x-]?([a-h][1-8])(?:=?([NBRQ]))?|(O-O(?:-O)?))[+#]?[!?]*")


def moves_of(state: State, size: int) -> list[int]:
    """The legal moves; none in a finished game."""
    found = np.empty(MOST_MOVES, np.uint16)
    return [int(move) for move in found[: legal_moves(state, U(size), found)]]


def _kind(state: State, square: int) -> int:
    diag, orth, step = (int(state[word]) >> square & 1 for word in (1, 2, 3))
    return diag | orth << 1 | step << 2


def board_square(state: State, square: int, size: int) -> int:
    """A square as the mover numbers it, in white's numbers."""
    return turned(square, size) if int(state[FACTS]) & 1 else square


def _square_name(state: State, square: int, size: int) -> str:
    at = board_square(state, square, size)
    return f"{'abcdefgh'[at % 8]}{at // 8 + 1}"


def _promotion(state: State, move: int, size: int) -> int:
    """The kind that the move makes of a pawn, or 0."""
    promotes = _kind(state, move & 63) == PAWN and (move >> 6 & 63) // 8 == size - 1
    return (move >> 12 or KNIGHT) if promotes else 0


def uci(state: State, move: int, size: int) -> str:
    """A legal move as UCI writes it; the king that castles goes two files."""
    names = _square_name(state, move & 63, size) + _square_name(state, move >> 6 & 63, size)
    promotion = _promotion(state, move, size)
    return names + (_LETTERS[promotion].lower() if promotion else "")


def _castles(state: State, move: int) -> str:
    """``O-O``, ``O-O-O``, or nothing for any other move."""
    files = (move >> 6 & 63) - (move & 63)
    return {2: "O-O", -2: "O-O-O"}.get(files, "") if _kind(state, move & 63) == KING else ""


def san(state: State, move: int, size: int) -> str:
    """A legal move in standard algebraic notation, as short as is clear, with ``+`` or ``#``."""
    start, end, kind = move & 63, move >> 6 & 63, _kind(state, move & 63)
    captures = (int(state[1]) | int(state[2]) | int(state[3])) >> end & 1 or (kind == PAWN and (end - start) % 8)
    name, target = _square_name(state, start, size), _square_name(state, end, size)
    if kind == PAWN:
        origin = name[0] if captures else ""
    else:
        starts = {other & 63 for other in moves_of(state, size) if other >> 6 & 63 == end} - {start}
        rivals = [square for square in starts if _kind(state, square) == kind]
        same_rank = any(square // 8 == start // 8 for square in rivals)
        same_file = any(square % 8 == start % 8 for square in rivals)
        by_file = same_rank or (rivals and not same_file)
        origin = _LETTERS[kind] + (name[0] if by_file else "") + (name[1] if same_file else "")
    promotion = _promotion(state, move, size)
    text = origin + ("x" if captures else "") + target + (f"={_LETTERS[promotion]}" if promotion else "")
    after = state.copy()
    advance(after, U(move), U(size))
    check = "+" if checked(after, U(size)) else ""
    return (_castles(state, move) or text) + ("#" if field(after, STATUS, 4) == CHECKMATE else check)


def find(state: State, text: str, size: int) -> int | None:
    """The legal move that a text in either notation stands for; None if there is none, or more than one."""
    text = text.strip()
    legal = moves_of(state, size)
    for move in legal:
        if uci(state, move, size) == text.lower():
            return move
    parts = _SAN.fullmatch(text.replace("0-0-0", "O-O-O").replace("0-0", "O-O"))
    if parts is None:
        return None
    letter, file, rank, target, promotion, castles = parts.groups(default="")
    found = []
    for move in legal:
        kind, becomes = _kind(state, move & 63), _promotion(state, move, size)
        start, end = (_square_name(state, square, size) for square in (move & 63, move >> 6 & 63))
        same_piece = _LETTERS[kind].strip(".") == letter and start[0].startswith(file) and start[1].startswith(rank)
        same_goal = end == target and (_LETTERS[becomes] if becomes else "") == promotion
        if _castles(state, move) == castles if castles else same_piece and same_goal and not _castles(state, move):
            found.append(move)
    return found[0] if len(found) == 1 else None

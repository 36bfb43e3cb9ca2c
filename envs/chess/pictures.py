"""Boards for the eye: characters for a terminal, shapes for everything else. White is always at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from envs.chess.bitboards import turned
from envs.chess.fen import LETTERS, piece_letters
from envs.chess.notation import board_square
from envs.chess.pieces import AREA, DOT, PARTS, SIDE
from envs.chess.position import FACTS
from envs.core import State
from envs.picture import Circle, Picture, Polyline, Rect, Shape, Text, arrow

CELL, MARGIN = 60.0, 24.0
FRAME, LABEL, SQUARES, MARKED = "#3b3531", "#d8cdbf", ("#b58863", "#f0d9b5"), ("#aaa23a", "#cdd26a")
PIECES = (("#fbf7ee", "#1f1c1a"), ("#4b4643", "#0d0c0b"))  # white, black: area and lines
CHECK, ARROW = "#e03131", "#15781b"
_LINE = 15  # width of the pieces' lines, on their own scale


def board_text(state: State, size: int, note: str) -> str:
    """Ranks from the top with their numbers, files below, and a note under it all."""
    pieces = piece_letters(state, size)
    rows = [[str(r + 1), *(pieces.get(8 * r + f, ".") for f in range(size))] for r in reversed(range(size))]
    return "\n".join(" ".join(row) for row in [*rows, [" ", *"abcdefgh"[:size]], [note]])


@cache
def _piece(letter: str, x: float, y: float) -> tuple[Polyline, ...]:
    """The shapes of a piece on the square whose top left corner is (x, y)."""
    area, lines = PIECES[letter.islower()]
    shapes = []
    for part, text in PARTS[LETTERS.index(letter.lower())]:
        numbers = [tuple(map(int, point.split(","))) for point in text.split()]
        points = tuple((round(x + CELL / SIDE * a, 1), round(y + CELL / SIDE * b, 1)) for a, b in numbers)
        fill = {AREA: area, DOT: lines}.get(part, "")
        shapes.append(Polyline(points, fill, lines, CELL / SIDE * _LINE))
    return tuple(shapes)


def draw(
    title: str,
    state: State,
    size: int,
    arrows: Sequence[tuple[int, float]],
    last: int | None,
    checked: bool,
) -> Picture:
    """``arrows``: moves of the mover with weights in 0..1. ``last``: the move that the other side has just made."""
    side = size * CELL

    def corner(square: int) -> tuple[float, float]:
        return MARGIN + CELL * (square % 8), MARGIN + CELL * (size - 1 - square // 8)

    def middle(square: int) -> tuple[float, float]:
        x, y = corner(board_square(state, square, size))
        return x + CELL / 2, y + CELL / 2

    marked = set()
    if last is not None:  # in the other side's numbers
        marked = {board_square(state, turned(square, size), size) for square in (last & 63, last >> 6 & 63)}
    shapes: list[Shape] = [Rect(0, 0, side + 2 * MARGIN, side + 2 * MARGIN, FRAME, 10)]
    for i in range(size):
        at, edge = MARGIN + CELL * (i + 0.5), MARGIN / 2
        shapes.append(Text(at, side + 2 * MARGIN - edge, "abcdefgh"[i], MARGIN / 2, LABEL))
        shapes.append(Text(edge, side + 2 * MARGIN - at, str(i + 1), MARGIN / 2, LABEL))
    for square in (8 * r + f for r in range(size) for f in range(size)):
        light = (square // 8 + square) % 2
        shapes.append(Rect(*corner(square), CELL, CELL, (MARKED if square in marked else SQUARES)[light]))
    pieces = piece_letters(state, size)
    if checked:
        king = "k" if int(state[FACTS]) & 1 else "K"
        x, y = corner(next(square for square, piece in pieces.items() if piece == king))
        shapes.append(Circle(x + CELL / 2, y + CELL / 2, 0.47 * CELL, CHECK, opacity=0.75))
    for square, piece in pieces.items():
        shapes += _piece(piece, *corner(square))
    for move, weight in arrows:
        shapes.append(arrow(*middle(move & 63), *middle(move >> 6 & 63), ARROW, weight))
    return Picture(title, side + 2 * MARGIN, side + 2 * MARGIN, tuple(shapes))

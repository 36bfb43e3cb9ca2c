import numpy as np
import pytest

import envs
from envs import raster
from envs.chess import pictures
from envs.picture import Circle, Polyline

CHESS, MINICHESS = envs.make("chess"), envs.make("minichess")


def pixels(picture):
    return raster.render(picture, width=round(picture.width))


def rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def square(name, size=8):
    """Pixels of the middle of a square's top left corner and of its middle."""
    x, y = pictures.MARGIN + pictures.CELL * "abcdefgh".index(name[0]), size - int(name[1])
    y = pictures.MARGIN + pictures.CELL * y
    return (round(y + 4), round(x + 4)), (round(y + pictures.CELL * 0.72), round(x + pictures.CELL * 0.5))


@pytest.mark.parametrize(("game", "size"), [(CHESS, 8), (MINICHESS, 5)])
def test_squares_and_pieces_are_where_they_belong(game, size):
    drawn = pixels(game.picture(game.init(1)[0]))
    corner = lambda name: drawn[square(name, size)[0]].tolist()  # noqa: E731
    middle = lambda name: drawn[square(name, size)[1]].tolist()  # noqa: E731
    assert corner("a1") == rgb(pictures.SQUARES[0])
    assert corner("b1") == rgb(pictures.SQUARES[1])
    assert corner(f"a{size}") == rgb(pictures.SQUARES[size % 2 == 0])
    for file in "abcdefgh"[:size]:
        assert middle(f"{file}2") == rgb(pictures.PIECES[0][0])
        assert middle(f"{file}{size - 1}") == rgb(pictures.PIECES[1][0])


def test_the_last_move_and_check_are_marked():
    state, action = CHESS.init(1), 0
    for name in ("e4", "f5", "Qh5"):
        action = CHESS.parse_action(state[0], name)
        state = CHESS.step(state, np.array([action], np.int32))
    picture = CHESS.picture(state[0], last_action=action)
    drawn = pixels(picture)
    assert drawn[square("d1")[0]].tolist() in [rgb(colour) for colour in pictures.MARKED]
    assert drawn[square("h5")[0]].tolist() in [rgb(colour) for colour in pictures.MARKED]
    assert drawn[square("e2")[0]].tolist() == rgb(pictures.SQUARES[1])
    (ring,) = [shape for shape in picture.shapes if isinstance(shape, Circle)]
    assert (ring.x, ring.y) == (pictures.MARGIN + 4.5 * pictures.CELL, pictures.MARGIN + 0.5 * pictures.CELL)
    assert "black to move, in check" in CHESS.to_text(state[0])


def test_an_arrow_points_from_the_piece_to_its_goal():
    state = CHESS.step(CHESS.init(1), np.array([322], np.int32))[0]
    arrow = CHESS.picture(state, [(CHESS.parse_action(state, "Nf6"), 1.0)]).shapes[-1]
    assert isinstance(arrow, Polyline)
    tip = arrow.points[3]
    tail = np.add(arrow.points[0], arrow.points[-1]) / 2
    place = lambda file, rank: pictures.MARGIN + pictures.CELL * np.array([file + 0.5, 8 - rank + 0.5])  # noqa: E731
    assert np.allclose(tail, place(6, 8))
    assert np.allclose(tip, place(5, 6))


def test_text():
    text = MINICHESS.to_text(MINICHESS.init(1)[0])
    assert text == "5 r n b q k\n4 p p p p p\n3 . . . . .\n2 P P P P P\n1 R N B Q K\n  a b c d e\nwhite to move"

"""Both back ends draw what a game describes, and nothing that a title or text says can break out of an SVG."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import envs
from envs import connect_four, othello, raster, svg
from envs.picture import Circle, Line, Picture, Polyline, Rect, Text, arrow, hint

HOSTILE = """</title><script>alert("x")</script>&amp;'"""
ALL_SHAPES = (
    Rect(0, 0, 100, 50, "#102030"),
    Circle(25, 25, 20, "#ff0000"),
    Circle(75, 25, 20, "#00ff00", ring=6),
    Line(0, 45, 100, 45, "#0000ff", 4),
    Rect(45, 20, 10, 10, "#ffffff", opacity=0.5),
    Polyline(((2, 2), (12, 2), (12, 12)), "#ffff00", "#00ffff", 2),
    Polyline(((88, 2), (98, 2), (98, 12)), "", "#00ffff", 2, opacity=0.5),
)


def rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def test_raster_draws_each_shape_where_it_belongs():
    pixels = raster.render(Picture("t", 100, 50, ALL_SHAPES), width=200)
    assert pixels.shape == (100, 200, 3)
    assert pixels.dtype == np.uint8
    at = lambda x, y: pixels[round(2 * y), round(2 * x)].tolist()  # noqa: E731
    assert at(25, 25) == [255, 0, 0]
    assert at(75, 25) == rgb("#102030")  # the hole of the ring
    assert at(75 - 17, 25) == [0, 255, 0]
    assert at(1, 45) == [0, 0, 255]
    assert np.allclose(at(50, 25), np.add(rgb("#102030"), 255) / 2, atol=2)
    assert at(9.5, 4.5) == [255, 255, 0]
    assert at(7, 2) == at(12, 7) == [0, 255, 255]
    assert at(7, 7.5) == at(95.5, 4.5) == rgb("#102030")  # no line from the last point to the first; no area
    assert np.allclose(at(93, 2), np.add(rgb("#102030"), [0, 255, 255]) / 2, atol=2)


def test_svg_has_each_shape_with_its_place_and_colour():
    root = ElementTree.fromstring(svg.render(Picture("t", 100, 50, ALL_SHAPES)))
    assert root.attrib["viewBox"] == "0 0 100 50"
    tags = [element.tag.rpartition("}")[2] for element in root]
    assert tags == ["title", "rect", "circle", "circle", "line", "rect", "polyline", "polyline"]
    ring = root[3].attrib
    assert (float(ring["r"]), ring["fill"], ring["stroke"], float(ring["stroke-width"])) == (17, "none", "#00ff00", 6)
    assert root[5].attrib["opacity"] == "0.5"
    area, line = root[6].attrib, root[7].attrib
    assert (area["points"], area["fill"], area["stroke"]) == ("2,2 12,2 12,12", "#ffff00", "#00ffff")
    assert (line["fill"], line["stroke-width"], line["opacity"]) == ("none", "2", "0.5")


def test_text_is_escaped():
    drawn = svg.render(Picture(HOSTILE, 100, 50, (Text(5, 5, HOSTILE, 10, '"/><script>'),)))
    assert "<script" not in drawn
    root = ElementTree.fromstring(drawn)
    assert [element.text for element in root] == [HOSTILE, HOSTILE]


def test_text_is_centred():
    pixels = raster.render(Picture("t", 100, 100, (Text(50, 50, "8", 60, "#000000"),)), width=100)
    rows, columns = np.nonzero((pixels < 128).all(axis=2))
    assert abs((rows.min() + rows.max()) / 2 - 50) < 4
    assert abs((columns.min() + columns.max()) / 2 - 50) < 4


def test_heavier_hints_are_larger_and_more_solid():
    hints = [hint(0, 0, 10, "#000000", weight) for weight in (-1, 0, 0.1, 0.5, 1, 7)]
    assert [h.r for h in hints] == sorted(h.r for h in hints)
    assert [h.opacity for h in hints] == sorted(h.opacity for h in hints)
    assert hints[0] == hints[1]
    assert hints[-1] == hints[-2]
    assert hints[-1].r == 10


def test_heavier_arrows_are_thicker_and_all_end_where_they_point():
    arrows = [arrow(10, 20, 70, 100, "#000000", weight) for weight in (0, 0.1, 0.5, 1)]
    assert all(np.allclose(drawn.points[3], (70, 100)) for drawn in arrows)
    widths = [np.hypot(*np.subtract(drawn.points[0], drawn.points[-1])) for drawn in arrows]
    assert widths == sorted(widths)
    assert widths[0] > 0
    assert [drawn.opacity for drawn in arrows] == sorted(drawn.opacity for drawn in arrows)


@pytest.mark.parametrize("game_id", ["connect_four", "othello"])
def test_a_stone_has_its_owners_colour(game_id):
    """The pixel off the middle of each cell, against the observation."""
    game = envs.make(game_id)
    rng, state = np.random.default_rng(9), game.init(1)
    for _ in range(13):
        state = game.step(state, rng.choice(np.flatnonzero(game.legal(state)[0]), 1).astype(np.int32))
    if game_id == "connect_four":
        cell, margin, faces = connect_four.CELL, connect_four.MARGIN, connect_four.FACES[1:]
    else:
        cell, margin, faces = othello.CELL, othello.MARGIN, [face for _, face in othello.DISCS]
    picture = game.picture(state[0])
    pixels = raster.render(picture, width=round(picture.width))
    mine, theirs = game.observe(state)[0]
    mover = game.mover(state)[0]
    seen = 0
    for r, c in np.argwhere(mine | theirs):
        owner = mover if mine[r, c] else 1 - mover
        pixel = pixels[round(margin + cell * (r + 0.5)), round(margin + cell * (c + 0.5) + 9)]
        assert pixel.tolist() == rgb(faces[owner])
        seen += 1
    assert seen >= 13


def test_pictures_need_nothing_from_outside():
    for game_id in envs.ids():
        game = envs.make(game_id)
        drawn = game.to_svg(game.init(1)[0])
        assert not re.search(r"href|url\(|<style|<script|\bid=", drawn)
        assert re.findall(r"https?://[^\"]*", drawn) == ["http://www.w3.org/2000/svg"]

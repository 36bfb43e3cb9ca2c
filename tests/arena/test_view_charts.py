import io

import pytest
from rich.console import Console

from arena.view.charts import ASCII, UNICODE, Estimate, bar, glyphs, interval_curve, value_curve


@pytest.mark.parametrize("using", [UNICODE, ASCII])
def test_bars_fill_their_width(using):
    assert bar(0, 10, using) == " " * 10
    assert bar(1, 10, using) == using.bar[-1] * 10
    assert bar(0.5, 10, using) == using.bar[-1] * 5 + " " * 5
    assert bar(1e-6, 10, using).strip()
    assert all(len(bar(share / 97, 13, using)) == 13 for share in range(98))
    assert bar(1e308, 10, using) == bar(1, 10, using)


def test_value_curve_puts_plus_one_on_top_and_thins_long_games():
    lines = value_curve(
        [[1.0, None, 1.0], [None, -1.0, None]], cursor=1, width=40, height=5, using=UNICODE
    ).plain.split("\n")
    assert lines[0] == " +1┤●  │  ●"
    assert lines[4] == " -1┤   ○   "
    assert value_curve([[0.0], [0.0]], 0, 40, 3, UNICODE).plain.count("◉") == 1
    long = value_curve([[0.5] * 300, [None] * 300], 299, 60, 5, ASCII).plain.split("\n")
    assert max(map(len, long)) <= 60


@pytest.mark.parametrize("width", range(1, 8))
def test_value_curve_in_hardly_any_room(width):
    assert value_curve([[0.5] * 9, [None] * 9], 4, width).plain.count("\n") == 6


def test_interval_curve_shows_points_intervals_and_both_ends_of_the_axis():
    points = [Estimate(0, 0, -50, 50), Estimate(3, 400, 300, 500), Estimate(6, 800, 750, 850)]
    chart = interval_curve(points, 50, "minutes", using=ASCII).plain
    lines = chart.split("\n")
    assert max(map(len, lines)) <= 50
    assert chart.count("*") == 3
    assert lines[0].strip().startswith("850")
    assert lines[11].strip().startswith("-50")
    assert lines[-1].split() == ["0", "6", "minutes"]
    first = next(r for r, line in enumerate(lines) if "*" in line)
    assert lines[first].rstrip().endswith("*")  # the best point is the last
    assert interval_curve([], 50, "minutes").plain == "(no points yet)"
    assert interval_curve(points[:1], 50, "minutes", using=ASCII).plain.count("*") == 1


def test_characters_follow_the_encoding():
    assert glyphs(Console(file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"))) is ASCII
    assert glyphs(Console(file=io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))) is UNICODE

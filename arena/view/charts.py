"""Charts made of characters. Every function returns rich `Text`; none of them looks at the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.console import Console
from rich.status import Status
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters a chart may use."""

    bar: str  # parts of a cell, emptiest first, the full cell last
    levels: str  # low to high
    points: tuple[str, str]  # first and second series
    both: str  # where the series meet
    turn: str  # beside the player to move
    stem: str  # an interval
    axis: str
    corner: str
    floor: str


UNICODE = Glyphs(
    bar=" ▏▎▍▌▋▊▉█", levels="▁▂▃▄▅▆▇█", points=("●", "○"), both="◉", turn="▸", stem="│", axis="┤", corner="└", floor="─"
)
ASCII = Glyphs(
    bar=" #", levels="_.-=^", points=("*", "o"), both="@", turn=">", stem="|", axis="|", corner="+", floor="-"
)

SERIES = ("cyan", "magenta")  # the first and the second player's colour, wherever they are told apart


def glyphs(console: Console) -> Glyphs:
    """Block characters where the terminal's encoding has them."""
    return ASCII if console.options.ascii_only else UNICODE


def waiting(console: Console, words: str) -> Status:
    """``with waiting(console, "..."):`` something that takes a while."""
    return console.status(Text(words), spinner="line" if console.options.ascii_only else "dots")


def bar(share: float, width: int, using: Glyphs = UNICODE) -> str:
    """``share`` of ``width`` cells filled, padded with blanks; anything above zero shows at least a trace."""
    steps = len(using.bar) - 1
    filled = max(round(min(max(share, 0.0), 1.0) * width * steps), 1 if share > 0 else 0)
    whole, part = divmod(min(filled, width * steps), steps)
    return (using.bar[-1] * whole + (using.bar[part] if part else "")).ljust(width)


def sparkline(values: Sequence[float], width: int, using: Glyphs = UNICODE) -> str:
    """The course of ``values`` between their extremes, averaged down to at most ``width`` characters."""
    if not values:
        return ""
    columns = min(width, len(values))
    edges = [round(i * len(values) / columns) for i in range(columns + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    low, span = min(means), max(max(means) - min(means), 1e-12)
    return "".join(using.levels[round((mean - low) / span * (len(using.levels) - 1))] for mean in means)


def value_curve(
    series: Sequence[Sequence[float | None]], cursor: int, width: int, height: int = 7, using: Glyphs = UNICODE
) -> Text:
    """Values in [-1, 1] of two players over the plies; the column of ``cursor`` is marked, long games are thinned."""
    plies = max(len(values) for values in series)
    columns = max(min(width - 4, 3 * plies - 2), 1)
    grid = [[" "] * columns for _ in range(height)]
    styles = [[""] * columns for _ in range(height)]
    mark = _column(cursor, plies, columns)
    for row in range(height):
        if row == height // 2:
            grid[row] = [using.floor] * columns
            styles[row] = ["dim"] * columns
        grid[row][mark], styles[row][mark] = using.stem, "dim"
    for number, values in enumerate(series):
        for ply, value in enumerate(values):
            if value is None:
                continue
            value = min(max(value, -1.0), 1.0)  # a stranger's record may say anything
            row, column = round((1 - value) / 2 * (height - 1)), _column(ply, plies, columns)
            taken = grid[row][column] == using.points[0] and number == 1
            grid[row][column] = using.both if taken else using.points[number]
            styles[row][column] = "bold" if taken else SERIES[number]
    labels = {0: " +1", height // 2: "  0", height - 1: " -1"}
    chart = Text()
    for row in range(height):
        chart.append(labels.get(row, "   ") + using.axis, "dim")
        for character, style in zip(grid[row], styles[row], strict=True):
            chart.append(character, style)
        chart.append("\n" if row < height - 1 else "")
    return chart


def _column(ply: int, plies: int, columns: int) -> int:
    return round(ply * (columns - 1) / max(plies - 1, 1))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A point of a curve with its interval."""

    x: float
    y: float
    low: float
    high: float


def interval_curve(
    points: Sequence[Estimate], width: int, x_label: str, height: int = 12, using: Glyphs = UNICODE
) -> Text:
    """Points with their intervals over a numbered axis, such as a rating against minutes of training."""
    if not points:
        return Text("(no points yet)", "dim")
    bottom, top = min(p.low for p in points), max(p.high for p in points)
    span = max(top - bottom, 1e-9)
    left, right = min(p.x for p in points), max(p.x for p in points)
    margin = max(len(f"{bottom:.0f}"), len(f"{top:.0f}")) + 1
    columns = max(width - margin - 2, 8)
    grid = [[(" ", "")] * columns for _ in range(height)]

    def row(y: float) -> int:
        return round((top - y) / span * (height - 1))

    for point in points:
        column = round((point.x - left) / max(right - left, 1e-9) * (columns - 1))
        for r in range(row(point.high), row(point.low) + 1):
            grid[r][column] = (using.stem, "dim")
        grid[row(point.y)][column] = (using.points[0], SERIES[0])
    chart = Text()
    for r, cells in enumerate(grid):
        label = f"{top - r / (height - 1) * span:.0f}" if r in (0, height // 2, height - 1) else ""
        chart.append(f"{label:>{margin}} {using.axis}", "dim")
        for character, style in cells:
            chart.append(character, style)
        chart.append("\n")
    chart.append(" " * (margin + 1) + using.corner + using.floor * columns + "\n", "dim")
    start, end = f"{round(left, 1):g}", f"{round(right, 1):g} {x_label}"
    chart.append(" " * (margin + 2) + start + end.rjust(columns - len(start)), "dim")
    return chart

"""What one panel of a story shows, drawn once: the course of the score and of the expectation, bright and faint.

A film reveals the bright one from left to right over the faint one, so that no picture of it draws a curve again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from arena.view.film import Picture, Scene

FINER = 2  # drawn so many times larger, then averaged down
BACKGROUND, GROUND = "#0e1016", "#171a23"
TEXT, DIM = "#f4f5f7", "#8d95a8"
SCORE, VALUE = "#4cc9f0", "#ffb454"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int


class Canvas:
    """A picture that is drawn at a finer scale; all numbers are pixels of the result."""

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (width * FINER, height * FINER), BACKGROUND)
        self._on = ImageDraw.Draw(self._image)

    def box(self, box: Box, fill: str, radius: int = 0) -> None:
        corners = [v * FINER for v in (box.x, box.y, box.x + box.width, box.y + box.height)]
        self._on.rounded_rectangle([*corners[:2], corners[2] - 1, corners[3] - 1], radius * FINER, fill=fill)

    def text(self, x: float, y: float, words: str, size: int, fill: str = TEXT, anchor: str = "lm") -> None:
        """anchor: as Pillow has it, l, m or r and then the middle or the baseline of the line, m or s."""
        font = ImageFont.load_default(size * FINER)
        self._on.text((x * FINER, y * FINER), words, fill=fill, font=font, anchor=anchor)

    def line(self, points: Sequence[tuple[float, float]], fill: str, width: float) -> None:
        self._on.line([(x * FINER, y * FINER) for x, y in points], fill=fill, width=round(width * FINER), joint="curve")

    def area(self, points: Sequence[tuple[float, float]], floor: float, fill: str) -> None:
        """Between a line and the floor."""
        if len(points) > 1:
            corners = [(points[0][0], floor), *points, (points[-1][0], floor)]
            self._on.polygon([(x * FINER, y * FINER) for x, y in corners], fill=fill)

    def picture(self) -> Picture:
        return np.asarray(self._image.reduce(FINER))


def mixed(one: str, other: str, share: float) -> str:
    """A colour between two; ``share`` of the first."""
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def course(scenes: Sequence[Scene], values: Sequence[float | None], columns: int) -> tuple[Floats, Floats]:
    """Score and expectation along a game's pictures in so many columns: the last score in each, the mean expectation,
    and NaN where none was told. Each is float64[columns]."""
    edges = np.linspace(0, len(scenes), columns + 1)
    told = np.array([np.nan if value is None else value for value in [*values, None]], np.float64)
    plies = np.array([min(scene.ply, len(told) - 1) for scene in scenes])
    by_scene = told[plies]
    score, value = np.empty(columns), np.full(columns, np.nan)
    for column in range(columns):
        first = min(int(edges[column]), len(scenes) - 1)
        last = max(int(edges[column + 1]), first + 1)
        score[column] = scenes[last - 1].score
        here = by_scene[first:last]
        if not np.isnan(here).all():
            value[column] = np.nanmean(here)
    return score, value


def draw_course(canvas: Canvas, box: Box, course: Floats, low: float, high: float, colour: str, bright: bool) -> None:
    """A curve with the area below it; gaps where it is NaN."""
    line = mixed(colour, GROUND, 1.0 if bright else 0.3)
    fill = mixed(colour, GROUND, 0.22 if bright else 0.07)
    inner = Box(box.x, box.y + 6, box.width, box.height - 12)
    span = max(high - low, 1e-9)
    floor = inner.y + inner.height
    run: list[tuple[float, float]] = []
    for x, y in [*enumerate(course.tolist()), (len(course), float("nan"))]:
        if y == y:
            height = min(max((y - low) / span, 0.0), 1.0)
            run.append((inner.x + x * inner.width / max(len(course) - 1, 1), floor - height * inner.height))
            continue
        canvas.area(run, box.y + box.height, fill)
        if len(run) > 1:
            canvas.line(run, line, 2.5)
        run = []


def stepped(course: Floats) -> Floats:
    """Twice the columns: each value lasts until the next."""
    return np.repeat(course, 2)

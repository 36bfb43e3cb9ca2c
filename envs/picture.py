"""Pictures of positions as short lists of shapes. Games say what to draw once; `envs.svg` and `envs.raster` draw it.

Lengths are in the picture's own units, x to the right and y downwards. Colours are ``#rrggbb``; opacity runs from 0 to
1. Later shapes cover earlier ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    fill: str
    radius: float = 0.0  # of the corners
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Circle:
    """A disc, or if ``ring`` is not 0 a ring of that width; its outer edge has radius ``r``."""

    x: float
    y: float
    r: float
    fill: str
    ring: float = 0.0
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """A stroke with round ends."""

    x1: float
    y1: float
    x2: float
    y2: float
    fill: str
    width: float
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Polyline:
    """Straight lines from point to point, with round corners and ends, over the area they enclose.

    Without ``fill`` only the lines are drawn, without ``stroke`` only the area."""

    points: tuple[tuple[float, float], ...]
    fill: str
    stroke: str = ""
    width: float = 0.0  # of the lines
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text with its middle at (x, y)."""

    x: float
    y: float
    text: str
    size: float
    fill: str
    opacity: float = 1.0


Shape = Rect | Circle | Line | Polyline | Text


@dataclass(frozen=True, slots=True)
class Picture:
    title: str
    width: float
    height: float
    shapes: tuple[Shape, ...]


def hint(x: float, y: float, r: float, fill: str, weight: float) -> Circle:
    """A ghost of a stone of radius ``r``: the heavier (0..1), the larger and the more solid."""
    weight = min(max(weight, 0.0), 1.0)
    return Circle(x, y, r * (0.25 + 0.75 * weight**0.5), fill, opacity=0.3 + 0.5 * weight)


def arrow(x1: float, y1: float, x2: float, y2: float, fill: str, weight: float) -> Polyline:
    """An arrow to (x2, y2): the heavier (0..1), the thicker and the more solid."""
    weight = min(max(weight, 0.0), 1.0)
    half = 3 + 7 * weight**0.5
    length = hypot(x2 - x1, y2 - y1)
    along, across = ((x2 - x1) / length, (y2 - y1) / length), ((y1 - y2) / length, (x2 - x1) / length)
    neck = length - 2.4 * half
    profile = ((0, half), (neck, half), (neck, 2 * half), (length, 0), (neck, -2 * half), (neck, -half), (0, -half))
    points = tuple((x1 + a * along[0] + b * across[0], y1 + a * along[1] + b * across[1]) for a, b in profile)
    return Polyline(points, fill, opacity=0.3 + 0.5 * weight)

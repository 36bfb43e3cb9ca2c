"""Pictures of positions as short lists of shapes. Games say what to draw once; `envs.svg` and `envs.raster` draw it.

Lengths are in the picture's own units, x to the right and y downwards. Colours are ``#rrggbb``; opacity runs from 0 to
1. Later shapes cover earlier ones.
"""

from __future__ import annotations

from dataclasses import dataclass


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
class Text:
    """One line of text with its middle at (x, y)."""

    x: float
    y: float
    text: str
    size: float
    fill: str
    opacity: float = 1.0


Shape = Rect | Circle | Line | Text


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

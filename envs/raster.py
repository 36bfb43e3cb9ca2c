"""Draws a `Picture` as pixels with Pillow alone, for video frames and ``rgb_array``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from envs.picture import Circle, Line, Picture, Polyline, Rect, Shape, Text

_FINER = 3  # drawn this many times larger, then averaged down: Pillow's own edges are jagged


def _stroke(on: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]], fill: str, width: float) -> None:
    on.line(points, fill=fill, width=round(width), joint="curve")
    for x, y in (points[0], points[-1]):
        on.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=fill)


def _draw(on: ImageDraw.ImageDraw, shape: Shape, scale: float) -> None:
    match shape:
        case Rect(x, y, width, height, fill, radius):
            box = [v * scale for v in (x, y, x + width, y + height)]
            on.rounded_rectangle(box, radius * scale, fill=fill)
        case Circle(x, y, r, fill, ring):
            box = [v * scale for v in (x - r, y - r, x + r, y + r)]
            if ring:
                on.ellipse(box, outline=fill, width=round(ring * scale))
            else:
                on.ellipse(box, fill=fill)
        case Line(x1, y1, x2, y2, fill, width):
            _stroke(on, [(x1 * scale, y1 * scale), (x2 * scale, y2 * scale)], fill, width * scale)
        case Polyline(points, fill, stroke, width):
            corners = [(x * scale, y * scale) for x, y in points]
            if fill:
                on.polygon(corners, fill=fill)
            if stroke:
                _stroke(on, corners, stroke, width * scale)
        case Text(x, y, text, size, fill):
            font = ImageFont.load_default(size * scale)
            on.text((x * scale, y * scale), text, fill=fill, font=font, anchor="mm")


def render(picture: Picture, width: int = 480, background: str = "#ffffff") -> NDArray[np.uint8]:
    """uint8[height, width, 3], the picture's proportions kept."""
    scale = width * _FINER / picture.width
    size = (width * _FINER, round(picture.height * scale / _FINER) * _FINER)
    image = Image.new("RGB", size, background)
    for shape in picture.shapes:
        under = None if shape.opacity >= 1 else image.copy()
        _draw(ImageDraw.Draw(image), shape, scale)
        if under is not None:
            image = Image.blend(under, image, shape.opacity)
    return np.asarray(image.reduce(_FINER))

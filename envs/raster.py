"""Draws a `Picture` as pixels with Pillow alone, for video frames and ``rgb_array``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from envs.picture import Circle, Line, Picture, Rect, Shape, Text

_FINER = 3  # drawn this many times larger, then averaged down: Pillow's own edges are jagged


def _draw(on: ImageDraw.ImageDraw, shape: Shape, fill: str | int, scale: float) -> None:
    match shape:
        case Rect(x, y, width, height, _, radius):
            box = [v * scale for v in (x, y, x + width, y + height)]
            on.rounded_rectangle(box, radius * scale, fill=fill)
        case Circle(x, y, r, _, ring):
            box = [v * scale for v in (x - r, y - r, x + r, y + r)]
            if ring:
                on.ellipse(box, outline=fill, width=round(ring * scale))
            else:
                on.ellipse(box, fill=fill)
        case Line(x1, y1, x2, y2, _, width):
            on.line([v * scale for v in (x1, y1, x2, y2)], fill=fill, width=round(width * scale))
            for x, y in ((x1, y1), (x2, y2)):
                _draw(on, Circle(x, y, width / 2, ""), fill, scale)
        case Text(x, y, text, size, _):
            font = ImageFont.load_default(size * scale)
            on.text((x * scale, y * scale), text, fill=fill, font=font, anchor="mm")


def render(picture: Picture, width: int = 480, background: str = "#ffffff") -> NDArray[np.uint8]:
    """uint8[height, width, 3], the picture's proportions kept."""
    scale = width * _FINER / picture.width
    size = (width * _FINER, round(picture.height * scale / _FINER) * _FINER)
    image = Image.new("RGB", size, background)
    canvas = ImageDraw.Draw(image)
    for shape in picture.shapes:
        if shape.opacity >= 1:
            _draw(canvas, shape, shape.fill, scale)
        else:
            mask = Image.new("L", size)
            _draw(ImageDraw.Draw(mask), shape, round(255 * shape.opacity), scale)
            image.paste(shape.fill, mask=mask)
    return np.asarray(image.reduce(_FINER))

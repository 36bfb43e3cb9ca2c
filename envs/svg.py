"""Draws a `Picture` as one self-contained ``<svg>`` element: no scripts, styles, ids or remote parts, text escaped."""

from __future__ import annotations

from html import escape

from envs.picture import Circle, Line, Picture, Polyline, Rect, Shape, Text

FONT = "ui-sans-serif, system-ui, sans-serif"
_BASELINE = 0.35  # of the size: from the middle of a digit or capital down to its foot


def _element(tag: str, attributes: dict[str, float | str], text: str = "") -> str:
    shown = {key: value if isinstance(value, str) else f"{value:.5g}" for key, value in attributes.items()}
    body = " ".join(f'{key}="{escape(value)}"' for key, value in shown.items())
    return f"<{tag} {body}>{escape(text)}</{tag}>" if text else f"<{tag} {body}/>"


def _shape(shape: Shape) -> str:
    paint: dict[str, float | str] = {"fill": shape.fill}
    if shape.opacity < 1:
        paint["opacity"] = shape.opacity
    match shape:
        case Rect(x, y, width, height, _, radius):
            return _element("rect", {"x": x, "y": y, "width": width, "height": height, "rx": radius, **paint})
        case Circle(x, y, r, fill, ring):
            if ring:
                paint |= {"fill": "none", "stroke": fill, "stroke-width": ring}
            return _element("circle", {"cx": x, "cy": y, "r": r - ring / 2, **paint})
        case Line(x1, y1, x2, y2, fill, width):
            paint |= {"stroke": fill, "stroke-width": width, "stroke-linecap": "round"}
            return _element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, **paint})
        case Polyline(points, fill, stroke, width):
            if stroke:
                paint |= {
                    "stroke": stroke,
                    "stroke-width": width,
                    "stroke-linejoin": "round",
                    "stroke-linecap": "round",
                }
            corners = " ".join(f"{x:.4g},{y:.4g}" for x, y in points)
            return _element("polyline", {"points": corners, **paint, "fill": fill or "none"})
        case Text(x, y, text, size, _):
            foot = y + _BASELINE * size
            return _element("text", {"x": x, "y": foot, "text-anchor": "middle", "font-size": size, **paint}, text)


def render(picture: Picture) -> str:
    """The whole element; it scales to the box it is put in."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {picture.width:g} {picture.height:g}" role="img" '
        f'font-family="{escape(FONT)}" font-weight="600">'
    )
    return "\n".join([head, _element("title", {}, picture.title), *map(_shape, picture.shapes), "</svg>"])

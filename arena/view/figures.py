"""Numbers and names for people."""

from __future__ import annotations

import math


def clock(seconds: float) -> str:
    """``1:02:03`` or ``02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def rate(value: float, digits: int = 0) -> str:
    """``1,234.5``; a dash for NaN, which is what nobody has measured yet."""
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


def score(value: float) -> str:
    """Points of a game: ``1,234,567``, ``-21``, ``0.5``."""
    return f"{value:,.10g}"


def percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.0%}"


def printable(text: str) -> str:
    """``text`` with a question mark for everything that is not seen, control sequences above all."""
    return "".join(character if character.isprintable() else "?" for character in text)

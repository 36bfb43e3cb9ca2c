"""Going through something recorded on a terminal, with keys: the same ones whatever it is."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.live import Live

from arena.view import keys

RESIZED = 0.5  # seconds after which a window that was resized is drawn anew


def step_through(
    console: Console,
    draw: Callable[[int, bool], RenderableType],
    last: int,
    *,
    seconds: float,
    jump: int,
    start: int = 0,
    playing: bool = True,
    on_key: Callable[[str], None] = lambda key: None,
) -> None:
    """Shows ``draw(at, playing)`` for places ``at`` from ``start`` on, up to ``last``, until a person has seen enough.

    While it plays by itself, it goes on every so many ``seconds``; arrows up and down go ``jump`` places. Keys without
    a meaning here are given to ``on_key``."""
    at = start
    with keys.raw(), Live(draw(at, playing), console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(draw(at, playing), refresh=True)
            pressed = keys.read(seconds if playing else RESIZED)
            if playing and not pressed:
                at = min(at + 1, last)
            for key in pressed:
                if key in ("q", "escape"):
                    return
                if key == "space":
                    playing = not playing
                    at = 0 if playing and at == last else at
                else:
                    on_key(key)
                at = seek(key, at, last, jump)
            playing = playing and at < last


def seek(key: str, at: int, last: int, jump: int) -> int:
    """The place a key leads to."""
    step = {"right": 1, "left": -1, "down": jump, "up": -jump, "home": -last, "end": last}.get(key, 0)
    return min(max(at + step, 0), last)

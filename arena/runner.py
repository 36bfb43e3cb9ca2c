"""The batched match runner."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a game early."""

    move_ms: float | None = None  # a longer decision loses by ``time``
    hang_s: float = 60.0  # no answer at all for this long loses by ``hang`` (ladders only: needs a worker process)
    load_s: float = 600.0  # for loading an agent and its first, unrecorded move, which may compile
    max_plies: int | None = None  # a longer game is cut off as a draw; None: the game's own limit

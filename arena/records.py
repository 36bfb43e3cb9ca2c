"""The record of a match: all that is needed to replay it exactly, and what both sides thought while they played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SCHEMA = 1

Termination = Literal["rules", "truncated", "adjudicated", "fault"]
FaultKind = Literal["crash", "hang", "illegal", "time", "host"]


@dataclass(frozen=True, slots=True)
class AgentRef:
    """Who sat in a seat."""

    spec: str  # what `agents.load` was given
    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a game ended before its rules ended it. ``host``: the arena's own machine failed, so the game says nothing."""

    kind: FaultKind
    seat: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Ply:
    """What the mover thought before one action; from the mover's view."""

    value: float | None = None
    visits: tuple[tuple[int, int], ...] = ()  # (action, visits), most visited first
    pv: tuple[int, ...] = ()
    ms: float | None = None


@dataclass(frozen=True, slots=True)
class MatchRecord:
    """One finished game of any family."""

    id: str  # deterministic within a schedule, so that a ladder knows which games it has
    game: str
    game_version: int
    seed: int
    agents: tuple[AgentRef, ...]  # by seat
    opening: tuple[int, ...]  # actions made before the agents took over
    actions: tuple[int, ...]  # all of them, the opening included
    analysis: tuple[Ply | None, ...]  # one entry an action, None in the opening; may be empty
    returns: tuple[float, ...]  # by seat; board games: 1, 0, -1
    termination: Termination
    fault: Fault | None
    started: str  # ISO 8601, UTC
    seconds: float
    versions: dict[str, str]  # of arena and the libraries that decide the outcome
    schema: int = SCHEMA

"""A ladder: agents that meet by a schedule, all of it kept in a store, so that it can be stopped and resumed anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from arena.records import MatchRecord
from arena.runner import Limits
from arena.store import Store

ScheduleKind = Literal["round_robin", "gauntlet", "adaptive"]


@dataclass(frozen=True, slots=True)
class LadderConfig:
    """Decides, with the entrants, every game of a ladder; fixed when the ladder is made."""

    game: str
    schedule: ScheduleKind = "round_robin"
    pairs: int = 10  # mirrored pairs per pairing; adaptive: of all pairings together, times the number of entrants
    plies: tuple[int, int] | None = None  # random openings' length, least and most; None: `default_plies`
    seed: int = 0
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Entrant:
    """An agent of a ladder. ``wave``: agents that entered together; a gauntlet plays no games within a wave."""

    number: int
    wave: int
    label: str  # its name, made unique within the ladder
    spec: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a running ladder, for a display."""

    done: int
    total: int
    seconds: float  # since `run` began
    seconds_left: float | None  # None while nothing has finished yet
    new: tuple[MatchRecord, ...]  # games saved since the last call
    faults: int


@dataclass(frozen=True, slots=True)
class Results:
    """All counted games of a ladder as arrays of one entry a game; agents are entrants' numbers."""


class Ladder:
    """``Ladder(store, name, config)`` makes or goes on with a ladder; ``config`` may be left out for one that exists."""

    def __init__(self, store: Store, name: str, config: LadderConfig | None = None) -> None:
        raise NotImplementedError

    def enter(self, specs: Sequence[str]) -> list[Entrant]:
        """One wave of agents; those already entered are passed over. Raises `InputError`: cannot be loaded, wrong game."""
        raise NotImplementedError

    def enter_checkpoints(self, run: Path) -> list[Entrant]:
        """Enters the checkpoints of a training run that have appeared since, each as its own wave, oldest first."""
        raise NotImplementedError

    def run(
        self, on_progress: Callable[[Progress], None] = lambda progress: None, workers: int | None = None
    ) -> Progress:
        """Plays what is missing. Ctrl-C raises KeyboardInterrupt within seconds with every finished game saved."""
        raise NotImplementedError

    def entrants(self) -> list[Entrant]:
        raise NotImplementedError

    def results(self) -> Results:
        raise NotImplementedError

"""What a training needs of a game: many games side by side, of which every step fills the same arrays again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import envs
from envs.core import GameSpec, InputError
from envs.moba import games
from envs.moba.games import Step
from envs.moba.setup import Setup
from selfplay.ppo.config import PRESETS, PpoConfig


class Games(Protocol):
    """See `envs.moba.games.Games`."""

    batch: int
    units: int  # of both sides, west's first
    team_spirit: float

    def reset(self, seeds: NDArray[np.uint64]) -> Step: ...

    def step(self, actions: NDArray[np.integer]) -> Step: ...

    def grow(self, share: float) -> None:
        """``share`` of the time has passed."""
        ...

    def close(self) -> None: ...


Stage = Callable[[PpoConfig, int], tuple[GameSpec, Games]]  # (settings, batch) -> the game and so many of it


class Moba(games.Games):
    """The kernels; games may be cut off early at first, so that many beginnings are seen before the first long game."""

    def __init__(self, batch: int, setup: Setup, first: int, growing: float) -> None:
        super().__init__(batch, setup)
        self._whole, self._first, self._growing = setup.cycles, first or setup.cycles, growing

    def grow(self, share: float) -> None:
        done = min(1.0, share / self._growing) if self._growing else 1.0
        self.setup = replace(self.setup, max_cycles=round(self._first + (self._whole - self._first) * done))


def moba(settings: PpoConfig, batch: int) -> tuple[GameSpec, Games]:
    """A team game by the arena's id. Raises `InputError`."""
    if settings.game not in PRESETS:
        raise InputError(f"{settings.game} can be played, but not be trained for: {' and '.join(PRESETS)} can")
    spec = envs.team_game(settings.game).spec
    setup = _setup(settings, heroes=5 if settings.game == "moba_5v5" else 1, max_cycles=settings.max_cycles or None)
    return spec, Moba(batch, setup, settings.first_cycles, settings.growing)


def duels(settings: PpoConfig, batch: int) -> Games:
    """Games of one hero a side, of any role: observations and actions are those of the large game."""
    return Moba(batch, _setup(settings, heroes=1, lineup="random"), 0, 0.0)


def _setup(settings: PpoConfig, **options: Any) -> Setup:
    return Setup(
        reward=settings.reward,
        fog=settings.fog,
        team_spirit=settings.first_team_spirit,
        wave_jitter=settings.wave_jitter,
        **options,
    )

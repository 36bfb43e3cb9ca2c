"""What a training needs of a game: many games side by side, of which every step fills the same arrays again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from envs.core import GameSpec
from envs.moba.games import Step
from selfplay.ppo.config import PpoConfig


class Games(Protocol):
    """See `envs.moba.games.Games`."""

    batch: int
    units: int  # of both sides, west's first
    team_spirit: float

    def reset(self, seeds: NDArray[np.uint64]) -> Step: ...

    def step(self, actions: NDArray[np.integer]) -> Step: ...

    def close(self) -> None: ...


Stage = Callable[[PpoConfig, int], tuple[GameSpec, Games]]  # (settings, batch) -> the game and so many of it


def moba(settings: PpoConfig, batch: int) -> tuple[GameSpec, Games]:
    """A team game by the arena's id. Raises `InputError`."""
    import envs

    game: Any = envs.team_game(settings.game)
    games: Games = game.batch(
        batch,
        reward=settings.reward,
        fog=settings.fog,
        team_spirit=settings.first_team_spirit,
        wave_jitter=settings.wave_jitter,
        max_cycles=settings.max_cycles or None,
    )
    return game.spec, games

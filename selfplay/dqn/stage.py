"""What a training needs of a game: a vector of emulators that can be told to go on while something else is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agents.dqn.network import SHAPE
from envs.atari import SCORE_GAMES, Tick, Training
from envs.core import GameSpec, unknown
from selfplay.dqn.config import ScoreConfig


class Emulators(Protocol):
    """See `envs.atari.Training`, with stacked frames."""

    @property
    def n(self) -> int: ...

    def reset(self) -> Tick: ...

    def send(self, actions: NDArray[np.integer]) -> None: ...

    def recv(self) -> Tick: ...

    def close(self) -> None: ...


Stage = Callable[[ScoreConfig, int], tuple[GameSpec, Emulators]]  # (settings, seed) -> the game and its emulators


def atari(settings: ScoreConfig, seed: int) -> tuple[GameSpec, Emulators]:
    """An Atari game by the arena's id. Raises `InputError`."""
    if settings.game not in SCORE_GAMES:
        raise unknown("game", settings.game, SCORE_GAMES)
    game = SCORE_GAMES[settings.game]()
    training = Training(
        game.rom, settings.games, protocol=game.protocol, seed=seed, threads=settings.threads, stack=SHAPE[0]
    )
    return game.spec, training

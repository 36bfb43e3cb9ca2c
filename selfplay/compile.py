"""Compiles what a training needs before it needs it."""

from __future__ import annotations

import dataclasses

import numpy as np

import envs
from agents import networks
from agents.search.cache import CachedEvaluator
from agents.search.evaluators import NetworkEvaluator
from selfplay.chunks import Games, join
from selfplay.config import TrainConfig
from selfplay.learner import Learner
from selfplay.play import SelfPlay
from selfplay.window import Window, rows_of


def warm_up(settings: TrainConfig) -> None:
    """Calls every numba kernel of workers and learner once, on a very small scale.

    Compiled code is kept on disk, so the first call on a machine takes up to a minute and any later one, in whatever
    process, a second. Without it workers and learner would compile the same things side by side, on training time."""
    game = envs.make(settings.game)
    small = dataclasses.replace(settings, slots=4, simulations=4, fast_simulations=2, full_fraction=1.0)
    small = dataclasses.replace(small, random_openings=0.0)  # a game from its beginning to its end meets everything
    network = NetworkEvaluator(game, networks.make(game.spec, settings.net))
    players = SelfPlay(game, CachedEvaluator(game, network, 64), small, stream=0)
    games: list[Games] = []
    while not games:
        games += players.turn()
    window = Window(game.init(1).shape[1], game.spec.max_legal)
    window.add("", *rows_of(join(games), small))
    rows = window.sample(np.random.default_rng(0), 2)
    Learner(game, networks.make(game.spec, settings.net), small).step(rows, 0.0)

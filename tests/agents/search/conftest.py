"""Positions and evaluators that the search tests share."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import envs
from envs.core import BoardGame, State, States


class HashEvaluator:
    """A made-up but fixed opinion about every position, the same for mirror images: priors and values all over the
    range."""

    def __init__(self, game: BoardGame) -> None:
        self.game = game
        self.calls = 0
        self.rows = 0

    def __call__(self, states: States, legal: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.calls += 1
        self.rows += len(states)
        n, actions = legal.shape
        symmetries = self.game.spec.num_symmetries
        own = self.game.key(states)
        images = np.stack([self.game.symmetry(states, np.full(n, k, np.int8)) for k in range(symmetries)])
        keys = np.stack([self.game.key(image) for image in images])
        best = keys.argmin(axis=0)
        assert (keys[0] == own).all()
        logits = np.empty((n, actions), np.float32)
        wdl = np.empty((n, 3), np.float32)
        for b in range(n):
            rng = np.random.default_rng(int(keys[best[b], b]))
            logits[b] = rng.normal(size=actions)[self.game.action_symmetry[best[b]]]
            wdl[b] = rng.dirichlet(np.ones(3))
        return logits, wdl


@pytest.fixture
def connect_four() -> BoardGame:
    return envs.make("connect_four")


@pytest.fixture
def tic_tac_toe() -> BoardGame:
    return envs.make("tic_tac_toe")


def position(game: BoardGame, moves: str) -> State:
    """The position after moves given by their one-character names."""
    state = game.init(1)
    for move in moves:
        state = game.step(state, np.array([game.parse_action(state[0], move)], np.int32))
    return state[0]


def random_positions(game: BoardGame, n: int, plies: int, seed: int) -> States:
    """``n`` running positions after at most ``plies`` random plies."""
    rng = np.random.default_rng(seed)
    states = game.init(n)
    for _ in range(plies):
        legal = game.legal(states)
        actions = np.array([rng.choice(np.flatnonzero(row)) for row in legal], np.int32)
        after = game.step(states, actions)
        moving = (rng.random(n) < 0.8) & np.isnan(game.outcome(after))
        states[moving] = after[moving]
    return states

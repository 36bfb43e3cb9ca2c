"""A plain evaluation that any board game gets for nothing: a weight for every cell of every observation plane.

The weights are fitted by least squares (with a small ridge) to the results of random games, as the mover sees them, and
made equal on squares that a symmetry of the board exchanges. In Connect Four this finds that the middle is worth more
than the border, in Othello what corners are worth. Nobody's knowledge of a game is needed, and what it says is as
shallow as it sounds: an anchor, not a player.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

import envs
from agents.chance import choose, draws
from envs.core import BoardGame, States

SCALE = 1000  # a sure win
GAMES, POSITIONS = 2000, 20_000  # random games played, positions of them fitted
_RIDGE = 10.0  # as if every weight had been seen to be nothing in so many positions


@cache
def weights(game_id: str) -> tuple[NDArray[np.float32], float]:
    """A weight for each cell of an observation, float32[C * H * W], and a constant; whole numbers, so that sums are
    exact and all machines agree."""
    game = envs.make(game_id)
    states, results = _random_positions(game)
    seen = _planes(game, states)
    mean, target = seen.mean(axis=0, dtype=np.float64), results.mean()
    centred = seen - mean
    fitted = np.linalg.solve(centred.T @ centred + _RIDGE * np.eye(len(mean)), centred.T @ (results - target))
    planes = fitted.reshape(game.spec.observation_shape[0], -1)
    fitted = np.rint(SCALE * planes[:, game.square_symmetry].mean(axis=1)).ravel()
    return fitted.astype(np.float32), float(np.rint(SCALE * target - mean @ fitted))


def evaluate(game: BoardGame, states: States) -> NDArray[np.int32]:
    """int32[n]: expected result of running positions for the mover, strictly between -SCALE and SCALE."""
    cells, constant = weights(game.spec.id)
    values = _planes(game, states) @ cells + np.float32(constant)
    return np.asarray(np.clip(values, 1 - SCALE, SCALE - 1), np.int32)


def _planes(game: BoardGame, states: States) -> NDArray[np.float32]:
    planes = game.observe(states)
    return planes.reshape(len(states), math.prod(planes.shape[1:])).astype(np.float32)


def _random_positions(game: BoardGame) -> tuple[States, NDArray[np.float64]]:
    """Running positions of random games, and how the games ended for the one to move there."""
    states, seeds = game.init(GAMES), np.arange(GAMES, dtype=np.uint64)
    playing, found, of_game = np.arange(GAMES), [], []
    for ply in range(game.spec.max_plies):
        found.append(states[playing])
        of_game.append(playing)
        numbers = draws(seeds[playing], np.full(len(playing), ply, np.uint64))
        states[playing] = game.step(found[-1], choose(game.legal(found[-1]), numbers))
        playing = playing[np.isnan(game.outcome(states[playing]))]
        if not len(playing):
            break
    positions, owners = np.concatenate(found), np.concatenate(of_game)
    picked = np.linspace(0, len(positions) - 1, min(POSITIONS, len(positions))).astype(np.int64)
    positions, owners = positions[picked], owners[picked]
    ends = np.nan_to_num(game.outcome(states[owners])).astype(np.float64)  # a game cut short counts as drawn
    return positions, np.where(game.mover(positions) == 0, ends, -ends)

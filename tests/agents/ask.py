"""Asks an agent for decisions in positions given by their actions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.core import Agent, Batch, Decision, GameKey
from envs.core import BoardGame, States


def after(game: BoardGame, lines: Sequence[Sequence[int]]) -> States:
    """The positions after these actions from the start."""
    states = game.init(len(lines))
    for i, line in enumerate(lines):
        for action in line:
            assert game.legal(states[i : i + 1])[0, action]
            states[i : i + 1] = game.step(states[i : i + 1], np.array([action], np.int32))
    return states


def ask(agent: Agent, game: BoardGame, lines: Sequence[Sequence[int]], seeds: Sequence[int]) -> list[Decision]:
    """One decision a line; all of them in one batch."""
    states = after(game, lines)
    seats = game.mover(states).tolist()
    agent.start(game.spec, [GameKey(str(i), *key) for i, key in enumerate(zip(seats, seeds, strict=True))])
    return agent.act(Batch(np.arange(len(lines)), states, game.legal(states), list(lines)))


def random_lines(game: BoardGame, n: int, plies: int, seed: int = 0) -> list[list[int]]:
    """``n`` random openings of ``plies`` actions after which the game still runs."""
    rng = np.random.default_rng(seed)
    lines: list[list[int]] = []
    while len(lines) < n:
        state, line = game.init(1), []
        for _ in range(plies):
            legal = np.flatnonzero(game.legal(state)[0])
            if not len(legal):
                break
            line.append(int(rng.choice(legal)))
            state = game.step(state, np.array([line[-1]], np.int32))
        if np.isnan(game.outcome(state)[0]):
            lines.append(line)
    return lines

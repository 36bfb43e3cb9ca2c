"""Games side by side for matches: started together, each over when it is over, none started anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from envs.core import InputError, unknown
from envs.moba import tables as t
from envs.moba.games import Games
from envs.moba.setup import Setup


def setup(heroes: Literal[1, 5], options: Mapping[str, Any]) -> Setup:
    """Of options as they stand in a record: JSON, so a line-up may be a list. Raises `InputError`."""
    known = [field.name for field in dataclasses.fields(Setup) if field.name != "heroes"]
    for name in options:
        if name not in known:
            raise unknown("option of the game", name, known)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
    }
    try:
        return Setup(heroes=heroes, **values)
    except (TypeError, ValueError) as error:
        raise error if isinstance(error, InputError) else InputError(f"options {dict(options)}: {error}") from None


class Play:
    """See `envs.core.TeamPlay`."""

    def __init__(self, heroes: Literal[1, 5], seeds: Sequence[int], options: Mapping[str, Any]) -> None:
        n = len(seeds)
        self.games = Games(max(n, 1), setup(heroes, options), autoreset=False)
        self._step = self.games.reset(np.array(seeds or [0], np.uint64))
        self._actions = np.full((max(n, 1), 2 * heroes), t.WAIT, np.int64)
        self.over, self.truncated = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        self.outcome = np.full(n, np.nan, np.float32)

    def observe(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """float32[k, U, F] and bool[k, U, A]."""
        return self._step.observations[rows], self._step.mask[rows]

    def step(self, rows: NDArray[np.int64], actions: NDArray[np.integer]) -> None:
        """int[k, U] actions. All games take the step, but nothing is read any more of those that are left out."""
        self._actions[:] = t.WAIT
        self._actions[rows] = actions
        step = self.games.step(self._actions)
        self.over[rows] = step.terminated[rows] | step.truncated[rows]
        self.truncated[rows] = step.truncated[rows]
        self.outcome[rows] = step.outcome[rows]

    def close(self) -> None:
        self.games.close()

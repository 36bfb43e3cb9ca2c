"""Any PettingZoo parallel environment whose agents are of two sides, as a team game for the arena.

Who has left the environment can only do action 0 and sees zeros. An action mask is taken from ``infos[agent]`` or from
a dictionary observation, where there is one. When the environment ends, for whatever reason, the side whose rewards
come to more has won. Pictures are the environment's ``rgb_array``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.core import GameSpec, InputError, TeamEvent, TeamShot, unknown

SEEDS = 2**31 - 1  # environments take smaller seeds than the arena has


@dataclass(frozen=True)
class ParallelGame:
    """See `envs.core.TeamGame`."""

    spec: GameSpec
    units: tuple[str, ...]  # the environment's agents, those of seat 0 first, as many on each side
    action_names: tuple[str, ...]
    make: Callable[..., Any]  # (render_mode, **options) -> the environment
    options: tuple[str, ...] = ()  # that ``make`` may be given
    stats: tuple[str, ...] = ("alive",)
    scenery: None = None

    def start(self, seeds: Sequence[int], options: Mapping[str, Any] = {}) -> ParallelPlay:
        """An environment for every seed."""
        return ParallelPlay(self, seeds, options)

    def film(self, seed: int, actions: Sequence[int], options: Mapping[str, Any] = {}) -> Iterator[TeamShot]:
        """The environment's pictures."""
        if len(actions) % len(self.units):
            raise InputError(f"{len(actions)} actions are no whole number of decisions of {len(self.units)} units")
        play, row = ParallelPlay(self, [seed], options, "rgb_array"), np.zeros(1, np.int64)
        try:
            alive = play.alive[0].copy()
            yield play.shot(0, alive)
            for decision, joint in enumerate(np.array(actions, np.int64).reshape(-1, 1, len(self.units))):
                if play.over[0]:
                    raise InputError(f"decision {decision} after the end of the game")
                play.step(row, joint)
                yield play.shot(decision + 1, alive)
                alive = play.alive[0].copy()
        finally:
            play.close()

    def parallel_env(self, render_mode: str | None = None, **options: Any) -> Any:
        """The environment itself."""
        for name in options:
            if name not in self.options:
                raise unknown(f"option of {self.spec.id}:", name, self.options)
        return self.make(render_mode, **options)


class ParallelPlay:
    """See `envs.core.TeamPlay`."""

    def __init__(
        self, game: ParallelGame, seeds: Sequence[int], options: Mapping[str, Any], render_mode: str | None = None
    ) -> None:
        n, units = len(seeds), len(game.units)
        self.game = game
        self.over, self.truncated = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        self.outcome = np.full(n, np.nan, np.float32)
        self.alive = np.zeros((n, units), np.bool_)
        self.points = np.zeros((n, units))  # rewards so far
        self._seen = np.zeros((n, units, *game.spec.observation_shape), np.float32)
        self._legal = np.zeros((n, units, game.spec.num_actions), np.bool_)
        self.environments = [game.parallel_env(render_mode, **options) for _ in range(max(n, 1))]  # one checks options
        for row, seed in enumerate(seeds):
            self._show(row, *self.environments[row].reset(seed=seed % SEEDS))

    def _show(self, row: int, observations: Mapping[str, Any], infos: Mapping[str, Any]) -> None:
        """Takes in what the agents that are left see."""
        self._seen[row], self._legal[row], self.alive[row] = 0, False, False
        present = set(self.environments[row].agents)
        for unit, name in enumerate(self.game.units):
            if name not in present:
                self._legal[row, unit, 0] = True
                continue
            seen, mask = observations[name], infos.get(name, {}).get("action_mask")
            if isinstance(seen, Mapping):
                seen, mask = seen["observation"], seen.get("action_mask", mask)
            self.alive[row, unit] = True
            self._seen[row, unit] = seen
            self._legal[row, unit] = True if mask is None else np.asarray(mask, np.bool_)

    def observe(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """float32[k, U, *shape] and bool[k, U, A]."""
        return self._seen[rows], self._legal[rows]

    def step(self, rows: NDArray[np.int64], actions: NDArray[np.integer]) -> None:
        """int[k, U] actions; those of agents that have left are not used."""
        for row, joint in zip(rows.tolist(), actions.tolist(), strict=True):
            environment = self.environments[row]
            chosen = dict(zip(self.game.units, joint, strict=True))
            taken, before = {name: chosen[name] for name in environment.agents}, self.alive[row].copy()
            observations, rewards, terminations, _, infos = environment.step(taken)
            self.points[row] += [rewards.get(name, 0.0) for name in self.game.units]
            self._show(row, observations, infos)
            if not environment.agents:  # all leave at the end, but not all have fallen
                stayed = before & [not terminations.get(name, True) for name in self.game.units]
                self.alive[row] = stayed if stayed.any() else before  # all told that it is over: who fell is not known
                west, east = self.points[row].reshape(2, -1).sum(axis=1)
                self.over[row], self.outcome[row] = True, np.sign(np.round(west - east, 6))

    def shot(self, decision: int, before: NDArray[np.bool_]) -> TeamShot:
        """The only game as it stands. ``before``: bool[U], who was there at the last shot."""
        alive, points, seats = self.alive[0].copy(), self.points[0].copy(), self.game.spec.seats
        sides = alive.reshape(2, -1).sum(axis=1).tolist(), points.reshape(2, -1).sum(axis=1).round(2).tolist()
        half = len(alive) // 2
        gone = np.flatnonzero(before & ~alive).tolist()
        told = [f"decision {decision}", *(f"{seats[s]}: {sides[0][s]} left, {sides[1][s]:g} points" for s in range(2))]
        return TeamShot(
            decision=decision,
            text=lambda fog: "\n".join(told),
            gauges={"alive": (sides[0][0], sides[0][1]), "points": (sides[1][0], sides[1][1])},
            stats=alive.astype(np.int64)[:, None],
            events=tuple(TeamEvent(int(unit < half), f"{self.game.units[unit]} falls") for unit in gone),
            picture=np.array(self.environments[0].render(), np.uint8),
        )

    def close(self) -> None:
        for environment in self.environments:
            environment.close()

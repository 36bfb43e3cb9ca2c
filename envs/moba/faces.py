"""The game as PettingZoo knows games: https://pettingzoo.farama.org/api/parallel/, and AEC on top of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.utils import EzPickle
from numpy.typing import NDArray
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils import wrappers
from pettingzoo.utils.conversions import parallel_to_aec

from envs import raster
from envs.core import InputError, unknown
from envs.moba import features, pictures, rewards
from envs.moba import tables as t
from envs.moba.games import Games
from envs.moba.setup import Setup

RENDER_MODES = ("human", "ansi", "rgb_array")
SIDES = ("west", "east")


class MobaEnv(ParallelEnv, EzPickle):  # type: ignore[misc]  # PettingZoo ships no types
    """Agents ``west_0``.. and ``east_0``..; options are those of `envs.moba.setup.Setup`.

    Observations are float32[247] in [-1, 1] (`envs.moba.features.FIELDS`), actions Discrete(22)
    (`envs.moba.tables.ACTIONS`). ``infos[agent]`` has ``action_mask`` int8[22] and, after a step, the reward's terms by
    name; an illegal action is a wait. Nobody leaves before the end, the dead can only wait. ``state()`` knows no fog.
    Render modes: ``human`` prints the map after every step, ``ansi`` returns it, ``rgb_array`` is uint8[H, W, 3].
    """

    def __init__(self, render_mode: str | None = None, **options: Any) -> None:
        EzPickle.__init__(self, render_mode, **options)
        if render_mode not in (None, *RENDER_MODES):
            raise unknown("render mode", render_mode, RENDER_MODES)
        for name in options:
            if name not in (known := [field.name for field in dataclasses.fields(Setup)]):
                raise unknown("option of moba_v0", name, known)
        self.setup = Setup(**options)
        self.render_mode = render_mode
        self.metadata = {
            "name": "moba_v0",
            "render_modes": list(RENDER_MODES),
            "is_parallelizable": True,
            "render_fps": 8,
        }
        self.games = Games(1, self.setup, autoreset=False)
        self.possible_agents = [f"{side}_{i}" for side in SIDES for i in range(self.setup.heroes)]
        self.agents: list[str] = []
        self.observation_spaces = {
            agent: Box(-1.0, 1.0, (features.NUM_FEATURES,), np.float32) for agent in self.possible_agents
        }
        self.action_spaces = {agent: Discrete(t.NUM_ACTIONS) for agent in self.possible_agents}
        self.state_space = Box(-1.0, 1.0, (features.STATE_SIZE,), np.float32)
        self._seeds = np.random.default_rng()

    def observation_space(self, agent: str) -> Box:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Discrete:
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, dict[str, Any]]]:
        """A new game. Without ``seed`` the next of a series that the last one given began; no ``options`` are known."""
        if seed is not None:
            self._seeds = np.random.default_rng(seed)
        game_seed = self._seeds.integers(0, 2**63, 1).astype(np.uint64) if seed is None else np.array([seed], np.uint64)
        self.agents = self.possible_agents[:]
        step = self.games.reset(game_seed)
        return self._observations(), self._infos(step.terms[0], with_terms=False)

    def step(self, actions: dict[str, int]) -> tuple[dict[str, Any], ...]:
        """One decision of all heroes; who is missing in ``actions`` waits. Raises `InputError` after the end."""
        if not self.agents:
            raise InputError("the game is over: reset comes first")
        row = np.array([[actions.get(agent, t.WAIT) for agent in self.possible_agents]], np.int64)
        step = self.games.step(row)
        agents, pays = self.agents, step.rewards[0].tolist()
        ended, cut = bool(step.terminated[0]), bool(step.truncated[0])
        if ended or cut:
            self.agents = []
        if self.render_mode == "human":
            self.render()
        return (
            self._observations(),
            dict(zip(agents, pays, strict=True)),
            dict.fromkeys(agents, ended),
            dict.fromkeys(agents, cut),
            self._infos(step.terms[0], with_terms=True),
        )

    def _observations(self) -> dict[str, NDArray[np.float32]]:
        return dict(zip(self.possible_agents, self.games._step.observations[0].copy(), strict=True))

    def _infos(self, terms: NDArray[np.float32], with_terms: bool) -> dict[str, dict[str, Any]]:
        masks = self.games._step.mask[0].astype(np.int8)
        infos: dict[str, dict[str, Any]] = {}
        for agent, mask, paid in zip(self.possible_agents, masks, terms.tolist(), strict=True):
            infos[agent] = {"action_mask": mask}
            if with_terms:
                infos[agent].update(zip(rewards.TERMS, paid, strict=True))
        return infos

    def state(self) -> NDArray[np.float32]:
        """float32[190] for critics: everything, in west's frame (`envs.moba.features.STATE_FIELDS`)."""
        return np.array(self.games.state()[0, 0])

    def render(self) -> str | NDArray[np.uint8] | None:
        """The map in the way that ``render_mode`` says; None without one."""
        world = self.games.worlds[0]
        if self.render_mode == "rgb_array":
            return raster.render(pictures.picture(world))
        if self.render_mode is None:
            return None
        text = pictures.to_text(world)
        if self.render_mode == "human":
            print(text)
            return None
        return text

    def close(self) -> None:
        self.games.close()


def parallel_env(render_mode: str | None = None, **options: Any) -> MobaEnv:
    """The environment in which all heroes act at once."""
    return MobaEnv(render_mode, **options)


def raw_env(render_mode: str | None = None, **options: Any) -> AECEnv:
    """The environment in which heroes are asked one after the other, without checks."""
    return parallel_to_aec(parallel_env(render_mode, **options))


def env(render_mode: str | None = None, **options: Any) -> AECEnv:
    """`raw_env` with PettingZoo's checks of how it is used."""
    return wrappers.OrderEnforcingWrapper(wrappers.AssertOutOfBoundsWrapper(raw_env(render_mode, **options)))

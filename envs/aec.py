"""Board games as PettingZoo AEC environments: https://pettingzoo.farama.org/api/aec/."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Dict, Discrete
from gymnasium.utils import EzPickle
from numpy.typing import NDArray
from pettingzoo import AECEnv
from pettingzoo.utils import wrappers

from envs import make, raster
from envs.core import IllegalAction, unknown

RENDER_MODES = ("human", "ansi", "rgb_array")
ILLEGAL_REWARD = -1.0


def env(game_id: str, render_mode: str | None = None) -> Any:
    """The game as users of PettingZoo's classic games know it: an illegal action ends it with -1 for who made it. One
    difference: both agents see the position as the player to move does, see `BoardEnv`."""
    wrapped = wrappers.TerminateIllegalWrapper(BoardEnv(game_id, render_mode), illegal_reward=ILLEGAL_REWARD)
    return wrappers.OrderEnforcingWrapper(wrappers.AssertOutOfBoundsWrapper(wrapped))


class BoardEnv(AECEnv, EzPickle):  # type: ignore[misc]  # PettingZoo ships no types
    """A board game between ``player_0``, who begins, and ``player_1``.

    Observations are ``{"observation": uint8[C, H, W], "action_mask": int8[A]}``. The planes show the position as the
    player to move sees it, to both agents; the mask is all zero for the agent that is not to move. Rewards are 1, 0 or
    -1 at the end. Render modes: ``human`` prints the board after every action, ``ansi`` returns it as text,
    ``rgb_array`` as uint8[H, W, 3].
    """

    def __init__(self, game_id: str, render_mode: str | None = None) -> None:
        EzPickle.__init__(self, game_id, render_mode)
        AECEnv.__init__(self)
        if render_mode not in (None, *RENDER_MODES):
            raise unknown("render mode", render_mode, RENDER_MODES)
        self.game = make(game_id)
        self.render_mode = render_mode
        spec = self.game.spec
        self.metadata = {
            "name": f"{spec.id}_v{spec.version}",
            "render_modes": list(RENDER_MODES),
            "is_parallelizable": False,
            "render_fps": 2,
        }
        self.possible_agents = [f"player_{i}" for i in range(spec.num_players)]
        self.agents: list[str] = []
        planes = Box(0, 255, spec.observation_shape, np.uint8)
        mask = Box(0, 1, (spec.num_actions,), np.int8)
        self.observation_spaces = {a: Dict({"observation": planes, "action_mask": mask}) for a in self.possible_agents}
        self.action_spaces = {a: Discrete(spec.num_actions) for a in self.possible_agents}

    def observation_space(self, agent: str) -> Dict:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Discrete:
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Back to the start. There is no chance in the rules, so that ``seed`` and ``options`` change nothing."""
        self.agents = self.possible_agents[:]
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {agent: {} for agent in self.agents}
        self._state = self.game.init(1)
        self._last_action: int | None = None
        self._select_mover()

    def observe(self, agent: str) -> dict[str, NDArray[Any]]:
        mask = self.game.legal(self._state)[0].astype(np.int8)
        if agent != self.agent_selection:
            mask[:] = 0
        return {"observation": self.game.observe(self._state)[0], "action_mask": mask}

    def step(self, action: int | None) -> None:
        """Plays for ``agent_selection``. Raises `IllegalAction`; None is for agents whose game is over."""
        if self.terminations[self.agent_selection]:
            self._was_dead_step(action)
            return
        legal = self.game.legal(self._state)[0]
        if action is None or not 0 <= action < len(legal) or not legal[action]:
            raise IllegalAction(f"illegal action {action!r} for {self.agent_selection}")
        self._cumulative_rewards[self.agent_selection] = 0.0
        self._state = self.game.step(self._state, np.array([action], np.int32))
        self._last_action = int(action)
        outcome = float(self.game.outcome(self._state)[0])
        if not np.isnan(outcome):
            self.rewards = dict(zip(self.agents, (outcome, -outcome), strict=True))
            self.terminations = dict.fromkeys(self.agents, True)
        self._select_mover()
        self._accumulate_rewards()
        if self.render_mode == "human":
            self.render()

    def _select_mover(self) -> None:
        self.agent_selection = self.possible_agents[int(self.game.mover(self._state)[0])]

    def render(self) -> str | NDArray[np.uint8] | None:
        """The position in the way that ``render_mode`` says; None without one."""
        if self.render_mode == "rgb_array":
            return raster.render(self.game.picture(self._state[0], last_action=self._last_action))
        text = self.game.to_text(self._state[0])
        if self.render_mode == "human":
            print(text)
        return text if self.render_mode == "ansi" else None

    def close(self) -> None:
        """Nothing is held open."""

"""Plain UCT with random rollouts: Monte Carlo tree search as it was before AlphaGo, for any board game.

UCB1 chooses in the tree, where untried actions come in random order; one uniformly random game from each new leaf
values it, and the most visited action is played (Kocsis and Szepesvári 2006; Browne et al. 2012). Every move is
searched afresh, so it follows from the position and the game's seed alone. The tree is the one AlphaZero uses, without
its priors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import envs
from agents.chance import Chance, draws
from agents.core import AgentKind, Batch, Decision, GameKey
from agents.registry import describe, fingerprint
from agents.search.config import SearchConfig
from agents.search.search import VERSION, Search, search_batch
from envs.bits import draw
from envs.core import GameSpec, InputError, States
from envs.kernels import njit

_TREE_NODES = 1 << 20  # in all games searched side by side, to bound the memory


@dataclass(frozen=True, slots=True)
class MctsOptions:
    simulations: int = 200  # a move
    c: float = 1.0  # UCB1's exploration for results in [-1, 1]
    solve: bool = False  # back up proven results as such (Winands et al. 2008)

    def __post_init__(self) -> None:
        if not 1 <= self.simulations <= 1_000_000:
            raise InputError(f"simulations must be in 1..1000000, not {self.simulations}")
        if not 0 < self.c <= 100:
            raise InputError(f"c must be above 0 and at most 100, not {self.c}")


class Mcts:
    """See `agents.core.Agent`."""

    def __init__(self, options: MctsOptions) -> None:
        self._options = options
        self.name = describe("mcts", options, MctsOptions())
        self.fingerprint = fingerprint("mcts", options, VERSION)

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        self._game, self._chance = envs.make(spec.id), Chance(games)
        slots = max(1, min(len(games), _TREE_NODES // self._options.simulations))
        config = SearchConfig(root="uct", c_uct=self._options.c, solve=self._options.solve)
        self._search = Search(self._game, self._rollout, config, slots, self._options.simulations)

    def act(self, batch: Batch) -> list[Decision]:
        seeds = self._chance.draws(batch)
        decisions: list[Decision] = []
        for first in range(0, len(batch), self._search.slots):
            rows = slice(first, first + self._search.slots)
            decisions += self._decide(batch.observations[rows], seeds[rows])
        return decisions

    def _decide(self, states: States, seeds: NDArray[np.uint64]) -> list[Decision]:
        self._seeds, self._asked = seeds, np.zeros(len(seeds), np.uint64)
        roots = search_batch(self._search, states, seeds, self._options.simulations)
        decisions = []
        for i, (action, value) in enumerate(zip(roots.action.tolist(), roots.value.tolist(), strict=True)):
            visited = np.flatnonzero(roots.visits[i])
            visits = dict(zip(visited.tolist(), roots.visits[i, visited].tolist(), strict=True))
            decisions.append(Decision(action, value, visits, pv=self._search.line(i)))
        return decisions

    def _rollout(self, states: States, legal: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The search's evaluator: all actions alike but for their order, the result that of one random game."""
        slots = self._search.asking
        numbers = draws(self._seeds[slots], self._asked[slots])
        ends = self._game.rollout(states, numbers)
        self._asked[slots] += np.uint64(1)
        ends = np.where(self._game.mover(states) == 0, ends, -ends)
        return _shuffled(legal, numbers), np.stack([ends > 0, ends == 0, ends < 0], axis=1).astype(np.float32)

    def close(self) -> None:
        pass


@njit(cache=True, nogil=True)
def _shuffled(legal: NDArray[np.bool_], numbers: NDArray[np.uint64]) -> NDArray[np.float32]:
    """float32[n, A] from 0 to 1 for the legal actions, by ``numbers`` uint64[n]: a search tries the highest first."""
    out = np.zeros(legal.shape, np.float32)
    for i in range(len(legal)):
        for a in range(legal.shape[1]):
            if legal[i, a]:
                out[i, a] = np.float32(draw(~numbers[i], np.uint64(a)) >> np.uint64(40)) / np.float32(1 << 24)
    return out


AGENTS = {
    "mcts": AgentKind(
        id="mcts",
        summary="plain UCT with random rollouts",
        options=MctsOptions,
        make=lambda target, options: Mcts(options),
        plays=lambda spec: spec.family == "board",
        example="mcts?simulations=200",
    )
}

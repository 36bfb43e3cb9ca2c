"""Plain UCT with random rollouts: the strongest kind of player that knew nothing but the rules, before AlphaGo.

UCB1 in the tree (Kocsis and Szepesvári 2006), a uniformly random game from each new leaf as its value, nothing learned.
``mcts?simulations=200``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import envs
from agents.chance import Chance
from agents.core import AgentError, AgentKind, Batch, Decision, GameKey
from agents.registry import describe, fingerprint
from agents.search.config import SearchConfig
from agents.search.evaluators import RolloutEvaluator
from agents.search.search import Search, search_batch
from envs.core import GameSpec, InputError

SLOTS = 256  # most games searched side by side


@dataclass(frozen=True, slots=True)
class MctsOptions:
    simulations: int = 200  # a move
    rollouts: int = 1  # random games a simulation
    c: float = 1.0  # exploration constant of UCB1, for values in [-1, 1]
    solve: bool = False  # also back up proven wins and losses, which the plain method does not
    seed: int = 0  # of the rollouts

    def __post_init__(self) -> None:
        for name in ("simulations", "rollouts", "c"):
            if getattr(self, name) <= 0:
                raise InputError(f"{name} must be positive, not {getattr(self, name)}")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"seed is from 0 to 2**63 - 1, not {self.seed}")


class Mcts:
    """See `agents.core.Agent`."""

    def __init__(self, options: MctsOptions) -> None:
        self._options = options
        self.name = describe("mcts", options, MctsOptions())
        self.fingerprint = fingerprint("mcts", options)
        self._search: Search | None = None

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        if spec.family != "board":
            raise AgentError(f"mcts plays board games, not {spec.id}")
        self._chance = Chance(games)
        slots = min(len(games), SLOTS)
        if self._search is None or self._search.game.spec.id != spec.id or self._search.slots < slots:
            game, options = envs.make(spec.id), self._options
            evaluate = RolloutEvaluator(game, options.rollouts, options.seed)
            config = SearchConfig(root="uct", c_uct=options.c, solve=options.solve)
            self._search = Search(game, evaluate, config, slots, options.simulations)

    def act(self, batch: Batch) -> list[Decision]:
        search = self._search
        if search is None:
            raise AgentError("mcts was asked for a move before its games were started")
        seeds = self._chance.draws(batch)
        decisions = []
        for first in range(0, len(batch), search.slots):
            rows = slice(first, first + search.slots)
            roots = search_batch(search, batch.observations[rows], seeds[rows], self._options.simulations)
            for i, action in enumerate(roots.action.tolist()):
                visited = np.flatnonzero(roots.visits[i])
                visits = dict(zip(visited.tolist(), roots.visits[i, visited].tolist(), strict=True))
                decisions.append(Decision(action, float(roots.value[i]), visits, pv=search.line(i)))
        return decisions

    def close(self) -> None:
        self._search = None


AGENTS = {
    "mcts": AgentKind(
        id="mcts",
        summary="plain UCT with random rollouts; knows the rules only",
        options=MctsOptions,
        make=lambda target, options: Mcts(options),
        plays=lambda spec: spec.family == "board",
        example="mcts?simulations=200",
    )
}

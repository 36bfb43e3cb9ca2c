"""AlphaZero at play: a checkpoint's network and a tree search, for any board game.

``alphazero:runs/x/latest?simulations=200``; with ``simulations=0`` the network's policy alone, without a search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

import envs
from agents import checkpoints, networks
from agents.chance import Chance
from agents.core import AgentKind, Batch, Decision, GameKey, by_action, require_game
from agents.devices import Device
from agents.precision import Precision
from agents.quickest import quickest
from agents.registry import describe, fingerprint
from agents.search.cache import CachedEvaluator
from agents.search.config import SearchConfig
from agents.search.evaluators import Evaluator, ImagesEvaluator, NetworkEvaluator
from agents.search.search import VERSION, Search, search_batch
from agents.search.tree import UNKNOWN
from envs.bits import mix
from envs.core import BoardGame, GameSpec, InputError, States

KIND = "alphazero"
_TREE_NODES = 1 << 19  # in all games searched side by side, to bound the memory: 1.1 GB of chess, less of other games
_MOST = {"simulations": 1_000_000, "prove": 1_000_000, "cache": 1 << 24, "slots": 1 << 16, "temperature_plies": 1 << 20}


@dataclass(frozen=True, slots=True)
class AlphaZeroOptions:
    simulations: int = 600  # a move; 0: no search, the likeliest move of the network's policy
    root: Literal["gumbel", "puct"] = "gumbel"
    temperature: float = 0.0  # moves drawn from policy ** (1 / temperature); 0: the best move
    temperature_plies: int = 10  # while the game is younger than this, openings included
    prove: int = 1000  # positions that the rules may look at to settle what the search meets, in games that know how
    images: bool = False  # judge a position by the mean over all its symmetric images: slower, with fewer errors
    cache: int = 1 << 18  # positions whose evaluation is remembered
    precision: Precision = "auto"
    device: Device = "cpu"
    slots: int = 256  # most games searched side by side; what a game sees does not depend on it

    def __post_init__(self) -> None:
        for name, low in (("simulations", 0), ("temperature_plies", 0), ("prove", 0), ("cache", 1), ("slots", 1)):
            if not low <= getattr(self, name) <= _MOST[name]:
                raise InputError(f"{name} is from {low} to {_MOST[name]}, not {getattr(self, name)}")
        if not 0 <= self.temperature <= 100:
            raise InputError(f"temperature is from 0 to 100, not {self.temperature}")


def load(target: str) -> tuple[checkpoints.Card, BoardGame, networks.Net]:
    """The network of a checkpoint and the game it plays. Raises a `CheckpointError` if it cannot be used."""
    checkpoint = checkpoints.read(target)
    card = checkpoint.card
    if card.game not in envs.ids():
        raise checkpoints.CheckpointMismatch(card.folder, f"for the game {card.game!r}, which is not known here")
    game = envs.make(card.game)
    checkpoints.require(card, KIND, game.spec)
    try:
        shape = networks.config(card.net_config)
    except InputError as error:
        raise checkpoints.CheckpointMismatch(card.folder / checkpoints.JSON, str(error)) from None
    return card, game, checkpoints.build(lambda: networks.make(game.spec, shape), checkpoint)


class AlphaZero:
    """See `agents.core.Agent`. Raises a `CheckpointError` if the checkpoint cannot be used."""

    def __init__(self, target: str, options: AlphaZeroOptions) -> None:
        if not target:
            raise InputError(f"agent {KIND!r} needs a checkpoint, as in {KIND}:runs/x/latest")
        card, self._game, net = load(target)
        self._options = options
        self._pace = net.cpu() if net.config.plies_left_head else None  # tells quick wins from slow ones
        network = NetworkEvaluator(self._game, net, options.precision, options.device)
        self._network: Evaluator = ImagesEvaluator(self._game, network) if options.images else network
        self._evaluate: CachedEvaluator | None = None
        self._search: Search | None = None
        usual = AlphaZeroOptions()
        plays = replace(options, slots=usual.slots, cache=usual.cache)  # these change how fast it plays, not how
        self.name = describe(f"{KIND}:{checkpoints.label(card.folder)}", plays, usual)
        self.fingerprint = fingerprint(KIND, plays, card.sha256.encode(), VERSION)

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        require_game(self.name, self._game.spec.id, self._game.spec.version, spec)
        self._chance = Chance(games)
        self._evaluate = CachedEvaluator(self._game, self._network, self._options.cache)
        if self._options.simulations:
            slots = max(1, min(len(games), self._options.slots, _TREE_NODES // self._options.simulations))
            config = SearchConfig(root=self._options.root, seize=2, prove=self._options.prove)
            self._search = Search(self._game, self._evaluate, config, slots, self._options.simulations)

    def act(self, batch: Batch) -> list[Decision]:
        seeds = self._chance.draws(batch)
        decisions: list[Decision] = []
        step = self._search.slots if self._search else len(batch)
        for first in range(0, len(batch), max(step, 1)):
            rows = slice(first, first + step)
            states, legal, plies = batch.observations[rows], batch.legal[rows], list(map(len, batch.history[rows]))
            if self._search:
                decisions += self._look_ahead(self._search, states, legal, seeds[rows], plies)
            else:
                decisions += self._glance(states, legal, seeds[rows], plies)
        return decisions

    def close(self) -> None:
        self._search = self._evaluate = None

    def _look_ahead(
        self, search: Search, states: States, legal: NDArray[np.bool_], seeds: NDArray[np.uint64], plies: list[int]
    ) -> list[Decision]:
        roots = search_batch(search, states, seeds, self._options.simulations)
        choice = roots.action
        if self._pace:
            quick = quickest(self._game, self._pace, states, choice, roots.visits, roots.q, roots.value)
            choice = np.where(roots.proven == UNKNOWN, quick, choice)  # a proven end needs no guess how far off it is
        decisions = []
        for i, action in enumerate(choice.tolist()):
            visited = np.flatnonzero(roots.visits[i])
            chosen = self._draw(roots.policy[i], seeds[i]) if plies[i] < self._warm_plies else action
            line = search.line(i)
            decisions.append(
                Decision(
                    action=chosen,
                    value=float(roots.value[i]),
                    visits=dict(zip(visited.tolist(), roots.visits[i, visited].tolist(), strict=True)),
                    policy=by_action(roots.policy[i], legal[i]),
                    pv=line if line[:1] == (chosen,) else (chosen,),
                )
            )
        return decisions

    def _glance(
        self, states: States, legal: NDArray[np.bool_], seeds: NDArray[np.uint64], plies: list[int]
    ) -> list[Decision]:
        assert self._evaluate is not None, "start comes first"
        logits, wdl = self._evaluate(states, legal)
        logits = np.where(legal, logits, -np.inf)
        policies = np.exp(logits - logits.max(axis=1, keepdims=True))
        policies /= policies.sum(axis=1, keepdims=True)
        return [
            Decision(
                action=self._draw(policy, seed) if ply < self._warm_plies else int(policy.argmax()),
                value=float(result[0] - result[2]),
                policy=by_action(policy, allowed),
            )
            for policy, result, allowed, seed, ply in zip(policies, wdl, legal, seeds, plies, strict=True)
        ]

    @property
    def _warm_plies(self) -> int:
        return self._options.temperature_plies if self._options.temperature > 0 else 0

    def _draw(self, policy: NDArray[np.float32], seed: np.uint64) -> int:
        """An action drawn from policy ** (1 / temperature)."""
        sums = np.cumsum((policy / policy.max()).astype(np.float64) ** (1 / self._options.temperature))
        u = int(mix(seed)) / 2.0**64  # the search used the seed itself
        return int(np.searchsorted(sums, u * sums[-1], side="right"))


AGENTS = {
    KIND: AgentKind(
        id=KIND,
        summary="a trained network and a tree search; simulations=0 for the network alone",
        options=AlphaZeroOptions,
        make=AlphaZero,
        target="checkpoint",
        plays=lambda spec: spec.family == "board",
        example="alphazero:runs/x/latest?simulations=200",
    )
}

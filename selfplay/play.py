"""Self-play: many games side by side, each moved on as soon as its own search is done.

Every game has its own seed, from which all its chance comes: its opening, which searches are full, their noise, its
moves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.search.evaluators import Evaluator
from agents.search.results import Roots
from agents.search.search import Search
from envs.bits import draw
from envs.core import BoardGame, States
from envs.kernels import njit
from selfplay.chunks import Games, pack, result
from selfplay.config import TrainConfig
from selfplay.early import RULES, Verdicts

# what a game's random numbers are for: each use has a stream of its own
GAME, OPENING, LENGTH, FULL, NOISE, MOVE, PLAY_ON = range(7)
TOGETHER = 8  # games move on when one slot in so many has finished: NumPy's fixed costs are paid once for all of them


@njit(cache=True, nogil=True)
def _random(seeds: NDArray[np.uint64], use: int, plies: NDArray[np.int64]) -> NDArray[np.uint64]:
    out = np.empty(len(seeds), np.uint64)
    for i in range(len(seeds)):
        out[i] = draw(draw(seeds[i], np.uint64(use)), np.uint64(plies[i]))
    return out


def random_words(seeds: NDArray[np.uint64], use: int, plies: NDArray[np.int64]) -> NDArray[np.uint64]:
    """uint64[n]: the random word that game ``seeds[i]`` has for this use at this ply."""
    return _random(seeds, use, plies)


def uniform(seeds: NDArray[np.uint64], use: int, plies: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64[n] in [0, 1), as `random_words`."""
    return (random_words(seeds, use, plies) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def draw_actions(weights: NDArray[Any], u: NDArray[np.float64]) -> NDArray[np.int32]:
    """int32[n]: a column drawn in proportion to ``weights[i]`` (>= 0, some > 0) by uniform numbers ``u`` in [0, 1)."""
    sums = np.cumsum(weights, axis=1, dtype=np.float64)
    below: NDArray[np.int32] = np.sum(sums <= (u * sums[:, -1])[:, None], axis=1, dtype=np.int32)
    return below


def open_games(game: BoardGame, seeds: NDArray[np.uint64], share: float, most: int) -> tuple[States, NDArray[np.int64]]:
    """Initial positions for new games: a ``share`` of them after 1..``most`` uniformly random plies, none finished.

    Returns states uint64[n, W] and the plies played int64[n]."""
    zero = np.zeros(len(seeds), np.int64)
    length = np.where(
        uniform(seeds, LENGTH, zero) < share, 1 + (uniform(seeds, LENGTH, zero + 1) * most).astype(np.int64), 0
    )
    length = np.minimum(length, most)
    states, plies = game.init(len(seeds)), zero
    for ply in range(int(length.max(initial=0))):
        actions = draw_actions(game.legal(states), uniform(seeds, OPENING, zero + ply))
        after = game.step(states, actions)
        on = (ply < length) & (plies == ply) & np.isnan(game.outcome(after))
        states, plies = np.where(on[:, None], after, states), plies + on
    return states, plies


def temperature(config: TrainConfig, plies: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64[n]: from `temperature` towards `final_temperature`, half of the way left every `temperature_halflife`."""
    share = 0.5 ** (plies / config.temperature_halflife)
    return config.final_temperature + (config.temperature - config.final_temperature) * share


def choose(roots: Roots, temperatures: NDArray[np.float64], u: NDArray[np.float64]) -> NDArray[np.int32]:
    """int32[n]: moves drawn from policy ** (1 / temperature); where that is below 0.05, the search's own choice."""
    cold = temperatures < 0.05
    likely = roots.policy / roots.policy.max(axis=1, keepdims=True)
    weights = likely.astype(np.float64) ** (1.0 / np.where(cold, 1.0, temperatures))[:, None]
    return np.where(cold, roots.action, draw_actions(weights, u)).astype(np.int32)


def divergence(policy: NDArray[np.float32], priors: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32[n]: Kullback-Leibler divergence of ``policy`` from ``priors``, in nats."""
    ratio = np.log(np.maximum(policy, 1e-9)) - np.log(np.maximum(priors, 1e-9))
    return np.maximum(np.sum(policy * ratio, axis=1, dtype=np.float32), np.float32(0))


class SelfPlay:
    """Plays `config.slots` games at once for ever; `turn` moves them on and hands over those that have ended."""

    def __init__(self, game: BoardGame, evaluate: Evaluator, config: TrainConfig, stream: int) -> None:
        """``stream``: games of different streams have different seeds."""
        self.game, self.config, self.version = game, config, 0
        self.simulations = config.simulations  # of a full search; may be changed between turns
        self.games = self.moves = 0  # since the start
        most = max(config.simulations, config.fast_simulations)
        self._search = Search(game, evaluate, config.search, config.slots, most)
        self._stream = random_words(np.array([config.seed], np.uint64), GAME, np.array([stream]))
        self._begun = 0
        words = game.init(1).shape[1]
        self._seeds = np.zeros(config.slots, np.uint64)
        self._states = np.zeros((config.slots, words), np.uint64)
        self._plies = np.zeros(config.slots, np.int64)
        self._full = np.zeros(config.slots, np.bool_)
        self.verdicts = Verdicts(config.early, config.slots)
        self._done = np.zeros(0, np.int64)  # slots whose search has finished and whose game has not been moved on
        self._rows: list[list[tuple[Any, ...]]] = [[] for _ in range(config.slots)]  # rows in the order of `Games`
        self._begin(np.arange(config.slots))

    def _begin(self, slots: NDArray[np.int64]) -> None:
        numbers = np.arange(self._begun, self._begun + len(slots))
        self._begun += len(slots)
        self._seeds[slots] = random_words(self._stream.repeat(len(slots)), GAME, numbers)
        opened = open_games(self.game, self._seeds[slots], self.config.random_openings, self.config.random_plies)
        self._states[slots], self._plies[slots] = opened
        self.verdicts.begin(slots, uniform(self._seeds[slots], PLAY_ON, np.zeros(len(slots), np.int64)))
        self._search.start(slots, self._states[slots], *self._orders(slots))

    def _orders(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.bool_]]:
        """Seeds, budgets and whether to explore, for the next search in each of these slots."""
        seeds, plies = self._seeds[slots], self._plies[slots]
        full = uniform(seeds, FULL, plies) < self.config.full_fraction
        self._full[slots] = full
        budgets = np.where(full, self.simulations, self.config.fast_simulations).astype(np.int32)
        return random_words(seeds, NOISE, plies), budgets, full

    @property
    def simulated(self) -> int:
        """Simulations since the start."""
        return self._search.simulations

    def turn(self) -> list[Games]:
        """One simulation in every game, moves where a search is done; the games that ended."""
        self._done = np.concatenate([self._done, self._search.simulate()])
        if len(self._done) * TOGETHER < self.config.slots:
            return []
        slots, self._done = self._done, self._done[:0]
        roots = self._search.results(slots)
        seeds, plies = self._seeds[slots], self._plies[slots]
        actions = choose(roots, temperature(self.config, plies), uniform(seeds, MOVE, plies))
        movers = self.game.mover(self._states[slots])
        self._record(slots, movers, roots, actions)
        self._states[slots] = self.game.step(self._states[slots], actions)
        self._plies[slots] += 1
        outcomes = self.game.outcome(self._states[slots])
        on = np.isnan(outcomes)
        self.verdicts.check(slots[~on], outcomes[~on])
        early, how = np.full(len(slots), np.nan, np.float32), np.full(len(slots), RULES, np.int8)
        early[on], how[on] = self.verdicts.judge(slots[on], movers[on], roots.wdl[on])
        outcomes = np.where(on, early, outcomes)
        on = np.isnan(outcomes)
        if on.any():
            self._search.advance(slots[on], actions[on], *self._orders(slots[on]))
        over = slots[~on]
        if not len(over):
            return []
        ended = [self._collect(*end) for end in zip(over, outcomes[~on], how[~on], strict=True)]
        self._begin(over)
        return ended

    def _record(
        self, slots: NDArray[np.int64], movers: NDArray[np.int8], roots: Roots, actions: NDArray[np.int32]
    ) -> None:
        self.moves += len(slots)
        states = self._states[slots]
        columns = (
            states,
            movers,
            self._plies[slots],
            actions,
            pack(roots.policy, self.game.legal(states), self.game.spec.max_legal),
            roots.wdl.astype(np.float16),
            divergence(roots.policy, roots.priors),
            roots.proven,
            self._full[slots],
        )
        for i, slot in enumerate(slots):
            self._rows[slot].append((*[column[i] for column in columns], self.version))

    def _collect(self, slot: int, outcome: float, how: int) -> Games:
        moves, self._rows[slot] = self._rows[slot], []
        self.games += 1
        states, movers, plies, actions, policy, wdl, surprise, proven, full, versions = map(
            np.array, zip(*moves, strict=True)
        )
        return Games(
            states=states,
            movers=movers,
            plies=plies.astype(np.int16),
            actions=actions,
            policy=policy,
            wdl=wdl,
            surprise=surprise.astype(np.float16),
            proven=proven,
            full=full,
            versions=versions.astype(np.int32),
            results=result(float(outcome), movers),
            lengths=np.array([len(moves)], np.int32),
            ended=np.array([how], np.int8),
        )

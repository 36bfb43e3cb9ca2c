"""Many games side by side, for training: every call fills the same buffers again, and nothing is copied."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.bits import draw
from envs.core import InputError
from envs.kernels import njit
from envs.moba import features, fog, observe, orders, rewards, start, tick
from envs.moba import tables as t
from envs.moba import world as wd
from envs.moba.setup import Setup
from envs.moba.world import Game, World

F = np.float32
U = np.uint64


@njit(cache=True, nogil=True)
def show(w: Game, observations: NDArray[np.float32], mask: NDArray[np.bool_]) -> None:
    """Fills what all units of one game see: float32[U, F] and bool[U, A]."""
    h = w.hp.shape[1]
    orders.scout(w)
    observe.observe(w, observations)
    for s in range(2):
        for i in range(h):
            orders.legal(w, s, i, mask[s * h + i])


@njit(cache=True, nogil=True)
def begin(
    worlds: World,
    b: int,
    blank: World,
    seed: np.uint64,
    swap: int,
    lineup: NDArray[np.int64],
    levels: NDArray[np.int64],
    jitter: int,
    foggy: bool,
    observations: NDArray[np.float32],
    mask: NDArray[np.bool_],
) -> None:
    start.start(worlds, b, blank, seed, swap, lineup, levels[0], levels[1], jitter)
    w = worlds[b]
    fog.look(w, foggy)
    for s in range(2):
        for i in range(w.hp.shape[1]):
            w.was_hp[s, i] = F(1)
    show(w, observations, mask)


@njit(cache=True, nogil=True)
def advance(
    worlds: World,
    first: int,
    last: int,
    actions: NDArray[np.int64],
    weight: NDArray[np.float32],
    spirit: np.float32,
    limit: int,
    foggy: bool,
    raw: NDArray[np.float32],
    terms: NDArray[np.float32],
    paid: NDArray[np.float32],
    ended: NDArray[np.bool_],
    cut: NDArray[np.bool_],
    result: NDArray[np.float32],
    obs: NDArray[np.float32],
    mask: NDArray[np.bool_],
) -> None:
    """One decision of games ``first``..``last - 1``; shows what comes after it, the end of finished games included."""
    for b in range(first, last):
        w = worlds[b]
        tick.decide(w, actions[b])
        fog.look(w, foggy)
        rewards.reward(w, weight, spirit, raw[b], terms[b], paid[b])
        ended[b] = w.over != wd.RUNNING
        cut[b] = not ended[b] and w.tick >= limit * t.TICKS
        result[b] = np.nan
        if ended[b] or cut[b]:
            result[b] = 1 if w.over == wd.WEST_WON else -1 if w.over == wd.EAST_WON else 0
        show(w, obs[b], mask[b])


@njit(cache=True, nogil=True)
def restart(
    worlds: World,
    first: int,
    last: int,
    blank: World,
    seeds: NDArray[np.uint64],
    episodes: NDArray[np.int64],
    swap: int,
    lineup: NDArray[np.int64],
    levels: NDArray[np.int64],
    jitter: int,
    foggy: bool,
    ended: NDArray[np.bool_],
    cut: NDArray[np.bool_],
    obs: NDArray[np.float32],
    mask: NDArray[np.bool_],
    final: NDArray[np.float32],
) -> None:
    """Starts the games anew that have ended; ``final`` keeps what their units saw last."""
    for b in range(first, last):
        if ended[b] or cut[b]:
            final[b] = obs[b]
            episodes[b] += 1
            seed = draw(seeds[b], U(episodes[b]))
            begin(worlds, b, blank, seed, swap, lineup, levels, jitter, foggy, obs[b], mask[b])


@njit(cache=True, nogil=True)
def states(worlds: World, out: NDArray[np.float32]) -> None:
    """Fills float32[B, 2, STATE_SIZE]."""
    for b in range(len(worlds)):
        for s in range(2):
            observe.full_state(worlds[b], s, out[b, s])


class Step(NamedTuple):
    """Views of the buffers of `Games`, valid until its next call. Units are west's slots, then east's."""

    observations: NDArray[np.float32]  # [B, U, F]
    mask: NDArray[np.bool_]  # [B, U, A]; every unit may always wait
    rewards: NDArray[np.float32]  # [B, U]
    terminated: NDArray[np.bool_]  # [B]
    truncated: NDArray[np.bool_]  # [B]
    outcome: NDArray[np.float32]  # [B]: 1 west has won, -1 east, 0 neither; NaN while the game runs
    terms: NDArray[np.float32]  # [B, U, T]: the rewards' terms, `rewards.TERMS`
    final: NDArray[np.float32]  # [B, U, F]: rows of games that have just ended hold their last observations


class Games:
    """``batch`` games of one `Setup`. A game that ends is followed at once by another in the same row.

    Row ``b`` plays seed ``seeds[b]`` first and then seeds drawn from it, whatever the other rows do. With ``threads``
    above 1 the rows are divided among threads, which changes no number.
    """

    def __init__(self, batch: int, setup: Setup | None = None, *, autoreset: bool = True, threads: int = 1) -> None:
        if batch < 1 or not 1 <= threads <= batch:
            raise InputError(f"batch {batch!r} and threads {threads!r}: both at least 1, and a game a thread")
        self.setup = setup = setup or Setup()
        self.batch, self.autoreset, self.units = batch, autoreset, 2 * setup.heroes
        self.team_spirit = setup.team_spirit  # may be changed between steps
        self.worlds: wd.World = wd.blank(batch, setup.heroes)
        self.seeds, self.episodes = np.zeros(batch, np.uint64), np.zeros(batch, np.int64)
        self._blank = wd.blank(1, setup.heroes)
        self._raw = np.zeros((batch, self.units, len(rewards.TERMS)), F)
        shape = (batch, self.units)
        self._step = Step(
            observations=np.zeros((*shape, features.NUM_FEATURES), F),
            mask=np.zeros((*shape, t.NUM_ACTIONS), np.bool_),
            rewards=np.zeros(shape, F),
            terminated=np.zeros(batch, np.bool_),
            truncated=np.zeros(batch, np.bool_),
            outcome=np.full(batch, np.nan, F),
            terms=np.zeros((*shape, len(rewards.TERMS)), F),
            final=np.zeros((*shape, features.NUM_FEATURES), F),
        )
        self._states = np.zeros((batch, 2, features.STATE_SIZE), F)
        self._weights = rewards.weights(setup.reward)
        self._levels = np.array(setup.levels, np.int64)
        cuts = np.linspace(0, batch, threads + 1).astype(np.int64).tolist()
        self._parts = list(pairwise(cuts))
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def reset(self, seeds: NDArray[np.uint64]) -> Step:
        """Starts every row anew: uint64[B] seeds."""
        self.seeds[:] = seeds
        self.episodes[:] = 0
        step, setup = self._step, self.setup
        for b in range(self.batch):
            begin(
                self.worlds,
                b,
                self._blank,
                self.seeds[b],
                int(setup.swap),
                setup.roles,
                self._levels,
                setup.wave_jitter,
                setup.fog,
                step.observations[b],
                step.mask[b],
            )
        step.rewards[:], step.terms[:], step.terminated[:], step.truncated[:] = 0, 0, False, False
        step.outcome[:] = np.nan
        return step

    def step(self, actions: NDArray[np.integer]) -> Step:
        """One decision of every game: int[B, U] actions. An illegal action is a wait."""
        if actions.shape != (self.batch, self.units):
            raise InputError(f"actions of shape {actions.shape}, not {(self.batch, self.units)}")
        orders_ = np.ascontiguousarray(actions, np.int64)
        if self._pool is None:
            self._some(self._parts[0], orders_)
        else:
            list(self._pool.map(lambda part: self._some(part, orders_), self._parts))
        return self._step

    def _some(self, part: tuple[int, int], actions: NDArray[np.int64]) -> None:
        (first, last), step, setup = part, self._step, self.setup
        advance(
            self.worlds,
            first,
            last,
            actions,
            self._weights,
            F(self.team_spirit),
            setup.cycles,
            setup.fog,
            self._raw,
            step.terms,
            step.rewards,
            step.terminated,
            step.truncated,
            step.outcome,
            step.observations,
            step.mask,
        )
        if self.autoreset:
            restart(
                self.worlds,
                first,
                last,
                self._blank,
                self.seeds,
                self.episodes,
                int(setup.swap),
                setup.roles,
                self._levels,
                setup.wave_jitter,
                setup.fog,
                step.terminated,
                step.truncated,
                step.observations,
                step.mask,
                step.final,
            )

    def state(self) -> NDArray[np.float32]:
        """float32[B, 2, STATE_SIZE] for critics: everything, without fog, in each side's frame."""
        states(self.worlds, self._states)
        return self._states

    def close(self) -> None:
        """Ends the threads; calling it twice does no harm."""
        if self._pool is not None:
            self._pool.shutdown()

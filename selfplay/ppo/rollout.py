"""Play that is learned from: a stretch of every game, both sides decided by whoever has them.

Each thread plays its own games from the beginning of a stretch to its end without waiting for the others. Rows are
heroes: those of game 0 first, west's before east's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents import moba_bots
from agents.team.network import TeamNetwork
from agents.team.sampling import draw_actions
from envs.moba.features import AT, NUM_FEATURES
from envs.moba.games import Step
from envs.moba.rewards import TERMS, weights
from selfplay.ppo.league import LATEST, Draw, Field, bot_name
from selfplay.ppo.returns import Numbers, advantages
from selfplay.ppo.stage import Games

F = np.float32
WIN, TOWERS = TERMS.index("win"), TERMS.index("towers")
LESSER = 3  # the first of the other terms
LOSSES = np.array([name in ("deaths", "health", "mana") for name in TERMS[LESSER:]])
WORTH = weights("shaped")[TOWERS] * np.array([1, 1.33] * 3 + [1], F)  # a lane's outer and inner tower, the ancient
SAMPLED = 8  # the running statistics are told of one observation in so many
Policy = Callable[[int], TeamNetwork]  # a past self's network by its number


class Rollout:
    """``length`` decisions of ``rows`` heroes. Where ``learns`` is false another than the learner has decided."""

    def __init__(
        self,
        length: int,
        rows: int,
        features: int,
        actions: int,
        chunk: int,
        state_size: int,
        half: bool = False,
    ) -> None:
        self.length, self.rows, self.chunk = length, rows, chunk
        shape = (length, rows)
        self.seen = torch.zeros(*shape, features, dtype=torch.bfloat16 if half else torch.float32)  # prepared
        self.raw = np.zeros((-(-length // SAMPLED), rows, features), F)  # of every `SAMPLED`th decision, as it was
        self.mask = np.zeros((*shape, actions), np.bool_)
        self.actions, self.learns = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        self.logp, self.values, self.rewards = np.zeros(shape, F), np.zeros(shape, F), np.zeros(shape, F)
        self.ended, self.beyond = np.zeros(shape, np.bool_), np.zeros(shape, F)  # see `returns.advantages`
        self.last, self.advantages = np.zeros(rows, F), np.zeros(shape, F)
        self.states = np.zeros((length // chunk, rows, state_size), F)  # memories at the beginning of every chunk


@dataclass(frozen=True, slots=True)
class Reward:
    """What counts of the terms that a game pays. Growing heroes earn more and more, so that prolonging a game in which
    one earns more than the foe would be worth more than winning it; as in OpenAI Five (arXiv 1912.06680, appendix G)
    what is not paid for winning or, here, for buildings, fades with the age of the game, and a part of what a building
    pays for falling is paid while it loses its health. What is lost by going out, before anything is gained by it, may
    count less at first: else whole teams learn to stay at home, where nothing tells them otherwise any more."""

    win: float = 1.0
    shaping: float = 1.0
    fade: float = 1.0  # a decision
    caution: float = 1.0  # what deaths, lost health and spent mana count
    health: float = 0.0  # the part of what a building pays for falling that is paid by its health

    def of(self, terms: Numbers, ages: NDArray[np.int64], gained: Numbers) -> Numbers:
        """float32[b, U, T], what counts of each term, for float32[b, U, T], int64[b] decisions that were made before,
        and float32[b, 2] by which `standing` has changed."""
        paid = terms.copy()
        paid[:, :, LESSER:] *= np.where(LOSSES, F(self.caution), F(1))
        paid[:, :, LESSER:] *= (self.shaping * self.fade**ages).astype(F)[:, None, None]
        paid[:, :, WIN] *= F(self.win)
        paid[:, :, TOWERS] *= F(1 - self.health)
        paid[:, :, TOWERS] += np.repeat(gained, terms.shape[1] // 2, 1) * F(self.health)
        return paid


def standing(seen: Numbers) -> Numbers:
    """float32[b, 2]: the health of a side's buildings, less that of the foe's as far as it knows, by what they pay.
    ``seen``: float32[b, U, F]; an observation without buildings has none."""
    if seen.shape[2] < NUM_FEATURES:
        return np.zeros((len(seen), 2), F)
    firsts = seen[:, :: seen.shape[1] // 2]
    own, foe = (firsts[:, :, AT[name] : AT[name] + len(WORTH)] for name in ("building_0", "foe_building_0"))
    worth: Numbers = (own - foe) @ WORTH
    return worth


@dataclass(slots=True)
class Told:
    """What a thread has to say about a stretch of play."""

    results: list[tuple[int, float]] = field(default_factory=list)  # (opponent's code, the learner's score)
    lengths: list[int] = field(default_factory=list)  # decisions of the games that have ended
    terms: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # mean size of each of the reward's terms
    act_seconds: float = 0.0
    game_seconds: float = 0.0


class Actor:
    """The games of one thread, which fill rows ``first``.. of the rollout."""

    def __init__(
        self, games: Games, rollout: Rollout, first: int, draw: Draw, random: np.random.Generator, state_size: int
    ) -> None:
        self.games, self.rollout, self.draw, self.random = games, rollout, draw, random
        self.count = games.batch * games.units
        self.rows = slice(first, first + self.count)
        self.owner = np.full((games.batch, 2), LATEST, np.int64)  # who has which side
        self._ages = np.zeros(games.batch, np.int64)
        self._state = np.zeros((self.count, state_size), F)
        self._groups: dict[int, NDArray[np.int64]] = {}
        self._decisions = 0
        self.reward = Reward()  # may be changed between stretches
        self._step: Step

    def begin(self, seeds: NDArray[np.uint64], known: Field) -> None:
        """Starts all games anew."""
        self._step = self.games.reset(seeds)
        self._standing = standing(self._step.observations)
        self._state[:], self._ages[:] = 0, 0
        for game in range(self.games.batch):
            self._seat(game, known)

    def _seat(self, game: int, known: Field) -> None:
        """Chooses who plays a game that begins; the learner has either side."""
        side = int(self.random.integers(2))
        self.owner[game, side] = LATEST
        self.owner[game, 1 - side] = self.draw.next(known)
        self._groups = {}

    def groups(self) -> dict[int, NDArray[np.int64]]:
        """The rows (of this thread's) that each player has now, the learner's first."""
        if not self._groups:
            owner = np.repeat(self.owner.reshape(-1), self.games.units // 2)
            order = sorted(set(owner.tolist()), key=lambda code: (code != LATEST, code))
            self._groups = {code: np.flatnonzero(owner == code) for code in order}
        return self._groups

    def play(
        self,
        net: TeamNetwork,
        past: Policy,
        known: Field,
        gamma: float,
        trace: float,
    ) -> Told:
        """Fills this thread's part of the rollout."""
        told, out, clock = Told(), self.rollout, time.perf_counter
        with torch.inference_mode():
            for t in range(out.length):
                start = clock()
                actions = self._act(t, net, past)
                acted = clock()
                step = self.games.step(actions)
                told.game_seconds += clock() - acted
                told.act_seconds += acted - start
                self._note(t, step, net, known, told)
            rows = self.groups()[LATEST]
            self._see(net, rows, self._step.observations)
            out.last[self.rows][rows] = self._values
        told.terms /= out.length
        advantages(
            out.rewards[:, self.rows],
            out.values[:, self.rows],
            out.last[self.rows],
            out.ended[:, self.rows],
            out.beyond[:, self.rows],
            gamma,
            trace,
            out.advantages[:, self.rows],
        )
        return told

    def _see(self, net: TeamNetwork, rows: NDArray[np.int64], seen: NDArray[np.float32] | Tensor) -> Numbers:
        """Asks a network about these rows of what is seen, or prepared: float32[n, A] logits. Their values and states
        afterwards are kept aside."""
        size = net.shape.state_size
        if isinstance(seen, Tensor):
            x = seen.index_select(0, torch.from_numpy(rows))
        else:
            x = net.prepare(torch.from_numpy(seen.reshape(self.count, -1)[rows]))
        logits, values, state = net.decide(x.unsqueeze(0), torch.from_numpy(self._state[rows, :size]))
        self._values: Numbers = net.returns(values[0]).numpy()
        self._next: Numbers = state.numpy()
        answer: Numbers = logits[0].numpy()
        return answer

    def _act(self, t: int, net: TeamNetwork, past: Policy) -> NDArray[np.int64]:
        """Everybody's actions: int64[b, U]."""
        out, mine, step = self.rollout, self.rows, self._step
        if t % out.chunk == 0 and out.states.shape[2]:
            out.states[t // out.chunk, mine] = self._state[:, : out.states.shape[2]]
        seen, mask = step.observations.reshape(self.count, -1), step.mask.reshape(self.count, -1)
        prepared = out.seen[t, mine]
        prepared.copy_(net.prepare(torch.from_numpy(seen)))
        out.mask[t, mine] = mask
        if t % SAMPLED == 0:
            out.raw[t // SAMPLED, mine] = seen
        out.learns[t, mine] = False
        actions = np.zeros(self.count, np.int64)
        for code, rows in self.groups().items():
            if code < LATEST:
                actions[rows] = moba_bots.act(bot_name(code), seen[rows], mask[rows], self._luck, self._decisions)
                continue
            asked = net if code == LATEST else past(code)
            logits = self._see(asked, rows, prepared if code == LATEST else seen)
            chosen, logp = np.empty(len(rows), np.int64), np.empty(len(rows), F)
            draw_actions(logits, mask[rows], self.random.random(len(rows), F), 1.0, chosen, logp)
            actions[rows] = chosen
            self._state[rows, : asked.shape.state_size] = self._next
            if code == LATEST:
                out.values[t, mine][rows], out.logp[t, mine][rows] = self._values, logp
                out.learns[t, mine][rows] = True
        self._decisions += 1
        out.actions[t, mine] = actions
        return actions.reshape(self.games.batch, self.games.units)

    def _note(
        self,
        t: int,
        step: Step,
        net: TeamNetwork,
        known: Field,
        told: Told,
    ) -> None:
        """What has come of the actions."""
        out, mine, units = self.rollout, self.rows, self.games.units
        learner = self.groups()[LATEST]
        over = step.terminated | step.truncated
        now = standing(step.observations)
        gained = (np.where(over[:, None], standing(step.final), now) if over.any() else now) - self._standing
        self._standing = now
        paid = self.reward.of(step.terms, self._ages, gained).reshape(self.count, -1)
        out.rewards[t, mine] = paid.sum(1)
        terms = np.abs(paid[learner]).mean(0, dtype=np.float64)
        told.terms = told.terms + terms if len(told.terms) else terms
        out.ended[t, mine] = np.repeat(over, units)
        out.beyond[t, mine] = 0
        self._step = step
        self._ages += 1
        if not over.any():
            return
        cut = learner[np.repeat(step.truncated, units)[learner]]
        if len(cut):
            self._see(net, cut, step.final)
            out.beyond[t, mine][cut] = self._values
        self._state[np.repeat(over, units)] = 0
        for game in np.flatnonzero(over).tolist():
            side = int(self.owner[game, 0] != LATEST)  # a side of the learner's
            score = float(step.outcome[game]) * (1 - 2 * side)
            told.results.append((int(self.owner[game, 1 - side]), 0.5 + 0.5 * score))
            told.lengths.append(int(self._ages[game]))
            self._ages[game] = 0
            self._seat(game, known)

    @property
    def _luck(self) -> int:
        return self.rows.start

"""The two routes from what was seen to something to learn from.

Both are told of every tick and asked, while the emulators are busy with the next, to learn for a fair share of it. So
a run is a function of its seed: what is learned when does not depend on how fast anything is.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from agents.dqn import lean
from agents.dqn.learner import Learner
from agents.dqn.memory import END, LAST, Memory, fit, rows_in
from agents.dqn.network import QConfig
from agents.dqn.targets import lambda_returns
from envs.atari import Tick
from selfplay.dqn.config import ScoreConfig

MEMORY = "replay.frames"  # the file in the run folder
Values = NDArray[np.float32]


class Route(Protocol):
    """How a `Learner` is fed."""

    memory: Memory

    def add(self, seen: Tick, outcome: Tick, values: Values) -> None:
        """What was seen, what came of the actions chosen on it, and what the network expected, float32[N]."""
        ...

    def learn(self) -> int:
        """Some updates, as many as are due. Returns how many samples were used."""
        ...


class Replay:
    """DQN: transitions are kept for long and drawn at random."""

    def __init__(self, settings: ScoreConfig, learner: Learner, random: np.random.Generator, run: Path, head: int):
        self._settings, self._learner, self._random = settings, learner, random
        net = settings.net
        rows = max(fit(settings.replay, net.height, net.width) // settings.games, settings.n_step + net.stack + 2)
        if head:  # a machine with more memory, or less, goes on with the same
            rows = rows_in(run / MEMORY) or rows
        self.memory = Memory(
            rows,
            settings.games,
            height=net.height,
            width=net.width,
            stack=net.stack,
            path=run / MEMORY,
            head=head,
        )
        self._first = min(settings.first_frames, rows * settings.games)  # frames before there is learning
        self._due = 0.0  # samples

    def add(self, seen: Tick, outcome: Tick, values: Values) -> None:
        _add(self.memory, seen, outcome)
        if self.memory.frames >= self._first:
            self._due += self._settings.samples_per_step * self.memory.streams

    def learn(self) -> int:
        settings, used = self._settings, 0
        while self._due >= settings.batch and self.memory.ready(settings.n_step):
            sample = self.memory.sample(self._random, settings.batch, settings.n_step, settings.gamma)
            self._learner.learn_sample(sample, settings.double)
            if self._learner.steps % settings.target_updates == 0:
                self._learner.renew_target()
            self._due -= settings.batch
            used += settings.batch
        return used


class Rollouts:
    """PQN: each stretch of play is learned from a few times while the next is played, then forgotten.

    In the paper play waits for learning; here the targets of a rollout are made when it is whole, with the values
    expected as it was played, and its minibatches are spread over the ticks of the next one."""

    def __init__(self, settings: ScoreConfig, learner: Learner, random: np.random.Generator):
        self._settings, self._learner, self._random = settings, learner, random
        net = settings.net
        rows = 2 * settings.rollout + net.stack + 1
        self.memory = Memory(rows, settings.games, height=net.height, width=net.width, stack=net.stack)
        self._values: list[Values] = []  # of the rows of the rollout being played
        self._begin = 0  # its first row
        self._batches: deque[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Values]] = deque()
        self._quantum = 0

    def add(self, seen: Tick, outcome: Tick, values: Values) -> None:
        _add(self.memory, seen, outcome)
        self._values.append(values)
        if len(self._values) > self._settings.rollout:  # the values of the frames after its last actions are known
            self._close()

    def learn(self) -> int:
        return self._learn(self._quantum)

    def _learn(self, most: int) -> int:
        used = 0
        for _ in range(min(most, len(self._batches))):
            t, streams, actions, returns = self._batches.popleft()
            self._learner.learn(self.memory.stacks(t, streams), actions, torch.from_numpy(returns))
            used += len(t)
        return used

    def _close(self) -> None:
        """The rollout is whole: targets, then minibatches in random order."""
        settings, begin, end = self._settings, self._begin, self._begin + self._settings.rollout
        self._learn(len(self._batches))
        marks = self.memory.marks(begin, end + 1)
        actions, rewards = self.memory.outcomes(begin, end)
        over, ends = marks & LAST > 0, marks[:-1] & END > 0
        returns = lambda_returns(
            rewards, ends, over[1:] & ~ends, np.stack(self._values[1:]), settings.gamma, settings.td_lambda
        )
        rows, streams = np.nonzero(~over[:-1])
        for _ in range(settings.epochs):
            order = self._random.permutation(len(rows))
            for part in np.array_split(order, max(1, len(order) // settings.batch)):
                if not len(part):  # nothing of it was played
                    continue
                at = rows[part], streams[part]
                self._batches.append((at[0] + begin, at[1], actions[at].astype(np.int64), returns[at]))
        self._quantum = -(-len(self._batches) // settings.rollout)
        self._values, self._begin = self._values[-1:], end


def warm_up(net: QConfig) -> None:
    """Calls every compiled function once: the first call on a machine takes seconds, which are not training."""
    memory = Memory(net.stack + 2, 1, height=net.height, width=net.width, stack=net.stack)
    no = np.zeros(1, np.bool_)
    for _ in range(net.stack + 2):
        memory.add(np.zeros((1, net.height, net.width), np.uint8), no, no, no, no, no)
    memory.sample(np.random.default_rng(0), 1, 1, 0.5)
    lean.warm_up()


def _add(memory: Memory, seen: Tick, outcome: Tick) -> None:
    memory.add(seen.frames[:, -1], seen.first, outcome.actions, outcome.rewards, outcome.ends, seen.last)

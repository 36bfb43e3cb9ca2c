"""Catch: a ball falls, a paddle at the bottom has to be under it. As pictures, through the interface of the emulators.

As in bsuite (Osband et al. 2020, arXiv 1908.03568): 10 rows, 5 columns, here 2 pixels wide; actions are left, stay,
right; +1 for a ball caught, -1 for one missed, then the next game begins. The best mean is 1, random play has -0.6."""

from __future__ import annotations

import numpy as np

from envs.atari import Ended, Tick
from envs.core import GameSpec

SIZE, COLUMNS, STACK = 10, 5, 4
SPEC = GameSpec("catch", "Catch", 1, "score", 1, 3, 3, (STACK, SIZE, SIZE), SIZE, seats=("player",))


class Catch:
    """See `selfplay.dqn.stage.Emulators`."""

    def __init__(self, n, seed):
        self.n, self._random = n, np.random.default_rng(seed)
        self._frames = np.zeros((n, STACK, SIZE, SIZE), np.uint8)
        self._ball, self._row, self._paddle = (np.zeros(n, np.int64) for _ in range(3))
        self._over = np.zeros(n, bool)
        self.ticks = 0

    def reset(self):
        every = np.ones(self.n, bool)
        self._begin(every)
        return self._tick(every, np.zeros(self.n, np.int64), np.zeros(self.n), ())

    def send(self, actions):
        self._sent = np.where(self._over, 0, actions)

    def recv(self):
        self.ticks += 1
        first = self._over
        going = ~first
        self._paddle = np.where(going, np.clip(self._paddle + self._sent - 1, 0, COLUMNS - 1), self._paddle)
        self._row = self._row + going
        self._over = going & (self._row == SIZE - 1)
        rewards = np.where(self._over, np.where(self._ball == self._paddle, 1.0, -1.0), 0.0)
        ended = tuple(Ended(i, rewards[i], SIZE - 1, False) for i in np.flatnonzero(self._over).tolist())
        self._begin(first)
        return self._tick(first, self._sent, rewards, ended)

    def close(self):
        pass

    def _begin(self, which):
        count = int(which.sum())
        self._ball[which] = self._random.integers(0, COLUMNS, count)
        self._paddle[which] = self._random.integers(0, COLUMNS, count)
        self._row[which] = 0
        self._frames[which] = 0

    def _tick(self, first, actions, rewards, ended):
        every, frames = np.arange(self.n), np.roll(self._frames, -1, axis=1)
        frames[:, -1] = 0
        for pixel in (0, 1):
            frames[every, -1, self._row, 2 * self._ball + pixel] = 255
            frames[every, -1, SIZE - 1, 2 * self._paddle + pixel] = 255
        frames[first, :-1] = 0
        self._frames = frames
        over = self._over.copy()
        return Tick(frames, first.copy(), actions.copy(), rewards.astype(np.float32), over, over, ended)


def stage(settings, seed):
    return SPEC, Catch(settings.games, seed)

"""Guess: every hero is shown a number and has to name it, a few times. Small enough to be learned in seconds.

The interface is that of the team games. A right answer pays 1, less what the foe's heroes got on average, so that the
best play pays nothing against itself; scores are therefore measured by the share of right answers. With ``hidden`` the
number is shown only at a game's first decision, so it has to be remembered. One of the actions is never legal."""

from __future__ import annotations

import numpy as np

from envs.core import GameSpec
from envs.moba.games import Step

NUMBERS, LENGTH, HEROES = 3, 4, 2
ACTIONS = NUMBERS + 1  # the last is never legal
TERMS = 10


def spec():
    return GameSpec("guess", "Guess", 1, "team", 2, ACTIONS, ACTIONS, (NUMBERS + 1,), LENGTH, seats=("west", "east"))


class Guess:
    def __init__(self, batch, hidden=False, truncate=False):
        self.batch, self.units, self.team_spirit = batch, 2 * HEROES, 0.0
        self.hidden, self.truncate = hidden, truncate
        self.right = self.asked = self.illegal = 0

    def reset(self, seeds):
        self.random = np.random.default_rng(seeds)
        shape = (self.batch, self.units)
        self.targets, self.age = np.zeros(shape, np.int64), np.zeros(self.batch, np.int64)
        self._draw(np.ones(self.batch, bool))
        none = np.zeros(self.batch, bool)
        return self._step(np.zeros(shape, np.float32), none, np.full(self.batch, np.nan, np.float32))

    def step(self, actions):
        correct = (actions == self.targets).astype(np.float32)
        self.illegal += int((actions == NUMBERS).sum())
        self.right, self.asked = self.right + int(correct.sum()), self.asked + correct.size
        sides = correct.reshape(self.batch, 2, HEROES).mean(2)
        rewards = correct - np.repeat(sides[:, ::-1], HEROES, axis=1)
        self.age += 1
        over = self.age == LENGTH
        outcome = np.where(over, np.sign(sides[:, 0] - sides[:, 1]), np.nan).astype(np.float32)
        last = self._show()
        if not self.hidden:
            self._draw(np.ones(self.batch, bool))
        self._draw(over)
        self.age[over] = 0
        return self._step(rewards, over, outcome)._replace(final=last)

    def grow(self, share):
        self.share = share

    def close(self):
        pass

    def _draw(self, which):
        self.targets[which] = self.random.integers(0, NUMBERS, (int(which.sum()), self.units))

    def _show(self):
        seen = np.zeros((self.batch, self.units, NUMBERS + 1), np.float32)
        np.put_along_axis(seen, self.targets[:, :, None], 1, axis=2)
        if self.hidden:
            seen[self.age > 0] = 0
        seen[:, :, -1] = (self.age / LENGTH)[:, None]
        return seen

    def _step(self, rewards, over, outcome):
        mask = np.ones((self.batch, self.units, ACTIONS), bool)
        mask[:, :, NUMBERS] = False
        no = np.zeros(self.batch, bool)
        return Step(
            observations=self._show(),
            mask=mask,
            rewards=rewards,
            terminated=no if self.truncate else over,
            truncated=over if self.truncate else no,
            outcome=outcome,
            terms=np.pad(rewards[:, :, None], ((0, 0), (0, 0), (0, TERMS - 1))),
            final=self._show(),
        )

"""What the routes feed to the learner, against what was seen."""

from collections import defaultdict
from types import SimpleNamespace

import numpy as np
import pytest

from selfplay.dqn import config, stage
from selfplay.dqn.routes import Rollouts, _add
from tests.selfplay.dqn.catch import Catch
from tests.selfplay.dqn.test_train import settings


class Listening:
    """Notes what it is taught."""

    def __init__(self):
        self.steps, self.taught = 0, []

    def learn(self, frames, actions, wanted):
        self.steps += 1
        self.taught += zip((frame.tobytes() for frame in frames), actions.tolist(), wanted.tolist(), strict=True)


def test_rollouts_teach_every_transition_so_often_with_peng_s_q_lambda():
    """Targets computed once more, game by game and forwards, from what was shown; nothing is taught of last frames."""
    chosen = settings(games=3, rollout=7, epochs=2, batch=4, gamma=0.9, td_lambda=0.7)
    learner, random, catch = Listening(), np.random.default_rng(0), Catch(3, seed=5)
    route = Rollouts(chosen, learner, random)
    seen, rows = catch.reset(), []
    for _ in range(7 * 6 + 7 + 1):
        values = random.random(3).astype(np.float32)
        catch.send(random.integers(0, 3, 3))
        route.learn()
        outcome = catch.recv()
        route.add(seen, outcome, values)
        rows.append((seen, outcome, values))
        seen = outcome

    wanted = defaultdict(list)
    for t in range(7 * 6):
        end_of_rollout = (t // 7 + 1) * 7
        for n in range(3):
            if rows[t][0].last[n]:
                continue
            value, weight, total, discount = None, 1.0, 0.0, 1.0
            for k in range(t, end_of_rollout):  # sum over where the trace is cut, each with the return up to there
                total += discount * rows[k][1].rewards[n]
                discount *= 0.9
                if rows[k][1].ends[n] or k + 1 == end_of_rollout:
                    rest = 0.0 if rows[k][1].ends[n] else discount * rows[k + 1][2][n]
                    value = (value or 0.0) + weight * (total + rest)
                    break
                value = (value or 0.0) + weight * 0.3 * (total + discount * rows[k + 1][2][n])
                weight *= 0.7
            wanted[rows[t][0].frames[n].tobytes(), int(rows[t][1].actions[n])] += [value] * 2
    taught = defaultdict(list)
    for frames, action, target in learner.taught:
        taught[frames, action].append(target)
    assert taught.keys() == wanted.keys()
    for key, targets in wanted.items():
        assert sorted(taught[key]) == pytest.approx(sorted(targets), abs=1e-5)


def test_the_memory_shows_breakout_as_its_emulator_does():
    chosen = config.preset("breakout", games=4, threads=1)
    _, emulators = stage.atari(chosen, 3)
    route = Rollouts(chosen, SimpleNamespace(), np.random.default_rng(0))
    memory, random = route.memory, np.random.default_rng(1)
    seen, firsts = emulators.reset(), 0
    for tick in range(400):
        emulators.send(random.integers(0, 4, 4))
        outcome = emulators.recv()
        _add(memory, seen, outcome)
        assert np.array_equal(memory.stacks(np.full(4, tick), np.arange(4)), seen.frames)
        firsts += int(seen.first.sum())
        seen = outcome
    assert firsts > 4  # games have ended on the way
    emulators.close()

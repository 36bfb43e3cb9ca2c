"""Rewards: zero-sum, mixed by team spirit, readable term by term."""

import numpy as np
import pytest

from envs.moba import rewards
from tests.envs.moba.made import lively, play


@pytest.mark.parametrize("heroes", [1, 5])
@pytest.mark.parametrize("spirit", [0.0, 0.3, 1.0])
def test_zero_sum_and_made_of_its_terms(heroes, spirit):
    games, step, rng = play(heroes, 0, batch=8, team_spirit=spirit)
    total = np.zeros(len(rewards.TERMS))
    for _ in range(400):
        step = games.step(lively(rng, step.mask))
        np.testing.assert_allclose(step.rewards.sum(1), 0, atol=2e-5)
        np.testing.assert_allclose(step.terms.sum(1), 0, atol=2e-5)
        np.testing.assert_allclose(step.terms.sum(2), step.rewards, atol=2e-6)
        if spirit == 1.0:
            np.testing.assert_allclose(np.ptp(step.rewards[:, :heroes], axis=1), 0, atol=1e-6)
        total += np.abs(step.terms).sum((0, 1))
    assert {name for name, paid in zip(rewards.TERMS, total, strict=True) if paid == 0} <= {"win", "ancient", "towers"}


def test_win_alone():
    games, step, _ = play(5, 0, batch=1, reward="win")
    games.worlds["bhp"][0, 1, -1] = 0
    step = games.step(np.zeros((1, 10), np.int64))
    assert step.outcome[0] == 1
    assert step.rewards[0].tolist() == [1] * 5 + [-1] * 5


def test_a_win_pays_two_more_than_a_loss():
    games, step, _ = play(1, 0, batch=1)
    games.worlds["bhp"][0, 1, -1] = 0
    step = games.step(np.zeros((1, 2), np.int64))
    assert step.terms[0, :, 0].tolist() == [1, -1]

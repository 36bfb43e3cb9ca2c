"""What counts of a reward's terms."""

import numpy as np
import pytest

from envs.moba.rewards import TERMS
from selfplay.ppo.rollout import Reward


def test_all_terms_count_as_the_game_pays_them_unless_asked():
    terms = np.random.default_rng(0).normal(size=(3, 4, len(TERMS))).astype(np.float32)
    assert np.allclose(Reward().of(terms, np.array([0, 100, 500])), terms.sum(2), atol=1e-5)


@pytest.mark.parametrize("name", TERMS)
def test_what_is_not_for_winning_or_buildings_fades(name):
    terms = np.zeros((2, 1, len(TERMS)), np.float32)
    terms[:, :, TERMS.index(name)] = 1
    young, old = Reward(win=3.0, shaping=0.5, fade=0.9).of(terms, np.array([0, 2]))[:, 0].tolist()
    expected = {"win": (3, 3), "ancient": (1, 1), "towers": (1, 1)}.get(name, (0.5, 0.5 * 0.81))
    assert (young, old) == pytest.approx(expected)

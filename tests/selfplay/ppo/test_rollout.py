"""What counts of a reward's terms, and how long games are."""

import numpy as np
import pytest

from envs.moba.rewards import TERMS
from selfplay.ppo import config, stage
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


def test_games_are_cut_off_early_at_first():
    settings = config.preset("moba_1v1", first_cycles=3, max_cycles=7, growing=0.5)
    spec, games = stage.moba(settings, 2)
    step = games.reset(np.arange(2, dtype=np.uint64))
    lengths, age = [], 0
    for share in np.linspace(0, 1, 40):
        games.grow(float(share))
        step, age = games.step(np.zeros((2, 2), int)), age + 1
        if step.truncated.any():
            assert step.truncated.all()
            assert not step.terminated.any()
            lengths.append(age)
            age = 0
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1], spec.id) == (3, 7, "moba_1v1")
    assert stage.moba(config.preset("moba_5v5", first_cycles=0), 1)[1].setup.cycles == 1500

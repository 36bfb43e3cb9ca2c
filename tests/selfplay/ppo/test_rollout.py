"""What counts of a reward's terms, and how long games are."""

import numpy as np
import pytest

from agents import moba_bots
from envs.core import InputError
from envs.moba.rewards import TERMS
from selfplay.ppo import config, stage
from selfplay.ppo.rollout import Reward, standing


def test_all_terms_count_as_the_game_pays_them_unless_asked():
    terms = np.random.default_rng(0).normal(size=(3, 4, len(TERMS))).astype(np.float32)
    gained = np.ones((3, 2), np.float32)
    assert np.array_equal(Reward().of(terms, np.array([0, 100, 500]), gained), terms)


@pytest.mark.parametrize("name", TERMS)
def test_what_is_not_for_winning_or_buildings_fades(name):
    terms = np.zeros((2, 2, len(TERMS)), np.float32)
    terms[:, :, TERMS.index(name)] = 1
    reward, nothing = Reward(win=3.0, shaping=0.5, fade=0.9), np.zeros((2, 2), np.float32)
    young, old = reward.of(terms, np.array([0, 2]), nothing).sum(2)[:, 0].tolist()
    expected = {"win": (3, 3), "ancient": (1, 1), "towers": (1, 1)}.get(name, (0.5, 0.5 * 0.81))
    assert (young, old) == pytest.approx(expected)


def test_what_is_lost_by_going_out_may_count_less():
    terms = np.ones((1, 2, len(TERMS)), np.float32)
    whole = Reward().of(terms, np.zeros(1, int), np.zeros((1, 2), np.float32))
    part = Reward(caution=0.25).of(terms, np.zeros(1, int), np.zeros((1, 2), np.float32))
    assert (whole - part).sum(2).tolist() == [[3 * 0.75] * 2]


def test_where_winning_alone_counts_buildings_pay_nothing_for_their_health():
    assert config.preset("moba_1v1", tower_health=0.5).paid_by_health == 0.5
    assert config.preset("moba_1v1", tower_health=0.5, reward="win").paid_by_health == 0.0


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
    with pytest.raises(InputError, match="battle can be played, but not be trained for: moba_1v1 and moba_5v5 can"):
        stage.moba(config.preset("battle"), 1)


def test_buildings_pay_by_their_health_and_when_they_fall_as_much_as_the_game_says():
    """A whole game of the captain against a side that waits: with each part, the sum is the same."""
    games = stage.moba(config.preset("moba_1v1", wave_jitter=0), 1)[1]
    step, age = games.reset(np.zeros(1, np.uint64)), np.zeros(1, np.int64)
    before, sums = standing(step.observations), np.zeros((2, 2))
    assert before.tolist() == [[0, 0]]
    reward = [Reward(fade=0.0, health=part, win=0.0) for part in (0.0, 1.0)]
    while not np.isfinite(step.outcome[0]):
        orders = moba_bots.act("captain", step.observations[:, :1], step.mask[:, :1])
        step = games.step(np.concatenate([orders, np.zeros((1, 1), int)], 1))
        age += 1
        over = bool(np.isfinite(step.outcome[0]))
        now = standing(step.final if over else step.observations)
        kept = step.terms.copy()
        kept[:, :, TERMS.index("ancient")] = 0
        sums += [part.of(kept, age, now - before)[0].sum(1) for part in reward]
        before = now
    assert step.outcome[0] == 1
    assert sums[0].tolist() == pytest.approx([3.33 * 0.45, -3.33 * 0.45], abs=1e-4)
    assert sums[1, 1] == pytest.approx(sums[0, 1], abs=1e-3)
    assert 0.5 * sums[0, 0] < sums[1, 0] < 1.01 * sums[0, 0], "the fog may hide a building's end"

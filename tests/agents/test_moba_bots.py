"""The team game's scripted bots."""

import numpy as np
import pytest

import envs
from agents import registry
from agents.core import AgentError, Batch, GameKey
from agents.moba_bots import BOTS, TRAINING_BOTS, act
from envs.core import InputError
from envs.moba.games import Games
from envs.moba.setup import Setup

PLAYERS = BOTS[2:]


def sides(heroes):
    return slice(0, heroes), slice(heroes, 2 * heroes)


def scores(bot, other, heroes, games, seed=0):
    """What ``bot`` gets in each of ``games`` games as west and as many as east: 1, 1/2 or 0."""
    found = []
    for bots in ((bot, other), (other, bot)):
        batch = Games(games, Setup(heroes=heroes), autoreset=False)
        step = batch.reset(np.arange(seed, seed + games, dtype=np.uint64))
        outcome, actions = np.full(games, np.nan), np.zeros((games, 2 * heroes), np.int64)
        for decision in range(batch.setup.cycles):
            for side, name in zip(sides(heroes), bots, strict=True):
                actions[:, side] = act(name, step.observations[:, side], step.mask[:, side], seed, decision)
            step = batch.step(actions)
            outcome = np.where(np.isnan(outcome), step.outcome, outcome)
            if not np.isnan(outcome).any():
                break
        found.append((1 + outcome * (1 if bots[0] == bot else -1)) / 2)
    return np.concatenate(found)


def lower_bound(points):
    """Of the expected score, one-sided 97.5% (Hoeffding would need more games; scores are in [0, 1])."""
    return points.mean() - 1.96 * max(points.std(), 0.05) / np.sqrt(len(points))


@pytest.mark.parametrize("heroes", [1, 5])
@pytest.mark.parametrize("bot", BOTS)
def test_actions_are_legal_and_a_function_of_what_is_seen(bot, heroes):
    games = Games(4, Setup(heroes=heroes, lineup="random", start_level=(1, 8)))
    step = games.reset(np.arange(4, dtype=np.uint64))
    for decision in range(150):
        actions = act(bot, step.observations, step.mask, 3, decision)
        assert np.take_along_axis(step.mask, actions[..., None], -1).all()
        if decision % 50 == 0:
            np.testing.assert_array_equal(act(bot, step.observations, step.mask, 3, decision), actions)
            alone = act(bot, step.observations[:1, :1], step.mask[:1, :1], 3, decision)
            assert alone[0, 0] == actions[0, 0]
        step = games.step(actions)


@pytest.mark.parametrize("heroes", [1, 5])
@pytest.mark.parametrize("bot", PLAYERS)
def test_both_sides_are_played_alike(bot, heroes):
    """With the sides' luck exchanged, a bot against itself plays the mirrored game."""
    games = [Games(2, Setup(heroes=heroes, swap=swap)) for swap in (False, True)]
    steps = [batch.reset(np.array([5, 6], np.uint64)) for batch in games]
    west, east = sides(heroes)
    for decision in range(120):
        one, two = (act(bot, step.observations, step.mask, 0, decision) for step in steps)
        np.testing.assert_array_equal(one[:, west], two[:, east])
        np.testing.assert_array_equal(one[:, east], two[:, west])
        steps = [batch.step(actions) for batch, actions in zip(games, (one, two), strict=True)]


@pytest.mark.parametrize("heroes", [1, 5])
@pytest.mark.parametrize(("better", "worse"), [("pusher", "idle"), ("farmer", "pusher"), ("captain", "farmer")])
def test_better_bots_win(heroes, better, worse):
    assert lower_bound(scores(better, worse, heroes, 10 if heroes == 1 else 4)) > 0.6


@pytest.mark.slow
@pytest.mark.parametrize("heroes", [1, 5])
def test_skill_rises(heroes):
    """Every bot beats the one before it (idle and random are one step), and captain everyone below it clearly."""
    games = 64 if heroes == 1 else 24
    for better, worse in zip(PLAYERS[1:-1], PLAYERS[:-2], strict=True):
        assert lower_bound(scores(better, worse, heroes, games)) > 0.5, (better, worse)
    for worse in BOTS[:5]:
        assert lower_bound(scores("captain", worse, heroes, games)) > 0.5, worse
    assert lower_bound(scores("raider", "farmer", heroes, games)) > 0.5


def test_the_raider_is_of_another_style():
    assert set(BOTS) - set(TRAINING_BOTS) == {"raider"}
    games = Games(8, Setup(heroes=1))
    step, agree = games.reset(np.arange(8, dtype=np.uint64)), []
    for decision in range(300):
        own, other = (act(bot, step.observations, step.mask, 0, decision) for bot in ("raider", "captain"))
        agree.append((own == other).mean())
        step = games.step(own)
    assert np.mean(agree) < 0.8


def test_a_bot_is_an_agent():
    spec = envs.spec("moba_5v5")
    agent = registry.load("bot:random")
    agent.start(spec, [GameKey("a", 0, 7), GameKey("b", 1, 8)])
    step = Games(2).reset(np.arange(2, dtype=np.uint64))
    rows, mask = step.observations[:, :5].reshape(10, -1), step.mask[:, :5].reshape(10, -1)
    batch = Batch(np.repeat([0, 1], 5), rows, mask, [[]] * 10)
    decisions = [decision.action for decision in agent.act(batch)]
    assert all(mask[row, action] for row, action in enumerate(decisions))
    assert len(set(decisions[:5])) > 1, "units of one side draw apart"
    part = Batch(np.repeat([1], 5), rows[5:], mask[5:], [[]] * 5)
    assert [decision.action for decision in agent.act(part)] == decisions[5:]
    with pytest.raises(AgentError, match="knows no Connect Four"):
        agent.start(envs.spec("connect_four"), [])
    with pytest.raises(InputError, match=r"unknown bot .kaptain.;.* Did you mean .captain."):
        registry.load("bot:kaptain")
    with pytest.raises(InputError, match="unknown bot"):
        act("x", step.observations, step.mask)

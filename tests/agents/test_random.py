"""Random play and the chance it rests on."""

import numpy as np
from scipy.stats import chisquare

import envs
from agents.chance import choose, draws
from agents.registry import load
from envs.bits import draw
from tests.agents.ask import after, ask


def test_all_legal_actions_are_equally_likely():
    game, line = envs.make("connect_four"), [0, 0, 0, 0, 0, 0, 3]  # the first column is full
    decisions = ask(load("random"), game, [line] * 6000, range(6000))
    counts = np.bincount([decision.action for decision in decisions], minlength=7)
    assert counts[0] == 0
    assert chisquare(counts[1:]).pvalue > 1e-3


def test_the_same_seed_goes_on_differently_from_ply_to_ply():
    game = envs.make("connect_four")
    lines = [[0, 1] * k for k in range(3)] * 200
    actions = [d.action for d in ask(load("random"), game, lines, np.repeat(np.arange(200), 3).tolist())]
    assert len({tuple(actions[i : i + 3]) for i in range(0, 600, 3)}) > 100


def test_choose_takes_each_allowed_action_by_its_rank():
    allowed = np.array([[False, True, False, True, True]] * 3)
    thirds = np.array([0, 2**64 // 3 + 2**40, 2**64 - 1], np.uint64)
    assert choose(allowed, thirds).tolist() == [1, 3, 4]


def test_draws_are_the_stream_of_each_seed():
    seeds, counters = np.array([5, 5, 6], np.uint64), np.array([0, 9, 9], np.uint64)
    expected = [draw(seed, counter) for seed, counter in zip(seeds, counters, strict=True)]
    assert draws(seeds, counters).tolist() == expected


def test_it_plays_any_game():
    for game_id in envs.ids():
        game = envs.make(game_id)
        (decision,) = ask(load("random"), game, [[]], [1])
        assert game.legal(after(game, [[]]))[0, decision.action]

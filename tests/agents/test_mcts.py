"""Plain UCT."""

import numpy as np
import pytest
from scipy import stats

import envs
from agents import mcts
from agents.registry import load
from tests.agents.ask import ask, random_lines


def test_it_spends_its_budget_and_plays_what_it_visited_most():
    game = envs.make("connect_four")
    for decision in ask(load("mcts?simulations=100"), game, random_lines(game, 8, 10), range(8)):
        assert sum(decision.visits.values()) == 100
        assert decision.visits[decision.action] == max(decision.visits.values())
        assert decision.pv[0] == decision.action


def test_it_wins_and_blocks():
    game = envs.make("connect_four")
    decisions = ask(load("mcts?simulations=400"), game, [[0, 6, 0, 6, 0, 6], [0, 6, 0, 5, 0]], [1, 2])
    assert [decision.action for decision in decisions] == [0, 0]
    assert decisions[0].value > 0.5


def test_the_value_of_a_hopeless_position_is_low_and_of_a_won_one_high():
    game = envs.make("tic_tac_toe")
    lost, won = ask(load("mcts?simulations=2000"), game, [[0, 1, 4, 8, 3], [0, 1, 4, 8]], [1, 1])
    assert lost.value < -0.8  # two threats against the mover
    assert won.value > 0.8


def test_other_seeds_roll_out_other_games():
    game = envs.make("connect_four")
    decisions = ask(load("mcts?simulations=50"), game, [[]] * 20, range(20))
    assert len({tuple(sorted(decision.visits.items())) for decision in decisions}) == 20


def test_games_beyond_the_slots_wait_their_turn(monkeypatch):
    game = envs.make("connect_four")
    lines = random_lines(game, 7, 6)
    at_once = ask(load("mcts?simulations=30"), game, lines, range(7))
    monkeypatch.setattr(mcts, "_TREE_NODES", 90)  # three games side by side
    assert ask(load("mcts?simulations=30"), game, lines, range(7)) == at_once


def test_untried_actions_come_in_random_order():
    game = envs.make("connect_four")
    first = [d.action for d in ask(load("mcts?simulations=1"), game, [[]] * 700, range(700))]
    assert stats.chisquare(np.bincount(first, minlength=7)).pvalue > 1e-3


def test_rollouts_are_unbiased_where_there_is_nothing_to_choose():
    """With one visit for each move the value is the mean of plain random games."""
    game = envs.make("tic_tac_toe")
    line = [0, 1, 2, 4, 3]  # four cells left; o has the middle column to win at once
    values = [d.value for d in ask(load("mcts?simulations=4"), game, [line] * 4000, range(4000))]
    exact = _mean_of_random_play(game, line)
    error = 3.5 * np.std(values) / np.sqrt(len(values))
    assert np.mean(values) == pytest.approx(exact, abs=error)


def _mean_of_random_play(game, line) -> float:
    """The mean of the search's root estimate: the root's rollout and one of each child, for the mover."""
    state = game.init(1)
    for action in line:
        state = game.step(state, np.array([action], np.int32))
    sign = 1.0 if game.mover(state)[0] == 0 else -1.0
    children = game.step(np.repeat(state, 4, axis=0), np.flatnonzero(game.legal(state)[0]).astype(np.int32))
    means = [_expected(game, child[None]) for child in children]
    return sign * (_expected(game, state) + sum(means)) / 5


def _expected(game, state) -> float:
    outcome = game.outcome(state)[0]
    if not np.isnan(outcome):
        return float(outcome)
    actions = np.flatnonzero(game.legal(state)[0]).astype(np.int32)
    return float(np.mean([_expected(game, game.step(state, actions[i : i + 1])) for i in range(len(actions))]))

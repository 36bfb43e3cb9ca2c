import numpy as np
import pytest

from agents.search.tree import UNKNOWN
from selfplay import targets
from selfplay.early import RESIGNED, RULES
from tests.selfplay.made import games

WIN, DRAW, LOSS = [1, 0, 0], [0, 1, 0], [0, 0, 1]


def test_with_lambda_one_the_target_is_the_result_for_each_mover():
    # player 0 wins the first game at its third ply; the second game is drawn
    played = games([3, 2], results=[0, 2, 0, 1, 1])
    assert targets.value_targets(played, 1.0).tolist() == [WIN, LOSS, WIN, DRAW, DRAW]


def test_with_lambda_zero_the_target_is_the_search():
    wdl = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
    played = games([2], wdl=wdl, results=[0, 2])
    assert np.array_equal(targets.value_targets(played, 0.0), wdl)


def test_the_mix_by_hand():
    wdl = [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.5, 0.5, 0.0]]
    played = games([3], wdl=wdl, results=[0, 2, 0])
    last = [0.75, 0.25, 0.0]  # half its search, half a win
    middle = [0.125, 0.375, 0.5]  # half of [.25, .5, .25], half of the last one turned round: [0, .25, .75]
    first = [0.5, 0.3125, 0.1875]  # half of [.5, .25, .25], half of the middle turned round: [.5, .375, .125]
    assert targets.value_targets(played, 0.5).tolist() == [first, middle, last]


def test_a_player_who_moves_twice_is_not_turned_round():
    played = games([3], movers=[0, 0, 1], results=[0, 0, 2])
    assert targets.value_targets(played, 1.0).tolist() == [WIN, WIN, LOSS]


def test_a_proof_outweighs_what_happened_later():
    # at ply 1 the search proved a win for player 1, who then threw it away
    played = games([3], proven=[UNKNOWN, 1, UNKNOWN], results=[0, 2, 0])
    assert targets.value_targets(played, 1.0).tolist() == [LOSS, WIN, WIN]
    drawn = games([1], proven=[0], results=[0])
    assert targets.value_targets(drawn, 0.3).tolist() == [DRAW]


def test_targets_are_distributions_whatever_the_games():
    rng = np.random.default_rng(0)
    wdl = rng.dirichlet([1, 1, 1], 40)
    played = games([20, 1, 19], wdl=wdl, results=rng.integers(0, 3, 40), proven=rng.choice([-1, 0, 1, 2], 40))
    found = targets.value_targets(played, 0.7)
    assert (found >= 0).all()
    assert found.sum(axis=1) == pytest.approx(1.0, abs=2e-3)  # searches are stored in half precision


def test_weights_by_hand():
    unit = targets.UNIT
    played = games([4], full=[1, 0, 1, 0], surprise=[0.25, 9.0, 0.75, 9.0])
    assert targets.weights(played, 0.0, 0.0).tolist() == [unit, 0, unit, 0]
    assert targets.weights(played, 0.25, 0.0).tolist() == [unit, unit // 4, unit, unit // 4]
    # half of the two full searches' weight is shared 1:3
    assert targets.weights(played, 0.0, 0.5).tolist() == [0.75 * unit, 0, 1.25 * unit, 0]


def test_without_any_surprise_full_searches_weigh_the_same():
    assert set(targets.weights(games([5]), 0.0, 0.5).tolist()) == {targets.UNIT}


def test_replies_are_the_opponents_next_actions_within_a_game():
    played = games([3, 2], actions=[4, 5, 6, 1, 2])
    assert targets.replies(played).tolist() == [5, 6, -1, 2, -1]
    passing = games([3], movers=[0, 0, 1], actions=[4, 5, 6])
    assert targets.replies(passing).tolist() == [-1, 6, -1]


def test_plies_left_count_down_to_the_end_and_are_unknown_where_a_player_resigned():
    played = games([3, 2, 1], ended=[RULES, RESIGNED, RULES])
    assert targets.plies_left(played).tolist() == pytest.approx([3, 2, 1, np.nan, np.nan, 1], nan_ok=True)

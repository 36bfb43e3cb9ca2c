"""What the rules foresee is true, is all that is near enough, and saves evaluations."""

from __future__ import annotations

import numpy as np
import pytest

import envs
from agents.search.config import SearchConfig
from agents.search.evaluators import UniformEvaluator
from agents.search.foresight import decided, foresee
from agents.search.search import Search, search_batch
from agents.search.solo import SoloSearch
from agents.search.tree import UNKNOWN
from envs.core import InputError

from .conftest import HashEvaluator, random_positions


def within(game, state, plies):
    """The mover's certain result within so many plies, by plain recursion, else None."""
    outcome = float(game.outcome(state)[0])
    if not np.isnan(outcome):
        return round(outcome if game.mover(state)[0] == 0 else -outcome)
    if plies == 0:
        return None
    results = []
    for action in np.flatnonzero(game.legal(state)[0]):
        child = game.step(state, np.array([action], np.int32))
        result = within(game, child, plies - 1)
        same = game.mover(child)[0] == game.mover(state)[0]
        results.append(result if result is None or same else -result)
    if 1 in results:
        return 1
    return None if None in results else max(results)


@pytest.mark.parametrize("game_id", ["tic_tac_toe", "connect_four", "othello", "minichess", "chess"])
@pytest.mark.parametrize("plies", [1, 2])
def test_it_sees_what_plain_recursion_sees_and_nothing_else(game_id, plies):
    game = envs.make(game_id)
    n, length = {"chess": (6, 80), "minichess": (20, 60)}.get(game_id, (80, game.spec.max_plies))
    states = random_positions(game, n, length, seed=5)
    legal = game.legal(states)
    exact = foresee(game, states, legal, plies)
    truth = [within(game, state[None], plies) for state in states]
    assert decided(exact, legal).tolist() == [UNKNOWN if result is None else result for result in truth]
    assert (exact[~legal] == UNKNOWN).all()
    for state, row, allowed in zip(states, exact, legal, strict=True):
        for action in np.flatnonzero(allowed):
            child = game.step(state[None], np.array([action], np.int32))
            result = within(game, child, plies - 1)
            if result is None or (1 in row and row[action] == UNKNOWN):
                assert row[action] == UNKNOWN
            else:
                assert row[action] == (result if game.mover(child)[0] == game.mover(state[None])[0] else -result)


def test_nothing_is_foreseen_of_nothing(connect_four):
    none = connect_four.init(0)
    assert foresee(connect_four, none, connect_four.legal(none), 2).shape == (0, 7)
    start = connect_four.init(3)
    assert (foresee(connect_four, start, connect_four.legal(start), 0) == UNKNOWN).all()


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_a_search_that_foresees_asks_less_and_proves_more(connect_four, root):
    states = random_positions(connect_four, 60, 30, seed=8)
    found = []
    for plies in (0, 1, 2):
        evaluate = HashEvaluator(connect_four)
        search = Search(connect_four, evaluate, SearchConfig(root=root, foresight=plies), len(states), 100)
        roots = search_batch(search, states, np.arange(len(states), dtype=np.uint64), 100)
        found.append((evaluate.rows, search.simulations, int((roots.proven != UNKNOWN).sum()), roots))
    (asked, *plain), (less, *some), (little, *most) = found
    assert asked > max(less, little)
    assert plain[0] > some[0] > most[0]
    assert plain[1] < some[1] <= most[1]
    one, other = plain[2].proven, most[2].proven
    both = (one != UNKNOWN) & (other != UNKNOWN)
    np.testing.assert_array_equal(one[both], other[both])


def test_one_tree_that_counts_plies_to_mates_refuses_it():
    with pytest.raises(InputError, match="foresight is 0"):
        SoloSearch(envs.make("chess"), UniformEvaluator(), SearchConfig(root="puct", foresight=1), 2000, 8)

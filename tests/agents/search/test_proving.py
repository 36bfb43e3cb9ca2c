"""Leaves whose result the rules can prove: as good as finished games, and the evaluator is never asked about them."""

import numpy as np
import pytest

from agents.search.config import SearchConfig
from agents.search.search import Search, search_batch
from agents.search.solo import SoloSearch
from agents.search.tree import UNKNOWN
from agents.solver import Solver
from envs.core import InputError

from .conftest import HashEvaluator, random_positions

NODES = 200


class Recording(HashEvaluator):
    """Remembers which positions it was asked about."""

    def __init__(self, game):
        super().__init__(game)
        self.asked = []

    def __call__(self, states, legal):
        self.asked.append(states.copy())
        return super().__call__(states, legal)


def running(game, plies, seed, n=80):
    return random_positions(game, n, plies, seed)


@pytest.mark.parametrize("root", ["gumbel", "puct"])
@pytest.mark.parametrize("plies", [20, 26])
def test_proven_leaves_are_exact_and_cost_no_evaluation(connect_four, root, plies):
    states = running(connect_four, plies, seed=plies)
    evaluate = Recording(connect_four)
    search = Search(connect_four, evaluate, SearchConfig(root=root, prove=NODES), len(states), 60)
    roots = search_batch(search, states, np.arange(len(states), dtype=np.uint64), 60)
    roots_asked, asked = evaluate.asked[0], np.concatenate(evaluate.asked[1:])
    assert len(roots_asked) == len(states)
    assert np.isnan(connect_four.prove(asked, NODES)).all()
    solver, sure = Solver(32), roots.proven != UNKNOWN
    assert sure.mean() > 0.5
    for state, action, proven in zip(states[sure], roots.action[sure], roots.proven[sure], strict=True):
        score, best = solver.solve(state), solver.scores(state)
        assert np.sign(score) == proven
        assert np.sign(best[int(action)]) == proven
    plain = HashEvaluator(connect_four)
    without = Search(connect_four, plain, SearchConfig(root=root), len(states), 60)
    guessed = search_batch(without, states, np.arange(len(states), dtype=np.uint64), 60)
    assert (guessed.proven != UNKNOWN).sum() < sure.sum()
    assert evaluate.rows < plain.rows / 2


@pytest.mark.parametrize("config", [SearchConfig(root="uct", prove=NODES), SearchConfig(solve=False, prove=NODES)])
def test_searches_without_exact_results_do_without(connect_four, config):
    states = running(connect_four, 26, seed=4, n=20)
    seeds = np.arange(len(states), dtype=np.uint64)
    evaluate = Recording(connect_four)
    search_batch(Search(connect_four, evaluate, config, len(states), 30), states, seeds, 30)
    assert not np.isnan(connect_four.prove(np.concatenate(evaluate.asked), NODES)).all()


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_games_go_on_from_proven_leaves(connect_four, root):
    """They have no subtree to keep, so the search begins afresh there; a won game stays won to its end."""
    states = running(connect_four, 24, seed=9)
    search = Search(connect_four, HashEvaluator(connect_four), SearchConfig(root=root, prove=NODES), len(states), 40)
    seeds = np.arange(len(states), dtype=np.uint64)
    roots = search_batch(search, states, seeds, 40)
    kept = roots.proven != UNKNOWN
    hoped = np.where(connect_four.mover(states) == 0, 1, -1) * roots.proven
    slots, quiet, budget = np.arange(len(states)), np.zeros(len(states), np.bool_), np.full(len(states), 40, np.int32)
    for _ in range(24):
        states = connect_four.step(states, roots.action)
        on = np.isnan(connect_four.outcome(states))[slots]
        slots = slots[on]
        if not len(slots):
            break
        search.advance(slots, roots.action[slots], seeds[slots], budget[slots], quiet[slots])
        left = len(slots)
        while left:
            left -= len(search.simulate())
        found = search.results(slots)
        roots.action[slots] = found.action
        sure = kept[slots]
        view = np.where(connect_four.mover(states[slots]) == 0, 1, -1)
        assert (view[sure] * found.proven[sure] == hoped[slots][sure]).all()
    assert kept.sum() > 40
    assert (connect_four.outcome(states)[kept] == hoped[kept]).all()


def test_senseless_numbers_are_refused():
    with pytest.raises(InputError, match="prove is from 0 to 1000000, not -1"):
        SearchConfig(prove=-1)


def test_a_search_that_tells_distances_proves_nothing_at_a_leaf(connect_four):
    with pytest.raises(InputError, match="prove is 0, not 300"):
        SoloSearch(connect_four, HashEvaluator(connect_four), SearchConfig(root="puct", prove=300), 100, 8)

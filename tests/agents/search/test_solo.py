"""One game's search: one leaf at a time it is the search of many games; in batches it keeps what must hold."""

from __future__ import annotations

import numpy as np
import pytest

import envs
from agents.search.cache import CachedEvaluator
from agents.search.config import SearchConfig
from agents.search.evaluators import UniformEvaluator
from agents.search.search import Search, search_batch
from agents.search.solo import SoloSearch
from agents.search.tree import UNKNOWN
from envs.core import InputError

from .conftest import HashEvaluator, random_positions

PUCT = SearchConfig(root="puct", root_fpu_reduction=0.2)


def solo(game, state, visits, batch=1, config=PUCT, evaluate=None, nodes=5000, only=()):
    search = SoloSearch(game, evaluate or HashEvaluator(game), config, nodes, batch)
    search.place(state, only=only)
    go_on(search, visits)
    return search


def go_on(search, visits):
    while search.visits < visits and not search.over:
        search.visit(visits - search.visits)


def table(search):
    """{action: (visits, value)} of the root."""
    return {line.actions[0]: (line.visits, line.value) for line in search.lines(10_000) if line.visits}


@pytest.mark.parametrize("game_id", ["connect_four", "othello"])
@pytest.mark.parametrize("root", ["puct", "uct"])
def test_one_leaf_at_a_time_is_bit_for_bit_the_search_of_many_games(game_id, root):
    game = envs.make(game_id)
    config = SearchConfig(root=root)
    for state in random_positions(game, 8, 24, seed=7):
        plain = Search(game, HashEvaluator(game), config, 1, 300)
        roots = search_batch(plain, state[None], np.zeros(1, np.uint64), 300)
        search = solo(game, state, 300, config=config)
        assert search.proven == roots.proven[0]
        visited = np.flatnonzero(roots.visits[0])
        assert table(search).keys() == set(visited.tolist())
        for action, (visits, value) in table(search).items():
            assert visits == roots.visits[0, action]
            assert np.float32(value) == roots.q[0, action]


@pytest.mark.parametrize("batch", [1, 4, 16, 64])
def test_every_descent_is_one_visit_and_no_ghost_stays(connect_four, batch):
    for state in random_positions(connect_four, 6, 12, seed=1):
        search = solo(connect_four, state, 700, batch, SearchConfig(root="puct", solve=False))
        slot, node, edge = search._tree.slot[0], search._tree.node[0], search._tree.edge[0]
        assert search.visits == 700
        used = edge[: slot["edges"]]
        children = used["child"][used["child"] >= 0]
        assert len(set(children.tolist())) == len(children) == slot["nodes"] - 1
        assert ((used["visits"] > 0) == (used["child"] >= 0)).all()
        for n in range(slot["nodes"]):  # what went in at the edge stayed at the child or went on from there
            below = used[node[n]["first"] : node[n]["first"] + node[n]["degree"]]["visits"].sum()
            into = used["visits"][used["child"] == n].sum()
            assert below == (700 if n == 0 else into - 1 if node[n]["degree"] else 0)
        assert np.abs(used["value_sum"]).max() <= used["visits"].max()


def test_values_in_batches_are_means_of_what_the_evaluator_said(connect_four):
    """A node's value sum, counted again from its subtree, equals the sum on the edge above."""
    search = solo(connect_four, connect_four.init(1)[0], 800, 32, SearchConfig(root="puct", solve=False))
    node, edge = search._tree.node[0], search._tree.edge[0]
    total = node["value"][: search._tree.slot[0]["nodes"]].astype(np.float64)
    ends = [n for n in range(len(total)) if node[n]["degree"] == 0]
    for n in range(len(total) - 1, -1, -1):
        for e in range(node[n]["first"], node[n]["first"] + node[n]["degree"]):
            child = edge[e]["child"]
            if child >= 0 and child not in ends:
                np.testing.assert_allclose(edge[e]["value_sum"], -total[child], atol=1e-3)
                total[n] -= total[child]
            elif child >= 0:
                total[n] += edge[e]["value_sum"]


@pytest.mark.parametrize("batch", [2, 16, 64])
def test_batches_find_the_same_proofs(connect_four, batch):
    states = random_positions(connect_four, 60, 60, seed=3)
    states = states[connect_four.legal(states).sum(axis=1) <= 3]
    for state in states:
        one, many = solo(connect_four, state, 4000), solo(connect_four, state, 4000, batch)
        assert one.proven == many.proven != UNKNOWN
        assert many.lines()[0].proven == many.proven


def test_a_placed_position_keeps_what_is_known_and_only_that(connect_four):
    start = connect_four.init(1)[0]
    search = solo(connect_four, start, 600, 16)
    first, second = search.lines()[0].actions[:2]
    before = table(search)
    search.place(start)
    assert table(search) == before, "the same position again"
    search.place(start, (first, second))
    kept = search.visits
    assert 0 < kept < before[first][0]
    go_on(search, kept + 100)
    assert search.visits == kept + 100
    search.place(start, (first,))
    assert search.visits == 0, "back is not forward"
    search.clear()
    search.place(start, (first,))
    assert search.visits == 0


def test_only_some_actions_at_the_root_and_the_whole_tree_below(connect_four):
    start = connect_four.init(1)[0]
    search = solo(connect_four, start, 300, 8, only=(1, 5))
    assert table(search).keys() == {1, 5}
    search.place(start)
    assert search.visits == 0, "a root that lacks actions is not kept"
    go_on(search, 100)
    assert table(search).keys() == set(range(7))
    search = solo(connect_four, start, 300, 8, only=(1, 5))
    search.place(start, (1,))
    assert search.visits > 10
    go_on(search, search.visits + 50)
    assert len(search.lines(7)) == 7


def test_looking_at_some_actions_only_leaves_no_trace_in_a_cache(connect_four):
    start = connect_four.step(connect_four.init(1), np.array([2], np.int32))[0]  # no symmetric position
    cache = CachedEvaluator(connect_four, HashEvaluator(connect_four))
    priors = {}
    for only in ((1, 5), (), (2, 6)):
        found = solo(connect_four, start, 1, evaluate=cache, only=only)
        priors[only] = {line.actions[0]: line.prior for line in found.lines(7)}
    expected = {line.actions[0]: line.prior for line in solo(connect_four, start, 1).lines(7)}
    assert priors[()] == expected
    for only in ((1, 5), (2, 6)):
        total = sum(expected[action] for action in only)
        assert priors[only] == pytest.approx({action: expected[action] / total for action in only})


def test_a_root_has_room_for_all_its_moves():
    chess = envs.make("chess")
    many = chess.from_fen("R6R/3Q4/1Q4Q1/4Q3/2Q4Q/Q4Q2/pp1Q4/kBNN1KB1 w - - 0 1")
    assert chess.legal(many[None]).sum() == 218
    for config in (SearchConfig(root="puct"), SearchConfig(root="gumbel"), SearchConfig(root="gumbel", seize=2)):
        for most in (1, 2):
            roots = search_batch(
                Search(chess, UniformEvaluator(), config, 1, most), many[None], np.zeros(1, np.uint64), 1
            )
            assert roots.visits.sum() == 1


def test_a_full_tree_stops(connect_four):
    search = solo(connect_four, connect_four.init(1)[0], 10_000, 32, nodes=100)
    assert search.over
    assert search.fullness == 1.0
    assert 99 <= search.visits < 200
    assert search.visit() == 0
    assert search.lines()


def test_a_mate_is_counted_to_its_end():
    chess = envs.make("chess")
    state = chess.from_fen("7k/8/5K2/8/8/8/8/6Q1 w - - 0 1")  # 1. Qg7#
    search = solo(chess, state, 3000, 16, evaluate=UniformEvaluator())
    assert search.proven == 1
    line = search.lines()[0]
    assert (line.proven, line.plies) == (1, 1)
    assert chess.action_name(state, line.actions[0]) in ("g1g7", "g1h2", "g1h1")
    state = chess.from_fen("7k/8/8/8/8/8/R7/1R4K1 w - - 0 1")  # 1. Ra7 Kg8 2. Rb8#
    search = solo(chess, state, 60_000, 32, evaluate=UniformEvaluator(), nodes=60_000)
    line = search.lines()[0]
    assert (search.proven, line.plies) == (1, 3)
    assert len(line.actions) == 3


def test_refuses_what_it_cannot_do(connect_four):
    with pytest.raises(InputError, match="without a budget"):
        SoloSearch(connect_four, UniformEvaluator(), SearchConfig(), 100, 1)
    with pytest.raises(InputError, match="not 1 and 1"):
        SoloSearch(connect_four, UniformEvaluator(), PUCT, 1, 1)

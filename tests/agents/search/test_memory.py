"""What a search takes of memory: known before it begins, and not more whatever the positions are."""

import numpy as np
import pytest

import envs
from agents.search import search as search_module
from agents.search.backup import backup
from agents.search.config import SearchConfig
from agents.search.evaluators import UniformEvaluator
from agents.search.search import Search, search_batch
from agents.search.tree import EDGE, NODE

MEGABYTES = {"chess": 480, "minichess": 480, "connect_four": 55, "othello": 380}  # 256 games of 800 simulations


@pytest.mark.parametrize(("game_id", "most"), MEGABYTES.items())
def test_256_games_of_800_simulations(game_id, most):
    game = envs.make(game_id)
    search = Search(game, UniformEvaluator(), SearchConfig(), 256, 800)  # allocated, and not touched yet
    words, edges = game.init(1).shape[1], min(64, game.spec.max_legal)
    nodes = 256 * 801 * (8 * words + NODE.itemsize + edges * EDGE.itemsize)
    assert nodes <= search.nbytes <= 1.03 * nodes
    assert search.nbytes < most * 1e6


def test_sums_of_millions_of_visits_are_exact():
    """With four million visits behind it, an edge's sum in float32 would move by a quarter or not at all."""
    game = envs.make("connect_four")
    search = Search(game, UniformEvaluator(), SearchConfig(root="puct"), 1, 8)
    search_batch(search, game.init(1), np.zeros(1, np.uint64), 8)
    tree = search._tree
    edge = tree.edge[0, 0]
    edge["visits"], edge["value_sum"], edge["draw_sum"] = 4_000_000, 3_600_000.0, 400_000.0
    tree.path[0, 0], tree.slot["depth"][0] = (0, 0), 1
    backup(tree, 0, np.int64(edge["child"]), -0.1, 0.1, search._params)
    assert abs(edge["value_sum"] - 3_600_000.1) < 1e-6
    assert abs(edge["draw_sum"] - 400_000.1) < 1e-6


def test_the_count_of_simulations_has_no_evaluations_of_roots():
    game = envs.make("othello")
    search = Search(game, UniformEvaluator(), SearchConfig(), 5, 30)
    search_batch(search, game.init(5), np.arange(5, dtype=np.uint64), 30)
    assert search.simulations == 5 * 30


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_a_tree_of_more_moves_than_there_is_room_for_stops_growing_and_goes_on(root, monkeypatch):
    monkeypatch.setattr(search_module, "EDGES_PER_NODE", 8)
    game = envs.make("chess")
    search = Search(game, UniformEvaluator(), SearchConfig(root=root), 1, 300)
    before = search.nbytes
    roots = search_batch(search, game.init(1), np.zeros(1, np.uint64), 300)
    assert search.nbytes == before
    assert roots.visits.sum() == 300
    slot = search._tree.slot[0]
    assert search._tree.edge.shape[1] - slot["edges"] < 25, "there was no room left"
    assert (search._tree.node["degree"][0, : slot["nodes"]] == 0).sum() > 10
    assert np.isfinite(roots.value).all()
    assert roots.policy.sum() == pytest.approx(1)

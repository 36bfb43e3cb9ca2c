"""What a search takes of memory: known before it begins, and not more whatever the positions are."""

import numpy as np
import pytest

import envs
from agents.search import search as search_module
from agents.search.config import SearchConfig
from agents.search.evaluators import UniformEvaluator
from agents.search.search import Search, search_batch
from agents.search.tree import EDGE, NODE

MEGABYTES = {"chess": 430, "minichess": 430, "connect_four": 55, "othello": 380}  # 256 games of 800 simulations


@pytest.mark.parametrize(("game_id", "most"), MEGABYTES.items())
def test_256_games_of_800_simulations(game_id, most):
    game = envs.make(game_id)
    search = Search(game, UniformEvaluator(), SearchConfig(), 256, 800)  # allocated, and not touched yet
    words, edges = game.init(1).shape[1], min(64, game.spec.max_legal)
    nodes = 256 * 801 * (8 * words + NODE.itemsize + edges * EDGE.itemsize)
    assert nodes <= search.nbytes <= 1.03 * nodes
    assert search.nbytes < most * 1e6


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

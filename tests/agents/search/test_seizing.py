"""Wins at once are found however few simulations there are."""

import numpy as np
import pytest

import envs
from agents.search.config import SearchConfig
from agents.search.evaluators import UniformEvaluator
from agents.search.search import Search, search_batch
from agents.search.seizing import seizable, winning
from agents.search.solo import SoloSearch
from agents.search.tree import UNKNOWN
from bench import mates
from bench.strength import FOLDER

from .conftest import HashEvaluator, random_positions


@pytest.mark.parametrize("game_id", ["chess", "minichess", "connect_four", "tic_tac_toe"])
@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_one_simulation_is_enough(game_id, root):
    game = envs.make(game_id)
    states = random_positions(game, 300, min(60, game.spec.max_plies), seed=3)
    legal = game.legal(states)
    rows, actions, after = winning(game, states, legal)
    assert len(rows)
    assert (game.outcome(after) == np.where(game.mover(states)[rows] == 0, 1, -1)).all()
    wins = np.zeros(legal.shape, np.bool_)
    wins[rows, actions] = True
    search = Search(game, HashEvaluator(game), SearchConfig(root=root, considered=2), len(states), 4)
    roots = search_batch(search, states, np.arange(len(states), dtype=np.uint64), 4)
    won = wins.any(axis=1)
    assert (roots.proven[won] == 1).all()
    assert wins[won, roots.action[won]].all()
    assert (roots.visits[won].sum(axis=1) == 1).all()
    assert roots.value[won] == pytest.approx(1)
    assert roots.policy[won, roots.action[won]] == pytest.approx(1)
    assert [search.line(int(i))[0] for i in np.flatnonzero(won)] == roots.action[won].tolist()


def test_several_wins_are_no_worse_than_one_and_the_likeliest_is_played():
    game = envs.make("chess")
    state = game.from_fen("6k1/5ppp/8/8/8/8/8/RR2K3 w - - 0 1")
    evaluate = HashEvaluator(game)
    logits = evaluate(state[None], game.legal(state[None]))[0][0]
    mates = [game.parse_action(state, text) for text in ("Ra8#", "Rb8#")]
    roots = search_batch(
        Search(game, evaluate, SearchConfig(), 1, 8), state[None], np.zeros(1, np.uint64), simulations=8
    )
    assert roots.action[0] == max(mates, key=lambda action: logits[action])


def test_one_tree_too_also_where_only_some_moves_are_allowed():
    game = envs.make("chess")
    start = game.from_fen("7k/5ppp/8/8/8/8/8/RR2K3 b - - 0 1")
    back, mate = game.parse_action(start, "Kg8"), 0
    search = SoloSearch(game, UniformEvaluator(), SearchConfig(root="puct"), 2000, 8)
    search.place(start)
    while search.visits < 300:
        search.visit()
    search.place(start, (back,))
    after = game.step(start[None], np.array([back], np.int32))[0]
    mate = game.parse_action(after, "Rb8#")
    assert [search.visit(), search.visits, search.proven] == [1, 1, 1]
    (line,) = search.lines(1)
    assert (line.proven, line.plies, len(line.actions)) == (1, 1, 1)
    search.place(start, (back,), only=[mate])
    search.visit()
    assert search.lines(1)[0].actions == (mate,)
    search.place(start, (back,), only=[game.parse_action(after, "Kd2")])
    search.visit()
    assert search.proven == UNKNOWN


def two_moves():
    """Positions of chess with a mate in two by force, none in one, and the moves that do it."""
    found = mates.read(FOLDER / "mate-in-two.epd")
    return found.states[:120], found.solutions[:120]


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_two_moves_ahead(root):
    game, (states, solutions) = envs.make("chess"), two_moves()
    found = np.zeros_like(solutions)
    rows, actions, _ = seizable(game, states, game.legal(states), 2)
    found[rows, actions] = True
    np.testing.assert_array_equal(found, solutions)
    search = Search(game, UniformEvaluator(), SearchConfig(root=root, seize=2), len(states), 200)
    roots = search_batch(search, states, np.arange(len(states), dtype=np.uint64), 200)
    assert (roots.proven == 1).all()
    assert solutions[np.arange(len(states)), roots.action].all()
    assert (roots.visits.sum(axis=1) <= 2 * 60).all()
    assert all(len(search.line(slot)) == 3 for slot in range(len(states)))


def test_two_moves_ahead_only_within_the_budget():
    game, (states, _) = envs.make("chess"), two_moves()
    search = Search(game, UniformEvaluator(), SearchConfig(seize=2), len(states), 4)
    roots = search_batch(search, states, np.arange(len(states), dtype=np.uint64), 4)
    assert (roots.visits.sum(axis=1) <= 4).all()
    assert 0 < (roots.proven == 1).mean() < 1


@pytest.mark.parametrize("game_id", ["tic_tac_toe", "connect_four", "minichess"])
def test_what_is_found_in_two_moves_is_what_a_search_proves(game_id):
    game = envs.make(game_id)
    states = random_positions(game, 60, min(30, game.spec.max_plies), seed=5)
    legal = game.legal(states)
    rows, _, after = seizable(game, states, legal, 2)
    won = np.zeros(len(states), np.bool_)
    won[rows] = True
    assert won.any()
    search = Search(game, UniformEvaluator(), SearchConfig(root="puct", seize=0), len(after), 4000)
    running = np.isnan(game.outcome(after))
    replies = search_batch(search, after[running], np.arange(running.sum(), dtype=np.uint64), 4000)
    assert (replies.proven == -1).all()
    sure = Search(game, UniformEvaluator(), SearchConfig(seize=2), len(states), 300)
    roots = search_batch(sure, states, np.arange(len(states), dtype=np.uint64), 300)
    assert (roots.proven[won] == 1).all()

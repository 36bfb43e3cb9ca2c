"""Alpha-beta against plain minimax, and what it must see within its depth."""

import numpy as np
import pytest

import envs
from agents import alphabeta, plain_value
from agents.plain_value import SCALE, evaluate
from agents.registry import load
from tests.agents.ask import after, ask, random_lines


def minimax(game, state, depth, ply=0):
    """Value and best actions by trying everything, one position at a time."""
    mover, values = game.mover(state[None])[0], {}
    for action in np.flatnonzero(game.legal(state[None])[0]).tolist():
        child = game.step(state[None], np.array([action], np.int32))
        outcome = game.outcome(child)[0]
        same = game.mover(child)[0] == mover
        if not np.isnan(outcome):
            values[action] = int((outcome if mover == 0 else -outcome) * (alphabeta.WIN - ply))
        elif depth == 1:
            values[action] = int(evaluate(game, child)[0]) * (1 if same else -1)
        else:
            values[action] = minimax(game, child[0], depth - 1, ply + 1)[0] * (1 if same else -1)
    best = max(values.values())
    return best, [action for action, value in values.items() if value == best]


@pytest.mark.parametrize(
    ("game_id", "depth", "plies"),
    [
        ("tic_tac_toe", 1, 3),
        ("tic_tac_toe", 4, 2),
        ("tic_tac_toe", 9, 5),
        ("connect_four", 3, 12),
        ("connect_four", 2, 33),
        ("othello", 2, 20),
        ("othello", 3, 55),
    ],
)
def test_it_finds_the_value_and_all_the_best_moves_of_minimax(game_id, depth, plies):
    game = envs.make(game_id)
    states = after(game, random_lines(game, 12, plies))
    values, best = alphabeta.search(game, states, depth)
    for state, value, moves in zip(states, values, best, strict=True):
        assert minimax(game, state, depth) == (value, np.flatnonzero(moves).tolist())


def test_wins_are_taken_at_once_and_threats_are_stopped():
    game = envs.make("connect_four")
    lines = [[0, 6, 0, 6, 0, 6], [0, 6, 0, 5, 0], [3, 6, 2, 6], [3, 3, 2, 3]]
    decisions = ask(load("alphabeta"), game, lines, range(4))
    assert [decision.action for decision in decisions[:2]] == [0, 0]
    assert decisions[0].value == 1.0
    assert decisions[2].action in (1, 4)  # an open three: won in two plies more
    assert decisions[2].value == 1.0


def test_full_depth_solves_tic_tac_toe():
    game = envs.make("tic_tac_toe")
    (value,), _ = alphabeta.search(game, game.init(1), 9)
    assert value == 0


def test_the_seed_chooses_among_equals():
    game = envs.make("connect_four")
    line = [3, 3, 3, 3, 3]  # symmetric: moves come in pairs
    decisions = ask(load("alphabeta?depth=3"), game, [line] * 64, range(64))
    best = np.flatnonzero(alphabeta.search(game, after(game, [line]), 3)[1][0])
    assert {decision.action for decision in decisions} == set(best.tolist())


@pytest.mark.parametrize("game_id", ["tic_tac_toe", "connect_four", "othello"])
def test_the_evaluation_respects_symmetry_and_foretells_random_games(game_id):
    game = envs.make(game_id)
    states, results = plain_value._random_positions(game)
    values = evaluate(game, states)
    assert np.abs(values).max() < SCALE
    for k in range(game.spec.num_symmetries):
        np.testing.assert_array_equal(values, evaluate(game, game.symmetry(states, np.full(len(states), k, np.int8))))
    assert np.corrcoef(values, results)[0, 1] > 0.2


def test_what_the_weights_know():
    weights, _ = plain_value.weights("othello")
    mine = weights.reshape(envs.make("othello").spec.observation_shape)[0]
    assert mine[0, 0] > 5 * np.abs(mine[1:7, 1:7]).max()  # corners
    weights, _ = plain_value.weights("connect_four")
    mine = weights.reshape(envs.make("connect_four").spec.observation_shape)[0]
    assert mine[:, 3].mean() > mine[:, 0].mean()  # the middle


def test_it_plays_every_board_game():
    for game_id in envs.ids():
        game = envs.make(game_id)
        (decision,) = ask(load("alphabeta?depth=1"), game, [[]], [1])
        assert game.legal(game.init(1))[0, decision.action]

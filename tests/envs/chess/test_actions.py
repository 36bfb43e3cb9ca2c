import numpy as np
import pytest

import envs
from envs.chess.actions import action_moves, mirrored_actions, move_actions

CHESS, MINICHESS = envs.make("chess"), envs.make("minichess")


def test_the_numbers_are_those_of_leela():
    """As lc0 prints them with VerboseMoveStats from the initial position."""
    state = CHESS.init(1)[0]
    numbers = {"b1a3": 34, "b1c3": 36, "g1f3": 159, "b2b3": 230, "b2b4": 234, "c2c4": 264, "d2d4": 293, "e2e4": 322}
    assert {name: CHESS.parse_action(state, name) for name in numbers} == numbers


def test_the_mover_numbers_from_his_own_side():
    after = CHESS.step(CHESS.init(1), np.array([322], np.int32))[0]
    assert CHESS.parse_action(after, "e7e5") == 322


@pytest.mark.parametrize(("size", "slides", "jumps", "promotions"), [(8, 1456, 336, 66), (5, 320, 96, 39)])
def test_as_many_as_there_are_ways_to_move(size, slides, jumps, promotions):
    moves = action_moves(size)
    assert len(moves) == len(np.unique(moves)) == slides + jumps + promotions
    assert (move_actions(size)[moves] == np.arange(len(moves))).all()
    assert (move_actions(size) >= 0).sum() == len(moves)
    assert (mirrored_actions(size)[mirrored_actions(size)] == np.arange(len(moves))).all()


@pytest.mark.parametrize(("game", "games"), [(CHESS, 300), (MINICHESS, 1000)])
def test_every_legal_move_has_a_number_of_its_own(game, games):
    """As many actions as perft counts moves, in all positions of random games; every action comes up but a few."""
    rng, states = np.random.default_rng(1), game.init(games)
    used = np.zeros(game.spec.num_actions, np.int64)
    while len(states):
        legal = game.legal(states)
        used += legal.sum(axis=0)
        for row in rng.permutation(len(states))[:10]:
            assert game.perft(1, states[row])[1] == legal[row].sum()
        states = game.step(states, np.argmax(rng.random(legal.shape, np.float32) * legal, axis=1).astype(np.int32))
        states = states[np.isnan(game.outcome(states))]
    assert (used > 0).mean() > 0.98

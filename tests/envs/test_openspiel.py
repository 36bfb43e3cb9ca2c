"""Random games in lockstep with OpenSpiel: legal actions, mover, end and outcome at every ply."""

import numpy as np
import pyspiel
import pytest

import envs

GAMES = 2000


@pytest.mark.parametrize("game_id", ["tic_tac_toe", "connect_four", "othello"])
def test_lockstep(game_id):
    game, peer = envs.make(game_id), pyspiel.load_game(game_id)
    assert game.spec.num_actions == peer.num_distinct_actions()
    rng = np.random.default_rng(7)
    rows, states, peers = GAMES, game.init(GAMES), [peer.new_initial_state() for _ in range(GAMES)]
    passes = ends = 0
    while rows:
        legal, outcome, mover = game.legal(states), game.outcome(states), game.mover(states)
        actions = np.argmax(rng.random(legal.shape) * legal, axis=1).astype(np.int32)
        for row, state in enumerate(peers):
            if state.is_terminal():
                assert outcome[row] == state.returns()[0], str(state)
                assert not legal[row].any(), str(state)
                ends += 1
            else:
                assert np.isnan(outcome[row]), str(state)
                assert mover[row] == state.current_player(), str(state)
                assert np.flatnonzero(legal[row]).tolist() == state.legal_actions(), str(state)
                state.apply_action(int(actions[row]))
        live = np.isnan(outcome)
        passes += int((actions[live] == 64).sum())
        states, peers = game.step(states[live], actions[live]), [peers[row] for row in np.flatnonzero(live)]
        rows = len(states)
    assert ends == GAMES
    assert passes > 100 or game_id != "othello"

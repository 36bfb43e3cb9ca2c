"""Results that a small search on the rules finds, against minimax by nothing but the rules."""

import numpy as np
import pytest

import envs
from envs.testing import play

GAME = envs.make("othello")


def empty(states):
    return 64 - np.bitwise_count(states[:, 0] | states[:, 1]).astype(int)


def minimax(state, memo):
    """The outcome for player 0: everything is tried."""
    if (known := memo.get(state.tobytes())) is not None:
        return known
    outcome = GAME.outcome(state[None])[0]
    if np.isnan(outcome):
        actions = np.flatnonzero(GAME.legal(state[None])[0]).astype(np.int32)
        after = GAME.step(np.repeat(state[None], len(actions), axis=0), actions)
        best = max if GAME.mover(state[None])[0] == 0 else min
        outcome = best(minimax(child, memo) for child in after)
    memo[state.tobytes()] = outcome
    return outcome


@pytest.fixture(scope="module")
def states():
    return play(GAME, 300).states


def test_thousands_of_late_positions_by_minimax(states):
    memo = {}
    for state in states[empty(states) == 6][:25]:
        minimax(state, memo)
    late = np.array([np.frombuffer(key, np.uint64) for key in memo])
    exact = np.array(list(memo.values()), np.float32)
    assert len(late) > 2_000
    assert set(exact.tolist()) == {-1, 0, 1}
    assert (GAME.prove(late, 1_000) == exact).all()
    for nodes in (0, 1, 5, 20):
        found = GAME.prove(late, nodes)
        known = ~np.isnan(found)
        assert known.any()
        assert not known.all()
        assert (found[known] == exact[known]).all()


def test_more_nodes_find_more_and_few_empty_squares_need_few(states):
    running = states[np.isnan(GAME.outcome(states))]
    few, many = (~np.isnan(GAME.prove(running, nodes)) for nodes in (100, 3_000))
    assert (many | ~few).all()
    assert few[empty(running) <= 5].all()
    assert many[empty(running) <= 9].mean() > 0.98
    assert few[empty(running) <= 9].mean() < many[empty(running) <= 9].mean()
    assert not many[empty(running) > 20].any()

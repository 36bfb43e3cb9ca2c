"""Results that a small search on the rules finds, against the exact solver."""

from itertools import pairwise

import numpy as np
import pytest

import envs
from agents.solver import Solver
from envs.connect_four_endings import FIRST_PLY
from envs.testing import play

GAME = envs.make("connect_four")


@pytest.fixture(scope="module")
def positions():
    """Running and finished positions of random games, and their exact outcomes for player 0 from ply 15 on."""
    states = play(GAME, 150).states
    plies = np.bitwise_count(states[:, 1]).astype(int)
    states, plies = states[plies >= 15], plies[plies >= 15]
    solver = Solver(64)
    signs = np.array([np.sign(solver.solve(state)) for state in states])
    return states, plies, np.where(GAME.mover(states) == 0, signs, -signs)


@pytest.mark.parametrize("nodes", [0, 1, 10, 100, 1_000, 30_000])
def test_what_is_found_is_true(positions, nodes):
    states, _, exact = positions
    found = GAME.prove(states, nodes)
    known = ~np.isnan(found)
    assert len(states) > 1_000
    assert {-1, 0, 1} <= set(found[known].tolist()) or nodes < 100
    assert (found[known] == exact[known]).all()


def test_more_nodes_find_more_and_late_positions_need_few(positions):
    states, plies, _ = positions
    known = [~np.isnan(GAME.prove(states, nodes)) for nodes in (0, 1, 10, 100, 1_000, 30_000)]
    for fewer, more in pairwise(known):
        assert (more | ~fewer).all()
        assert more.sum() > fewer.sum()
    assert known[-1][plies >= 24].all()
    assert known[3][plies >= 30].all()


def test_openings_are_left_alone_but_for_wins_at_once():
    opening = play(GAME, 100).states
    opening = opening[np.bitwise_count(opening[:, 1]) < FIRST_PLY]
    rows, actions = np.nonzero(GAME.legal(opening))
    after = GAME.outcome(GAME.step(opening[rows], actions.astype(np.int32)))
    wins = np.unique(rows[~np.isnan(after)])
    running = np.isnan(GAME.outcome(opening))
    found = GAME.prove(opening, 10)
    assert len(wins) > 10
    assert (found[wins] == np.where(GAME.mover(opening)[wins] == 0, 1, -1)).all()
    assert np.isnan(np.delete(found, np.union1d(wins, np.flatnonzero(~running)))).all()

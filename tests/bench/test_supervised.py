"""Positions to learn from are solved, and learning from them helps."""

import json

import numpy as np
import pytest

import envs
from agents.solver import Solver
from bench import supervised


def test_positions_come_with_the_solvers_results():
    states, results = supervised.solved(40, seed=3)
    game, solver = envs.make(supervised.GAME), Solver()
    assert len(np.unique(states, axis=0)) == 40
    assert np.isnan(game.outcome(states)).all()
    for state, result in zip(states, results, strict=True):
        assert result.tolist() == [score == np.sign(solver.solve(state)) for score in (1, 0, -1)]
    assert (supervised.solved(40, seed=3)[0] == states).all()


def test_what_was_learned_shows_in_positions_kept_back():
    """Mirror images of the positions to learn from."""
    states, results = supervised.solved(64, seed=0)
    mirrored = envs.make(supervised.GAME).symmetry(states, np.ones(64, np.int8))
    changes = {"net": {"blocks": 1, "channels": 16, "pool_channels": 4}, "batch": 64, "warmup_steps": 5}
    looks = list(
        supervised.learn(changes, np.concatenate([mirrored, states]), np.concatenate([results, results]), 64, 80)
    )
    assert [look["steps"] for look in looks] == [20, 40, 60, 80]
    assert looks[0]["cross-entropy"] == pytest.approx(np.log(3), abs=0.3)
    assert looks[-1]["cross-entropy"] < 0.7 * looks[0]["cross-entropy"]
    assert looks[-1]["right, %"] > 80


def test_the_command(monkeypatch, capsys):
    words = ["supervised", "net.blocks=1,net.channels=16,net.pool_channels=4,batch=16", "--positions", "40"]
    monkeypatch.setattr("sys.argv", [*words, "--kept-back", "10", "--steps", "4", "--json"])
    supervised.main()
    (rows,) = json.loads(capsys.readouterr().out.splitlines()[-1]).values()
    assert [row["steps"] for row in rows] == [1, 2, 3, 4]

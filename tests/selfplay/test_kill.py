"""SIGKILL at random moments."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

import envs
from agents.search.evaluators import UniformEvaluator
from selfplay import chunks, files
from selfplay.config import TrainConfig
from selfplay.play import SelfPlay
from selfplay.state import FILE


@pytest.fixture
def run(tmp_path):
    """A folder with the files of about 200 games."""
    config = TrainConfig(game="tic_tac_toe", slots=32, simulations=8, fast_simulations=4, full_fraction=1.0)
    players = SelfPlay(envs.make("tic_tac_toe"), UniformEvaluator(), config, 1)
    folder = tmp_path / "killed" / chunks.FOLDER
    folder.mkdir(parents=True)
    for index in range(10):
        games = []
        while len(games) < 20:
            games += players.turn()
        facts = {"seconds": 1.0, "games": 20, "moves": 120, "simulations": 600}
        chunks.write(folder / chunks.name(0, 1, index), chunks.join(games), facts)
    return tmp_path / "killed"


@pytest.mark.parametrize("kills", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_a_run_killed_again_and_again_ends_like_one_left_alone(run, kills):
    """With the same games from the start, weights, optimizer, averages, counters and random state are the same at the
    end, bit for bit, however often the run was killed."""
    alone = run.with_name("alone")
    shutil.copytree(run, alone)
    command = [sys.executable, "-m", "tests.selfplay.kill_often", str(alone), str(run), str(kills)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    steps = [int(line) for line in done.stdout.splitlines()]
    assert steps == sorted(steps)  # nothing that was saved is lost
    assert len(set(steps)) > 2  # some kills hit in the middle

    expected, facts = files.read_tensors(alone / FILE)
    found, killed_facts = files.read_tensors(run / FILE)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    assert killed_facts["generator"] == facts["generator"]
    assert killed_facts["steps"] == facts["steps"] > 100
    timed = ("seconds", "version", "checkpoint_due", "checkpoint_steps")  # these tell how long it took
    for name, value in facts["counters"].items():
        assert name in timed or killed_facts["counters"][name] == value

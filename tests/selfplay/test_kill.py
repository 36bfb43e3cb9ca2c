"""SIGKILL at random moments."""

import shutil
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

import envs
from agents.search.evaluators import UniformEvaluator
from selfplay import chunks, files
from selfplay.config import TrainConfig
from selfplay.play import SelfPlay
from selfplay.state import FILE
from tests.processes import eventually, started_with


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
    kept = chunks.listing(run / chunks.FOLDER)
    assert kept == chunks.listing(alone / chunks.FOLDER) == sorted(facts["counters"]["window"])
    assert 2 <= len(kept) < 10  # the window has let some go, and their files too


PROGRAM = """
import sys
from pathlib import Path
from selfplay import config, options
from selfplay.train import train
run = Path(sys.argv[1])
begun = (run / options.FILE).exists()
settings = config.preset("tic_tac_toe", slots=16, min_positions=200, window=10**6, save_seconds=0.2, chunk_seconds=0.2)
train(run, None if begun else settings, 1e6, resuming=begun)
"""


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_games_of_live_workers_are_counted_once_however_often_the_run_is_killed(tmp_path, kills):
    """Workers outlive a killed learner by a moment, and leave files that it has never seen."""
    run, random = tmp_path / "run", np.random.default_rng(0)

    def steps():
        return files.read_tensors(run / FILE)[1]["steps"] if (run / FILE).exists() else 0

    def lives():
        return {name.split("-")[1] for name in chunks.listing(run / chunks.FOLDER)}

    def has_learned(process, before, life):
        return process.poll() is not None or (steps() > before and len(lives()) > life)

    before = 0
    for kill in range(kills + 1):
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(run)], stderr=subprocess.PIPE, text=True)
        with process:
            eventually(partial(has_learned, process, before, kill), 300.0)
            time.sleep(random.uniform(0.0, 0.5))
            process.send_signal(signal.SIGKILL if kill < kills else signal.SIGINT)
            assert process.wait(120) == (-signal.SIGKILL if kill < kills else 0), process.stderr.read()
        eventually(lambda: not started_with("selfplay.worker", str(run)))
        assert steps() > before  # nothing that was saved is lost
        before = steps()
    counters = files.read_tensors(run / FILE)[1]["counters"]
    names = chunks.listing(run / chunks.FOLDER)
    assert len(lives()) == kills + 1
    assert sorted(counters["window"]) == names  # all that was ever written, each file once
    assert counters["games"] == sum(len(chunks.read(run / chunks.FOLDER / name)[0].lengths) for name in names)

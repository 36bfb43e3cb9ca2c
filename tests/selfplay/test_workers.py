"""Real worker processes."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from agents import checkpoints
from agents.networks import NetConfig
from selfplay import chunks, config, files, options
from selfplay import train as loop
from selfplay import workers as supervision
from selfplay.config import TrainConfig
from selfplay.errors import DiskFull, TrainingError
from selfplay.state import FILE
from selfplay.train import train
from selfplay.workers import Workers
from tests.processes import alive, eventually

SMALL = TrainConfig(
    game="tic_tac_toe",
    net=NetConfig(blocks=1, channels=8, pool_every=0),
    workers=2,
    slots=16,
    simulations=8,
    fast_simulations=4,
    min_positions=50,
    batch=32,
    chunk_games=8,
    chunk_seconds=0.2,
    publish_steps=5,
)


def test_killed_workers_are_replaced_and_ctrl_c_saves_everything(tmp_path, monkeypatch):
    made, killed, events, stopped = [], [], [], []
    folder = tmp_path / chunks.FOLDER

    class Watched(Workers):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self)

    def on_progress(state):
        if state.event:
            events.append(state.event)
        if state.games and not killed:
            killed.extend(made[0].pids)
            os.kill(killed[0], signal.SIGKILL)
        elif events and state.version > 0:
            found = [chunks.read(folder / name) for name in chunks.listing(folder)]
            played = [(games, facts) for games, facts in found if len(games)]
            if any(games.versions.max() > 0 for games, _ in played):  # new weights have reached a worker
                assert all(games.versions.max() <= state.version for games, _ in played)
                assert all(0 < facts["evaluations"] <= facts["requests"] for _, facts in played)
                stopped.append(time.monotonic())
                os.kill(os.getpid(), signal.SIGINT)
        assert state.seconds < 500

    monkeypatch.setattr(loop, "Workers", Watched)
    result = train(tmp_path, SMALL, 1000.0, on_progress=on_progress)
    assert time.monotonic() - stopped[0] < 30  # a few seconds, on a machine with nothing else to do
    assert result.interrupted
    assert len(events) == 1
    assert "worker 0 was killed by signal 9 and was replaced" in events[0]
    assert not any(alive(pid) for pid in [*killed, *made[0].pids])
    assert made[0].pids[0] != killed[0]
    saved = files.read_tensors(tmp_path / FILE)[1]
    assert saved["counters"]["restarts"] == 1
    assert saved["counters"]["games"] == result.games
    assert sorted(saved["counters"]["window"]) == chunks.listing(folder)
    assert saved["steps"] == result.steps == checkpoints.read_card(result.checkpoint).meta["steps"]


def test_there_is_a_sign_of_life_while_the_first_games_last(tmp_path):
    settings = replace(SMALL, game="chess", workers=1, slots=4, simulations=400, fast_simulations=400)
    states = []

    def on_progress(state):
        states.append(state)
        if state.evaluations_per_second > 0:
            os.kill(os.getpid(), signal.SIGINT)

    result = train(tmp_path / "run", settings, 600.0, on_progress=on_progress)
    assert result.interrupted
    assert states[-1].games == result.steps == 0
    assert states[-1].simulations_per_second > 0


def test_a_worker_ends_when_its_parent_has_gone(tmp_path):
    options.in_force(tmp_path, SMALL, False, config.read)  # no weights yet: the worker waits for them
    start = f"""
import sys
from pathlib import Path
from selfplay.workers import Workers
print(*Workers(Path({str(tmp_path)!r}), 2).pids, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert all(alive(pid) for pid in pids)
        parent.kill()
        parent.wait()
    eventually(lambda: not any(alive(pid) for pid in pids), 300.0)  # generous: they are still starting


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Replaces Python by a shell script as what workers run."""

    def replace(script):
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(supervision.sys, "executable", str(path))

    return replace


def watch(workers):
    """Watches until it raises."""
    while True:
        workers.replace_dead()
        time.sleep(0.01)


def test_a_worker_that_cannot_work_stops_the_training_with_its_last_words(tmp_path, program):
    program("echo first >&2; echo 'no such board' >&2; exit 3")
    workers = Workers(tmp_path, 1)
    with pytest.raises(TrainingError, match=r"(?s)worker 0 ended with exit code 3, 3 times before.*no such board"):
        watch(workers)
    workers.stop()


def test_a_worker_that_writes_games_may_die_often(tmp_path, program):
    program("exit 3")
    workers, deaths = Workers(tmp_path, 1), 0
    while deaths < 2 * supervision.TRIES:
        told = workers.replace_dead()
        if told:
            deaths += 1
            workers.has_written(0)
        time.sleep(0.01)
    workers.stop()


def test_a_worker_without_room_on_the_disk_stops_the_training(tmp_path, program):
    program(f"exit {supervision.DISK_FULL}")
    workers = Workers(tmp_path, 1)
    with pytest.raises(DiskFull, match="no space left"):
        watch(workers)
    workers.stop()


def test_a_worker_that_does_not_listen_is_ended_all_the_same(tmp_path, program, monkeypatch):
    monkeypatch.setattr(supervision, "STOP_SECONDS", 0.2)
    program("trap '' TERM; echo ready >&2; while :; do sleep 0.05; done")
    workers = Workers(tmp_path, 2)
    for index in range(2):
        while b"ready" not in (tmp_path / supervision.LOGS / f"worker-{index}.log").read_bytes():
            time.sleep(0.01)
    assert workers.alive == 2
    workers.stop()
    assert workers.alive == 0

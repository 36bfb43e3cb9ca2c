"""A training of real Breakout as a person has it: killed, resumed, looked at by itself, told as a story."""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agents import checkpoints
from arena import milestones
from arena.store import Store
from tests.processes import eventually

ROOT = Path(__file__).parents[2]
MINUTES = ("--at", "0.3", "--at", "0.9")


@pytest.mark.slow
def test_a_killed_training_goes_on_and_has_its_story(tmp_path):
    program = [sys.executable, "-c", "from arena.cli import main; main()"]
    place = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(ROOT)}, "text": True}
    run, store = tmp_path / "night", tmp_path / "arena.db"
    begin = [*program, "train", "breakout", "--minutes", "1", "--run", "night", "--store", "arena.db", *MINUTES]
    with subprocess.Popen(begin, **place, stdout=subprocess.DEVNULL) as training:
        assert eventually(lambda: [m.minutes for m in milestones.read(run)] == [0.3], 300)
        training.send_signal(signal.SIGKILL)
    before = max(json.loads(line)["steps"] for line in (run / "metrics.jsonl").read_text().splitlines())
    resume = [*program, "train", "breakout", "--resume", "--run", "night", "--store", "arena.db"]
    done = subprocess.run(resume, **place, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert [m.minutes for m in milestones.read(run)] == [0.3, 0.9]
    assert checkpoints.read_card(run).meta["steps"] > before > 0
    told = subprocess.run(
        [*program, "story", "night", "--store", "arena.db"], **place, capture_output=True, timeout=600, check=False
    )
    assert told.returncode == 0, told.stderr
    assert all((run / f"story.{ending}").stat().st_size > 10_000 for ending in ("mp4", "png"))
    with closing(Store(store, read_only=True)) as kept:
        assert all(len(milestones.games_of(m, kept)) == milestones.GAMES for m in milestones.read(run))

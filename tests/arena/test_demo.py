import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def arena(folder, *arguments):
    """Runs the command as a person would, in ``folder``."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    command = [Path(sys.executable).with_name("arena"), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


@pytest.mark.slow
def test_the_demo_trains_rates_and_names_a_match_to_watch(tmp_path):
    ran = arena(tmp_path, "demo", "--minutes", "0.5", "--run", "runs/demo")
    assert ran.returncode == 0, ran.stderr
    for words in ("1 of 3", "2 of 3", "3 of 3", "95% interval", "minutes of training", "Most worth watching"):
        assert words in ran.stdout
    (watch,) = (line for line in ran.stdout.splitlines() if "arena watch " in line)  # the program may have a path
    shown = arena(tmp_path, "replay", watch.split()[-1], "--verify")
    assert shown.returncode == 0, shown.stderr

    ladder = arena(tmp_path, "ladder", "--name", "demo", "--json")
    ranks = [row["agent"] for row in json.loads(ladder.stdout)["agents"]]
    assert ranks[0] == "perfect"
    assert ranks.index("random") >= len(ranks) - 2  # and an untrained network

    again = arena(tmp_path, "demo", "--minutes", "0.5", "--run", "runs/demo")  # nothing is left to train
    assert again.returncode == 0, again.stderr

"""The loop of `tests.selfplay.test_train` with a gate."""

import signal
from dataclasses import replace

import numpy as np
import pytest

from agents import checkpoints
from envs.core import InputError
from selfplay import files
from selfplay.train import WEIGHTS
from tests.selfplay.test_train import SMALL, ready, run_some, workers  # noqa: F401


def test_the_gate_decides_which_checkpoints_play(tmp_path):
    asked = []

    class Decided:
        def __init__(self, candidate, best):
            asked.append((int(candidate.name), int(best.name)))
            self.passes = int(candidate.name) == 2

        def verdict(self):
            return self.passes, "so it seems"

    result, states = run_some(tmp_path / "run", 2.3, gate=Decided)
    assert result.best.name == "000002"
    assert asked[:3] == [(1, 0), (2, 0), (3, 2)]
    tensors, facts = files.read_tensors(tmp_path / "run" / WEIGHTS)
    passed = checkpoints.read(tmp_path / "run" / "checkpoints" / "000002").tensors
    assert all(np.array_equal(tensors[name], tensor.numpy()) for name, tensor in passed.items())
    assert (
        facts["version"] == 2
    )  # the untrained network twice: as weights and as the first best, then the one let through
    assert any("checkpoint 1 did not pass the gate: so it seems; 0 plays on" in state.event for state in states)


def test_a_resumed_run_does_not_ask_again_what_the_gate_has_said(tmp_path):
    asked = []

    class No:
        def __init__(self, candidate, best):
            asked.append((int(candidate.name), int(best.name)))

        def verdict(self):
            return False, "no"

    run_some(tmp_path / "run", 1.2, gate=No)
    before = list(asked)
    run_some(tmp_path / "run", 2.4, settings=None, resuming=True, gate=No)
    assert before
    assert len(asked) > len(before)
    assert len(set(asked)) == len(asked)


def test_behind_a_gate_too_searches_grow(tmp_path):
    class Never:
        def __init__(self, candidate, best):
            pass

        def verdict(self):
            return False, "no"

        def cancel(self):
            pass

    settings = replace(SMALL, simulations=16, first_simulations=4, ramp=0.5)
    run_some(tmp_path / "run", 2.0, settings=settings, gate=Never)
    facts = files.read_tensors(tmp_path / "run" / WEIGHTS)[1]
    assert facts["simulations"] == 16
    assert 3 <= facts["version"] <= 8


def test_training_does_not_wait_for_the_gate_but_ends_with_its_verdict(tmp_path, workers):  # noqa: F811
    asked, run = [], tmp_path / "run"

    class Slow:
        """Knows nothing before training is over; then the last checkpoint passes."""

        def __init__(self, candidate, best):
            asked.append((candidate.name, best.name))

        def verdict(self):
            return (len(asked) == 2, "at last") if workers.made[-1].stopped else None

    run_some(run, 1.8, gate=Slow)
    newest = checkpoints.numbered(run)[-1].name
    assert int(newest) >= 3
    assert asked == [("000001", "000000"), (newest, "000000")]
    assert checkpoints.resolve(run) == run / "checkpoints" / newest
    assert checkpoints.label(run / "best") == f"run/{newest}"


def test_whoever_stops_a_training_ends_the_last_match_too(tmp_path, workers):  # noqa: F811
    class Endless:
        cancelled = 0

        def __init__(self, candidate, best):
            pass

        def verdict(self):
            if workers.made[-1].stopped:
                signal.raise_signal(signal.SIGINT)
            return None

        def cancel(self):
            Endless.cancelled += 1

    result, states = run_some(tmp_path / "run", 1.8, gate=Endless)
    assert Endless.cancelled == 1
    assert result.best.name == "000000"
    assert int(result.checkpoint.name) >= 3
    assert checkpoints.resolve(tmp_path / "run").name == "000000"
    assert checkpoints.resolve(tmp_path / "run/latest") == result.checkpoint
    assert "was not judged to the end; 0 stays the best" in states[-1].event
    assert files.read_tensors(tmp_path / "run" / WEIGHTS)[1]["version"] == 1


def test_a_run_with_a_gate_keeps_it(tmp_path):
    settings = replace(SMALL, gate_games=10)
    with pytest.raises(InputError, match="begun with a gate, and goes on with one only"):
        run_some(tmp_path / "run", settings=settings)

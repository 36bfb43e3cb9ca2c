"""The state a killed run goes on from: one file of weights, optimizer, averages, counters, clock and random state.

What has been played is not in it: the files of games are their own truth. The state names those in the replay window,
in order, and those that have left it but may not have been deleted yet; any other file of games is new.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from selfplay import files, state
from selfplay.learner import Learner

SCHEMA = 1


@dataclass(slots=True)
class Counters:
    """Where a run is. All counts are since its beginning, all resumes together."""

    seconds: float = 0.0  # the training clock
    games: int = 0
    moves: int = 0
    simulations: int = 0
    positions: int = 0  # that have entered the window
    weight: int = 0  # sum of their sampling weights, in units of targets.UNIT: what the learner may spend
    version: int = -1  # of the newest published weights
    checkpoint_due: float = 0.0  # clock time of the next checkpoint
    checkpoint_steps: int = -1  # at the last one
    best: int = -1  # the checkpoint that plays, if there is a gate
    tried: int = 0  # the newest that has been judged there
    restarts: int = 0  # workers replaced
    window: list[str] = field(default_factory=list)  # chunks in the replay window, oldest first
    retired: list[str] = field(default_factory=list)  # chunks that have left it


def save(run: Path, learner: Learner, counters: Counters) -> None:
    """Replaces the state atomically."""
    tensors: dict[str, NDArray[Any]] = {}
    for name, tensor in learner.net.state_dict().items():
        tensors[f"net/{name}"] = tensor.numpy(force=True)
    for name, tensor in learner.average.items():
        tensors[f"average/{name}"] = tensor.numpy(force=True)
    tensors |= state.optimizer_tensors(learner.optimizer)
    facts = {
        "schema": SCHEMA,
        "counters": asdict(counters),
        "generator": learner.generator.bit_generator.state,
        "steps": learner.steps,
        "smoothed": learner.smoothed,
        "optimizer": type(learner.optimizer).__name__,
    }
    files.write_tensors(run / state.FILE, tensors, facts)


def load(run: Path, learner: Learner) -> Counters:
    """Puts the learner exactly where it was. Raises `files.Damaged`; `FileNotFoundError` if nothing was saved."""
    parts, facts = state.read(run, "net", "average", "optimizer")
    with state.fitting(run):
        state.require(run, facts, schema=SCHEMA, optimizer=type(learner.optimizer).__name__)
        learner.net.load_state_dict(parts["net"])
        for name, average in learner.average.items():
            average.copy_(parts["average"][name])
        state.restore_optimizer(learner.optimizer, parts["optimizer"])
        learner.generator.bit_generator.state = facts["generator"]
        learner.steps, learner.smoothed = facts["steps"], facts["smoothed"]
        counters = {"tried": 0, **facts["counters"]}  # older states do not say
        return Counters(**{f.name: counters[f.name] for f in fields(Counters)})

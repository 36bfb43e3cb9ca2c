"""The state that a killed training for points goes on from: weights, optimizer, counters, clock and random state, and
how much of the replay memory was whole.

Emulators begin new games; the replay memory knows that what followed its newest row is lost. Without a replay memory
the rollout being played is lost, a few seconds of play.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
import torch

from agents.dqn.learner import Learner
from selfplay import state
from selfplay.state import State

SCHEMA = 1
SCORES = 100  # full games in the running mean
NONE = -1e9  # below any score; JSON has no infinity


@dataclass(slots=True)
class Counters:
    """Where a run is. All counts are since its beginning, all resumes together."""

    seconds: float = 0.0  # the training clock
    steps: int = 0  # of agents
    games: int = 0  # full ones that have ended
    checkpoint_due: float = 0.0  # clock time of the next checkpoint
    checkpoint_steps: int = -1  # at the last one
    best_score: float = NONE
    scores: list[float] = field(default_factory=list)  # of the last 100 full games
    asked: list[float] = field(default_factory=list)  # minutes at which the run is to be looked at ...
    milestones: list[float] = field(default_factory=list)  # ... and at which it has been
    head: int = 0  # rows ever added to the replay memory
    starts: int = 0  # processes that have worked on the run: each plays games of its own

    def note(self, score: float) -> None:
        """A full game has ended."""
        self.games += 1
        self.scores = [*self.scores[1 - SCORES :], score]

    @property
    def score(self) -> float:
        """Mean of the last 100 full games; NaN before the first."""
        return sum(self.scores) / len(self.scores) if self.scores else float("nan")

    @property
    def best(self) -> float:
        """The highest `score` at a checkpoint; NaN before there is one."""
        return self.best_score if self.best_score > NONE else float("nan")


def take(learner: Learner, counters: Counters, random: np.random.Generator) -> State:
    """The state now."""
    tensors = state.optimizer_tensors(learner.optimizer)
    for part, net in _networks(learner).items():
        tensors |= {f"{part}/{name}": tensor.numpy(force=True) for name, tensor in net.state_dict().items()}
    facts = {
        "schema": SCHEMA,
        "counters": asdict(counters),
        "random": random.bit_generator.state,
        "updates": learner.steps,
        "optimizer": type(learner.optimizer).__name__,
    }
    return State({name: array.copy() for name, array in tensors.items()}, facts)


def load(run: Path, learner: Learner, random: np.random.Generator) -> Counters:
    """Puts everything where it was. Raises `files.Damaged`."""
    parts, facts = state.read(run, "optimizer")
    with state.fitting(run):
        state.require(run, facts, schema=SCHEMA, optimizer=type(learner.optimizer).__name__)
        for part, net in _networks(learner).items():
            net.load_state_dict(parts[part])
        state.restore_optimizer(learner.optimizer, parts["optimizer"])
        random.bit_generator.state = facts["random"]
        learner.restart(facts["updates"])
        return Counters(**{f.name: facts["counters"][f.name] for f in fields(Counters)})


def _networks(learner: Learner) -> dict[str, torch.nn.Module]:
    found: dict[str, torch.nn.Module] = {"net": learner.net, "average": learner.average}
    return found | ({"target": learner.target} if learner.target is not None else {})

"""The state that a killed training of teams goes on from: weights, optimizer, statistics, counters, clock, random
states and the league. Games begin anew; the stretch being played is lost, about a second of play.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from selfplay import files
from selfplay.ppo.league import League
from selfplay.ppo.learner import Learner
from selfplay.resume import optimizer_tensors, restore_optimizer

FILE = "resume.safetensors"
SCHEMA = 1


@dataclass(slots=True)
class Counters:
    """Where a run is. All counts are since its beginning, all resumes together."""

    seconds: float = 0.0  # the training clock
    steps: int = 0  # of agents
    games: int = 0  # that have ended
    rollouts: int = 0
    checkpoint_due: float = 0.0  # clock time of the next checkpoint
    checkpoint_steps: int = -1  # at the last one
    starts: int = 0  # processes that have worked on the run: each plays games of its own


@dataclass(frozen=True, slots=True)
class State:
    """A copy of everything, which can be written while training goes on."""

    tensors: dict[str, NDArray[Any]]
    facts: dict[str, Any]

    def write(self, run: Path) -> None:
        """Replaces the state atomically."""
        files.write_tensors(run / FILE, self.tensors, self.facts)


def take(learner: Learner, counters: Counters, league: League, randoms: Sequence[np.random.Generator]) -> State:
    """The state now."""
    tensors = optimizer_tensors(learner.optimizer)
    tensors |= {f"net/{name}": tensor.numpy(force=True) for name, tensor in learner.net.state_dict().items()}
    facts = {
        "schema": SCHEMA,
        "counters": asdict(counters),
        "league": league.facts(),
        "randoms": [random.bit_generator.state for random in randoms],
        "updates": learner.updates,
    }
    return State({name: array.copy() for name, array in tensors.items()}, facts)


def load(run: Path, learner: Learner, league: League, randoms: Sequence[np.random.Generator]) -> Counters:
    """Puts everything where it was. Raises `files.Damaged`."""
    path = run / FILE
    tensors, facts = files.read_tensors(path)
    try:
        if facts["schema"] != SCHEMA:
            raise files.Damaged(f"{path}: of schema {facts['schema']}, cannot be resumed")
        parts: dict[str, dict[str, torch.Tensor]] = {"net": {}, "optimizer": {}}
        for name, array in tensors.items():
            part, _, rest = name.partition("/")
            parts[part][rest] = torch.from_numpy(array)
        learner.net.load_state_dict(parts["net"])
        restore_optimizer(learner.optimizer, parts["optimizer"])
        league.restore(facts["league"])
        for random, state in zip(randoms, facts["randoms"], strict=False):  # threads may have become more or fewer
            random.bit_generator.state = state
        learner.updates = int(facts["updates"])
        return Counters(**{f.name: facts["counters"][f.name] for f in fields(Counters)})
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, files.Damaged):
            raise
        raise files.Damaged(f"{path}: does not fit this run ({error})") from None


def starts(run: Path) -> int:
    """How many processes have worked on a run so far. Raises `files.Damaged`."""
    if not (run / FILE).exists():
        return 0
    return int(files.read_tensors(run / FILE)[1]["counters"]["starts"])

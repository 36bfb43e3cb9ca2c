"""The state that a killed training of teams goes on from: weights, optimizer, statistics, counters, clock, random
states and the league. Games begin anew; the stretch being played is lost, about a second of play.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from selfplay import state
from selfplay.ppo.league import League
from selfplay.ppo.learner import Learner
from selfplay.state import State

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


def take(learner: Learner, counters: Counters, league: League, randoms: Sequence[np.random.Generator]) -> State:
    """The state now."""
    tensors = state.optimizer_tensors(learner.optimizer)
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
    parts, facts = state.read(run, "net", "optimizer")
    with state.fitting(run):
        state.require(run, facts, schema=SCHEMA)
        learner.net.load_state_dict(parts["net"])
        state.restore_optimizer(learner.optimizer, parts["optimizer"])
        league.restore(facts["league"])
        for random, saved in zip(randoms, facts["randoms"], strict=False):  # threads may have become more or fewer
            random.bit_generator.state = saved
        learner.updates = int(facts["updates"])
        return Counters(**{f.name: facts["counters"][f.name] for f in fields(Counters)})

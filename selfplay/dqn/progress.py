"""What a training for points says about itself, for people, for ``metrics.jsonl`` and for TensorBoard."""

from __future__ import annotations

from dataclasses import dataclass

from selfplay.progress import Budgeted


@dataclass(frozen=True, slots=True)
class ScoreProgress(Budgeted):
    """Where a training is. Rates and shares are over the last half minute; NaN where nothing was measured yet."""

    game: str
    algo: str
    seconds: float  # the training clock
    budget: float  # seconds asked for
    steps: int  # of agents
    updates: int  # of the network
    games: int  # full ones that have ended
    frames: int  # in the replay memory now
    steps_per_second: float
    samples_per_second: float  # learned from
    emulator_share: float  # of the time: waiting for the emulators; they also run while the network learns
    act_share: float
    learn_share: float
    epsilon: float
    learning_rate: float
    loss: float
    value: float  # mean expected return in the frames seen now
    score: float  # mean raw score of the last 100 full games, played with random actions mixed in
    best_score: float  # the highest of these at a checkpoint
    milestones_left: int  # moments within the budget at which the run is still to be looked at
    event: str = ""  # what happened since the last progress, for people: nothing yet does

"""What learning from games says about itself, for people, for ``metrics.jsonl`` and for TensorBoard."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LearnProgress:
    """Where it is. Rates are over the last half minute; NaN where nothing has been measured yet."""

    game: str
    seconds: float  # the training clock
    share: float  # of the budget, 0..1
    left: float  # seconds to go, NaN: not known yet
    asked_seconds: float | None  # the budget: of the training clock ...
    asked_passes: float | None  # ... or through the file
    done: bool  # it is spent
    passes: float  # through the file
    games: int  # read, repeated passes included
    passed_over: int  # games of no use, of the first pass
    positions: int
    window: int
    steps: int
    samples_per_second: float
    policy_loss: float
    value_loss: float
    accuracy: float  # of the newest checkpoint on held-out games
    held_out_value_loss: float
    learning_rate: float
    event: str

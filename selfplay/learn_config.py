"""How to learn from games: a training's options (`selfplay.config`) less those of self-play."""

from __future__ import annotations

from dataclasses import fields

from envs.core import InputError
from selfplay import config
from selfplay.config import TrainConfig

# What differs from self-play. As much of the file as the window holds is read before learning begins, if there is time,
# or its first games would be used many times as often as its last; the window does not grow. What an expert expects is
# worth more than what became of it, after moves at random. A network that sees the same games again and again needs
# weight decay.
CHANGES = {
    "workers": 1,  # here PyTorch's threads
    "chunk_games": 64,
    "td_lambda": 0.3,
    "samples_per_position": 1.0,
    "window": 2_000_000,
    "window_alpha": 0.01,
    "window_beta": 0.01,
    "min_positions": 2_000_000,
    "weight_decay": 0.1,
    "average": 0.999,
}

# Nobody plays here, all positions are as good as from a full search, and learning begins from nothing, without a gate.
_UNUSED = (
    *("search", "slots", "simulations", "fast_simulations", "full_fraction", "first_simulations", "ramp", "cache"),
    *("random_openings", "random_plies", "temperature", "final_temperature", "temperature_halflife", "early"),
    *("chunk_seconds", "fast_weight", "surprise", "publish_steps", "initial", "initial_sha256", "gate_games"),
)


def preset(game: str, **changes: object) -> TrainConfig:
    """The recommended configuration for learning from games. Raises `InputError`, for an option without effect too."""
    known = [field.name for field in fields(TrainConfig) if field.name not in _UNUSED]
    for name in changes:
        if name in _UNUSED:
            raise InputError(f"training option {name!r} means nothing to learning from games; {', '.join(known)} do")
    return config.preset(game, **{**CHANGES, **changes})

"""Everything that decides a training for points, in one frozen value that is kept beside the run as ``config.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from agents.devices import Choice
from agents.dqn.learner import Optimizer
from agents.dqn.network import QConfig
from agents.precision import Precision
from envs.core import InputError, unknown
from selfplay import options
from selfplay.options import build, overlaid

Algorithm = Literal["pqn", "dqn", "sb3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreConfig:
    """How to train on one game. Raises `InputError` where a number makes no sense.

    A step is an agent's: one action, four frames. Exploration is counted in steps, so that a long training is as good
    after its first ten minutes as a short one; the learning rate falls with the share of the time asked for.
    """

    game: str = "breakout"
    algo: Algorithm = "pqn"
    seed: int = 0
    net: QConfig = field(default_factory=QConfig)
    games: int = 128  # played side by side: the network's batch when acting
    gamma: float = 0.99
    device: Choice = "auto"
    precision: Precision = "auto"  # auto: bfloat16 where the device is made for it
    threads: int = 0  # of the emulator and of the network each; 0: one a core

    # exploration: the share of random actions
    first_epsilon: float = 1.0
    final_epsilon: float = 0.01
    exploration_steps: int = 100_000  # in which it falls linearly

    # learner
    batch: int = 128
    optimizer: Optimizer = "adam"  # radam is the PQN paper's; on a processor it takes a tenth of the learning time
    learning_rate: float = 2.5e-4
    final_learning_rate: float = 2.5e-5  # reached linearly at the end of the time asked for ...
    decay: float = 0.3  # ... over this last share of it
    warmup_updates: int = 300  # in which it rises from 0 linearly, instead of RAdam's rectification (arXiv 1910.04209)
    adam_epsilon: float = 1e-8
    max_gradient_norm: float = 10.0
    average: float = 0.999  # decay per update of the averaged weights, which are saved to play

    # pqn: parallel Q-learning (arXiv 2407.04811), without a replay memory
    rollout: int = 16  # steps of every game that are learned from together
    epochs: int = 2  # times that each is used
    td_lambda: float = 0.8

    # dqn: replay
    replay: int = 1_000_000  # frames; fewer where they would take more than 40% of the machine's memory
    first_frames: int = 20_000  # seen before the first update
    samples_per_step: float = 2.0  # how often a transition is used on average, over its life
    n_step: int = 3
    double: bool = True
    target_updates: int = 125  # between renewals of the target network: 8,000 steps, as in Rainbow (arXiv 1710.02298)

    # the run
    save_seconds: float = 60.0  # of the training clock, between saves of the state that a killed run resumes from
    checkpoint_seconds: float = 60.0  # of the training clock, between checkpoints that can play

    def __post_init__(self) -> None:
        for names, low, high in _RANGES:
            for name in names.split():
                if not low <= getattr(self, name) <= high:
                    raise InputError(
                        f"training option {name!r} is from {low:g} to {high:g}, not {getattr(self, name)!r}"
                    )
        if not 0 <= self.seed < 1 << 63:
            raise InputError(f"training option 'seed' is from 0 to 2**63 - 1, not {self.seed!r}")
        if self.algo == "dqn" and self.first_frames // self.games <= self.n_step + self.net.stack:
            raise InputError(f"training option 'first_frames' is too small for {self.games} games: {self.first_frames}")

    def epsilon(self, steps: int) -> float:
        """The share of random actions after so many steps."""
        done = min(1.0, steps / self.exploration_steps)
        return self.first_epsilon + (self.final_epsilon - self.first_epsilon) * done

    def rate(self, share: float, updates: int) -> float:
        """The learning rate when ``share`` of the time has passed, after so many updates."""
        left = min(1.0, (1.0 - share) / self.decay) if self.decay else 1.0
        rate = self.final_learning_rate + (self.learning_rate - self.final_learning_rate) * left
        return rate * min(1.0, (updates + 1) / self.warmup_updates)


_RANGES = (  # names, lowest, highest
    ("games batch rollout epochs n_step", 1, 65_536),
    ("threads", 0, 1024),
    ("td_lambda first_epsilon final_epsilon decay", 0, 1),
    ("gamma", 0, 0.99999),  # below 1: an agent shows its values times 1 - gamma
    ("exploration_steps warmup_updates target_updates replay first_frames", 1, 1e9),
    ("samples_per_step", 0.01, 64),
    ("learning_rate final_learning_rate adam_epsilon max_gradient_norm", 1e-12, 1e9),
    ("average", 0, 0.999999),
    ("save_seconds checkpoint_seconds", 0.01, 1e9),
)

# What differs from the defaults, by algorithm. How they were chosen: BENCHMARKS.md, "What learns faster".
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "pqn": {
        "net": {"layer_norm": True, "pixel_norm": True, "quantiles": 16},
        "exploration_steps": 50_000,
        "max_gradient_norm": 40.0,
    },
    "dqn": {"adam_epsilon": 1.5e-4, "learning_rate": 2e-4, "final_learning_rate": 5e-5},
    "sb3": {"games": 1},
}

_ONLY = {  # options that one algorithm alone has
    "pqn": ("rollout", "epochs", "td_lambda"),
    "dqn": ("replay", "first_frames", "samples_per_step", "n_step", "double", "target_updates"),
}
_SB3 = ("game", "algo", "seed", "gamma", "device", "checkpoint_seconds")  # the others are the RL Zoo's


def options_of(algo: str) -> list[str]:
    """The names of the options that an algorithm heeds."""
    if algo == "sb3":
        return list(_SB3)
    foreign = {name for other, names in _ONLY.items() if other != algo for name in names}
    return [field.name for field in fields(ScoreConfig) if field.name not in foreign]


def preset(game: str, **changes: Any) -> ScoreConfig:
    """The recommended configuration. Changes of the network's options are given as ``net={...}``.
    Raises `InputError` for an unknown option, and for one that the algorithm does not heed."""
    algo = changes.get("algo", ScoreConfig.__dataclass_fields__["algo"].default)
    if algo not in PRESETS:
        raise unknown("value of training option 'algo':", algo, PRESETS)
    known = options_of(algo)
    for name in changes:
        if name in ScoreConfig.__dataclass_fields__ and name not in known:
            raise InputError(f"training option {name!r} means nothing to {algo!r}, which has: {', '.join(known)}")
    return from_dict(overlaid({"game": game, **PRESETS[algo]}, changes))


def from_dict(values: Mapping[str, Any]) -> ScoreConfig:
    """Options by name, those left out at their defaults; nested options as dictionaries. Raises `InputError`."""
    config: ScoreConfig = build(ScoreConfig, values, "training option")
    return config


def read(run: Path) -> ScoreConfig:
    """The configuration of a run folder. Raises `InputError`."""
    config: ScoreConfig = options.read(ScoreConfig, run, "training option")
    return config

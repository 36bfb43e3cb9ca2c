"""Everything that decides a training run, in one frozen value that is kept beside the run as ``config.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import envs
from agents.devices import Choice
from agents.networks import SIZES, NetConfig
from agents.precision import Precision
from agents.search.config import SearchConfig
from envs.core import InputError, unknown
from selfplay import options
from selfplay.early import EarlyConfig
from selfplay.options import build, overlaid

SOURCE = "source.json"  # beside it where a run learns from a file of games (`selfplay.learn`)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """How to train AlphaZero on one game. Raises `InputError` where a number makes no sense.

    "Budget" below is the whole training time asked for, measured by the training clock, which runs only while training
    runs; schedules follow the share of it that has passed, so that three minutes and three hours both end well.
    """

    game: str = "connect_four"
    seed: int = 0
    net: NetConfig = field(default_factory=NetConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    device: Choice = "auto"  # where all networks compute; auto: a GPU where there is one

    # self-play
    workers: int = 2  # processes, each with one thread
    slots: int = 256  # games a worker plays at once: the network's batch, less what the cache remembers
    simulations: int = 96  # of a full search, whose position is learned from
    fast_simulations: int = 16  # of a fast search, which mostly moves the game on (playout cap, KataGo section 3.1)
    full_fraction: float = 0.25  # of searches that are full
    first_simulations: int = 32  # full searches begin with so many: teaching from an ignorant network is not worth more
    ramp: float = 0.1  # share of the budget after which full searches have `simulations`
    random_openings: float = 0.5  # share of games that begin with uniformly random plies
    random_plies: int = 12  # at most; uniform in 1..this
    temperature: float = 1.0  # moves are drawn from policy ** (1 / temperature) ...
    final_temperature: float = 0.1  # ... which falls from `temperature` towards this with the ply
    temperature_halflife: float = 6.0  # plies
    cache: int = 1 << 17  # positions whose evaluation a worker remembers, until new weights arrive
    chunk_games: int = 32  # finished games that a worker writes as one file
    chunk_seconds: float = 4.0  # or so long after the last file

    early: EarlyConfig = field(default_factory=EarlyConfig)  # resignation and draws by agreement

    # targets
    td_lambda: float = 0.8  # value target: 1 = the game's result, 0 = the position's own search; see `selfplay.targets`
    fast_weight: float = 0.0  # how often a fast search's position is sampled, next to a full one's
    surprise: float = (
        0.5  # share of sampling weight given by the policy's surprise (KataGo's policy surprise weighting)
    )

    # replay window, in positions: KataGo, appendix C, N = c * (1 + beta * ((total / c) ** alpha - 1) / alpha)
    window: int = 30_000  # c: all positions are kept up to here, and nearly so a while longer
    window_alpha: float = 0.75
    window_beta: float = 0.4

    # learner
    precision: Precision = "auto"  # of the learner's passes through the network; those of self-play are always "auto"
    batch: int = 256
    min_positions: int = 1_500  # before the first step
    samples_per_position: float = 8.0  # how often a position is used on average, over its life
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 2e-3
    final_learning_rate: float = 1e-4  # reached linearly at the end of the budget ...
    decay: float = 0.4  # ... over this last share of it (warmup-stable-decay)
    warmup_steps: int = 100
    weight_decay: float = 1e-4
    max_gradient_norm: float = 5.0
    value_weight: float = 1.0  # of the value loss next to the policy's
    reply_weight: float = 0.15  # of the opponent's reply, if the network has that head (KataGo, section 3.4)
    plies_left_weight: float = 0.1  # of the loss in predicting the game's length, if the network has that head
    average: float = 0.99  # decay per step of the averaged weights, which play and are saved
    diverged: float = 3.0  # stop when the smoothed loss exceeds this multiple of an ignorant network's

    # where it begins, and what may play
    initial: str = ""  # checkpoint whose network training begins from; empty: from nothing
    initial_sha256: str = ""  # of its numbers
    gate_games: int = 0  # at most, in the match with the best so far that a checkpoint has to win to play; 0: none

    # the run
    publish_steps: int = 40  # of learning, between new weights for the workers; their caches start afresh each time
    save_seconds: float = 30.0  # of the training clock, between saves of the state that a killed run resumes from
    checkpoint_seconds: float = 60.0  # of the training clock, between checkpoints that can play

    def __post_init__(self) -> None:
        envs.make(self.game)
        for names, low, high in _RANGES:
            for name in names.split():
                if not low <= getattr(self, name) <= high:
                    raise InputError(
                        f"training option {name!r} is from {low:g} to {high:g}, not {getattr(self, name)!r}"
                    )
        named = ("optimizer", ("adamw", "sgd")), ("precision", get_args(Precision)), ("device", get_args(Choice))
        for name, choices in named:
            if getattr(self, name) not in choices:
                raise unknown(name, getattr(self, name), choices)
        if not 0 <= self.seed < 1 << 63:
            raise InputError(f"training option 'seed' is from 0 to 2**63 - 1, not {self.seed!r}")


_RANGES = (  # names, lowest, highest
    ("workers chunk_games", 1, 4096),
    ("slots simulations fast_simulations first_simulations cache window min_positions batch publish_steps", 1, 1e9),
    ("full_fraction random_openings ramp decay td_lambda fast_weight surprise", 0, 1),
    ("random_plies warmup_steps reply_weight plies_left_weight value_weight weight_decay", 0, 1e6),
    ("temperature final_temperature", 0, 100),
    ("temperature_halflife chunk_seconds save_seconds checkpoint_seconds", 0.01, 1e9),
    ("window_alpha window_beta", 0.01, 1),
    ("samples_per_position learning_rate final_learning_rate max_gradient_norm", 1e-9, 1e9),
    ("average", 0, 0.999999),
    ("gate_games", 0, 100_000),
    ("diverged", 1.01, 1e9),
)

# What differs from the defaults, by game. A game that is not here trains with the defaults.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "tic_tac_toe": {
        "net": SIZES["tiny"],
        "slots": 64,
        "simulations": 32,
        "fast_simulations": 8,
        "random_plies": 4,
        "window": 10_000,
        "min_positions": 1_000,
        "samples_per_position": 4.0,
    },
    # A 64x4 network equals a 32x3 one after ten minutes and goes on further. Random openings reach far into positions
    # that nobody would play on purpose, so that play is sound there too. What the rules can settle, no network need
    # guess, neither here nor at play.
    "connect_four": {
        "net": SIZES["medium"],
        "search": SearchConfig(prove=300),
        "random_openings": 0.7,
        "random_plies": 20,
    },
    "minichess": {
        "net": replace(SIZES["medium"], move_keys=32, plies_left_head=True),
        "simulations": 128,
        "fast_simulations": 24,
        "random_plies": 10,
        "temperature_halflife": 8.0,
        "window": 60_000,
        "early": EarlyConfig(resign_below=-0.95, draw_above=0.9, draw_after=24),
    },
    "chess": {
        "net": replace(
            SIZES["medium"], blocks=6, move_keys=32, value_channels=16, value_hidden=128, plies_left_head=True
        ),
        "slots": 192,
        "simulations": 128,
        "fast_simulations": 24,
        "random_plies": 12,
        "temperature_halflife": 16.0,
        "window": 120_000,
        "early": EarlyConfig(resign_below=-0.95, draw_above=0.9, draw_after=40),
    },
    "othello": {
        "net": SIZES["medium"],
        "search": SearchConfig(prove=300),
        "simulations": 128,
        "fast_simulations": 24,
        "random_plies": 16,
        "temperature_halflife": 10.0,
        "window": 60_000,
    },
}


def preset(game: str, **changes: Any) -> TrainConfig:
    """The recommended configuration for a game; ``net={"blocks": 6}`` changes that and leaves the rest of the network.
    Raises `InputError` for an unknown game or option."""
    return from_dict(overlaid({"game": game, **PRESETS.get(game, {})}, changes))


def from_dict(values: Mapping[str, Any]) -> TrainConfig:
    """Options by name, those left out at their defaults; nested options as dictionaries. Raises `InputError`."""
    config: TrainConfig = build(TrainConfig, values, "training option")
    return config


def read(run: Path) -> TrainConfig:
    """The configuration of a run folder. Raises `InputError`."""
    config: TrainConfig = options.read(TrainConfig, run, "training option")
    return config

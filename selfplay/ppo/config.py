"""Everything that decides a training of teams, in one frozen value that is kept beside the run as ``config.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agents.cards import JSON, CheckpointMismatch, read_card
from agents.precision import Precision
from agents.team.network import TeamConfig
from envs.core import InputError
from selfplay import options
from selfplay.options import build, overlaid
from selfplay.ppo.league import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class PpoConfig:
    """How to train on one team game. Raises `InputError` where a number makes no sense.

    A step is an agent's: one decision of one hero. What changes during a training (learning rate, entropy, team spirit)
    does so linearly with the share of the time asked for.
    """

    game: str = "moba_1v1"
    algo: Literal["ppo"] = "ppo"
    seed: int = 0
    net: TeamConfig = field(default_factory=TeamConfig)
    games: int = 256  # played side by side
    threads: int = 0  # each plays its part of the games and learns from its part of a minibatch; 0: one a core
    precision: Precision = "auto"  # auto: bfloat16 where the processor is made for it

    # the game
    reward: Literal["shaped", "win"] = "shaped"
    fog: bool = True
    first_team_spirit: float = 0.3
    final_team_spirit: float = 1.0
    win_weight: float = 2.0  # times what the game pays for winning
    tower_health: float = 0.67  # the part of what buildings pay for falling that is paid as they lose health
    fade: float = 0.994  # a decision: what is paid for anything but buildings and winning is worth less and less, ...
    first_shaping: float = 1.0  # ... and that much of it counts at the beginning of the training,
    final_shaping: float = 0.3  # and at its end
    wave_jitter: int = 40  # ticks by which the first wave is late at most
    first_cycles: int = 0  # decisions after which a game is cut off at the beginning of the training, which grows ...
    max_cycles: int = 0  # ... to this; 0: as the game's rules say
    growing: float = 0.4  # share of the time in which it grows
    first_caution: float = 1.0  # what deaths, lost health and spent mana count at the beginning; 1 at the end of ...
    careless: float = 0.1  # ... this share of the time
    duels: int = 0  # games of one hero a side, of any role, beside the others, where the basics are learned ...
    dueling: float = 0.1  # ... in this first share of the time

    # PPO
    rollout: int = 32  # decisions of every game that are learned from together
    chunk: int = 16  # decisions of one hero in a row that a memory learns from; divides the rollout
    epochs: int = 3
    batch: int = 2048  # steps a minibatch
    gamma: float = 0.997
    trace: float = 0.97  # lambda of the advantage estimates
    clip: float = 0.2
    value_weight: float = 0.5
    first_entropy: float = 0.01  # what a nat of entropy is worth
    final_entropy: float = 0.002
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-4
    max_gradient_norm: float = 1.0
    returns_weight: float = 0.05  # of a rollout in the running statistics of returns

    # the league
    bots: float = 0.3  # share of the games against scripted bots
    past: float = 0.2  # share of the other games against past selves
    choice: Choice = "quality"
    quality_rate: float = 0.01
    pfsp_power: float = 2.0
    meetings: int = 8  # games in a row that a past self gets when it is drawn
    exploit: str = ""  # a checkpoint: all games are against it, which does not change, and learning begins with it

    # the run
    save_seconds: float = 60.0  # of the training clock, between saves of the state that a killed run resumes from
    checkpoint_seconds: float = 60.0  # of the training clock, between checkpoints, each of which joins the league

    def __post_init__(self) -> None:
        for names, low, high in _RANGES:
            for name in names.split():
                if not low <= getattr(self, name) <= high:
                    raise InputError(
                        f"training option {name!r} is from {low:g} to {high:g}, not {getattr(self, name)!r}"
                    )
        if not 0 <= self.seed < 1 << 63:
            raise InputError(f"training option 'seed' is from 0 to 2**63 - 1, not {self.seed!r}")
        if self.rollout % self.chunk:
            raise InputError(f"training option 'chunk' does not divide a rollout of {self.rollout}: {self.chunk}")

    @property
    def paid_by_health(self) -> float:
        """The part of what buildings pay that is paid by their health: nothing where they pay nothing."""
        return self.tower_health if self.reward == "shaped" else 0.0

    def between(self, first: float, final: float, share: float) -> float:
        """On the way from ``first`` to ``final`` when ``share`` of the time has passed."""
        return first + (final - first) * min(1.0, share)


_RANGES = (  # names, lowest, highest
    ("games rollout chunk epochs batch meetings", 1, 1_048_576),
    ("threads", 0, 1024),
    ("first_caution careless growing dueling tower_health gamma trace clip bots past fade", 0, 1),
    ("first_team_spirit final_team_spirit returns_weight", 0, 1),
    ("win_weight first_shaping final_shaping value_weight first_entropy final_entropy quality_rate pfsp_power", 0, 1e6),
    ("learning_rate final_learning_rate max_gradient_norm", 1e-12, 1e9),
    ("wave_jitter", 0, 1000),
    ("first_cycles max_cycles duels", 0, 1_000_000),
    ("save_seconds checkpoint_seconds", 0.01, 1e9),
)

# What differs from the defaults, by game.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    # Without less caution at first, 6 million steps taught heroes to stay at home; with it, one million beat `idle`.
    "moba_1v1": {"games": 128, "epochs": 4, "first_caution": 0.1, "careless": 0.3},
    "moba_5v5": {
        "games": 64,
        "first_caution": 0.1,
        "duels": 96,
        "fade": 0.995,
        "final_team_spirit": 0.7,
    },
}

# It begins with what it is to beat. At the usual rates it forgets that first: after 10 minutes it won 18% of 400 games
# against the shipped team of five; with these, more than half.
EXPLOITER: Mapping[str, Any] = {
    "first_team_spirit": 0.7,
    "first_entropy": 0.001,
    "final_entropy": 0.001,
    "learning_rate": 1e-4,
}


def preset(game: str, **changes: Any) -> PpoConfig:
    """The recommended configuration. Changes of the network's options are given as ``net={...}``.
    Raises `InputError` for an unknown option."""
    return from_dict({"game": game, **overlaid(PRESETS.get(game, {}), changes)})


def exploiter(game: str, target: str, /, **changes: Any) -> PpoConfig:
    """A training whose games are all against the frozen checkpoint ``target``, from its weights on. What it wins more
    than half of is a lower bound on how far the checkpoint can be exploited. Raises a `CheckpointError`."""
    card = read_card(target)
    if card.game != game:
        raise CheckpointMismatch(card.folder / JSON, f"for {card.game}, not for {game}")
    frozen = {"exploit": str(card.folder.resolve()), "net": dict(card.net_config)}
    return preset(game, **{**EXPLOITER, **frozen, **changes})


def from_dict(values: Mapping[str, Any]) -> PpoConfig:
    """Options by name, those left out at their defaults; nested options as dictionaries. Raises `InputError`."""
    config: PpoConfig = build(PpoConfig, values, "training option")
    return config


def read(run: Path) -> PpoConfig:
    """The configuration of a run folder. Raises `InputError`."""
    config: PpoConfig = options.read(PpoConfig, run, "training option")
    return config

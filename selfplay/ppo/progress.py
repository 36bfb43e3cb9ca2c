"""What a training of teams says about itself, for people, for ``metrics.jsonl`` and for TensorBoard."""

from __future__ import annotations

from dataclasses import dataclass, field

from selfplay.progress import Budgeted


@dataclass(frozen=True, slots=True)
class TeamProgress(Budgeted):
    """Where a training is. Rates and shares are over the last half minute; NaN where nothing was measured yet."""

    game: str
    seconds: float  # the training clock
    budget: float  # seconds asked for
    steps: int  # of agents; only the learner's decisions count
    updates: int  # of the network
    games: int  # that have ended
    members: int  # past selves in the league
    steps_per_second: float
    game_share: float  # of the time: the games' rules
    act_share: float  # networks and bots deciding, and all that goes with it
    learn_share: float
    game_length: float  # decisions
    team_spirit: float
    learning_rate: float
    policy_loss: float
    value_loss: float
    entropy: float  # nats a decision
    kl: float  # by which an update moves the policy
    clipped: float  # share of decisions
    wins: dict[str, float] = field(default_factory=dict)  # recent rates against each bot and "past" selves
    terms: dict[str, float] = field(default_factory=dict)  # mean size of the reward's terms, a decision
    event: str = ""  # what happened since the last progress, for people: nothing yet does

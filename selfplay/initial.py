"""Training that begins from a checkpoint, such as one that has learned from experts, instead of from nothing."""

from __future__ import annotations

from dataclasses import asdict, replace

import envs
from agents import checkpoints, networks
from agents.networks import Net, NetConfig
from envs.core import InputError
from selfplay.config import TrainConfig

AGENT = "alphazero"  # the kind of agent that plays the checkpoints

# What differs from a training from nothing: a network that knows something forgets it at a beginner's rate of learning,
# and from the first few games of its own.
CHANGES = {
    "learning_rate": 3e-4,
    "final_learning_rate": 3e-5,
    "warmup_steps": 500,
    "min_positions": 20_000,
    "samples_per_position": 4.0,
    "average": 0.999,
}


def network_of(checkpoint: str, game: str) -> NetConfig:
    """What network a checkpoint holds. Raises `InputError` if it is not one for this game."""
    card = checkpoints.read_card(checkpoint)
    checkpoints.require(card, AGENT, envs.make(game).spec)
    return networks.config(card.net_config)


def begin_from(settings: TrainConfig, checkpoint: str) -> TrainConfig:
    """The settings with this checkpoint as their beginning. Raises `InputError` if it does not fit them."""
    card = checkpoints.read_card(checkpoint)
    _require_same(network_of(checkpoint, settings.game), settings.net, checkpoint)
    return replace(settings, initial=str(card.folder.resolve()), initial_sha256=card.sha256)


def fill(net: Net, settings: TrainConfig) -> None:
    """Copies the initial weights, if there are any, into the network. Raises `InputError` if they are not there any
    more, or not the ones that the training was set up with."""
    if not settings.initial:
        return
    checkpoint = checkpoints.read(settings.initial)
    checkpoints.require(checkpoint.card, AGENT, envs.make(settings.game).spec)
    if settings.initial_sha256 and checkpoint.card.sha256 != settings.initial_sha256:
        raise InputError(f"{settings.initial} is not the checkpoint that this training begins from: it was replaced")
    _require_same(networks.config(checkpoint.card.net_config), settings.net, settings.initial)
    checkpoints.fill(net, checkpoint)


def _require_same(found: NetConfig, wanted: NetConfig, checkpoint: str) -> None:
    ours = asdict(wanted)
    other = [f"{name}={value} there, {ours[name]} here" for name, value in asdict(found).items() if value != ours[name]]
    if other:
        raise InputError(f"the network of {checkpoint} is another one: {', '.join(other)}")

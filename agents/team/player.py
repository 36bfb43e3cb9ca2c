"""Teams at play: a checkpoint's network decides for every hero of a side: ``team:runs/x/latest``.

A hero's memory, where the network has one, begins empty with `start` and is carried from decision to decision, so a
game has to be played from its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import envs
from agents import checkpoints
from agents.chance import Chance, draws
from agents.core import AgentError, AgentKind, Batch, Decision, GameKey, by_action, require_game
from agents.registry import describe, fingerprint
from agents.team.network import TeamNetwork, acting, config
from agents.team.sampling import draw_actions
from envs.core import GameSpec, InputError

KIND = "team"


@dataclass(frozen=True, slots=True)
class TeamOptions:
    temperature: float = 0.5  # actions are drawn from policy ** (1 / temperature); 1: as in training; 0: the likeliest

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 100:
            raise InputError(f"temperature is from 0 to 100, not {self.temperature}")


def load(target: str | Path) -> tuple[checkpoints.Card, TeamNetwork]:
    """The network of a checkpoint. Raises a `CheckpointError` if it cannot be used."""
    checkpoint = checkpoints.read(target)
    card = checkpoint.card
    file = card.folder / checkpoints.JSON
    if card.kind != KIND:
        raise checkpoints.CheckpointMismatch(file, f"a checkpoint of kind {card.kind!r}, not {KIND!r}")
    try:
        shape = config(card.net_config)
    except InputError as error:
        raise checkpoints.CheckpointMismatch(file, str(error)) from None
    outputs, inputs = checkpoints.rows(checkpoint, "policy.bias"), checkpoints.rows(checkpoint, "observed.mean")
    if not inputs or not outputs:
        raise checkpoints.CheckpointMismatch(card.folder / checkpoints.TENSORS, "no policy of a team")
    return card, checkpoints.build(lambda: TeamNetwork(shape, inputs, outputs), checkpoint)


class Team:
    """See `agents.core.Agent`. Raises a `CheckpointError` if the checkpoint cannot be used."""

    def __init__(self, target: str, options: TeamOptions) -> None:
        if not target:
            raise InputError(f"agent {KIND!r} needs a checkpoint, as in {KIND}:runs/x/latest")
        card, net = load(target)
        if card.game not in envs.team_ids():
            raise checkpoints.CheckpointMismatch(card.folder, f"for the game {card.game!r}, which is not known here")
        self._card, self._net, self._options = card, acting(net, half=False), options
        worth = card.meta.get("win_weight", 1.0)  # what winning was paid
        self._worth = float(worth) if isinstance(worth, int | float) and worth > 0 else 1.0
        self.name = describe(f"{KIND}:{checkpoints.label(card.folder)}", options, TeamOptions())
        self.fingerprint = fingerprint(KIND, options, card.sha256.encode())

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        require_game(self.name, self._card.game, self._card.game_version, spec)
        made_for = self._net.num_features, self._net.num_actions  # which a card's game does not tell
        if made_for != (*spec.observation_shape, spec.num_actions):
            features, actions = made_for
            raise AgentError(f"{self.name} sees {features} numbers and knows {actions} actions, not those of {spec.id}")
        size = len(envs.team_game(spec.id).units) // 2
        self._chance = Chance(games)
        self._states = self._net.blank(len(games) * size).view(len(games), size, -1).numpy()

    def act(self, batch: Batch) -> list[Decision]:
        if not len(batch):
            return []
        games, units = batch.games, ranks(batch.games)
        with torch.inference_mode():
            seen = torch.from_numpy(np.ascontiguousarray(batch.observations, np.float32)).unsqueeze(0)
            logits, values, state = self._net(seen, torch.from_numpy(self._states[games, units]))
        self._states[games, units] = state.numpy()
        luck = draws(self._chance.draws(batch), units.astype(np.uint64))
        chance = ((luck >> np.uint64(40)) / 2.0**24).astype(np.float32)
        actions, logp = np.empty(len(batch), np.int64), np.empty(len(batch), np.float32)
        draw_actions(logits[0].numpy(), batch.legal, chance, self._options.temperature, actions, logp)
        policies = torch.softmax(logits[0].masked_fill(~torch.from_numpy(batch.legal), -torch.inf), 1).numpy()
        expected = (self._net.returns(values[0]) / self._worth).clamp(-1, 1).tolist()
        return [
            Decision(action, value=value, policy=by_action(policy, legal))
            for action, value, policy, legal in zip(actions.tolist(), expected, policies, batch.legal, strict=True)
        ]

    def close(self) -> None:
        pass


def ranks(games: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[n]: how many rows of the same game come before each row, which is the hero's place in its side."""
    order = np.argsort(games, kind="stable")
    first = np.searchsorted(games[order], games)
    found = np.empty(len(games), np.int64)
    found[order] = np.arange(len(games))
    return found - first


AGENTS = {
    KIND: AgentKind(
        id=KIND,
        summary="a network trained by self-play that decides for every hero of a side",
        options=TeamOptions,
        make=Team,
        target="checkpoint",
        plays=lambda spec: spec.family == "team",
        example="team:runs/x/latest",
    )
}

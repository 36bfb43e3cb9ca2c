"""Uniformly random legal play: the ladder's lowest rung, for any game."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.chance import Chance, choose
from agents.core import AgentKind, Batch, Decision, GameKey
from agents.registry import fingerprint
from envs.core import GameSpec


@dataclass(frozen=True, slots=True)
class RandomOptions:
    """There is nothing to choose."""


class RandomAgent:
    """See `agents.core.Agent`."""

    name = "random"
    fingerprint = fingerprint("random", RandomOptions())

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        self._chance = Chance(games)

    def act(self, batch: Batch) -> list[Decision]:
        return [Decision(action) for action in choose(batch.legal, self._chance.draws(batch)).tolist()]

    def close(self) -> None:
        pass


AGENTS = {
    "random": AgentKind(
        id="random",
        summary="plays any legal action with equal chances",
        options=RandomOptions,
        make=lambda target, options: RandomAgent(),
        example="random",
    )
}

"""The team game's scripted bots as agents: ``bot:captain`` gives every hero of its side the same bot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agents.chance import Chance
from agents.core import AgentError, AgentKind, Batch, Decision, GameKey
from agents.moba_bots import BOTS, VERSION, act_rows
from agents.registry import fingerprint
from envs.core import GameSpec, unknown

KIND = "bot"


@dataclass(frozen=True, slots=True)
class BotOptions:
    """There is nothing to choose but the bot."""


class Bot:
    """See `agents.core.Agent`. Raises `InputError`: no such bot."""

    def __init__(self, target: str, options: BotOptions) -> None:
        if target not in BOTS:
            raise unknown("bot", target, BOTS)
        self._bot = target
        self.name = f"{KIND}:{target}"
        self.fingerprint = fingerprint(KIND, options, f"{target} {VERSION}".encode())

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        if not plays(spec):
            raise AgentError(f"{self.name} knows no {spec.title}")
        self._chance = Chance(games)

    def act(self, batch: Batch) -> list[Decision]:
        seen = np.ascontiguousarray(batch.observations, np.float32)
        actions = act_rows(self._bot, seen, batch.legal, self._chance.draws(batch))
        return [Decision(action) for action in actions.tolist()]

    def close(self) -> None:
        pass


def plays(spec: GameSpec) -> bool:
    """Whether it is the team game, of any size."""
    return spec.id.startswith("moba_")


AGENTS = {
    KIND: AgentKind(
        id=KIND,
        summary=f"a scripted side of the team game: {', '.join(BOTS)}",
        options=BotOptions,
        make=Bot,
        target="other",
        plays=plays,
        example="bot:captain",
    )
}

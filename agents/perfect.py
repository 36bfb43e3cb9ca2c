"""A perfect Connect Four player: the fastest win, else a draw, else the slowest loss, by the exact solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agents.chance import Chance, choose
from agents.core import AgentError, AgentKind, Batch, Decision, GameKey
from agents.registry import fingerprint
from agents.solver import Solver
from envs.core import GameSpec, InputError

GAME = "connect_four"


@dataclass(frozen=True, slots=True)
class PerfectOptions:
    table_mb: int = 64  # memory of the solver, MiB; decides how fast it moves, not what

    def __post_init__(self) -> None:
        if not 1 <= self.table_mb <= 4096:
            raise InputError(f"table_mb must be in 1..4096, not {self.table_mb}")


class Perfect:
    """See `agents.core.Agent`. Among equally good moves the game's seed decides."""

    name = "perfect"
    fingerprint = fingerprint("perfect", PerfectOptions())  # the table's size does not change its play

    def __init__(self, options: PerfectOptions) -> None:
        self._solver = Solver(options.table_mb)

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        if spec.id != GAME:
            raise AgentError(f"{self.name} plays {GAME}, not {spec.id}")
        self._chance = Chance(games)

    def act(self, batch: Batch) -> list[Decision]:
        best = np.zeros(batch.legal.shape, np.bool_)
        values = []
        for row, state in enumerate(batch.observations):
            score, actions = self._solver.best(state)
            best[row, actions] = True
            values.append(float(np.sign(score)))
        chosen = choose(best, self._chance.draws(batch)).tolist()
        return [Decision(action, value) for action, value in zip(chosen, values, strict=True)]

    def close(self) -> None:
        pass


AGENTS = {
    "perfect": AgentKind(
        id="perfect",
        summary="never errs at Connect Four: exact solver with an opening book",
        options=PerfectOptions,
        make=lambda target, options: Perfect(options),
        plays=lambda spec: spec.id == GAME,
        example="perfect",
    )
}

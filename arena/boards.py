"""The batched runner for board games: two agents, many games at once, in step.

All running games are one array of positions. Every ply its rows are parted by the agent to move, and each agent is
asked once for all of its rows.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from agents.core import Agent, Batch, GameKey
from arena.adjudication import adjudicated
from arena.openings import FEN, Opening, Placed, after
from arena.runner import (
    DEFAULT_LIMITS,
    Answer,
    Answered,
    Complaint,
    Event,
    History,
    Limits,
    Player,
    Sheet,
    Task,
    ask,
    examine,
    zero_sum,
)
from envs.core import BoardGame, States


def warm_up(agent: Agent, game: BoardGame) -> None:
    """One move of a game that does not count, so that compiling and loading are on nobody's clock.

    An agent that fails here will fail again in its games, where it counts."""
    with suppress(Exception):
        agent.start(game.spec, [GameKey("warm-up", 0, 0)])
        states = game.init(1)
        agent.act(Batch(np.zeros(1, np.int64), states, game.legal(states), [[]]))


def play(
    game: BoardGame, players: tuple[Player, Player], tasks: Sequence[Task], limits: Limits = DEFAULT_LIMITS
) -> Iterator[Event]:
    """Plays all tasks to their ends. Every task has exactly one `Finished`."""
    table = _Table(game, players, tasks, limits)
    yield from table.start(0)
    yield from table.start(1)
    while True:
        yield from table.close_finished()
        if not table.sheet.running.any():
            return
        yield from table.ply()


def _opening(task: Task) -> Opening:
    return Placed(task.options[FEN], task.opening) if FEN in task.options else task.opening


class _Table:
    """The games of one call of `play`; rows of all arrays are tasks, ``n`` of them."""

    def __init__(self, game: BoardGame, players: tuple[Player, Player], tasks: Sequence[Task], limits: Limits) -> None:
        self.game, self.players, self.limits = game, players, limits
        self.sheet = Sheet(game.spec, players, tasks)
        self.states = after(game, [_opening(task) for task in tasks])  # uint64[n, W]
        self.first = np.array([task.first for task in tasks], np.int8)  # [n]
        self.values: list[list[float | None]] = [[None] * len(task.opening) for task in tasks]  # for the first seat
        self.max_plies = limits.max_plies or game.spec.max_plies

    def start(self, player: int) -> Iterator[Event]:
        return self.sheet.start(player, self.sheet.forfeit)

    def close_finished(self) -> Iterator[Event]:
        """Ends games whose rules, players or length say so."""
        rows = np.flatnonzero(self.sheet.running)
        outcomes = self.game.outcome(self.states[rows])
        rule = self.limits.adjudicate
        for g, outcome in zip(rows.tolist(), outcomes.tolist(), strict=True):
            agreed = None if rule is None else adjudicated(self.values[g], rule)
            if not math.isnan(outcome):
                yield self.sheet.finish(g, zero_sum(outcome), "rules")
            elif agreed is not None:
                yield self.sheet.finish(g, zero_sum(agreed), "adjudicated")
            elif len(self.sheet.lines[g]) >= self.max_plies:
                yield self.sheet.finish(g, zero_sum(0.0), "truncated")

    def ply(self) -> Iterator[Event]:
        """One action in every running game."""
        rows = np.flatnonzero(self.sheet.running)
        states = self.states[rows]
        legal = self.game.legal(states)
        to_move = self.first[rows] ^ self.game.mover(states)  # the player who has the mover's seat
        for player in (0, 1):
            mine = (to_move == player) & self.sheet.running[rows]  # the other player may just have lost some
            if mine.any():
                answers = yield from self._ask(player, rows[mine], states[mine], legal[mine])
                yield from self._move(player, rows[mine], legal[mine], answers)

    def _ask(
        self, player: int, rows: NDArray[np.int64], states: States, legal: NDArray[np.bool_]
    ) -> Generator[Event, None, list[Answer]]:
        batch = Batch(rows, states, legal, [History(self.sheet.lines[g]) for g in rows.tolist()])
        answers, whole = yield from ask(
            player, self.players[player].agent, self.game.spec, self.sheet.keys[player], batch
        )
        if not whole:
            yield from self.start(player)
        return answers

    def _move(
        self, player: int, rows: NDArray[np.int64], legal: NDArray[np.bool_], answers: list[Answer]
    ) -> Iterator[Event]:
        """Makes the actions that can be made; the other games are lost."""
        games, actions = [], []
        for i, (g, answer) in enumerate(zip(rows.tolist(), answers, strict=True)):
            if not self.sheet.running[g]:  # lost just now, because the agent could not be started again
                continue
            accepted = examine(answer, legal[i], len(self.sheet.lines[g]), self.limits)
            if isinstance(accepted, Complaint):
                yield self.sheet.forfeit(g, player, accepted)
            else:
                action, ply = accepted
                self.sheet.lines[g].append(action)
                self.sheet.thoughts[g].append(ply)
                sign = 1 if self.first[g] == player else -1
                self.values[g].append(None if ply.value is None else sign * ply.value)
                games.append(g)
                actions.append(action)
        if games:
            self.states[games] = self.game.step(self.states[games], np.array(actions, np.int32))
        yield Answered(tuple(games), tuple(actions))

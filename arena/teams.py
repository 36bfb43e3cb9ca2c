"""The batched runner for team games: two agents, a side each, many games at once, the same events as `arena.runner`.

Every decision both agents are asked, each once for all its units in all running games, before anything moves. Whoever
breaks a game (see `arena.runner` for how) loses it; where both break the same one, it is the first seat's fault. The
time of a decision is that of all units of the side together.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agents.core import Agent, Batch, GameKey
from arena.records import Ply
from arena.runner import (
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
from envs.core import TeamGame

Side = tuple[list[int], list[Ply | None]]  # a side's actions in a decision, and what it thought


def warm_up(agent: Agent, game: TeamGame) -> None:
    """One decision of the first seat; see `arena.boards.warm_up`."""
    with suppress(Exception):
        agent.start(game.spec, [GameKey("warm-up", 0, 0)])
        play = game.start([0])
        try:
            units = len(game.units) // 2
            seen, legal = play.observe(np.zeros(1, np.int64))
            agent.act(Batch(np.zeros(units, np.int64), seen[0, :units], legal[0, :units], [[]] * units))
        finally:
            play.close()


def play(game: TeamGame, players: tuple[Player, Player], tasks: Sequence[Task], limits: Limits) -> Iterator[Event]:
    """Plays all tasks, which have the same options, to their ends. Every task has exactly one `Finished`."""
    table = _Table(game, players, tasks, limits)
    try:
        yield from table.start(0)
        yield from table.start(1)
        while table.sheet.running.any():
            yield from table.decision()
    finally:
        table.play.close()


class _Table:
    """The games of one call of `play`; rows of all arrays are tasks, ``n`` of them."""

    def __init__(self, game: TeamGame, players: tuple[Player, Player], tasks: Sequence[Task], limits: Limits) -> None:
        self.game, self.players, self.limits = game, players, limits
        self.sheet = Sheet(game.spec, players, tasks)
        self.play = game.start([task.seed for task in tasks], tasks[0].options if tasks else {})
        self.first = np.array([task.first for task in tasks], np.int8)  # [n]
        self.units = len(game.units) // 2  # a side
        self.histories: list[list[list[int]]] = [[[] for _ in game.units] for _ in tasks]  # by task and unit

    def start(self, player: int) -> Iterator[Event]:
        return self.sheet.start(player, self.sheet.forfeit)

    def decision(self) -> Iterator[Event]:
        """One action of every unit in every running game, and the ends that come of it."""
        rows = np.flatnonzero(self.sheet.running)
        seen, legal = self.play.observe(rows)
        sides: dict[tuple[int, int], Side | Complaint] = {}
        for player in (0, 1):
            for g, told in (yield from self._ask(player, rows, seen, legal)):
                sides[g, player] = told
        games = []
        for g in rows.tolist():
            if not self.sheet.running[g]:  # an agent could not be started again
                continue
            moves: list[Side] = []
            for player in (0, 1) if self.first[g] == 0 else (1, 0):
                side = sides[g, player]
                if isinstance(side, Complaint):
                    yield self.sheet.forfeit(g, player, side)
                    break
                moves.append(side)
            else:
                games.append(g)
                for actions, thoughts in moves:
                    self.sheet.lines[g] += actions
                    self.sheet.thoughts[g] += thoughts
        yield from self._step(games)

    def _ask(
        self, player: int, rows: NDArray[np.int64], seen: NDArray[np.generic], legal: NDArray[np.bool_]
    ) -> Generator[Event, None, list[tuple[int, Side | Complaint]]]:
        """What the player's side does in each of these games."""
        units, seats = self.units, (self.first[rows] != player).astype(np.int64)
        own = seats[:, None] * units + np.arange(units)  # [k, units]
        which = np.arange(len(rows))[:, None]
        allowed = legal[which, own].reshape(-1, legal.shape[2])
        histories = [self.histories[g][u] for g, slots in zip(rows.tolist(), own.tolist(), strict=True) for u in slots]
        batch = Batch(
            games=np.repeat(rows, units),
            observations=np.ascontiguousarray(seen[which, own].reshape(-1, *seen.shape[2:])),
            legal=allowed.copy(),  # what an agent is given is its own
            history=[History(history) for history in histories],
        )
        agent, keys = self.players[player].agent, self.sheet.keys[player]
        answers, whole = yield from ask(player, agent, self.game.spec, keys, batch, units)
        if not whole:
            yield from self.start(player)
        parts = [slice(i * units, (i + 1) * units) for i in range(len(rows))]
        return [
            (g, self._examine(answers[part], allowed[part], len(histories[part.start])))
            for g, part in zip(rows.tolist(), parts, strict=True)
        ]

    def _examine(self, answers: Sequence[Answer], legal: NDArray[np.bool_], decision: int) -> Side | Complaint:
        """A side's actions if all can be played, with one thought for all of them; or what is wrong."""
        actions: list[int] = []
        thoughts: list[Ply] = []
        patient = replace(self.limits, move_ms=None)
        for answer, allowed in zip(answers, legal, strict=True):
            accepted = examine(answer, allowed, decision, patient)
            if isinstance(accepted, Complaint):
                return accepted
            actions.append(accepted[0])
            thoughts.append(accepted[1])
        values = [thought.value for thought in thoughts if thought.value is not None]
        ms = round(sum(thought.ms or 0.0 for thought in thoughts), 3)
        if self.limits.move_ms is not None and ms > self.limits.move_ms:
            return Complaint("time", f"{ms:g} ms at decision {decision}, {self.limits.move_ms:g} allowed")
        value = round(sum(values) / len(values), 4) if values else None
        return actions, [Ply(value=value, ms=ms), *[None] * (len(actions) - 1)]

    def _step(self, games: list[int]) -> Iterator[Event]:
        """Makes the decisions just noted in these games."""
        joint = [self.sheet.lines[g][-2 * self.units :] for g in games]
        for g, actions in zip(games, joint, strict=True):
            for history, action in zip(self.histories[g], actions, strict=True):
                history.append(action)
        if games:
            self.play.step(np.array(games), np.array(joint))
        repeated = tuple(g for g in games for _ in range(2 * self.units))
        yield Answered(repeated, tuple(action for actions in joint for action in actions))
        for g in games:
            if self.play.over[g]:
                cut = bool(self.play.truncated[g])
                yield self.sheet.finish(g, zero_sum(float(self.play.outcome[g])), "truncated" if cut else "rules")
            elif self.limits.max_plies is not None and len(self.histories[g][0]) >= self.limits.max_plies:
                yield self.sheet.finish(g, zero_sum(0.0), "truncated")

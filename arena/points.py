"""The batched runner for games played for points: one agent, many games at once, the same events as `arena.runner`.

Two agents are compared by duplicates: both play the same seeds, and of two games with one seed the higher score wins
(`arena.duplicates`). So an agent plays a seed only once, however many others it is compared with. A game that its
player breaks (see `arena.runner` for how) ends there with the points it has got.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agents.core import Agent, Batch, GameKey
from arena.records import Fault, Termination
from arena.runner import (
    Answer,
    Answered,
    Complaint,
    Event,
    Finished,
    History,
    Limits,
    Player,
    Sheet,
    Task,
    ask,
    examine,
)
from envs.core import GameSpec, ScoreGame


def blamed(complaint: Complaint) -> Fault:
    """A fault of the player, or of nobody."""
    return Fault(complaint.kind, None if complaint.kind == "host" else 0, complaint.message)


def score_of(game: ScoreGame, seed: int, actions: Sequence[int]) -> float:
    """The points that a game had brought after these actions, none of which follows its end."""
    play, row = game.start([seed]), np.zeros(1, np.int64)
    try:
        for action in actions:
            play.step(row, np.array([action], np.int64))
        return float(play.scores[0])
    finally:
        play.close()


def warm_up(agent: Agent, spec: GameSpec) -> None:
    """One decision on an empty screen; see `arena.boards.warm_up`."""
    with suppress(Exception):
        agent.start(spec, [GameKey("warm-up", 0, 0)])
        screen = np.zeros((1, *spec.observation_shape), np.uint8)
        agent.act(Batch(np.zeros(1, np.int64), screen, np.ones((1, spec.num_actions), np.bool_), [[]]))


def play(game: ScoreGame, player: Player, tasks: Sequence[Task], limits: Limits) -> Iterator[Event]:
    """Plays all tasks to their ends. Every task has exactly one `Finished`."""
    table = _Table(game, player, tasks, limits)
    try:
        yield from table.start()
        while table.sheet.running.any():
            yield from table.ply()
    finally:
        table.play.close()


class _Table:
    """The games of one call of `play`; rows of all arrays are tasks, ``n`` of them."""

    def __init__(self, game: ScoreGame, player: Player, tasks: Sequence[Task], limits: Limits) -> None:
        self.game, self.player, self.limits = game, player, limits
        self.sheet = Sheet(game.spec, [player], tasks)
        self.play = game.start([task.seed for task in tasks])

    def start(self) -> Iterator[Event]:
        return self.sheet.start(0, self._broken)

    def ply(self) -> Iterator[Event]:
        """One action in every running game, and the ends that come of it."""
        rows = np.flatnonzero(self.sheet.running)
        legal = np.ones((len(rows), self.game.spec.num_actions), np.bool_)
        batch = Batch(rows, self.play.observe(rows), legal, [History(self.sheet.lines[g]) for g in rows.tolist()])
        answers, whole = yield from ask(0, self.player.agent, self.game.spec, self.sheet.keys[0], batch)
        if not whole:
            yield from self.start()
        yield from self._move(rows, legal, answers)

    def _move(self, rows: NDArray[np.int64], legal: NDArray[np.bool_], answers: list[Answer]) -> Iterator[Event]:
        games, actions = [], []
        for i, (g, answer) in enumerate(zip(rows.tolist(), answers, strict=True)):
            if not self.sheet.running[g]:  # the agent could not be started again
                continue
            accepted = examine(answer, legal[i], len(self.sheet.lines[g]), self.limits)
            if isinstance(accepted, Complaint):
                yield self._broken(g, 0, accepted)
                continue
            action, thought = accepted
            self.sheet.lines[g].append(action)
            self.sheet.thoughts[g].append(replace(thought, policy=()))  # nobody looks at thousands of them
            games.append(g)
            actions.append(action)
        if games:
            self.play.step(np.array(games), np.array(actions))
        yield Answered(tuple(games), tuple(actions))
        for g in games:
            if self.play.over[g]:
                yield self._finished(g, "truncated" if self.play.truncated[g] else "rules")
            elif self.limits.max_plies is not None and len(self.sheet.lines[g]) >= self.limits.max_plies:
                yield self._finished(g, "truncated")

    def _broken(self, g: int, player: int, complaint: Complaint) -> Finished:
        return self._finished(g, "fault", blamed(complaint))

    def _finished(self, g: int, termination: Termination, fault: Fault | None = None) -> Finished:
        return self.sheet.finish(g, (float(self.play.scores[g]),), termination, fault)

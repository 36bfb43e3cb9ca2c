"""The batched match runner: two agents, many games at once, in step.

All running games are one array of positions. Every ply its rows are parted by the agent to move, and each agent is
asked once for all of its rows, so that 64 games share one network call. What happens is told as a stream of events,
because a ladder runs this in a worker process, whose supervisor must know who was thinking in which games when the
process dies or falls silent.

Whoever breaks a game loses it, and the others go on:

* crash: ``act`` raised. It concerned all rows of the batch, so each is asked again alone, by an agent started afresh;
  only those that fail alone too are lost.
* hang, illegal: the same, for an `agents.core.AgentError` that says so of an engine behind the agent.
* illegal: also an action that is not a legal one.
* time: the decision took longer than allowed; of a batch each row took an equal part, unless the agent tells its own
  times.
* host: the machine ran out of memory; nobody loses, and the game does not count.
* An agent that hangs itself, and the death of the whole process, are `arena.pool`'s.
"""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.core import Agent, AgentError, Batch, GameKey
from arena.adjudication import Adjudication, adjudicated
from arena.openings import Opening, after
from arena.records import AgentRef, Fault, FaultKind, MatchRecord, Ply, Termination
from envs.bits import mix
from envs.core import BoardGame, GameSpec, InputError, States

Judge = Callable[[States], NDArray[np.float32]]
"""Outcomes of positions for player 0 where they can be told early, NaN elsewhere."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a game early."""

    move_ms: float | None = None  # a longer decision loses by ``time``
    hang_s: float = 60.0  # a decision: no answer at all for longer loses by ``hang`` (ladders only: see `arena.pool`)
    load_s: float = 600.0  # for loading an agent and its first, unrecorded move, which may compile
    max_plies: int | None = None  # a longer game is cut off as a draw; None: the game's own limit
    adjudicate: Adjudication | None = None  # games that both sides agree on are over

    def __post_init__(self) -> None:
        for name in ("move_ms", "hang_s", "load_s", "max_plies"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name} must be positive, not {value}")

    def patience(self, decisions: int) -> float:
        """Seconds after which an agent that was asked for so many decisions at once is taken to hang."""
        if self.move_ms is None:
            return self.hang_s * decisions
        return self.hang_s + self.move_ms / 1e3 * decisions  # all would be too late by then


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Player:
    agent: Agent
    ref: AgentRef


@dataclass(frozen=True, slots=True)
class Task:
    """One game to be played between two players."""

    id: str
    seed: int  # 0..2**63-1
    opening: Opening
    first: int  # which player has the first seat, 0 or 1
    options: Mapping[str, Any] = field(default_factory=dict)  # of a team game, as JSON has them


@dataclass(frozen=True, slots=True)
class Thinking:
    """A player is being asked now."""

    player: int
    games: tuple[int, ...]  # indices into the tasks


@dataclass(frozen=True, slots=True)
class Answered:
    """The question before is answered, and these actions were made."""

    games: tuple[int, ...]
    actions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    game: int
    record: MatchRecord


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a game is lost."""

    kind: FaultKind
    message: str


Event = Thinking | Answered | Finished
Answer = tuple[int, Ply] | Exception


@cache
def versions() -> dict[str, str]:
    """Of the packages that decide how a game goes; those not installed are left out."""
    found = {}
    for package in ("arena-rl", "numpy", "numba", "torch"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def keys_for(tasks: Sequence[Task], player: int) -> list[GameKey]:
    """What ``player`` is started with."""
    return [GameKey(task.id, seat := int(task.first != player), agent_seed(task.seed, seat)) for task in tasks]


def agent_seed(seed: int, seat: int) -> int:
    """The seed of one seat of a game, 0..2**63-1: two agents of one game must not share their luck (SplitMix64)."""
    return int(mix(np.uint64(seed) ^ mix(np.uint64(seat + 1)))) >> 1


def make_record(
    spec: GameSpec,
    players: tuple[AgentRef, AgentRef],
    task: Task,
    actions: Sequence[int],
    outcome: float,
    termination: Termination,
    *,
    fault: Fault | None = None,
    analysis: Sequence[Ply | None] = (),
    started: str,
    seconds: float,
) -> MatchRecord:
    """The record of a two-player game; ``outcome`` is the first seat's, and the second has its opposite."""
    return MatchRecord(
        id=task.id,
        game=spec.id,
        game_version=spec.version,
        seed=task.seed,
        agents=(players[task.first], players[1 - task.first]),
        opening=task.opening,
        actions=tuple(actions),
        analysis=tuple(analysis),
        returns=(outcome, 0.0 - outcome),
        termination=termination,
        fault=fault,
        started=started,
        seconds=round(seconds, 4),
        versions=versions(),
        options=dict(task.options),
    )


def faulted(task: Task, kind: FaultKind, player: int, message: str) -> tuple[float, Fault]:
    """What a fault means: the outcome for the first seat, and who is to blame (nobody for ``host``)."""
    if kind == "host":
        return 0.0, Fault(kind, None, message)
    seat = int(task.first != player)
    return (-1.0, 1.0)[seat], Fault(kind, seat, message)


def one_line(error: BaseException | str) -> str:
    """An error as a short text for a record: its type, and what it says."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:300]


def warm_up(agent: Agent, game: BoardGame) -> None:
    """One move of a game that does not count, so that compiling and loading are on nobody's clock.

    An agent that fails here will fail again in its games, where it counts."""
    with suppress(Exception):
        agent.start(game.spec, [GameKey("warm-up", 0, 0)])
        states = game.init(1)
        _act(agent, Batch(np.zeros(1, np.int64), states, game.legal(states), [[]]))


def _act(agent: Agent, batch: Batch) -> list[Answer]:
    """The agent's actions and reasons, or whatever its code raises."""
    began = time.perf_counter()
    decisions = agent.act(batch)
    ms = (time.perf_counter() - began) * 1e3 / len(batch)
    if len(decisions) != len(batch):
        raise AgentError(f"{len(decisions)} decisions for {len(batch)} positions")
    return [(operator.index(decision.action), Ply.of(decision, ms)) for decision in decisions]


def ask(
    player: int, agent: Agent, spec: GameSpec, keys: Sequence[GameKey], batch: Batch, units: int = 1
) -> Generator[Event, None, tuple[list[Answer], bool]]:
    """An answer for each row of the batch, and whether they came as one. Where the agent fails, each game, which has
    ``units`` rows, is asked alone of an agent started on it only; then it has to be started on all of them again."""
    games = batch.games[::units].tolist()
    yield Thinking(player, tuple(games))
    try:
        return [*_act(agent, batch)], True
    except Exception as error:
        answers: list[Answer] = [error] * units
    if len(games) > 1:  # which games is it that the agent cannot answer?
        answers = []
        for i, g in enumerate(games):
            yield Thinking(player, (g,))
            try:
                agent.start(spec, [keys[g]])
                rows = slice(i * units, (i + 1) * units)
                zero = np.zeros(units, np.int64)
                alone = Batch(zero, batch.observations[rows], batch.legal[rows], batch.history[rows])
                answers += _act(agent, alone)
            except Exception as error:
                answers += [error] * units
    return answers, False


def examine(answer: Answer, legal: NDArray[np.bool_], ply: int, limits: Limits) -> tuple[int, Ply] | Complaint:
    """The answer if it can be played, or what is wrong with it. ``legal``: bool[A]."""
    if isinstance(answer, Exception):
        return blame(answer)
    action, thought = answer
    if not (0 <= action < len(legal) and legal[action]):
        return Complaint("illegal", f"illegal action {action} at ply {ply}")
    if limits.move_ms is not None and thought.ms is not None and thought.ms > limits.move_ms:
        return Complaint("time", f"{thought.ms:g} ms at ply {ply}, {limits.move_ms:g} allowed")
    return answer


def blame(error: Exception) -> Complaint:
    """What an exception out of an agent is held for."""
    if isinstance(error, MemoryError):
        return Complaint("host", one_line(error))
    return Complaint(error.fault if isinstance(error, AgentError) else "crash", one_line(error))


def play(
    game: BoardGame,
    players: tuple[Player, Player],
    tasks: Sequence[Task],
    limits: Limits = DEFAULT_LIMITS,
    judge: Judge | None = None,
) -> Iterator[Event]:
    """Plays all tasks to their ends. Every task has exactly one `Finished`.

    judge: ends games as ``adjudicated`` in which it knows the outcome.
    """
    table = _Table(game, players, tasks, limits)
    yield from table.start(0)
    yield from table.start(1)
    while True:
        yield from table.close_finished(judge)
        if not table.running.any():
            return
        yield from table.ply()


class _Table:
    """The games of one call of `play`; rows of all arrays are tasks, ``n`` of them."""

    def __init__(self, game: BoardGame, players: tuple[Player, Player], tasks: Sequence[Task], limits: Limits) -> None:
        self.game, self.players, self.tasks, self.limits = game, players, tasks, limits
        self.states = after(game, [task.opening for task in tasks])  # uint64[n, W]
        self.first = np.array([task.first for task in tasks], np.int8)  # [n]
        self.running = np.ones(len(tasks), np.bool_)  # [n]
        self.lines = [list(task.opening) for task in tasks]
        self.plies: list[list[Ply | None]] = [[None] * len(task.opening) for task in tasks]
        self.values: list[list[float | None]] = [[None] * len(task.opening) for task in tasks]  # for the first seat
        self.keys = (keys_for(tasks, 0), keys_for(tasks, 1))
        self.max_plies = limits.max_plies or game.spec.max_plies
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self.clock = time.perf_counter()

    def start(self, player: int) -> Iterator[Event]:
        """(Re)starts an agent on all tasks; if it cannot, all running games are its loss."""
        games = np.flatnonzero(self.running).tolist()
        yield Thinking(player, tuple(games))
        try:
            self.players[player].agent.start(self.game.spec, self.keys[player])
        except Exception as error:
            complaint = blame(error)
            for g in games:
                yield self._lost(g, player, complaint.kind, complaint.message)
        yield Answered((), ())

    def close_finished(self, judge: Judge | None) -> Iterator[Event]:
        """Ends games whose rules, judge or length say so."""
        rows = np.flatnonzero(self.running)
        outcomes = self.game.outcome(self.states[rows])
        verdicts = np.full(len(rows), np.nan, np.float32) if judge is None else judge(self.states[rows])
        rule = self.limits.adjudicate
        for g, outcome, verdict in zip(rows.tolist(), outcomes.tolist(), verdicts.tolist(), strict=True):
            agreed = None if rule is None else adjudicated(self.values[g], rule)
            if not math.isnan(outcome):
                yield self._finished(g, outcome, "rules")
            elif not math.isnan(verdict):
                yield self._finished(g, verdict, "adjudicated")
            elif agreed is not None:
                yield self._finished(g, agreed, "adjudicated")
            elif len(self.lines[g]) >= self.max_plies:
                yield self._finished(g, 0.0, "truncated")

    def ply(self) -> Iterator[Event]:
        """One action in every running game."""
        rows = np.flatnonzero(self.running)
        states = self.states[rows]
        legal = self.game.legal(states)
        to_move = self.first[rows] ^ self.game.mover(states)  # the player who has the mover's seat
        for player in (0, 1):
            mine = (to_move == player) & self.running[rows]  # the other player may just have lost some
            if mine.any():
                answers = yield from self._ask(player, rows[mine], states[mine], legal[mine])
                yield from self._move(player, rows[mine], legal[mine], answers)

    def _ask(
        self, player: int, rows: NDArray[np.int64], states: States, legal: NDArray[np.bool_]
    ) -> Generator[Event, None, list[Answer]]:
        batch = Batch(rows, states, legal, [self.lines[g] for g in rows.tolist()])
        answers, whole = yield from ask(player, self.players[player].agent, self.game.spec, self.keys[player], batch)
        if not whole:
            yield from self.start(player)
        return answers

    def _move(
        self, player: int, rows: NDArray[np.int64], legal: NDArray[np.bool_], answers: list[Answer]
    ) -> Iterator[Event]:
        """Makes the actions that can be made; the other games are lost."""
        games, actions = [], []
        for i, (g, answer) in enumerate(zip(rows.tolist(), answers, strict=True)):
            if not self.running[g]:  # lost just now, because the agent could not be started again
                continue
            accepted = examine(answer, legal[i], len(self.lines[g]), self.limits)
            if isinstance(accepted, Complaint):
                yield self._lost(g, player, accepted.kind, accepted.message)
            else:
                action, ply = accepted
                self.lines[g].append(action)
                self.plies[g].append(ply)
                sign = 1 if self.first[g] == player else -1
                self.values[g].append(None if ply.value is None else sign * ply.value)
                games.append(g)
                actions.append(action)
        if games:
            self.states[games] = self.game.step(self.states[games], np.array(actions, np.int32))
        yield Answered(tuple(games), tuple(actions))

    def _lost(self, g: int, player: int, kind: FaultKind, message: str) -> Finished:
        outcome, fault = faulted(self.tasks[g], kind, player, message)
        return self._finished(g, outcome, "fault", fault)

    def _finished(self, g: int, outcome: float, termination: Termination, fault: Fault | None = None) -> Finished:
        self.running[g] = False
        record = make_record(
            self.game.spec,
            (self.players[0].ref, self.players[1].ref),
            self.tasks[g],
            self.lines[g],
            outcome,
            termination,
            fault=fault,
            analysis=self.plies[g],
            started=self.started,
            seconds=time.perf_counter() - self.clock,
        )
        return Finished(g, record)

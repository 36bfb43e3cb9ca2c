"""What the runners of all families of games share: `arena.boards`, `arena.points` and `arena.teams`.

A runner plays many games at once, in step, and asks an agent once for all the rows it has to decide on, so that 64
games share one network call. What happens is told as a stream of events, because a ladder runs this in a worker
process, whose supervisor must know who was thinking in which games when the process dies or falls silent.

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

import operator
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from agents.core import Agent, AgentError, Batch, GameKey
from arena.adjudication import Adjudication
from arena.openings import FEN, Line
from arena.records import AgentRef, Fault, FaultKind, MatchRecord, Ply, Termination
from envs.bits import mix
from envs.core import GameSpec, InputError


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

    def patience(self, decisions: int, seconds: float = 0.0) -> float:
        """Seconds after which an agent that was asked for so many decisions at once, and takes ``seconds`` for each
        because its options say so, is taken to hang."""
        if self.move_ms is None:
            return (self.hang_s + seconds) * decisions
        return self.hang_s + self.move_ms / 1e3 * decisions  # all would be too late by then


DEFAULT_LIMITS = Limits()


class History(Sequence[int]):
    """What agents see of a game's actions: always all of them, and not to be changed."""

    __slots__ = ("_actions",)

    def __init__(self, actions: list[int]) -> None:
        self._actions = actions

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __getitem__(self, index: int | slice) -> int | list[int]:
        return self._actions[index]

    def __len__(self) -> int:
        return len(self._actions)

    def __iter__(self) -> Iterator[int]:
        return iter(self._actions)


@dataclass(frozen=True, slots=True)
class Player:
    agent: Agent
    ref: AgentRef


@dataclass(frozen=True, slots=True)
class Task:
    """One game to be played between two players."""

    id: str
    seed: int  # 0..2**63-1
    opening: Line
    first: int  # which player has the first seat, 0 or 1
    options: Mapping[str, Any] = field(default_factory=dict)  # of the game, as JSON has them


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
def versions(family: str) -> dict[str, str]:
    """Of the packages that decide how a game goes; those not installed are left out."""
    found = {}
    for package in ("arena-rl", "numpy", "numba", "torch", *(("ale-py",) if family == "score" else ())):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def keys_for(tasks: Sequence[Task], player: int) -> list[GameKey]:
    """What ``player`` is started with."""
    seats = [int(task.first != player) for task in tasks]
    return [
        GameKey(task.id, seat, agent_seed(task.seed, seat), task.options.get(FEN, ""))
        for task, seat in zip(tasks, seats, strict=True)
    ]


def agent_seed(seed: int, seat: int) -> int:
    """The seed of one seat of a game, 0..2**63-1: two agents of one game must not share their luck (SplitMix64)."""
    return int(mix(np.uint64(seed) ^ mix(np.uint64(seat + 1)))) >> 1


def make_record(
    spec: GameSpec,
    players: Sequence[AgentRef],
    task: Task,
    actions: Sequence[int],
    returns: tuple[float, ...],
    termination: Termination,
    *,
    fault: Fault | None = None,
    analysis: Sequence[Ply | None] = (),
    started: str,
    seconds: float,
) -> MatchRecord:
    """The record of a game; ``returns`` are by seat, as the record's agents are."""
    return MatchRecord(
        id=task.id,
        game=spec.id,
        game_version=spec.version,
        seed=task.seed,
        agents=tuple(players if task.first == 0 else reversed(players)),
        opening=task.opening,
        actions=tuple(actions),
        analysis=tuple(analysis),
        returns=returns,
        termination=termination,
        fault=fault,
        started=started,
        seconds=round(seconds, 4),
        versions=versions(spec.family),
        options=dict(task.options),
    )


def zero_sum(outcome: float) -> tuple[float, float]:
    """Both seats' returns, from the first's."""
    return outcome, 0.0 - outcome


def faulted(task: Task, player: int, complaint: Complaint) -> tuple[float, Fault]:
    """What a fault means in a game of two: the first seat's outcome, and who is to blame (nobody for ``host``)."""
    if complaint.kind == "host":
        return 0.0, Fault(complaint.kind, None, complaint.message)
    seat = int(task.first != player)
    return (-1.0, 1.0)[seat], Fault(complaint.kind, seat, complaint.message)


class Sheet:
    """What is written down of the games that a runner plays at once; rows of all arrays are tasks, ``n`` of them."""

    def __init__(self, spec: GameSpec, players: Sequence[Player], tasks: Sequence[Task]) -> None:
        self.spec, self.players, self.tasks = spec, players, tasks
        self.keys = [keys_for(tasks, player) for player in range(len(players))]
        self.running = np.ones(len(tasks), np.bool_)  # [n]
        self.lines = [list(task.opening) for task in tasks]
        self.thoughts: list[list[Ply | None]] = [[None] * len(task.opening) for task in tasks]
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._clock = time.perf_counter()

    def start(self, player: int, lost: Callable[[int, int, Complaint], Finished]) -> Iterator[Event]:
        """(Re)starts an agent on all tasks; if it cannot, all running games are ``lost``: (game, player, why)."""
        games = np.flatnonzero(self.running).tolist()
        yield Thinking(player, tuple(games))
        try:
            self.players[player].agent.start(self.spec, self.keys[player])
        except Exception as error:
            for g in games:
                yield lost(g, player, blame(error))
        yield Answered((), ())

    def finish(
        self, g: int, returns: tuple[float, ...], termination: Termination, fault: Fault | None = None
    ) -> Finished:
        """Closes a game."""
        self.running[g] = False
        record = make_record(
            self.spec,
            [player.ref for player in self.players],
            self.tasks[g],
            self.lines[g],
            returns,
            termination,
            fault=fault,
            analysis=self.thoughts[g],
            started=self._started,
            seconds=time.perf_counter() - self._clock,
        )
        return Finished(g, record)

    def forfeit(self, g: int, player: int, complaint: Complaint) -> Finished:
        """Closes a game of two that a player has broken."""
        outcome, fault = faulted(self.tasks[g], player, complaint)
        return self.finish(g, zero_sum(outcome), "fault", fault)


def one_line(error: BaseException | str) -> str:
    """An error as a short text for a record: its type, and what it says."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:300]


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

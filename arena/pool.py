"""Worker processes under supervision: an agent that hangs or kills its process costs its own games and nobody else's.

A worker tells whom it asks and since when. Past the hang limit its whole process group is killed, and the agent loses
the games it was asked about by ``hang``. When a worker dies by itself, the games that were being thought about are
played again one by one; the agent that kills its process in the same game again loses that game by ``crash`` (and one
that has done so in `_INCORRIGIBLE` games is not given that second chance any more). All other games of the batch are
played again. Games that the arena itself cannot play (an agent cannot be loaded, a worker dies while no agent thinks or
is killed from outside, as a machine without memory does) end by ``host``, and do not count.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait
from typing import IO

from agents import registry
from arena.families import forfeit
from arena.records import FaultKind, MatchRecord
from arena.runner import Answered, Finished, Thinking
from arena.worker import Done, Job, Loading, Message, Ready, Unusable, WarmingUp

_TICK = 0.25  # seconds between looks at the clock
_START = 120.0  # seconds in which a process has to be ready
_AWAY = 1.0  # seconds: nobody is blamed for having been silent in a longer time without a look
_INCORRIGIBLE = 3
_DEATHS = 3  # of workers over one job, or before they are ready, until the machine is taken to be at fault
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


class WorkerError(Exception):
    """Worker processes do not start on this machine; the message has their last words."""


@dataclass(frozen=True, slots=True)
class _Order:
    """A job, and what went wrong over it before."""

    job: Job
    suspect: int | None = None  # the player who was thinking when a worker died
    deaths: int = 0

    def part(self, games: Iterable[int]) -> Job:
        """The job with some of its games only."""
        return replace(self.job, tasks=tuple(self.job.tasks[g] for g in games))


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection[Job, tuple[float, Message]]
    log: IO[bytes]  # whatever the process prints
    ready: bool = False
    order: _Order | None = None
    lines: list[list[int]] = field(default_factory=list)  # actions so far, a list for every task
    left: list[int] = field(default_factory=list)  # tasks not finished
    asked: Thinking | Loading | None = None
    since: float = field(default_factory=time.monotonic)  # the last message
    allowed: float = 0.0  # seconds for what is asked
    unusable: Unusable | None = None
    began: datetime = datetime.min

    def give(self, order: _Order) -> None:
        self.log.truncate(0)
        self.order, self.asked, self.began = order, None, datetime.now(UTC)
        self.lines = [list(task.opening) for task in order.job.tasks]
        self.left = list(range(len(order.job.tasks)))
        with suppress(OSError):  # it may have died while idle, as `listen` will find out
            self.connection.send(order.job)

    def listen(self) -> tuple[list[MatchRecord], bool]:
        """Takes in what the worker has told. Returns the games it has finished, and whether it still lives."""
        records: list[MatchRecord] = []
        try:
            while self.connection.poll():
                self.since, message = self.connection.recv()
                self._note(message, records)
        except (EOFError, OSError):
            return records, False
        return records, True

    def _note(self, message: Message, records: list[MatchRecord]) -> None:
        match message:
            case Ready():
                self.ready = True
            case Finished(game, record):
                self.left.remove(game)
                records.append(record)
            case Answered(games, actions):
                self.asked = None
                for game, action in zip(games, actions, strict=True):
                    self.lines[game].append(action)
            case Done():
                self.order = self.asked = None
            case Unusable():
                self.unusable = message
            case _ if self.order is not None:
                job = self.order.job
                self.allowed = job.limits.load_s
                if isinstance(message, Thinking):
                    asked = registry.thinks(job.players[message.player].spec)
                    self.allowed = job.limits.patience(len(message.games), asked)
                self.asked = Thinking(message.player, tuple(self.left)) if isinstance(message, WarmingUp) else message

    def overdue(self) -> bool:
        """Whether an answer has been due for too long."""
        late = time.monotonic() - self.since
        if not self.ready:
            return late > _START
        return self.asked is not None and late > self.allowed

    def end(self, patience: float = 0.0) -> str:
        """Kills the process, if it has not ended after ``patience`` seconds, and all that it started. How it ended."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        self.connection.close()
        with self.log:
            self.log.seek(max(self.log.seek(0, os.SEEK_END) - 4096, 0))
            words = self.log.read().decode(errors="replace").strip("\0\n ").splitlines()
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        return f"process {how}" + (f": {words[-1][:200]}" if words else "")


class Pool:
    """At most ``size`` worker processes; started when there is work, and gone after `close`."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._workers: list[_Worker] = []
        self._unusable: dict[str, str] = {}  # why, by fingerprint
        self._killed: Counter[str] = Counter()  # games in which an agent has killed its process for sure
        self._stillborn = 0
        self.plies = 0  # that agents have made, those of games not finished included

    def play(self, jobs: Iterable[Job]) -> Iterator[list[MatchRecord]]:
        """Yields games as they finish, and an empty list now and then. Raises `WorkerError`."""
        todo = deque(_Order(job) for job in jobs)
        looked = time.monotonic()
        while todo or any(worker.order for worker in self._workers):
            records = self._hand_out(todo)
            busy = [worker for worker in self._workers if worker.order]
            if not records:
                wait([worker.connection for worker in busy], _TICK)
            away = time.monotonic() - looked
            if away > _AWAY:  # as by Ctrl-Z; workers may have waited until they could tell of their answers
                for worker in busy:
                    worker.since += away
            for worker in busy:
                records += self._attend(worker, todo)
            looked = time.monotonic()
            yield records

    def close(self) -> list[MatchRecord]:
        """Ends all workers. Returns games they had finished that `play` has not told of."""
        records = []
        for worker in self._workers:
            records += worker.listen()[0]
            worker.end()
        self._workers.clear()
        return records

    def _hand_out(self, todo: deque[_Order]) -> list[MatchRecord]:
        """Gives orders to idle workers. Returns games that cannot be played."""
        records: list[MatchRecord] = []
        idle = [worker for worker in self._workers if not worker.order]
        while todo and (idle or len(self._workers) < self.size):
            order = todo.popleft()
            why = [self._unusable[ref.fingerprint] for ref in order.job.players if ref.fingerprint in self._unusable]
            if why:
                records += _fault(order, range(len(order.job.tasks)), "host", 0, why[0])
                continue
            if not idle:
                idle.append(_spawn())
                self._workers.append(idle[-1])
            idle.pop().give(order)
        return records

    def _attend(self, worker: _Worker, todo: deque[_Order]) -> list[MatchRecord]:
        plies = sum(map(len, worker.lines))
        records, alive = worker.listen()
        self.plies += sum(map(len, worker.lines)) - plies
        if worker.unusable is not None and worker.order is not None:
            ref = worker.order.job.players[worker.unusable.player]
            self._unusable[ref.fingerprint] = f"{ref.name} could not be loaded: {worker.unusable.message}"
            todo.appendleft(worker.order)  # `_hand_out` will see that it cannot be played
            worker.order = worker.unusable = worker.asked = None
        if alive and not worker.overdue():
            self._stillborn = 0 if worker.ready else self._stillborn
            return records
        how = worker.end(patience=0.0 if alive else 1.0)
        self._workers.remove(worker)
        if not worker.ready:
            self._stillborn += 1
            if self._stillborn >= _DEATHS:
                raise WorkerError(f"worker processes do not start: {how}")
        lost, again = self._judge(worker, how, hung=alive)
        todo.extendleft(again)
        return records + lost

    def _judge(self, worker: _Worker, how: str, hung: bool) -> tuple[list[MatchRecord], list[_Order]]:
        """After the end of a worker: the games that are lost by it, and what is to be played again."""
        order, left = worker.order, worker.left
        if order is None:
            return [], []
        deaths = order.deaths + 1
        if isinstance(worker.asked, Loading) and (hung or deaths >= 2):
            ref = order.job.players[worker.asked.player]
            why = f"no answer in {worker.allowed:g} s" if hung else how
            self._unusable[ref.fingerprint] = f"{ref.name} could not be loaded: {why}"
            return [], [order]
        if isinstance(worker.asked, Thinking):
            player = worker.asked.player
            fingerprint = order.job.players[player].fingerprint
            thought = [g for g in left if g in worker.asked.games]
            rest = [_Order(order.part(g for g in left if g not in thought))] if len(thought) < len(left) else []
            if hung:
                why = f"no answer in {worker.allowed:g} s"
                return _fault(order, thought, "hang", player, why, worker), rest
            spared = worker.process.returncode == -signal.SIGKILL  # no agent's doing: the machine is out of memory
            if not spared and (order.suspect == player or self._killed[fingerprint] >= _INCORRIGIBLE):
                self._killed[fingerprint] += 1
                return _fault(order, thought, "crash", player, how, worker), rest
            if deaths < _DEATHS:
                return [], [*(_Order(order.part([g]), player, deaths) for g in thought), *rest]
        if deaths < _DEATHS:
            return [], [_Order(order.part(left), order.suspect, deaths)]
        return _fault(order, left, "host", 0, how, worker), []


def _spawn() -> _Worker:
    ours, theirs = socket.socketpair()
    log = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the worker lives)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"from arena.worker import main; main({theirs.fileno()})"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # so that it can be killed with all its children, and Ctrl-C does not reach it
            env={**os.environ, **dict.fromkeys(_THREADS, "1")},  # one process per core
        )
    return _Worker(process, Connection(ours.detach()), log)


def _fault(
    order: _Order, games: Sequence[int], kind: FaultKind, player: int, message: str, worker: _Worker | None = None
) -> list[MatchRecord]:
    """Records of games that ended in the hands of ``worker``, or were never begun."""
    job, now = order.job, datetime.now(UTC)
    began = worker.began if worker else now
    return [
        forfeit(
            job.game,
            job.players,
            job.tasks[g],
            worker.lines[g] if worker else job.tasks[g].opening,
            kind,
            player,
            message,
            started=began.isoformat(timespec="seconds"),
            seconds=(now - began).total_seconds(),
        )
        for g in games
    ]

"""A worker process of a ladder: plays the jobs it is sent, and tells its supervisor (`arena.pool`) all that happens.

The process runs `main` with one end of a socket pair, over which both sides send pickled messages to each other: jobs
come in, ``(time.monotonic(), message)`` goes out. The worker ends when the other end is closed, hence also
when the supervisor was killed, even while an agent thinks.
"""

from __future__ import annotations

import importlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from agents.core import Agent, AgentError
from arena.families import play, warm_up
from arena.records import AgentRef
from arena.runner import Event, Limits, Player, Task, one_line

_KEPT = 4  # agents that stay loaded between jobs
_CLOSING = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Job:
    """Games between two agents, or of one that plays for points, to be played as one batch."""

    game: str
    players: tuple[AgentRef, ...]
    tasks: tuple[Task, ...]
    limits: Limits
    loader: str  # "module:function" that makes an agent of a spec


@dataclass(frozen=True, slots=True)
class Ready:
    """The process has started."""


@dataclass(frozen=True, slots=True)
class Loading:
    """A player is being loaded."""

    player: int


@dataclass(frozen=True, slots=True)
class WarmingUp:
    """A player makes its first move, which does not count and may take long."""

    player: int


@dataclass(frozen=True, slots=True)
class Unusable:
    """A player could not be loaded, so the job was not played."""

    player: int
    message: str


@dataclass(frozen=True, slots=True)
class Done:
    """The job is finished."""


Message = Event | Ready | Loading | WarmingUp | Unusable | Done


def load_with(loader: str) -> Callable[[str], Agent]:
    """The function that ``module:function`` names."""
    module, _, function = loader.partition(":")
    found: Callable[[str], Agent] = getattr(importlib.import_module(module), function)
    return found


def _close(agent: Agent) -> None:
    """Without it if it will not: nobody is asked for anything meanwhile, so that nobody could be blamed."""

    def attempt() -> None:
        with suppress(Exception):
            agent.close()

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(_CLOSING)


class Bench:
    """The agents that are loaded, the one used last at the end."""

    def __init__(self) -> None:
        self.agents: dict[tuple[str, int], Agent] = {}

    def get(self, job: Job, player: int) -> Iterator[Message]:
        """Makes sure that a job's player is here; an agent that plays against itself is loaded twice."""
        ref, key = job.players[player], self.key(job, player)
        if key in self.agents:
            self.agents[key] = self.agents.pop(key)
            return
        while len(self.agents) >= _KEPT:
            _close(self.agents.pop(next(iter(self.agents))))
        yield Loading(player)
        try:
            agent = load_with(job.loader)(ref.spec)
            if agent.fingerprint != ref.fingerprint:
                _close(agent)
                raise AgentError(f"{ref.spec} has changed: it was {ref.fingerprint}, now it is {agent.fingerprint}")
        except Exception as error:
            yield Unusable(player, one_line(error))
            return
        self.agents[key] = agent
        yield WarmingUp(player)
        warm_up(agent, job.game)

    def key(self, job: Job, player: int) -> tuple[str, int]:
        same = len({ref.fingerprint for ref in job.players}) < len(job.players)
        return job.players[player].fingerprint, player if same else 0


def perform(job: Job, bench: Bench) -> Iterator[Message]:
    """Everything that happens in a job; the last message is `Done` or `Unusable`."""
    for player in range(len(job.players)):
        for message in bench.get(job, player):
            yield message
            if isinstance(message, Unusable):
                return
    players = [Player(bench.agents[bench.key(job, player)], ref) for player, ref in enumerate(job.players)]
    yield from play(job.game, players, job.tasks, job.limits)
    yield Done()


def _die_with_supervisor(descriptor: int) -> None:
    """Waits in a thread of its own for the other end to close; then ends this process and all that it has started."""
    poller, supervisor = select.poll(), os.getppid()
    poller.register(descriptor, 0)  # 0: nothing but the hang-up, which is always reported, but by macOS
    while not poller.poll(1000) and os.getppid() == supervisor:
        pass
    os.killpg(0, signal.SIGKILL)


def main(descriptor: int) -> None:
    os.set_inheritable(descriptor, False)  # an engine started by an agent must not keep the connection open
    threading.Thread(target=_die_with_supervisor, args=(descriptor,), daemon=True).start()
    connection: Connection[tuple[float, Message], Job] = Connection(descriptor)
    connection.send((time.monotonic(), Ready()))
    bench = Bench()
    while True:
        for message in perform(connection.recv(), bench):
            connection.send((time.monotonic(), message))

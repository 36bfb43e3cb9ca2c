"""Agents for tests: random moves from the game's seed and, on request, one kind of misbehaviour.

``load("dice?sleep=0.001&fault=hang&ply=3&every=4")`` takes a millisecond a decision and hangs at ply 3 of every fourth
game (by its id). The loader is "tests.arena.scripted_agents:load", which worker processes find by PYTHONPATH.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

import numpy as np

from agents.core import AgentError, Batch, Decision, GameKey
from envs.core import GameSpec

LOADER = f"{__name__}:load"


@dataclass(frozen=True)
class Options:
    fault: str = ""
    ply: int = 0
    every: int = 1
    sleep: float = 0.0  # seconds a decision takes
    luck: int = 0  # another stream of random numbers


def load(spec: str) -> Scripted:
    given = dict(parse_qsl(spec.partition("?")[2]))
    options = Options(**{key: type(getattr(Options, key))(value) for key, value in given.items()})
    match options.fault:
        case "load":
            raise AgentError("no such file")
        case "load-hang":
            time.sleep(3600)
    return Scripted(spec, options)


class Scripted:
    def __init__(self, spec: str, options: Options) -> None:
        self.name = spec
        self.fingerprint = f"fingerprint of {spec}"
        self.options = options
        self.games: list[GameKey] = []
        self.asked: list[list[str]] = []  # ids of the games of each `act`

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        self.games = list(games)
        if self.options.fault == "start" and len(games) > 1:
            raise AgentError("the engine does not answer")
        if self.options.fault == "plays" and spec.id == "tic_tac_toe":
            raise AgentError("this is not my game")

    def act(self, batch: Batch) -> list[Decision]:
        self.asked.append([self.games[g].id for g in batch.games])
        decisions = [self.decide(batch, row) for row in range(len(batch))]
        if "vandal" in self.options.fault:  # what it was given is its own
            batch.observations[:] = 0
            batch.legal[:] = True
            for line in batch.history:
                with suppress(AttributeError):
                    line.append(0)
        return decisions[1:] if self.options.fault == "short" and self.games[0].id != "warm-up" else decisions

    def decide(self, batch: Batch, row: int) -> Decision:
        key, history = self.games[batch.games[row]], batch.history[row]
        time.sleep(self.options.sleep)
        legal = np.flatnonzero(batch.legal[row])
        rng = np.random.default_rng([key.seed, len(history), self.options.luck])
        action = int(rng.choice(legal))
        due = key.id not in ("warm-up", "check") and len(history) >= self.options.ply
        decision = Decision(action, value=0.5, visits={action: 2}, pv=(action,))
        misbehaves = due and number(key) % self.options.every == 0
        return self.misbehave(decision, batch.legal[row]) if misbehaves else decision

    def misbehave(self, decision: Decision, legal: Any) -> Decision:
        match self.options.fault:
            case "raise":
                raise RuntimeError("lost\nmy way")
            case "memory":
                raise MemoryError
            case "hang":
                time.sleep(3600)
            case "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "killed":  # as a machine without memory does
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit":
                print("that was it", flush=True)
                os._exit(3)
            case "illegal" | "bold vandal":
                return Decision(int(np.flatnonzero(~legal)[0]))
            case "far":
                return Decision(10**12)
            case "float":
                return Decision(1.5)  # type: ignore[arg-type]
            case "late":
                return replace(decision, ms=1e6)
        return decision

    def close(self) -> None:
        if self.options.fault == "closing":
            time.sleep(3600)
        if self.options.fault == "unclosable":
            raise RuntimeError("not now")


def number(key: GameKey) -> int:
    """The hexadecimal number that a game's id begins with."""
    return int(key.id.partition("-")[0], 16)

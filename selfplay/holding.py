"""What every training does with its run folder and its process: one at a time, never cut off in the middle, on time."""

from __future__ import annotations

import fcntl
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from envs.core import InputError

LOCK = "lock"


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Holds the run's lock, which the system gives back even when the process is killed."""
    with (run / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another process is training in {run}") from None
        yield


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, so that nothing is cut off in the middle. A second Ctrl-C acts at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals reach the main thread only; whoever runs there decides
        return

    def on_signal(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, before[number])

    before: dict[int, Any] = {n: signal.signal(n, on_signal) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """PyTorch computes in so many. More than there are idle cores make it many times slower: they spin as they wait."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Every:
    """Says when ``period`` seconds of the training clock have passed since it last said so."""

    def __init__(self, period: float, now: float) -> None:
        self._period, self._last = period, now

    def due(self, now: float) -> bool:
        due = now >= self._last + self._period
        if due:
            self._last = now
        return due

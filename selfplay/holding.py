"""What every training does with its run folder and its process: one at a time, never cut off in the middle, on time."""

from __future__ import annotations

import errno
import fcntl
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

from agents import checkpoints
from envs.core import InputError
from selfplay import files, options, state
from selfplay.errors import DiskFull, Diverged

LOCK = "lock"


@contextmanager
def held(run: Path, thread_count: int | None) -> Iterator[threading.Event]:
    """Around all the work of a training: the run's lock, PyTorch's threads (None: as many as it takes), and the event
    that says stop. What a killed process left half written is deleted first.
    Raises `Diverged` with the last good checkpoint named, and `DiskFull`."""
    with locked(run), stop_signals() as stop, threads(thread_count or torch.get_num_threads()):
        files.remove_partial(run)
        try:
            with room_in(run, "resume, the last save is complete"):
                yield stop
        except Diverged as error:
            raise Diverged(f"{error}. The last good checkpoint is {last_good(run)}") from None


@contextmanager
def room_in(run: Path, then: str = "begin anew") -> Iterator[None]:
    """Makes a full disk a `DiskFull` that says so, and what to do ``then``."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise DiskFull(f"no space left in {run}; free some and {then}") from None


def last_good(run: Path) -> Path:
    """The newest checkpoint, or, where they say what the loss was, the newest that knew more than nothing: a loss that
    rises slowly has spoilt some before it stops the training."""
    newest_first = checkpoints.numbered(run)[::-1]
    for folder in newest_first:
        if checkpoints.read_card(folder).meta.get("relative_loss", 0.0) <= 1.0:
            return folder
    return newest_first[-1] if newest_first else checkpoints.resolve(run)


@contextmanager
def unless_begun(run: Path) -> Iterator[None]:
    """If a training fails before it has saved anything, its settings go, so that the name is free for a better try."""
    try:
        yield
    except BaseException:
        if not (run / state.FILE).exists() and not checkpoints.numbered(run):
            for name in (options.FILE, LOCK):
                (run / name).unlink(missing_ok=True)
            with suppress(OSError):  # something else is in it
                run.rmdir()
        raise


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


class Saver:
    """Writes beside the training, one thing at a time. What a write raised is raised by the next call."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "save")
        self._writing: Future[None] | None = None

    def save(self, take: Callable[[], Callable[[], None]]) -> None:
        """``take`` copies what is to be saved, now, and gives what writes it; the write before has ended by then."""
        self.wait()
        self._writing = self._thread.submit(take())

    def wait(self) -> None:
        """Until everything is written."""
        if self._writing is not None:
            self._writing.result()

    def close(self) -> None:
        self._thread.shutdown()


class Every:
    """Says when ``period`` seconds of the training clock have passed since it last said so."""

    def __init__(self, period: float, now: float) -> None:
        self._period, self._last = period, now

    def due(self, now: float) -> bool:
        due = now >= self._last + self._period
        if due:
            self._last = now
        return due

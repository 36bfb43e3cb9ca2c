"""Keeps the worker processes of a run alive."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from selfplay.errors import DiskFull, TrainingError
from selfplay.worker import DISK_FULL

LOGS = "logs"
TRIES = 3  # times in a row that a worker may die without having written a game
STOP_SECONDS = 4.0


class Workers:
    """``count`` processes of ``python -m selfplay.worker``. Nothing of the caller's program is run again in them."""

    def __init__(self, run: Path, count: int) -> None:
        self._run = run
        (run / LOGS).mkdir(exist_ok=True)
        self._failures = [0] * count
        self._processes = [self._spawn(index) for index in range(count)]

    def _log(self, index: int) -> Path:
        return self._run / LOGS / f"worker-{index}.log"

    def _spawn(self, index: int) -> subprocess.Popen[bytes]:
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        with self._log(index).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "selfplay.worker", str(self._run), str(index), str(os.getpid())],
                env={**os.environ, "PYTHONPATH": paths},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def alive(self) -> int:
        return sum(process.poll() is None for process in self._processes)

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    def has_written(self, index: int) -> None:
        """Tells that a chunk of this worker has arrived: it works."""
        if index < len(self._failures):
            self._failures[index] = 0

    def replace_dead(self) -> list[str]:
        """Starts a new worker for each one that has died; a line for people about each. Raises `TrainingError` when one
        dies again and again, `DiskFull` when that was why."""
        told = []
        for index, process in enumerate(self._processes):
            code = process.poll()
            if code is None:
                continue
            if code == DISK_FULL:
                raise DiskFull(f"no space left for games in {self._run}")
            self._failures[index] += 1
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            if self._failures[index] >= TRIES:
                raise TrainingError(
                    f"worker {index} {how}, {TRIES} times before it had finished a game:\n{self._tail(index)}"
                )
            self._processes[index] = self._spawn(index)
            told.append(f"worker {index} {how} and was replaced; see {self._log(index)}")
        return told

    def _tail(self, index: int) -> str:
        return "\n".join(self._log(index).read_text(errors="replace").splitlines()[-4:])

    def stop(self) -> None:
        """Ends all workers within seconds; they write what is finished."""
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

"""Replay memory of single frames: every frame is kept once, and the stacks a network sees are put together on demand.

``N`` games run side by side and each tick adds one row of ``N`` frames, so 1 M frames of 84x84 take 7.06 GB. Row ``t``
holds the frame that was seen, the action chosen on it, and what came of that. What a row cannot be used for is in its
marks:

- FIRST: the frame begins a game; earlier frames are not part of its stack and are zeros there, as in the emulator.
- END: the action cost the life or the game; nothing after it counts.
- LAST: the game was over or stopped when this frame was seen, so its action was never carried out (the emulator starts
  the next game on its next step); the frame only serves as the one after the row before.

In a file, a memory outlives its process: rows are counted as begun before they are written, and `Memory` is told on
opening how many are sure to be whole; rows that may be half overwritten are given up, and only those. (A power cut may
undo that order: then some of the rows that were overwritten since the last `flush` may be mixtures of two moments.)
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.core import InputError
from envs.kernels import njit

END, LAST, FIRST = 1, 2, 4
Frames = NDArray[np.uint8]  # [N, H, W]
Bools = NDArray[np.bool_]
GROUP = Path("/sys/fs/cgroup")  # where Linux tells what its control groups may use
MAGIC = 0x4152454E41525031  # "ARENARP1"
_HEADER = 8  # int64: magic, rows, streams, height, width, begun, 0, 0
_PAGE = 4096


class Sample(NamedTuple):
    """Transitions over up to n steps."""

    frames: NDArray[np.uint8]  # [n, stack, H, W]
    actions: NDArray[np.int64]  # [n]
    rewards: NDArray[np.float32]  # [n], discounted sums
    discounts: NDArray[np.float32]  # [n], of the value of `next_frames`: gamma ** steps, or 0 at an end
    next_frames: NDArray[np.uint8]  # [n, stack, H, W]


def fit(frames: int, height: int = 84, width: int = 84, share: float = 0.4) -> int:
    """So many frames, or as many as take up ``share`` of this machine's memory if that is less."""
    return min(frames, int(share * machine_memory()) // (height * width + 6))


def machine_memory() -> int:
    """Bytes of memory this process may use: the machine's, or its control group's if that is less."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):  # control groups of version 2, of version 1
        with suppress(OSError, ValueError):  # no such groups, or "max"
            total = min(total, int((GROUP / limit).read_text()))
    return total


def rows_in(path: Path) -> int:
    """The rows of the replay memory in a file; 0 if there is none."""
    try:
        header = np.fromfile(path, np.int64, _HEADER)
    except OSError:
        return 0
    return int(header[1]) if len(header) == _HEADER and header[0] == MAGIC else 0


class Memory:
    """A ring of ``rows`` rows. With a ``path`` it lies in that file, of which the first ``head`` rows ever added are
    taken for whole. Raises `InputError` for a file of another shape, and for a disk that is too small."""

    def __init__(
        self,
        rows: int,
        streams: int,
        *,
        height: int = 84,
        width: int = 84,
        stack: int = 4,
        path: Path | None = None,
        head: int = 0,
    ) -> None:
        if rows <= stack:
            raise InputError(f"a replay memory of {rows} rows cannot hold stacks of {stack} frames")
        self.rows, self.streams, self.stack = rows, streams, stack
        self._shape = (MAGIC, rows, streams, height, width)
        cells = rows * streams
        sizes = (8 * _HEADER, 4 * cells, cells, cells)
        offsets = np.cumsum([0, *(-(-size // _PAGE) * _PAGE for size in sizes)]).tolist()
        total = offsets[-1] + cells * height * width
        whole: NDArray[np.uint8] = np.zeros(total, np.uint8) if path is None else _mapped(path, total, fresh=not head)
        self._header = whole[: sizes[0]].view(np.int64)
        self._rewards = whole[offsets[1] :][: sizes[1]].view(np.float32).reshape(rows, streams)
        self._actions = whole[offsets[2] :][: sizes[2]].reshape(rows, streams)
        self._marks = whole[offsets[3] :][: sizes[3]].reshape(rows, streams)
        self._frames = whole[offsets[4] :].reshape(rows, streams, height, width)
        if head and tuple(self._header[:5].tolist()) != self._shape:
            raise InputError(f"{path}: not the replay memory of this run, or of another shape")
        if head > self._header[5]:
            raise InputError(f"{path}: holds {self._header[5]} rows, but {head} were saved")
        self._header[:5] = self._shape
        self.head = head  # rows ever added; row t is at t % rows
        self.low = min(max(0, int(self._header[5]) - rows), head) if head else 0  # the oldest row that is whole
        if head:
            self._marks[(head - 1) % rows] |= LAST  # what followed is lost
        self._path = path

    @property
    def frames(self) -> int:
        """Held now."""
        return (self.head - self.low) * self.streams

    def add(
        self, frames: Frames, first: Bools, actions: NDArray[Any], rewards: NDArray[Any], ends: Bools, last: Bools
    ) -> None:
        """One row, all arrays [N]: frames seen, whether each begins a game, and what was done then and what came of it.
        Ignored where ``last``: actions, rewards and ends."""
        slot = self.head % self.rows
        self._header[5] = max(int(self._header[5]), self.head + 1)  # after a resume it was farther once
        self.low = max(self.low, self.head + 1 - self.rows)
        self._frames[slot] = frames
        self._actions[slot] = actions
        self._rewards[slot] = np.where(last, 0, rewards)
        self._marks[slot] = first * np.uint8(FIRST) | last * np.uint8(LAST) | (ends & ~last) * np.uint8(END)
        self.head += 1

    def ready(self, steps: int) -> bool:
        """Whether `sample` has rows to draw from."""
        return self._oldest() + steps < self.head

    def sample(self, random: np.random.Generator, n: int, steps: int, gamma: float) -> Sample:
        """``n`` transitions of up to ``steps`` steps, drawn uniformly with replacement. Call it when `ready`."""
        t, streams = self.draw(random, n, steps)
        actions = self._actions[t % self.rows, streams].astype(np.int64)
        rewards, discounts, after = n_step(self._rewards, self._marks, self.rows, t, streams, steps, np.float32(gamma))
        return Sample(self.stacks(t, streams), actions, rewards, discounts, self.stacks(after, streams))

    def draw(self, random: np.random.Generator, n: int, steps: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and streams, int64[n] each, of transitions that can be learned from."""
        t = np.empty(0, np.int64)
        streams = np.empty(0, np.int64)
        while len(t) < n:
            rows = random.integers(self._oldest(), self.head - steps, n)
            columns = random.integers(0, self.streams, n)
            good = self._marks[rows % self.rows, columns] & LAST == 0
            t, streams = np.concatenate([t, rows[good]]), np.concatenate([streams, columns[good]])
        return t[:n], streams[:n]

    def stacks(self, t: NDArray[np.int64], streams: NDArray[np.int64]) -> NDArray[np.uint8]:
        """uint8[n, stack, H, W]: what was seen at row ``t[i]`` of stream ``streams[i]``, the newest frame last."""
        return gather(self._frames, self._marks, self.rows, self.low, t, streams, self.stack)

    def marks(self, first: int, last: int) -> NDArray[np.uint8]:
        """uint8[last - first, N]: the marks of rows ``first`` to ``last - 1``."""
        return self._marks[np.arange(first, last) % self.rows]

    def outcomes(self, first: int, last: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Actions and rewards of the same rows, uint8 and float32[last - first, N]."""
        slots = np.arange(first, last) % self.rows
        return self._actions[slots], self._rewards[slots]

    def flush(self) -> None:
        """Returns when everything added so far is on the disk, if it lies in a file."""
        if self._path is not None:
            with self._path.open("rb") as file:
                os.fsync(file.fileno())

    def _oldest(self) -> int:
        """The first row whose stack is whole."""
        return self.low + self.stack - 1 if self.low else 0


def _mapped(path: Path, size: int, fresh: bool) -> NDArray[np.uint8]:
    """A file as an array; its space is claimed now, since a full disk met later would kill the process."""
    if not fresh:
        if not path.exists() or path.stat().st_size != size:
            raise InputError(f"{path}: the replay memory is missing or of another size")
        return np.memmap(path, np.uint8, "r+")
    with path.open("w+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            path.unlink()
            if error.errno not in (errno.ENOSPC, errno.EFBIG):
                raise
            raise InputError(
                f"{path}: no space for {size / 1e9:.1f} GB of replay memory; ask for fewer frames"
            ) from None
    return np.memmap(path, np.uint8, "r+")


@njit(cache=True, nogil=True)
def gather(
    frames: NDArray[np.uint8],
    marks: NDArray[np.uint8],
    rows: int,
    low: int,
    t: NDArray[np.int64],
    streams: NDArray[np.int64],
    stack: int,
) -> NDArray[np.uint8]:
    """uint8[n, stack, H, W], zeros for what was before the game's first frame or is no longer held (before ``low``)."""
    n = len(t)
    out = np.zeros((n, stack, frames.shape[2], frames.shape[3]), np.uint8)
    for i in range(n):
        row = t[i]
        for k in range(stack - 1, -1, -1):
            slot = row % rows
            out[i, k] = frames[slot, streams[i]]
            if marks[slot, streams[i]] & FIRST or row == low:
                break
            row -= 1
    return out


@njit(cache=True, nogil=True)
def n_step(
    rewards: NDArray[np.float32],
    marks: NDArray[np.uint8],
    rows: int,
    t: NDArray[np.int64],
    streams: NDArray[np.int64],
    steps: int,
    gamma: np.float32,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Rewards of up to ``steps`` steps from row ``t[i]``, discounted and summed, float32[n]; the discount of what
    follows, float32[n], 0 after an END; and the row that follows, int64[n]. A LAST row is bootstrapped from."""
    n = len(t)
    total, discounts, after = np.zeros(n, np.float32), np.ones(n, np.float32), t.copy()
    for i in range(n):
        for _ in range(steps):
            slot, stream = after[i] % rows, streams[i]
            if marks[slot, stream] & LAST:
                break
            total[i] += discounts[i] * rewards[slot, stream]
            after[i] += 1
            discounts[i] *= gamma
            if marks[slot, stream] & END:
                discounts[i] = 0
                break
    return total, discounts, after

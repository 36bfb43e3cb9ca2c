"""The replay window: the newest positions, in memory, and weighted sampling from them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from selfplay import targets
from selfplay.chunks import Games
from selfplay.config import TrainConfig


@dataclass(frozen=True, slots=True)
class Rows:
    """Training positions. From the mover's view."""

    states: NDArray[np.uint64]  # [n, W]
    policy: NDArray[np.float16]  # [n, max_legal] packed (`selfplay.chunks.pack`)
    value: NDArray[np.float32]  # [n, 3] win/draw/loss
    replies: NDArray[np.int32]  # [n] the opponent's next action or -1
    plies_left: NDArray[np.float32]  # [n] until the game's end, NaN: not known

    def __len__(self) -> int:
        return len(self.states)

    def take(self, index: NDArray[np.int64] | slice) -> Rows:
        return Rows(*[getattr(self, field.name)[index] for field in fields(Rows)])


def rows_of(games: Games, config: TrainConfig) -> tuple[Rows, NDArray[np.int64]]:
    """The positions of these games that are ever sampled, and their weights (see `selfplay.targets.weights`)."""
    weights = targets.weights(games, config.fast_weight, config.surprise)
    value = targets.value_targets(games, config.td_lambda)
    kept = np.flatnonzero(weights)
    rows = Rows(games.states, games.policy, value, targets.replies(games), targets.plies_left(games))
    return rows.take(kept), weights[kept]


def window_size(total: int, config: TrainConfig) -> int:
    """How many positions to keep once ``total`` have been seen: grows ever more slowly (KataGo, appendix C)."""
    if total <= config.window:
        return config.window
    growth = ((total / config.window) ** config.window_alpha - 1.0) / config.window_alpha
    return int(config.window * (1.0 + config.window_beta * growth))


class Window:
    """Positions [start, end) of arrays that are moved down or doubled when full: adding costs little, and each column
    stays one array. ``ends[i]`` is the sum of all weights up to position ``i``; a search in it samples by weight."""

    def __init__(self, words: int, max_legal: int, capacity: int = 1 << 14) -> None:
        self.names: deque[tuple[str, int]] = deque()  # chunks in the window, oldest first, and their positions
        self._rows = Rows(
            states=np.zeros((capacity, words), np.uint64),
            policy=np.zeros((capacity, max_legal), np.float16),
            value=np.zeros((capacity, 3), np.float32),
            replies=np.zeros(capacity, np.int32),
            plies_left=np.zeros(capacity, np.float32),
        )
        self._ends = np.zeros(capacity, np.int64)
        self._start = self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def rows(self) -> Rows:
        """The positions in the window, oldest first; a view."""
        return self._rows.take(slice(self._start, self._end))

    def add(self, name: str, rows: Rows, weights: NDArray[np.int64]) -> None:
        """Appends a chunk's positions."""
        n = len(rows)
        self._make_room(n)
        fresh = slice(self._end, self._end + n)
        for field in fields(Rows):
            getattr(self._rows, field.name)[fresh] = getattr(rows, field.name)
        self._ends[fresh] = np.cumsum(weights) + (self._ends[self._end - 1] if self._end else 0)
        self._end += n
        self.names.append((name, n))

    def _make_room(self, n: int) -> None:
        if self._end + n <= len(self._ends):
            return
        kept, before, capacity = len(self), self._before, len(self._ends)
        while capacity < 2 * (kept + n):
            capacity *= 2
        columns = []
        for old in (*[getattr(self._rows, field.name) for field in fields(Rows)], self._ends):
            new = np.zeros((capacity, *old.shape[1:]), old.dtype)
            new[:kept] = old[self._start : self._end]
            columns.append(new)
        *rows, self._ends = columns
        self._rows = Rows(*rows)
        self._ends[:kept] -= before
        self._start, self._end = 0, kept

    @property
    def _before(self) -> int:
        """Sum of the weights of what has left the window."""
        return int(self._ends[self._start - 1]) if self._start else 0

    def trim(self, size: int) -> list[str]:
        """Drops the oldest chunks as long as ``size`` positions remain; returns their names."""
        dropped = []
        while self.names and len(self) - self.names[0][1] >= size:
            name, n = self.names.popleft()
            self._start += n
            dropped.append(name)
        return dropped

    def sample(self, generator: np.random.Generator, n: int) -> Rows:
        """``n`` positions drawn by weight, with replacement."""
        tickets = generator.integers(0, int(self._ends[self._end - 1]) - self._before, n) + self._before
        places = np.searchsorted(self._ends[self._start : self._end], tickets, side="right")
        return self._rows.take(self._start + places)

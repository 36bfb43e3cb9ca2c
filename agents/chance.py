"""Repeatable chance for scripted agents: what an agent draws at ply ``p`` of a game is a function of the game's seed
and ``p`` alone (and of the unit, in team games), so a game can be repeated whatever else was in the batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agents.core import Batch, GameKey
from envs.bits import below, draw
from envs.kernels import njit

U = np.uint64


@njit(cache=True, nogil=True)
def draws(seeds: NDArray[np.uint64], counters: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """uint64[n]: number ``counters[i]`` of stream ``seeds[i]``."""
    out = np.empty_like(seeds)
    for i in range(len(seeds)):
        out[i] = draw(seeds[i], counters[i])
    return out


@njit(cache=True, nogil=True)
def choose(allowed: NDArray[np.bool_], numbers: NDArray[np.uint64]) -> NDArray[np.int32]:
    """int32[n]: one of the allowed actions (bool[n, A]) of each row with equal chances, decided by ``numbers``
    (uint64[n])."""
    out = np.empty(allowed.shape[0], np.int32)
    for i in range(allowed.shape[0]):
        n = 0
        for a in range(allowed.shape[1]):
            n += allowed[i, a]
        rank = below(numbers[i], U(n))
        for a in range(allowed.shape[1]):
            if allowed[i, a]:
                if rank == U(0):
                    out[i] = a
                    break
                rank -= U(1)
    return out


class Chance:
    """The random numbers of the games an agent was started on."""

    def __init__(self, games: Sequence[GameKey]) -> None:
        self._seeds = np.array([game.seed for game in games], np.uint64)

    def draws(self, batch: Batch) -> NDArray[np.uint64]:
        """uint64[n]: one number a row."""
        plies = np.fromiter(map(len, batch.history), np.uint64, len(batch))
        return draws(self._seeds[batch.games], plies + (slots(batch.games) << U(32)))


def slots(games: NDArray[np.int64]) -> NDArray[np.uint64]:
    """uint64[n]: how many rows of the same game stand before each row; 0 throughout but in team games."""
    rows = np.arange(len(games))
    begins = np.append(True, games[1:] != games[:-1])[: len(games)]
    return (rows - np.maximum.accumulate(np.where(begins, rows, 0))).astype(np.uint64)

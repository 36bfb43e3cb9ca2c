"""Counts of positions and games by number of plies: the classic check of rules against published numbers.

Every function takes the position to start from (the initial one if None) and returns one number a ply, ply 0 first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from envs.core import BoardGame, InputError, State, States

_BATCH_BYTES = 1 << 22  # of states per call: large enough to make calls cheap, small enough for the cache


@runtime_checkable
class OwnPerft(Protocol):
    """A game that counts by itself, in a kernel of its own or by a convention of its own."""

    def perft(self, depth: int, state: State | None = None) -> list[int]: ...


def _batches(game: BoardGame, states: States) -> Iterator[States]:
    rows = max(1, _BATCH_BYTES // (states.shape[1] * 8 + game.spec.num_actions))
    for start in range(0, len(states), rows):
        yield states[start : start + rows]


def _children(game: BoardGame, states: States, legal: NDArray[np.bool_]) -> States:
    rows, actions = np.nonzero(legal)
    return game.step(states[rows], actions.astype(np.int32))


def _walk(game: BoardGame, depth: int, state: State | None) -> Iterator[tuple[int, NDArray[np.bool_], States]]:
    """Every sequence of at most ``depth`` actions in batches: (ply, legal[n, A], states[n, W]).

    Deeper batches come first, so that memory holds no more than a few batches a ply."""
    stack = [(0, game.init(1) if state is None else state[None])]
    while stack:
        ply, states = stack.pop()
        legal = game.legal(states)
        yield ply, legal, states
        if ply < depth:
            stack += [(ply + 1, batch) for batch in _batches(game, _children(game, states, legal))]


def perft(game: BoardGame, depth: int, state: State | None = None) -> list[int]:
    """Number of action sequences of each length 0..``depth``. A finished game has no longer ones, unless the game
    itself knows better (chess ignores draws, as all published numbers do)."""
    if isinstance(game, OwnPerft):
        return game.perft(depth, state)
    counts = [1] + [0] * max(depth, 1)
    for ply, legal, _ in _walk(game, max(depth, 1) - 1, state):  # the last ply is counted without being made
        counts[ply + 1] += int(np.count_nonzero(legal))
    return counts[: depth + 1]


def games(game: BoardGame, depth: int, state: State | None = None) -> list[int]:
    """Number of games that end after each number of plies 0..``depth``."""
    counts = [0] * (depth + 1)
    for ply, legal, _ in _walk(game, depth, state):
        counts[ply] += int(np.count_nonzero(~legal.any(axis=1)))
    return counts


def positions(game: BoardGame, depth: int, state: State | None = None) -> list[int]:
    """Number of distinct positions, told apart by `BoardGame.key`, that each number of plies can reach.

    Memory holds all positions of one ply. Raises `InputError` for chess, whose key tells histories apart too."""
    if isinstance(game, OwnPerft):
        raise InputError(f"positions of {game.spec.id} are not counted: what happened before is a part of them")
    level = game.init(1) if state is None else state[None]
    counts = [1]
    for _ in range(depth):
        found = [_distinct(game, _children(game, batch, game.legal(batch))) for batch in _batches(game, level)]
        level = _distinct(game, np.concatenate(found)) if found else level[:0]
        counts.append(len(level))
    return counts


def _distinct(game: BoardGame, states: States) -> States:
    _, first = np.unique(game.key(states), return_index=True)
    return states[first]

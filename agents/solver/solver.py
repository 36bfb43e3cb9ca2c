"""Exact scores of Connect Four positions: an opening book, and behind it the search of `agents.solver.kernels`."""

from __future__ import annotations

import numpy as np

from agents.solver.book import Book, shipped
from agents.solver.kernels import PLIES, bounded, canonical, exact
from envs.connect_four import ConnectFour
from envs.core import InputError, State

U = np.uint64
_RULES = ConnectFour()


class Solver:
    """Scores are from the mover's view: a win counts 1 plus the stones the winner has left after the winning one, a
    loss the opposite, a draw 0; so the best score is also the fastest win or the slowest loss.

    What one question teaches is kept in a table for the next. Not safe for use by several threads (each may have its
    own; the search gives up Python's lock).
    """

    def __init__(self, table_mb: int = 64, book: Book | None = None) -> None:
        """``table_mb``: memory of the transposition table in MiB, rounded down to a power of two.
        ``book``: known positions; the one that ships with the package unless given."""
        if table_mb < 1:
            raise InputError(f"the solver's table takes at least 1 MiB, not {table_mb}")
        bits = (table_mb * 2**20 // 8).bit_length() - 1
        self._book = shipped() if book is None else book
        self._memory = np.zeros(2**bits, np.uint64), U(64 - bits), np.zeros((PLIES, 7), np.uint64)

    def solve(self, state: State) -> int:
        """The score of a position; of a lost one, what its last move was worth, negative."""
        known = self._book.get(int(canonical(state[0], state[1])))
        return int(exact(state[0], state[1], *self._memory)) if known is None else known

    def scores(self, state: State) -> dict[int, int]:
        """The score of each legal action for the player who makes it."""
        return {action: -self.solve(child) for action, child in _successors(state).items()}

    def best(self, state: State) -> tuple[int, list[int]]:
        """The score of a running position and all actions that keep it: quicker than `scores`, which also finds out
        how bad the others are."""
        score = self.solve(state)
        return score, [action for action, child in _successors(state).items() if self._at_most(child, -score)]

    def _at_most(self, state: State, score: int) -> bool:
        known = self._book.get(int(canonical(state[0], state[1])))
        value = bounded(state[0], state[1], score + 1, *self._memory) if known is None else known
        return bool(value <= score)


def _successors(state: State) -> dict[int, State]:
    actions = np.flatnonzero(_RULES.legal(state[None])[0]).astype(np.int32)
    children = _RULES.step(np.repeat(state[None], len(actions), axis=0), actions)
    return dict(zip(actions.tolist(), children, strict=True))

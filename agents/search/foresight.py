"""What the rules see before the network is asked: results of a new node's actions that are at most a few plies off.

Where rules are much cheaper than the network, as in Connect Four, a look at everything that can happen in the next two
plies costs a few hundredths of an evaluation. It tells a node's winning action, and the actions that hand the opponent
a win, before any of them has cost a visit; a node that is decided by them needs no evaluation at all. In the tree such
a node is like a finished game, and such an action like one whose subtree has been solved (Winands et al., "Monte-Carlo
Tree Search Solver", 2008; looking ahead at the leaves: Baier and Winands, "Monte-Carlo Tree Search and Minimax
Hybrids", 2013).

Roots are left to `agents.search.seizing`: what is found there enters the tree as visits, which people look at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.search.tree import UNKNOWN
from envs.core import BoardGame, States

Results = NDArray[np.int8]  # -1, 0, 1 from the mover's view, or UNKNOWN


def foresee(game: BoardGame, states: States, legal: NDArray[np.bool_], plies: int) -> Results:
    """int8[n, A]: the exact result of every legal action that is certain after ``plies`` more plies at most.

    UNKNOWN elsewhere, at illegal actions too, and at the others of a position in which an action wins at once."""
    exact = np.full(legal.shape, UNKNOWN, np.int8)
    if plies < 1:
        return exact
    rows, actions = np.nonzero(legal)
    movers, after = game.mover(states)[rows], game.step(states[rows], actions.astype(np.int32))
    results = _for(movers, game.outcome(after))
    if plies > 1:
        won = np.zeros(len(states), np.bool_)
        won[rows[results == 1]] = True
        on = np.flatnonzero((results == UNKNOWN) & ~won[rows])
        allowed = game.legal(after[on])
        replies = decided(foresee(game, after[on], allowed, plies - 1), allowed)
        turned = (replies != UNKNOWN) & (game.mover(after[on]) != movers[on])
        results[on] = np.where(turned, -replies, replies)
    exact[rows, actions] = results
    return exact


def decided(exact: Results, legal: NDArray[np.bool_]) -> Results:
    """int8[n]: the result of positions which the known results of their actions decide, else UNKNOWN: one that wins, or
    the best of all."""
    known = legal & (exact != UNKNOWN)
    best = np.where(known, exact, -1).max(axis=1, initial=-1)
    return np.where((best == 1) | (known == legal).all(axis=1), best, UNKNOWN).astype(np.int8)


def _for(players: NDArray[np.int8], outcomes: NDArray[np.float32]) -> Results:
    """Outcomes (player 0's view; NaN: running) from the view of ``players``."""
    return np.where(np.isnan(outcomes), UNKNOWN, np.where(players == 0, outcomes, -outcomes)).astype(np.int8)

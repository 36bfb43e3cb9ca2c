"""Wins at once: a root whose mover has a move that wins needs no search, but has to look for it.

A search with few simulations, or one that looks at its best few moves only, may never try the move that mates, if the
network thinks little of it. The rules alone know better, for what a single simulation costs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.search.backup import expand
from agents.search.config import Params
from agents.search.tree import Tree
from envs.core import BoardGame, States


def winning(
    game: BoardGame, states: States, legal: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], States]:
    """The moves in ``legal`` that win at once: their rows, their actions, and the positions after them."""
    rows, actions = np.nonzero(legal)
    after = game.step(states[rows], actions.astype(np.int32))
    wins = game.outcome(after) == np.where(game.mover(states)[rows] == 0, 1, -1)
    return rows[wins], actions[wins], after[wins]


def seize(
    game: BoardGame, tree: Tree, slots: NDArray[np.int64], states: States, legal: NDArray[np.bool_], p: Params
) -> int:
    """Makes a winning move of each root that has one its first simulation, which proves the root.

    The roots in these ``slots`` are expanded and not visited yet; ``states`` [n, W] and ``legal`` [n, A] are theirs.
    Returns how many simulations that were."""
    rows, actions, after = winning(game, states, legal)
    if not len(rows):
        return 0
    ranks = np.cumsum(legal, axis=1)[rows, actions] - 1
    edges = tree.node["first"][slots[rows], 0] + ranks
    order = np.lexsort((-tree.edge["prior"][slots[rows], edges], rows))
    order = order[np.unique(rows[order], return_index=True)[1]]  # one a row, of several the likeliest
    found, after = slots[rows[order]], after[order]
    tree.path[found, 0, 0], tree.path[found, 0, 1] = 0, edges[order]
    tree.slot["depth"][found] = 1
    nothing = np.zeros((0, legal.shape[1]), np.float32)  # finished games have no legal moves, logits or chances
    none = np.zeros((len(found), legal.shape[1]), np.bool_)
    expand(tree, found, len(found), after, game.mover(after), game.outcome(after), none, nothing, nothing[:, :3], p)
    return len(found)

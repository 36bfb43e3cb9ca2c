"""The root's actions as lines of play, best first, with the number of plies to a proven end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.search.tree import NONE, UNKNOWN, Index, Tree
from envs.kernels import njit

PLY = 1 << 32  # of a rank: more than any number of visits
DECIDED = 1 << 50  # more than the plies of any game; sums are exact in float64


@dataclass(frozen=True, slots=True)
class Line:
    """What a search says about one action at the root. Values are from the view of the player to move there."""

    actions: tuple[int, ...]  # this one first, then what the search expects
    visits: int
    prior: float
    value: float  # expected result in [-1, 1]; of a visited or proven action its own, otherwise the root's
    draw: float  # probability of a draw
    proven: int  # -1, 0, 1 or UNKNOWN
    plies: int  # to the end of the game, if ``proven`` is -1 or 1


@njit(cache=True, nogil=True)
def plies_to_end(tree: Tree, b: int) -> NDArray[np.int32]:
    """int32[nodes]: how far off the end of each won or lost node is: the winner hurries, the loser does not.

    An upper bound: only what the search has proven counts. Nodes lie in the order of their creation, parents first."""
    plies = np.zeros(tree.slot[b].nodes, np.int32)
    for node in range(tree.slot[b].nodes - 1, -1, -1):
        proven = tree.node[b, node].proven
        if proven == 0 or proven == UNKNOWN or tree.node[b, node].degree == 0:
            continue
        best = -1
        for e in range(tree.node[b, node].first, tree.node[b, node].first + tree.node[b, node].degree):
            if tree.edge[b, e].exact == proven and tree.edge[b, e].child != NONE:
                below = plies[tree.edge[b, e].child]
                if best < 0 or (below < best if proven == 1 else below > best):
                    best = below
        plies[node] = best + 1
    return plies


@njit(cache=True, nogil=True)
def rank(tree: Tree, b: int, e: int, plies: NDArray[np.int32]) -> float:
    """Wins before everything else, the nearest first, then by visits and prior, then losses, the farthest first, and of
    these the one that took most to find out. ``plies``: see `plies_to_end`."""
    exact, child = tree.edge[b, e].exact, tree.edge[b, e].child
    score = float(tree.edge[b, e].visits + tree.edge[b, e].prior)
    if (exact == 1 or exact == -1) and child != NONE:
        score -= exact * (float(plies[child]) * PLY - DECIDED)
    return score


@njit(cache=True, nogil=True)
def _best(tree: Tree, b: int, node: Index, plies: NDArray[np.int32]) -> int:
    """The edge to expect at a node; NONE where none has been visited."""
    best, top = NONE, -np.inf
    for e in range(tree.node[b, node].first, tree.node[b, node].first + tree.node[b, node].degree):
        score = rank(tree, b, e, plies)
        if tree.edge[b, e].child != NONE and score > top:
            best, top = e, score
    return best


@njit(cache=True, nogil=True)
def _read(
    tree: Tree, b: int, plies: NDArray[np.int32], order: NDArray[np.int64], actions: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Fills row i of ``actions`` [n, length] with the line of root edge ``order[i]``; int64[n], the lengths."""
    lengths = np.ones(len(order), np.int64)
    for i in range(len(order)):
        e = order[i]
        actions[i, 0] = tree.edge[b, e].action
        node = np.int64(tree.edge[b, e].child)
        while node != NONE and lengths[i] < actions.shape[1]:
            e = _best(tree, b, node, plies)
            if e == NONE:
                break
            actions[i, lengths[i]] = tree.edge[b, e].action
            lengths[i] += 1
            node = np.int64(tree.edge[b, e].child)
    return lengths


@njit(cache=True, nogil=True)
def _ranks(tree: Tree, b: int, plies: NDArray[np.int32]) -> NDArray[np.float64]:
    """float64[degree] of the root's edges."""
    ranks = np.empty(tree.node[b, 0].degree, np.float64)
    for i in range(len(ranks)):
        ranks[i] = rank(tree, b, tree.node[b, 0].first + i, plies)
    return ranks


def root_lines(tree: Tree, slot: int, count: int, length: int) -> list[Line]:
    """The ``count`` best of the root's actions, with at most ``length`` plies each; none before the root is expanded.

    The first is the one to play."""
    plies = plies_to_end(tree, slot)
    order = np.argsort(-_ranks(tree, slot, plies), kind="stable")[:count] + int(tree.node[slot, 0]["first"])
    actions = np.zeros((len(order), length), np.int32)
    lengths = _read(tree, slot, plies, order, actions)
    return [_line(tree, slot, int(e), actions[i, : lengths[i]], plies) for i, e in enumerate(order)]


def _line(tree: Tree, slot: int, e: int, actions: NDArray[np.int32], plies: NDArray[np.int32]) -> Line:
    edge, root = tree.edge[slot, e], tree.node[slot, 0]
    visits, proven, child = int(edge["visits"]), int(edge["exact"]), int(edge["child"])
    if proven != UNKNOWN:
        value, draw = float(proven), float(proven == 0)
    elif visits:
        value, draw = float(edge["value_sum"]) / visits, float(edge["draw_sum"]) / visits
    else:
        value, draw = float(root["value"]), float(root["draw"])
    end = 1 + int(plies[child]) if proven in (-1, 1) and child != NONE else 0
    return Line(tuple(actions.tolist()), visits, float(edge["prior"]), value, draw, proven, end)

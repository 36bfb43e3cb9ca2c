"""Expansion of a leaf and the way of its value, and of proofs, back to the root."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agents.search.config import Params
from agents.search.root import prepare_root
from agents.search.tree import IDLE, NONE, UNKNOWN, Tree


@njit(cache=True, nogil=True)
def _prove(tree: Tree, b: int, node: int) -> int:
    """The node's result if its edges decide it: one winning edge, or all of them exact (Winands et al. 2008)."""
    best, undecided = -1, False
    for e in range(tree.first[b, node], tree.first[b, node] + tree.degree[b, node]):
        if tree.exact[b, e] == 1:
            return 1
        if tree.exact[b, e] == UNKNOWN:
            undecided = True
        else:
            best = max(best, tree.exact[b, e])
    return UNKNOWN if undecided else best


@njit(cache=True, nogil=True)
def backup(tree: Tree, b: int, leaf: int, value: float, draw: float, p: Params) -> None:
    """Adds a leaf's value (its mover's view) to every edge of the path; a proof travels with it as far as it reaches.

    Where a node becomes proven, its exact result replaces the estimate for all nodes above."""
    mover, proof = tree.mover[b, leaf], tree.proven[b, leaf]
    for i in range(tree.depth[b] - 1, -1, -1):
        node, e = tree.path_node[b, i], tree.path_edge[b, i]
        flip = tree.mover[b, node] != mover
        mover = tree.mover[b, node]
        if flip:
            value = -value
        tree.visits[b, e] += 1
        tree.value_sum[b, e] += value
        tree.draw_sum[b, e] += draw
        if p.solve and proof != UNKNOWN:
            tree.exact[b, e] = -proof if flip else proof
            proof = _prove(tree, b, node)
            if proof != UNKNOWN:
                tree.proven[b, node] = proof
                value, draw = float(proof), 1.0 if proof == 0 else 0.0
    tree.done[b] += 1


@njit(cache=True, nogil=True)
def _open_edges(
    tree: Tree, b: int, node: int, legal: NDArray[np.bool_], logits: NDArray[np.float32]
) -> None:
    """Gives the node an edge for each legal action with softmax(logits) as priors, unless the slot's edges are used up."""
    first, degree, top = tree.edges[b], 0, -np.inf
    for a in range(len(legal)):
        if legal[a]:
            if first + degree >= tree.action.shape[1]:
                return
            tree.action[b, first + degree] = a
            top = max(top, logits[a])
            degree += 1
    total = 0.0
    for e in range(first, first + degree):
        weight = np.exp(logits[tree.action[b, e]] - top)
        tree.prior[b, e] = weight
        total += weight
        tree.child[b, e] = NONE
        tree.visits[b, e] = 0
        tree.value_sum[b, e] = 0.0
        tree.draw_sum[b, e] = 0.0
        tree.exact[b, e] = UNKNOWN
    for e in range(first, first + degree):
        tree.prior[b, e] /= total
    tree.first[b, node], tree.degree[b, node] = first, degree
    tree.edges[b] = first + degree


@njit(cache=True, nogil=True)
def expand(
    tree: Tree,
    slots: NDArray[np.int64],
    children: int,
    states: NDArray[np.uint64],
    movers: NDArray[np.int8],
    outcomes: NDArray[np.float32],
    legal: NDArray[np.bool_],
    logits: NDArray[np.float32],
    wdl: NDArray[np.float32],
    p: Params,
) -> None:
    """Attaches the leaves that `select` found, one a slot: the first ``children`` rows are new nodes, the others roots.

    ``outcomes`` (player 0's view) is NaN for running games; ``legal`` has a row for every leaf, ``logits`` and ``wdl`` only
    for the running ones, in order."""
    row = 0  # into logits and wdl
    for i in range(len(slots)):
        b = slots[i]
        node = 0
        if i < children:
            node = tree.nodes[b]
            tree.nodes[b] += 1
            last = tree.depth[b] - 1
            tree.child[b, tree.path_edge[b, last]] = node
            tree.state[b, node] = states[i]
            tree.mover[b, node] = movers[i]
            tree.degree[b, node] = 0
        if np.isnan(outcomes[i]):
            tree.proven[b, node] = UNKNOWN
            tree.value[b, node] = wdl[row, 0] - wdl[row, 2]
            tree.draw[b, node] = wdl[row, 1]
            _open_edges(tree, b, node, legal[i], logits[row])
            row += 1
        else:
            result = outcomes[i] if movers[i] == 0 else -outcomes[i]
            tree.proven[b, node] = np.int8(np.rint(result))
            tree.value[b, node] = result
            tree.draw[b, node] = 1.0 if tree.proven[b, node] == 0 else 0.0
        if i < children:
            backup(tree, b, node, float(tree.value[b, node]), float(tree.draw[b, node]), p)
        else:
            prepare_root(
                tree.noise[b], tree.schedule[b], tree.degree[b, 0], tree.seed[b], tree.budget[b], tree.explore[b], p
            )


@njit(cache=True, nogil=True)
def collect_finished(tree: Tree, slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of ``slots`` whose budget is spent or whose root is proven; they become idle."""
    out = np.empty(len(slots), np.int64)
    n = 0
    for b in slots:
        if tree.degree[b, 0] > 0 and (tree.done[b] >= tree.budget[b] or tree.proven[b, 0] != UNKNOWN):
            tree.status[b] = IDLE
            out[n] = b
            n += 1
    return out[:n]

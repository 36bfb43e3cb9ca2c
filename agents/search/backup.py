"""Expansion of a leaf and the way of its value, and of proofs, back to the root."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.search.config import Params
from agents.search.root import prepare_root
from agents.search.tree import IDLE, NONE, UNKNOWN, Index, Tree
from envs.bits import copy
from envs.kernels import njit


@njit(cache=True, nogil=True)
def _prove(tree: Tree, b: int, node: Index) -> int:
    """The node's result if its edges decide it: one winning edge, or all of them exact (Winands et al. 2008)."""
    best, undecided = -1, False
    for e in range(tree.node[b, node].first, tree.node[b, node].first + tree.node[b, node].degree):
        if tree.edge[b, e].exact == 1:
            return 1
        if tree.edge[b, e].exact == UNKNOWN:
            undecided = True
        else:
            best = max(best, tree.edge[b, e].exact)
    return UNKNOWN if undecided else best


@njit(cache=True, nogil=True)
def backup(tree: Tree, b: int, leaf: Index, value: float, draw: float, p: Params) -> None:
    """Adds a leaf's value (its mover's view) to every edge of the path; a proof travels with it as far as it reaches.

    Where a node becomes proven, its exact result replaces the estimate for all nodes above."""
    mover, proof = tree.node[b, leaf].mover, tree.node[b, leaf].proven
    for i in range(tree.slot[b].depth - 1, -1, -1):
        node, e = tree.path[b, i, 0], tree.path[b, i, 1]
        flip = tree.node[b, node].mover != mover
        mover = tree.node[b, node].mover
        if flip:
            value = -value
        tree.edge[b, e].visits += 1
        tree.edge[b, e].value_sum += value
        tree.edge[b, e].draw_sum += draw
        if p.solve and proof != UNKNOWN:
            tree.edge[b, e].exact = -proof if flip else proof
            proof = _prove(tree, b, node)
            if proof != UNKNOWN:
                tree.node[b, node].proven = proof
                value, draw = float(proof), 1.0 if proof == 0 else 0.0
    tree.slot[b].done += 1


@njit(cache=True, nogil=True)
def _open_edges(tree: Tree, b: int, node: Index, legal: NDArray[np.bool_], logits: NDArray[np.float32]) -> None:
    """Gives the node an edge for each legal action with softmax(logits) as priors, unless the pool is used up; the
    likeliest first, of equal ones the lowest action."""
    first, degree = tree.slot[b].edges, 0
    for a in range(len(legal)):
        if legal[a]:
            e = first + degree
            if e >= tree.edge.shape[1]:
                return
            while e > first and tree.edge[b, e - 1].prior < logits[a]:
                tree.edge[b, e].prior, tree.edge[b, e].action = tree.edge[b, e - 1].prior, tree.edge[b, e - 1].action
                e -= 1
            tree.edge[b, e].prior, tree.edge[b, e].action = logits[a], a
            degree += 1
    total, top = 0.0, tree.edge[b, first].prior
    for e in range(first, first + degree):
        weight = np.exp(tree.edge[b, e].prior - top)
        tree.edge[b, e].prior = weight
        total += weight
        tree.edge[b, e].child = NONE
        tree.edge[b, e].visits = 0
        tree.edge[b, e].value_sum = 0.0
        tree.edge[b, e].draw_sum = 0.0
        tree.edge[b, e].exact = UNKNOWN
    for e in range(first, first + degree):
        tree.edge[b, e].prior /= total
    tree.node[b, node].first, tree.node[b, node].degree = first, degree
    tree.slot[b].edges = first + degree


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

    ``outcomes`` (player 0's view) is NaN for running games; ``legal`` has a row for every leaf, ``logits`` and ``wdl``
    only for the running ones, in order."""
    row = 0  # into logits and wdl
    for i in range(len(slots)):
        b = slots[i]
        node = np.int64(0)
        if i < children:
            node = np.int64(tree.slot[b].nodes)
            tree.slot[b].nodes += 1
            last = tree.slot[b].depth - 1
            tree.edge[b, tree.path[b, last, 1]].child = node
            copy(states[i], tree.state[b, node])
            tree.node[b, node].mover = movers[i]
            tree.node[b, node].degree = 0
        if np.isnan(outcomes[i]):
            tree.node[b, node].proven = UNKNOWN
            tree.node[b, node].value = wdl[row, 0] - wdl[row, 2]
            tree.node[b, node].draw = wdl[row, 1]
            _open_edges(tree, b, node, legal[i], logits[row])
            row += 1
        else:
            result = outcomes[i] if movers[i] == 0 else -outcomes[i]
            tree.node[b, node].proven = np.int8(np.rint(result))
            tree.node[b, node].value = result
            tree.node[b, node].draw = 1.0 if tree.node[b, node].proven == 0 else 0.0
        if i < children:
            backup(tree, b, node, np.float64(tree.node[b, node].value), np.float64(tree.node[b, node].draw), p)
        else:
            prepare_root(
                tree.noise[b],
                tree.schedule[b],
                tree.node[b, 0].degree,
                tree.slot[b].seed,
                tree.slot[b].budget,
                tree.slot[b].explore,
                p,
            )


@njit(cache=True, nogil=True)
def collect_finished(tree: Tree, slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of ``slots`` whose budget is spent or whose root is proven; they become idle."""
    out = np.empty(len(slots), np.int64)
    n = 0
    for b in slots:
        if tree.node[b, 0].degree > 0 and (
            tree.slot[b].done >= tree.slot[b].budget or tree.node[b, 0].proven != UNKNOWN
        ):
            tree.slot[b].status = IDLE
            out[n] = b
            n += 1
    return out[:n]

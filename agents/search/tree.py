"""The trees of many games in preallocated arrays.

The tree never knows the game: a node keeps its position as opaque words, so that no path is ever replayed, and a node's
edges exist only for legal actions, so that chess costs 35 entries a node and not 4,672. Statistics live on the edges,
where selection reads them in one contiguous sweep.

One simulation for all slots: `select.select` (descend to a leaf) -> the game's kernels -> the network -> `backup.expand`
(attach the leaf and carry its value up). `begin` starts a search, `reroot` keeps the subtree below a played action.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agents.search.config import Params
from agents.search.root import prepare_root
from envs.core import GameSpec

UNKNOWN = 2  # as a proven result: not proven
NONE = -1  # as a child: not visited yet
IDLE, RUNNING = 0, 1


class Tree(NamedTuple):
    """B slots of N nodes and E edges. All values are from the view of the player who moves at the node (edge: at its tail)."""

    # per node [B, N]
    state: NDArray[np.uint64]  # [B, N, W]
    mover: NDArray[np.int8]
    proven: NDArray[np.int8]  # -1, 0, 1 or UNKNOWN; a finished game is proven from the start
    first: NDArray[np.int32]  # its edges are first .. first + degree - 1
    degree: NDArray[np.int32]  # 0: not expanded
    value: NDArray[np.float32]  # the network's own estimate, win - loss
    draw: NDArray[np.float32]  # the network's probability of a draw
    # per edge [B, E]
    action: NDArray[np.int32]
    prior: NDArray[np.float32]
    child: NDArray[np.int32]  # node or NONE
    visits: NDArray[np.int32]
    value_sum: NDArray[np.float32]
    draw_sum: NDArray[np.float32]
    exact: NDArray[np.int8]  # the child's proven result, or UNKNOWN
    # per slot [B]
    nodes: NDArray[np.int32]  # in use
    edges: NDArray[np.int32]
    status: NDArray[np.int8]
    budget: NDArray[np.int32]  # simulations to reach at the root
    done: NDArray[np.int32]  # simulations at the root, kept ones included
    seed: NDArray[np.uint64]
    explore: NDArray[np.bool_]
    noise: NDArray[np.float32]  # [B, max_legal] Dirichlet or Gumbel, by the root's edge
    schedule: NDArray[np.int32]  # [B, max simulations] sequential halving: visits an action must have to be next
    # the path of the simulation under way [B, D]
    path_node: NDArray[np.int32]
    path_edge: NDArray[np.int32]
    depth: NDArray[np.int32]  # [B]


def allocate(spec: GameSpec, words: int, slots: int, max_simulations: int, edges_per_node: int) -> Tree:
    """Empty trees. A node needs ``8 * words + 18`` bytes and an edge 25; a node whose edges no longer fit stays a leaf."""
    nodes, edges = max_simulations + 1, (max_simulations + 1) * min(edges_per_node, spec.max_legal)
    depth = min(spec.max_plies, nodes) + 1
    z = np.zeros
    return Tree(
        state=z((slots, nodes, words), np.uint64),
        mover=z((slots, nodes), np.int8),
        proven=z((slots, nodes), np.int8),
        first=z((slots, nodes), np.int32),
        degree=z((slots, nodes), np.int32),
        value=z((slots, nodes), np.float32),
        draw=z((slots, nodes), np.float32),
        action=z((slots, edges), np.int32),
        prior=z((slots, edges), np.float32),
        child=z((slots, edges), np.int32),
        visits=z((slots, edges), np.int32),
        value_sum=z((slots, edges), np.float32),
        draw_sum=z((slots, edges), np.float32),
        exact=z((slots, edges), np.int8),
        nodes=z(slots, np.int32),
        edges=z(slots, np.int32),
        status=z(slots, np.int8),
        budget=z(slots, np.int32),
        done=z(slots, np.int32),
        seed=z(slots, np.uint64),
        explore=z(slots, np.bool_),
        noise=z((slots, spec.max_legal), np.float32),
        schedule=z((slots, max_simulations), np.int32),
        path_node=z((slots, depth), np.int32),
        path_edge=z((slots, depth), np.int32),
        depth=z(slots, np.int32),
    )


@njit(cache=True, nogil=True)
def edge_q(tree: Tree, b: int, e: int) -> float:
    """Q of a visited or proven edge."""
    if tree.exact[b, e] != UNKNOWN:
        return float(tree.exact[b, e])
    return tree.value_sum[b, e] / tree.visits[b, e]


@njit(cache=True, nogil=True)
def node_q(tree: Tree, b: int, node: int) -> tuple[float, int, float]:
    """(Q of the node, visits of its edges, prior mass of visited edges). Visits wasted on proven losses do not count."""
    total, seen, weight, count = tree.value[b, node], 0.0, 1, 0
    for e in range(tree.first[b, node], tree.first[b, node] + tree.degree[b, node]):
        n = tree.visits[b, e]
        if n > 0:
            count += n
            seen += tree.prior[b, e]
            if tree.exact[b, e] != -1:
                weight += n
                total += n * edge_q(tree, b, e)
    return total / weight, count, seen


@njit(cache=True, nogil=True)
def begin(
    tree: Tree,
    slots: NDArray[np.int64],
    states: NDArray[np.uint64],
    movers: NDArray[np.int8],
    seeds: NDArray[np.uint64],
    budgets: NDArray[np.int32],
    explore: NDArray[np.bool_],
) -> None:
    """Fresh trees of one unexpanded root each."""
    for i in range(len(slots)):
        b = slots[i]
        tree.state[b, 0] = states[i]
        tree.mover[b, 0] = movers[i]
        tree.proven[b, 0] = UNKNOWN
        tree.degree[b, 0] = 0
        tree.nodes[b], tree.edges[b], tree.done[b] = 1, 0, 0
        tree.status[b], tree.budget[b], tree.seed[b], tree.explore[b] = RUNNING, budgets[i], seeds[i], explore[i]


@njit(cache=True, nogil=True)
def reroot(
    tree: Tree,
    slots: NDArray[np.int64],
    actions: NDArray[np.int32],
    seeds: NDArray[np.uint64],
    budgets: NDArray[np.int32],
    explore: NDArray[np.bool_],
    p: Params,
) -> NDArray[np.bool_]:
    """Makes the child reached by ``actions[i]`` the root of its slot, moving its subtree to the front of the arrays.

    bool[n]: False where that child was never visited (nothing to keep; the caller begins afresh). Nodes and edges lie in the
    order of their creation, parents first, so the subtree can slide down in place in one sweep."""
    kept = np.zeros(len(slots), np.bool_)
    place = np.empty(tree.state.shape[1], np.int32)  # new index of a kept node, else NONE
    for i in range(len(slots)):
        b = slots[i]
        root = NONE
        for e in range(tree.first[b, 0], tree.first[b, 0] + tree.degree[b, 0]):
            if tree.action[b, e] == actions[i]:
                root = tree.child[b, e]
        if root == NONE or tree.degree[b, root] == 0:
            continue
        kept[i] = True
        place[: tree.nodes[b]] = NONE
        place[root] = 0
        nodes, edges, done = 0, 0, 0
        for old in range(root, tree.nodes[b]):
            if place[old] == NONE:
                continue
            place[old] = nodes
            nodes += 1
            for e in range(tree.first[b, old], tree.first[b, old] + tree.degree[b, old]):
                if tree.child[b, e] != NONE:
                    place[tree.child[b, e]] = 0  # wanted; its index follows when the sweep reaches it
                if old == root:
                    done += tree.visits[b, e]
        for old in range(root, tree.nodes[b]):
            new = place[old]
            if new == NONE:
                continue
            first, degree = tree.first[b, old], tree.degree[b, old]
            tree.state[b, new] = tree.state[b, old]
            tree.mover[b, new] = tree.mover[b, old]
            tree.proven[b, new] = tree.proven[b, old]
            tree.value[b, new] = tree.value[b, old]
            tree.draw[b, new] = tree.draw[b, old]
            tree.first[b, new] = edges
            tree.degree[b, new] = degree
            for e in range(first, first + degree):
                tree.action[b, edges] = tree.action[b, e]
                tree.prior[b, edges] = tree.prior[b, e]
                tree.visits[b, edges] = tree.visits[b, e]
                tree.value_sum[b, edges] = tree.value_sum[b, e]
                tree.draw_sum[b, edges] = tree.draw_sum[b, e]
                tree.exact[b, edges] = tree.exact[b, e]
                child = tree.child[b, e]
                tree.child[b, edges] = place[child] if child != NONE else NONE
                edges += 1
        tree.nodes[b], tree.edges[b], tree.done[b] = nodes, edges, done
        tree.status[b], tree.budget[b], tree.seed[b], tree.explore[b] = RUNNING, budgets[i], seeds[i], explore[i]
        prepare_root(tree.noise[b], tree.schedule[b], tree.degree[b, 0], seeds[i], budgets[i], explore[i], p)
    return kept

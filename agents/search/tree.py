"""The trees of many games in preallocated arrays.

The tree never knows the game: a node keeps its position as opaque words, so that no path is ever replayed, and a node's
edges exist only for legal actions, so that chess costs 35 entries a node and not 4,672. Statistics live on the edges,
where selection reads them in one contiguous sweep.

One simulation for all slots: `select.select` (descend to a leaf) -> the game's kernels -> the network ->
`backup.expand` (attach the leaf and carry its value up). `begin` starts a search, `reroot` keeps the subtree below a
played action.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.search.config import Params
from agents.search.root import prepare_root
from envs.bits import copy
from envs.core import GameSpec
from envs.kernels import njit

UNKNOWN = 2  # as a proven result: not proven
NONE = -1  # as a child: not visited yet
IDLE, RUNNING = 0, 1

Index = int | np.int64  # an np.int64 keeps numba from compiling a kernel twice, for a literal 0 and for any node


NODE = np.dtype(
    [
        ("value", np.float32),  # the network's own estimate, win - loss
        ("draw", np.float32),  # the network's probability of a draw
        ("first", np.int32),  # its edges are first .. first + degree - 1
        ("degree", np.int32),  # 0: not expanded
        ("mover", np.int8),
        ("proven", np.int8),  # -1, 0, 1 or UNKNOWN; what the rules tell is proven from the start
    ],
    align=True,
)
EDGE = np.dtype(
    [
        ("value_sum", np.float64),  # in float32, sums of millions of visits drift away
        ("draw_sum", np.float64),
        ("prior", np.float32),
        ("visits", np.int32),
        ("child", np.int32),  # a node, or NONE
        ("action", np.int16),
        ("exact", np.int8),  # the child's proven result, or UNKNOWN
    ],
    align=True,
)
SLOT = np.dtype(
    [
        ("seed", np.uint64),
        ("nodes", np.int32),  # in use
        ("edges", np.int32),
        ("budget", np.int32),  # simulations to reach at the root
        ("done", np.int32),  # simulations at the root, kept ones included
        ("at", np.int32),  # the entry of its root's timetable that is next
        ("depth", np.int32),  # length of the path under way
        ("status", np.int8),
        ("explore", np.bool_),
    ],
    align=True,
)
Records = NDArray[np.void]


class Tree(NamedTuple):
    """B slots of N nodes and E edges. Values are from the view of the mover: at the node, at the tail of the edge.

    A node's edges lie in descending order of their priors. Below the root the visited ones therefore come first:
    selection looks at the unvisited edge with the highest prior and at no further one.

    Records rather than an array a field: an edge is read in one cache line, and kernels that take 7 arrays compile in a
    fraction of the time that kernels with 26 need."""

    state: NDArray[np.uint64]  # [B, N, W]
    node: Records  # NODE[B, N]
    edge: Records  # EDGE[B, E]
    slot: Records  # SLOT[B]
    noise: NDArray[np.float32]  # [B, max_legal] Dirichlet or Gumbel, by the root's edge
    schedule: NDArray[np.int32]  # [B, max simulations] sequential halving: visits an action must have to be next
    path: NDArray[np.int32]  # [B, D, 2] (node, edge) of the simulation under way


def allocate(spec: GameSpec, words: int, slots: int, max_simulations: int, edges_per_node: int) -> Tree:
    """Empty trees: ``8 * words + 20`` bytes a node, 32 an edge. A node whose edges find no room stays a leaf."""
    if spec.num_actions > 1 << 15:
        raise ValueError(f"edges have room for {1 << 15:,} actions, and {spec.id} has {spec.num_actions:,}")
    nodes = max_simulations + 1
    edges = max(nodes * min(edges_per_node, spec.max_legal), spec.max_legal)  # a root's at least
    depth = min(spec.max_plies, nodes) + 1
    return Tree(
        state=np.zeros((slots, nodes, words), np.uint64),
        node=np.zeros((slots, nodes), NODE),
        edge=np.zeros((slots, edges), EDGE),
        slot=np.zeros(slots, SLOT),
        noise=np.zeros((slots, spec.max_legal), np.float32),
        schedule=np.zeros((slots, max_simulations), np.int32),
        path=np.zeros((slots, depth, 2), np.int32),
    )


@njit(cache=True, nogil=True)
def root_edge(tree: Tree, b: int, action: int) -> int:
    """The root's edge for an action, or `NONE`."""
    first = tree.node[b, 0].first
    for e in range(first, first + tree.node[b, 0].degree):
        if tree.edge[b, e].action == action:
            return int(e)
    return NONE


@njit(cache=True, nogil=True)
def edge_q(tree: Tree, b: int, e: int) -> float:
    """Q of a visited or proven edge."""
    if tree.edge[b, e].exact != UNKNOWN:
        return float(tree.edge[b, e].exact)
    return float(tree.edge[b, e].value_sum / tree.edge[b, e].visits)


@njit(cache=True, nogil=True)
def node_q(tree: Tree, b: int, node: Index) -> tuple[float, int, float]:
    """(Q of the node, visits of its edges, prior mass of visited edges). Visits of proven losses do not count."""
    total, seen, weight, count = tree.node[b, node].value, 0.0, 1, 0
    for e in range(tree.node[b, node].first, tree.node[b, node].first + tree.node[b, node].degree):
        n = tree.edge[b, e].visits
        if n > 0:
            count += n
            seen += tree.edge[b, e].prior
            exact = tree.edge[b, e].exact
            if exact != -1:
                weight += n
                total += tree.edge[b, e].value_sum if exact == UNKNOWN else n * exact
        elif node > 0:
            break
    return total / weight, count, seen


@njit(cache=True, nogil=True)
def _open_slot(tree: Tree, b: int, seed: np.uint64, budget: int, explore: bool) -> None:
    slot = tree.slot[b]
    slot.seed, slot.budget, slot.explore, slot.status, slot.at = seed, budget, explore, RUNNING, 0


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
        copy(states[i], tree.state[b, 0])
        tree.node[b, 0].mover = movers[i]
        tree.node[b, 0].proven = UNKNOWN
        tree.node[b, 0].degree = 0
        tree.slot[b].nodes, tree.slot[b].edges, tree.slot[b].done = 1, 0, 0
        _open_slot(tree, b, seeds[i], budgets[i], explore[i])


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

    bool[n]: False where that child was never visited (nothing to keep; the caller begins afresh). Nodes and edges lie
    in the order of their creation, parents first, so the subtree can slide down in place in one sweep."""
    kept = np.zeros(len(slots), np.bool_)
    place = np.empty(tree.state.shape[1], np.int32)  # new index of a kept node, else NONE
    for i in range(len(slots)):
        b = slots[i]
        played = root_edge(tree, b, actions[i])
        root = tree.edge[b, played].child if played != NONE else NONE
        if root == NONE or tree.node[b, root].degree == 0:
            continue
        kept[i] = True
        place[: tree.slot[b].nodes] = NONE
        place[root] = 0
        nodes, edges, done = 0, 0, 0
        for old in range(root, tree.slot[b].nodes):
            if place[old] == NONE:
                continue
            place[old] = nodes
            nodes += 1
            for e in range(tree.node[b, old].first, tree.node[b, old].first + tree.node[b, old].degree):
                if tree.edge[b, e].child != NONE:
                    place[tree.edge[b, e].child] = 0  # wanted; its index follows when the sweep reaches it
                if old == root:
                    done += tree.edge[b, e].visits
        for old in range(root, tree.slot[b].nodes):
            new = place[old]
            if new == NONE:
                continue
            first, degree = tree.node[b, old].first, tree.node[b, old].degree
            copy(tree.state[b, old], tree.state[b, new])
            tree.node[b, new] = tree.node[b, old]
            tree.node[b, new].first = edges
            for e in range(first, first + degree):
                tree.edge[b, edges] = tree.edge[b, e]
                child = tree.edge[b, edges].child
                if child != NONE:
                    tree.edge[b, edges].child = place[child]
                edges += 1
        tree.slot[b].nodes, tree.slot[b].edges, tree.slot[b].done = nodes, edges, done
        _open_slot(tree, b, seeds[i], budgets[i], explore[i])
        prepare_root(tree.noise[b], tree.schedule[b], tree.node[b, 0].degree, seeds[i], budgets[i], explore[i], p)
    return kept

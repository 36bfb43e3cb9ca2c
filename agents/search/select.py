"""Selection: the walk from the root to a leaf, by PUCT, UCB1 or, at the root, sequential halving."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.search.backup import backup
from agents.search.config import Params
from agents.search.tree import NONE, UNKNOWN, Index, Tree, edge_q, node_q
from envs.bits import copy
from envs.kernels import njit


@njit(cache=True, nogil=True)
def exploration(p: Params, count: int) -> float:
    """c(s) * sqrt(N(s)) of PUCT (Silver et al. 2018)."""
    return float((p.c_init + np.log((count + p.c_base + 1.0) / p.c_base)) * np.sqrt(max(count, 1)))


@njit(cache=True, nogil=True)
def forced(p: Params, prior: float, count: int) -> float:
    """Visits that a visited root action is owed while exploring (KataGo, arXiv 1902.10565, section 3.2)."""
    return float(np.sqrt(p.forced * prior * count))


@njit(cache=True, nogil=True)
def root_prior(tree: Tree, b: int, e: int, p: Params) -> float:
    """A root edge's prior with the slot's Dirichlet noise mixed in, where it explores."""
    prior = float(tree.edge[b, e].prior)
    if tree.slot[b].explore and p.noise_fraction > 0.0:
        prior = (1.0 - p.noise_fraction) * prior + p.noise_fraction * tree.noise[b, e - tree.node[b, 0].first]
    return prior


@njit(cache=True, nogil=True)
def _by_puct(tree: Tree, b: int, node: Index, p: Params) -> int:
    """The edge to follow from an expanded, unproven node. Proven losses are never followed."""
    q, count, seen = node_q(tree, b, node)
    unvisited = q - (p.root_fpu if node == 0 else p.fpu) * np.sqrt(seen)
    bonus = exploration(p, count)
    best, best_score = NONE, -np.inf
    for e in range(tree.node[b, node].first, tree.node[b, node].first + tree.node[b, node].degree):
        if tree.edge[b, e].exact == -1:
            continue
        n = tree.edge[b, e].visits
        prior = float(tree.edge[b, e].prior)
        if node == 0:
            prior = root_prior(tree, b, e, p)
            if tree.slot[b].explore and 0 < n < forced(p, prior, count):
                return e
        score = (edge_q(tree, b, e) if n > 0 else unvisited) + bonus * prior / (1.0 + n)
        if score > best_score:
            best, best_score = e, score
        if n == 0 and node > 0:
            break
    return best


@njit(cache=True, nogil=True)
def _by_ucb(tree: Tree, b: int, node: Index, p: Params) -> int:
    """UCB1 (Auer et al. 2002): every action once, then Q plus an exploration that grows with the log of the parent's
    visits."""
    first, degree = tree.node[b, node].first, tree.node[b, node].degree
    count = 0
    for e in range(first, first + degree):
        count += tree.edge[b, e].visits
    best, best_score = NONE, -np.inf
    for e in range(first, first + degree):
        if tree.edge[b, e].exact == -1:
            continue
        n = tree.edge[b, e].visits
        if n == 0:
            return e
        score = edge_q(tree, b, e) + p.c_uct * np.sqrt(np.log(count) / n)
        if score > best_score:
            best, best_score = e, score
    return best


@njit(cache=True, nogil=True)
def mixed_value(tree: Tree, b: int) -> float:
    """The root's value estimate for unvisited actions: v_mix of Danihelka et al. 2022, appendix D."""
    seen, weighted, count = 0.0, 0.0, 0
    for e in range(tree.node[b, 0].first, tree.node[b, 0].first + tree.node[b, 0].degree):
        if tree.edge[b, e].visits > 0:
            seen += tree.edge[b, e].prior
            weighted += tree.edge[b, e].prior * edge_q(tree, b, e)
            count += tree.edge[b, e].visits
    if seen <= 0.0:
        return float(tree.node[b, 0].value)
    return float((tree.node[b, 0].value + count * weighted / seen) / (1.0 + count))


@njit(cache=True, nogil=True)
def improved_logit(tree: Tree, b: int, e: int, mixed: float, most: int, p: Params) -> float:
    """logit + sigma(completed Q) of a root edge (equations 8 and 11); ``most``: visits of the most visited edge."""
    known = tree.edge[b, e].visits > 0 or tree.edge[b, e].exact != UNKNOWN
    q = edge_q(tree, b, e) if known else mixed
    return float(np.log(max(tree.edge[b, e].prior, 1e-9)) + (p.gumbel_visit + most) * p.gumbel_scale * q)


@njit(cache=True, nogil=True)
def most_visits(tree: Tree, b: int) -> int:
    most = 0
    for e in range(tree.node[b, 0].first, tree.node[b, 0].first + tree.node[b, 0].degree):
        most = max(most, tree.edge[b, e].visits)
    return most


@njit(cache=True, nogil=True)
def _open_with(tree: Tree, b: int, visits: int, p: Params) -> int:
    """Of the unproven root edges with so many visits the one with the best noisy improved logit, or `NONE`."""
    mixed, most = mixed_value(tree, b), most_visits(tree, b)
    best, best_score = NONE, -np.inf
    first = tree.node[b, 0].first
    for e in range(first, first + tree.node[b, 0].degree):
        if tree.edge[b, e].exact == UNKNOWN and tree.edge[b, e].visits == visits:
            score = improved_logit(tree, b, e, mixed, most, p) + tree.noise[b, e - first]
            if score > best_score:
                best, best_score = e, score
    return best


@njit(cache=True, nogil=True)
def _second_most(tree: Tree, b: int) -> int:
    """Visits of the second most visited unproven root edge; of the only one, if there is one."""
    top, second = -1, -1
    for e in range(tree.node[b, 0].first, tree.node[b, 0].first + tree.node[b, 0].degree):
        if tree.edge[b, e].exact == UNKNOWN:
            n = tree.edge[b, e].visits
            if n > top:
                top, second = n, top
            elif n > second:
                second = n
    return second if second >= 0 else top


@njit(cache=True, nogil=True)
def by_gumbel(tree: Tree, b: int, p: Params) -> int:
    """The root edge that sequential halving visits next; the root is not proven.

    A proven edge needs no more visits. What the timetable has for it is passed over, so that it does not go to those
    who were left behind, and is used up at the end, by the two most visited in turn."""
    slot = tree.slot[b]
    while slot.at < slot.budget:
        e = _open_with(tree, b, tree.schedule[b, slot.at], p)
        slot.at += 1
        if e != NONE:
            return e
    return _open_with(tree, b, _second_most(tree, b), p)


@njit(cache=True, nogil=True)
def select(
    tree: Tree,
    slots: NDArray[np.int64],
    p: Params,
    leaf_slots: NDArray[np.int64],
    states: NDArray[np.uint64],
    actions: NDArray[np.int32],
) -> tuple[int, int]:
    """One descent in every slot of ``slots``; (m, k): the number of leaves to attach, and of those how many are new
    children.

    Rows 0..k-1 of the outputs are children: ``states`` holds the parent's position, ``actions`` what to play in it.
    Rows k..m-1 are unexpanded roots with their own position. A descent that ends in a known result is backed up at
    once."""
    k, roots = 0, 0
    waiting = np.empty(len(slots), np.int64)
    for i in range(len(slots)):
        b = slots[i]
        if tree.node[b, 0].degree == 0:
            waiting[roots] = b
            roots += 1
            continue
        node, depth = np.int64(0), np.int64(0)
        while True:
            if node == 0 and p.gumbel:
                e = by_gumbel(tree, b, p)
            elif p.uct:
                e = _by_ucb(tree, b, node, p)
            else:
                e = _by_puct(tree, b, node, p)
            tree.path[b, depth, 0], tree.path[b, depth, 1] = node, e
            depth += 1
            child = tree.edge[b, e].child
            if child == NONE:
                leaf_slots[k], actions[k] = b, tree.edge[b, e].action
                copy(tree.state[b, node], states[k])
                k += 1
                break
            node = child
            if tree.node[b, node].proven != UNKNOWN or tree.node[b, node].degree == 0:
                break
        tree.slot[b].depth = depth
        if child == NONE:
            continue
        if tree.node[b, node].proven != UNKNOWN:
            result = np.float64(tree.node[b, node].proven)
            backup(tree, b, node, result, 1.0 if result == 0.0 else 0.0, p)
        else:  # a leaf that had no room for its edges
            backup(tree, b, node, np.float64(tree.node[b, node].value), np.float64(tree.node[b, node].draw), p)
    for i in range(roots):
        b = waiting[i]
        leaf_slots[k + i], tree.slot[b].depth = b, 0
        copy(tree.state[b, 0], states[k + i])
    return k + roots, k

"""What a finished search says: visits, values, the action to play, and the policy to learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.search.config import Params
from agents.search.lines import plies_to_end, rank
from agents.search.select import exploration, forced, improved_logit, mixed_value, most_visits, root_prior
from agents.search.tree import UNKNOWN, Tree, edge_q
from envs.kernels import njit


@dataclass(frozen=True, slots=True)
class Roots:
    """Results of n searches, one row each; values are from the view of the player to move."""

    visits: NDArray[np.int32]  # [n, A]
    q: NDArray[np.float32]  # [n, A], NaN where not visited
    priors: NDArray[np.float32]  # [n, A] the network's policy, without noise
    policy: NDArray[np.float32]  # [n, A] what to learn from; sums to 1
    action: NDArray[np.int32]  # [n] the search's choice
    value: NDArray[np.float32]  # [n] after the search
    wdl: NDArray[np.float32]  # [n, 3] win, draw, loss after the search
    proven: NDArray[np.int8]  # [n] -1, 0, 1 or UNKNOWN


@njit(cache=True, nogil=True)
def _optimal(tree: Tree, b: int, e: int) -> bool:
    """Whether the edge may be played: where the root is proven only edges that keep its result, else no proven loss."""
    proven = tree.node[b, 0].proven
    if proven == UNKNOWN:
        return bool(tree.edge[b, e].exact != -1)
    return bool(tree.edge[b, e].exact == proven)


@njit(cache=True, nogil=True)
def _draw(tree: Tree, b: int, e: int) -> float:
    """Probability of a draw behind a visited edge."""
    if tree.edge[b, e].exact != UNKNOWN:
        return 1.0 if tree.edge[b, e].exact == 0 else 0.0
    return float(tree.edge[b, e].draw_sum / tree.edge[b, e].visits)


@njit(cache=True, nogil=True)
def _weights(tree: Tree, b: int, p: Params, weights: NDArray[np.float64]) -> None:
    """Fills ``weights[:degree]`` with the improved policy before normalisation."""
    first, degree = tree.node[b, 0].first, tree.node[b, 0].degree
    if p.gumbel:
        mixed, most = mixed_value(tree, b), most_visits(tree, b)
        top = -np.inf
        for i in range(degree):
            weights[i] = improved_logit(tree, b, first + i, mixed, most, p)
            if _optimal(tree, b, first + i):
                top = max(top, weights[i])
        for i in range(degree):
            weights[i] = np.exp(min(weights[i] - top, 0.0))
        return
    best, count = 0, 0
    for i in range(degree):
        weights[i] = tree.edge[b, first + i].visits
        count += tree.edge[b, first + i].visits
        if weights[i] > weights[best]:
            best = i
    if not tree.slot[b].explore or p.forced == 0.0 or p.uct:
        return
    # policy-target pruning (KataGo, section 3.2): take back forced visits that PUCT alone would not have made
    bonus = exploration(p, count)
    bar = edge_q(tree, b, first + best) + bonus * root_prior(tree, b, first + best, p) / (1.0 + weights[best])
    for i in range(degree):
        n = tree.edge[b, first + i].visits
        if i == best or n == 0:
            continue
        prior = root_prior(tree, b, first + i, p)
        gap = bar - edge_q(tree, b, first + i)
        earned = bonus * prior / gap - 1.0 if gap > 0.0 else float(n)  # visits at which its score falls to the bar
        kept = max(n - forced(p, prior, count), min(float(n), earned))
        weights[i] = kept if kept > 1.0 else 0.0


@njit(cache=True, nogil=True)
def _read(
    tree: Tree,
    slots: NDArray[np.int64],
    p: Params,
    visits: NDArray[np.int32],
    q: NDArray[np.float32],
    priors: NDArray[np.float32],
    policy: NDArray[np.float32],
    action: NDArray[np.int32],
    wdl: NDArray[np.float32],
    proven: NDArray[np.int8],
) -> None:
    weights = np.empty(tree.noise.shape[1], np.float64)
    for i in range(len(slots)):
        b = slots[i]
        first, degree = tree.node[b, 0].first, tree.node[b, 0].degree
        _weights(tree, b, p, weights)
        mixed, most = (mixed_value(tree, b), most_visits(tree, b)) if p.gumbel else (0.0, 0)
        total, best, best_score, finalist = 0.0, first, -np.inf, 0
        for e in range(first, first + degree):
            if tree.edge[b, e].exact == UNKNOWN:
                finalist = max(finalist, tree.edge[b, e].visits)
        decided = tree.node[b, 0].proven == 1 or tree.node[b, 0].proven == -1
        plies = plies_to_end(tree, b) if decided else np.empty(0, np.int32)
        # PUCT's value is the mean of its visits; sequential halving visits bad actions too, so its value is its
        # policy's
        counted = 1e-6 if p.gumbel else 1.0
        value, draw = counted * float(tree.node[b, 0].value), counted * float(tree.node[b, 0].draw)
        for j in range(degree):
            e = first + j
            a, n = tree.edge[b, e].action, tree.edge[b, e].visits
            visits[i, a], priors[i, a] = n, tree.edge[b, e].prior
            if n > 0:
                q[i, a] = edge_q(tree, b, e)
            if not _optimal(tree, b, e):
                weights[j] = 0.0
                continue
            total += weights[j]
            if n > 0:
                weight = weights[j] if p.gumbel else float(n)
                value += weight * edge_q(tree, b, e)
                draw += weight * _draw(tree, b, e)
                counted += weight
            if decided:  # the winner hurries, the loser does not
                score = rank(tree, b, e, plies)
            elif p.gumbel:  # among the finalists, and draws already proven, the best noisy improved logit
                score = improved_logit(tree, b, e, mixed, most, p) + tree.noise[b, j]
                if n < finalist and tree.edge[b, e].exact == UNKNOWN:
                    score -= 1e9
            else:
                score = n + 1e-3 * tree.edge[b, e].prior
            if score > best_score:
                best, best_score = e, score
        action[i] = tree.edge[b, best].action
        if total <= 0.0:  # only unvisited actions are not lost
            total = 0.0
            for j in range(degree):
                weights[j] = tree.edge[b, first + j].prior if _optimal(tree, b, first + j) else 0.0
                total += weights[j]
        for j in range(degree):
            policy[i, tree.edge[b, first + j].action] = weights[j] / total
        proven[i] = tree.node[b, 0].proven
        if proven[i] != UNKNOWN:
            value, draw, counted = float(proven[i]), 1.0 if proven[i] == 0 else 0.0, 1.0
        value, draw = value / counted, draw / counted
        wdl[i, 0], wdl[i, 1], wdl[i, 2] = (1.0 - draw + value) / 2.0, draw, (1.0 - draw - value) / 2.0


def read(tree: Tree, slots: NDArray[np.int64], num_actions: int, p: Params) -> Roots:
    """The results of these slots' searches."""
    n = len(slots)
    roots = Roots(
        visits=np.zeros((n, num_actions), np.int32),
        q=np.full((n, num_actions), np.nan, np.float32),
        priors=np.zeros((n, num_actions), np.float32),
        policy=np.zeros((n, num_actions), np.float32),
        action=np.zeros(n, np.int32),
        value=np.zeros(n, np.float32),
        wdl=np.zeros((n, 3), np.float32),
        proven=np.zeros(n, np.int8),
    )
    _read(
        tree,
        slots,
        p,
        roots.visits,
        roots.q,
        roots.priors,
        roots.policy,
        roots.action,
        roots.wdl,
        roots.proven,
    )
    roots.value[:] = roots.wdl[:, 0] - roots.wdl[:, 2]
    return roots

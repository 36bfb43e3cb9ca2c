"""Many leaves of one tree at a time, so that a single game keeps the network busy too.

`gather` descends again and again before anything is evaluated, by the same `select` as ever. What keeps the descents
apart are ghosts: a descent leaves visits on its edges that have not happened. On the way a ghost is worth what the edge
is worth so far, so that it takes from the edge's exploration and not from its value (Liu et al., "Watch the
Unobserved", ICLR 2020); on its last edge, whose value nobody knows, it is a loss (Chaslot et al. 2008), so that the
others keep away. `attach` takes the ghosts off and adds the leaves by the same `expand` as ever. One leaf at a time is
exactly the search that `agents.search.search` makes.

Everything happens in slot 0, whose root is expanded, and in slot 0 alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.search.backup import expand
from agents.search.config import Params
from agents.search.select import select
from agents.search.tree import UNKNOWN, Tree, edge_q
from envs.kernels import njit


class Lanes(NamedTuple):
    """The descents of a batch: the first found their leaves, the last only met others on their way."""

    path: NDArray[np.int32]  # [L, D, 2] (node, edge), as in `Tree`
    depth: NDArray[np.int32]  # [L]
    ghost: NDArray[np.float32]  # [L, D] the value added to each edge


def make_lanes(width: int, depth: int) -> Lanes:
    """Lanes for batches of at most ``width`` leaves."""
    lanes = 2 * width
    return Lanes(np.zeros((lanes, depth, 2), np.int32), np.zeros(lanes, np.int32), np.zeros((lanes, depth), np.float32))


@njit(cache=True, nogil=True)
def _keep(tree: Tree, lanes: Lanes, lane: int) -> None:
    """Notes the descent just made in a lane."""
    depth = tree.slot[0].depth
    lanes.path[lane, :depth], lanes.depth[lane] = tree.path[0, :depth], depth


@njit(cache=True, nogil=True)
def _haunt(tree: Tree, lanes: Lanes, lane: int) -> None:
    depth = lanes.depth[lane]
    for i in range(depth):
        e = lanes.path[lane, i, 1]
        ghost = np.float32(edge_q(tree, 0, e)) if i < depth - 1 else np.float32(-1)
        lanes.ghost[lane, i] = ghost
        tree.edge[0, e].visits += 1
        tree.edge[0, e].value_sum += ghost


@njit(cache=True, nogil=True)
def _exorcise(tree: Tree, lanes: Lanes, lane: int) -> None:
    for i in range(lanes.depth[lane]):
        e = lanes.path[lane, i, 1]
        tree.edge[0, e].visits -= 1
        tree.edge[0, e].value_sum -= lanes.ghost[lane, i]


@njit(cache=True, nogil=True)
def gather(
    tree: Tree, width: int, p: Params, lanes: Lanes, states: NDArray[np.uint64], actions: NDArray[np.int32]
) -> tuple[int, int]:
    """At most ``width`` descents; (leaves found, plies gone down in all descents that count).

    The leaves' parents are in ``states``, what to play there in ``actions``. A descent that ends in a known result is
    backed up at once and counts, like a leaf, as one of ``width``. The batch ends early when the root is proven, and
    when ``width`` descents have met others at a leaf that is on its way already."""
    slot, owner = np.zeros(1, np.int64), np.zeros(1, np.int64)
    found, met, plies, target = 0, 0, 0, tree.slot[0].done + width
    while tree.slot[0].done + found < target and met < width and tree.node[0, 0].proven == UNKNOWN:
        leaves, _ = select(tree, slot, p, owner, states[found : found + 1], actions[found : found + 1])
        if leaves == 1 and tree.edge[0, tree.path[0, tree.slot[0].depth - 1, 1]].visits > 0:
            met += 1
            _keep(tree, lanes, len(lanes.depth) - met)
            _haunt(tree, lanes, len(lanes.depth) - met)
            continue
        plies += tree.slot[0].depth
        if leaves == 1:
            _keep(tree, lanes, found)
            found += 1
            if width == 1:  # nobody to scare: the values stay exact to the last bit
                return found, plies
            _haunt(tree, lanes, found - 1)
    for lane in range(found):
        _exorcise(tree, lanes, lane)
    for lane in range(len(lanes.depth) - met, len(lanes.depth)):
        _exorcise(tree, lanes, lane)
    return found, plies


@njit(cache=True, nogil=True)
def attach(
    tree: Tree,
    lanes: Lanes,
    states: NDArray[np.uint64],
    movers: NDArray[np.int8],
    outcomes: NDArray[np.float32],
    legal: NDArray[np.bool_],
    logits: NDArray[np.float32],
    wdl: NDArray[np.float32],
    p: Params,
) -> None:
    """Adds the leaves that `gather` found, in its order; the arguments are those of `backup.expand`."""
    slot, row = np.zeros(1, np.int64), 0
    for i in range(len(states)):
        depth = lanes.depth[i]
        tree.path[0, :depth], tree.slot[0].depth = lanes.path[i, :depth], depth
        expand(
            tree,
            slot,
            1,
            states[i : i + 1],
            movers[i : i + 1],
            outcomes[i : i + 1],
            legal[i : i + 1],
            logits[row:],
            wdl[row:],
            p,
        )
        row += np.isnan(outcomes[i])

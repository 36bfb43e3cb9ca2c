"""Wins that the rules alone can see: a root whose mover can win at once, or by force in two moves.

A search with few simulations, or one that looks at its best few moves only, may never try the move that mates if the
network thinks little of it. Where `SearchConfig.seize` says so, a new root is looked at move by move first. Looking one
move ahead costs less than one simulation, two moves ahead a few, as nearly all first moves are refuted by the first
reply that is tried. What is found enters the tree as simulations that know where to go, so that proofs, visits and
lines are what they always are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.search.backup import expand
from agents.search.config import Params
from agents.search.tree import Tree, root_edge
from envs.core import BoardGame, State, States

Found = tuple[NDArray[np.int64], NDArray[np.int64], States]  # rows, actions, and the positions after them
_REPLIES = (1, 4, 1 << 20)  # tried in turn, as long as no refutation is found


def winning(game: BoardGame, states: States, legal: NDArray[np.bool_]) -> Found:
    """The moves in ``legal`` that win at once."""
    rows, actions = np.nonzero(legal)
    after = game.step(states[rows], actions.astype(np.int32))
    wins = _won(game, after, game.mover(states)[rows])
    return rows[wins], actions[wins], after[wins]


def forcing(game: BoardGame, states: States, legal: NDArray[np.bool_]) -> Found:
    """The moves in ``legal`` after which every reply leaves a win at once; those that win themselves are not among
    them."""
    rows, actions = np.nonzero(legal)
    hunters, after = game.mover(states)[rows], game.step(states[rows], actions.astype(np.int32))
    on = np.flatnonzero(np.isnan(game.outcome(after)) & (game.mover(after) != hunters))
    for most in _REPLIES:
        on = on[_replies_lose(game, after[on], hunters[on], most)]
    return rows[on], actions[on], after[on]


def seizable(game: BoardGame, states: States, legal: NDArray[np.bool_], moves: int) -> Found:
    """The moves in ``legal`` that win at once; in rows without one, those that win by force in ``moves`` moves."""
    found = winning(game, states, legal)
    if moves < 2:
        return found
    rest = legal.copy()
    rest[found[0]] = False
    rows, actions, after = (np.concatenate(pair) for pair in zip(found, forcing(game, states, rest), strict=True))
    return rows, actions, after


def _won(game: BoardGame, states: States, players: NDArray[np.int8]) -> NDArray[np.bool_]:
    won: NDArray[np.bool_] = game.outcome(states) == np.where(players == 0, 1, -1)
    return won


def _replies_lose(game: BoardGame, states: States, hunters: NDArray[np.int8], most: int) -> NDArray[np.bool_]:
    """bool[n]: whether each of the first ``most`` replies lets the hunter win at once."""
    out = np.ones(len(states), np.bool_)
    rows, actions = np.nonzero(game.legal(states))
    tried = np.arange(len(rows)) - np.searchsorted(rows, rows) < most
    rows, actions = rows[tried], actions[tried]
    after = game.step(states[rows], actions.astype(np.int32))
    lost = _won(game, after, hunters[rows])
    on = np.flatnonzero(np.isnan(game.outcome(after)) & (game.mover(after) == hunters[rows]))
    lost[on[winning(game, after[on], game.legal(after[on]))[0]]] = True
    out[rows[~lost]] = False
    return out


def seize(
    game: BoardGame,
    tree: Tree,
    slots: NDArray[np.int64],
    states: States,
    legal: NDArray[np.bool_],
    most: NDArray[np.int32],
    moves: int,
    p: Params,
) -> int:
    """Makes what `seizable` finds the first simulations of each root, which they prove; returns how many.

    The roots in these ``slots`` are expanded and not visited yet; ``states`` [n, W] and ``legal`` [n, A] are theirs,
    and ``most`` [n] simulations may be made. Of several moves the likeliest is taken."""
    rows, actions, after = seizable(game, states, legal, moves)
    if not len(rows):
        return 0
    edges = np.array([root_edge(tree, *found) for found in zip(slots[rows], actions, strict=True)])
    order = np.lexsort((-tree.edge["prior"][slots[rows], edges], rows))
    order = order[np.unique(rows[order], return_index=True)[1]]
    before = int(tree.slot["done"][slots].sum())
    for i in order.tolist():
        if 1 + 2 * int(game.legal(after[i][None]).sum()) <= most[rows[i]]:
            _prove(game, tree, slots[rows[i]], [(0, int(edges[i]))], after[i], p)
    return int(tree.slot["done"][slots].sum()) - before


def _prove(game: BoardGame, tree: Tree, slot: np.int64, path: list[tuple[int, int]], state: State, p: Params) -> None:
    """Adds the position behind a path and, unless it is the end, what is needed to prove it: all replies of the hunted,
    a winning move of the hunter."""
    node, states = int(tree.slot["nodes"][slot]), state[None]
    outcomes, legal = game.outcome(states), game.legal(states)
    tree.path[slot, : len(path)], tree.slot["depth"][slot] = path, len(path)
    logits, wdl = np.zeros(legal.shape, np.float32), np.full((1, 3), 1 / 3, np.float32)
    expand(tree, np.array([slot]), 1, states, game.mover(states), outcomes, legal, logits, wdl, p)
    if not np.isnan(outcomes[0]):
        return
    first = int(tree.node["first"][slot, node])
    if len(path) == 1:
        after = game.step(np.repeat(states, int(legal.sum()), axis=0), np.flatnonzero(legal[0]).astype(np.int32))
        for i, reply in enumerate(after[: tree.node["degree"][slot, node]]):
            _prove(game, tree, slot, [*path, (node, first + i)], reply, p)
    else:
        _, actions, won = winning(game, states, legal)
        rank = int(legal[0, : actions[0]].sum())
        if rank < tree.node["degree"][slot, node]:
            _prove(game, tree, slot, [*path, (node, first + rank)], won[0], p)

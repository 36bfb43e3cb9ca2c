"""Alpha-beta to a fixed depth with a plain evaluation, for any board game.

The games of a batch are searched in step, each with its own stack: one round expands one node of every unfinished
game, so that the rules and the evaluation are asked about a whole batch at a time. Successors are searched in the
order of their evaluation; those of the deepest nodes are not expanded but valued by `agents.plain_value`, finished
ones by their result, sooner wins before later ones. The root's successors are searched with a window one wider than
needed, so that moves that are exactly as good as the best are known, and the game's seed chooses among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import envs
from agents.chance import Chance, choose
from agents.core import AgentKind, Batch, Decision, GameKey
from agents.plain_value import SCALE, evaluate
from agents.registry import describe, fingerprint
from envs.bits import copy
from envs.core import BoardGame, GameSpec, InputError, States
from envs.kernels import njit

WIN = 30 * SCALE  # minus the plies until then; beyond all evaluations
_INFINITE = 2 * WIN


@dataclass(frozen=True, slots=True)
class AlphaBetaOptions:
    depth: int = 4  # plies

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= 20:
            raise InputError(f"depth must be in 1..20, not {self.depth}")


_CHILD = np.dtype(
    [
        ("action", np.int32),
        ("value", np.int32),  # by its result or its evaluation
        ("final", np.bool_),  # the game ends there, or the depth does: the value is all there is
        ("flip", np.bool_),  # the other player moves there
    ]
)
_NODE = np.dtype([(name, np.int32) for name in ("count", "next", "alpha", "beta", "best")])  # next: child in hand


class _Stacks(NamedTuple):
    """For each of n games the nodes from its root to the node in hand; values are for the mover of their node."""

    level: NDArray[np.int64]  # [n] of the node in hand; -1: search finished
    node: NDArray[np.void]  # _NODE[n, depth]
    child: NDArray[np.void]  # _CHILD[n, depth, M], best first; M: the most legal actions
    states: NDArray[np.uint64]  # [n, depth, M, W] of the children
    top: NDArray[np.int32]  # [n, M] what the search found the root's children worth


def _allocate(n: int, depth: int, most: int, words: int) -> _Stacks:
    node = np.zeros((n, depth), _NODE)
    node["alpha"], node["beta"] = -_INFINITE, _INFINITE
    return _Stacks(
        level=np.zeros(n, np.int64),
        node=node,
        child=np.zeros((n, depth, most), _CHILD),
        states=np.zeros((n, depth, most, words), np.uint64),
        top=np.zeros((n, most), np.int32),
    )


@njit(cache=True, nogil=True)
def _push(s: _Stacks, games: NDArray[np.int64], children: NDArray[np.void], states: NDArray[np.uint64]) -> None:
    """Gives the nodes in hand their children; ``games`` ascends, one entry a child."""
    for i in range(len(games)):
        g = games[i]
        level = s.level[g]
        node, child = s.node[g, level], s.child[g, level]
        if i == 0 or games[i - 1] != g:
            node.count, node.next, node.best = 0, 0, -_INFINITE
        k = node.count
        node.count += 1
        while k > 0 and child[k - 1].value < children[i].value:
            child[k] = child[k - 1]
            copy(s.states[g, level, k - 1], s.states[g, level, k])
            k -= 1
        child[k] = children[i]
        copy(states[i], s.states[g, level, k])


@njit(cache=True, nogil=True)
def _advance(s: _Stacks, games: NDArray[np.int64], states: NDArray[np.uint64]) -> int:
    """Goes on in every game until a node needs its children, and puts its game and state into the first rows of
    ``games`` and ``states``; returns how many there are. Games that finish are left out."""
    waiting = 0
    for i in range(len(games)):
        g = games[i]
        while s.level[g] >= 0:
            level = s.level[g]
            node = s.node[g, level]
            if node.next == node.count or node.best >= node.beta:
                s.level[g] -= 1
                if level > 0:
                    parent = s.node[g, level - 1]
                    flip = s.child[g, level - 1, parent.next].flip
                    _take(s, g, level - 1, -node.best if flip else node.best)
                continue
            child = s.child[g, level, node.next]
            if child.final:
                _take(s, g, level, child.value)
                continue
            alpha, beta = max(node.alpha, node.best), node.beta
            if level == 0:
                alpha -= 1
            below = s.node[g, level + 1]
            below.alpha, below.beta = (-beta, -alpha) if child.flip else (alpha, beta)
            s.level[g] += 1
            games[waiting] = g
            copy(s.states[g, level, node.next], states[waiting])
            waiting += 1
            break
    return waiting


@njit(cache=True, nogil=True)
def _take(s: _Stacks, g: int, level: int, value: int) -> None:
    """The value of the child in hand is known: on to the next one."""
    node = s.node[g, level]
    if level == 0:
        s.top[g, node.next] = value
    node.best = max(node.best, value)
    node.next += 1


def search(game: BoardGame, states: States, depth: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """int32[n] the value of running positions for their movers after ``depth`` plies, bool[n, A] the actions that have
    it."""
    n = len(states)
    s = _allocate(n, depth, game.spec.max_legal, states.shape[1])
    games, nodes = np.arange(n), states.copy()
    waiting = n
    while waiting:
        _expand(game, s, games[:waiting], nodes[:waiting], depth)
        waiting = _advance(s, games[:waiting], nodes)
    values = s.node["best"][:, 0]
    best = np.zeros((n, game.spec.num_actions), np.bool_)
    found = np.arange(s.top.shape[1]) < s.node["count"][:, :1]
    rows, ranks = np.nonzero(found & (s.top == values[:, None]))
    best[rows, s.child["action"][rows, 0, ranks]] = True
    return values, best


def _expand(game: BoardGame, s: _Stacks, games: NDArray[np.int64], nodes: States, depth: int) -> None:
    """Makes the children of the nodes in hand, all at once."""
    rows, actions = np.nonzero(game.legal(nodes))
    states = game.step(nodes[rows], actions.astype(np.int32))
    movers, levels = game.mover(nodes)[rows], s.level[games[rows]]
    outcomes = game.outcome(states)
    running = np.isnan(outcomes)
    children = np.empty(len(rows), _CHILD)
    children["action"] = actions
    children["final"] = ~running | (levels == depth - 1)
    children["flip"] = game.mover(states) != movers
    values = np.where(movers == 0, outcomes, -outcomes) * (WIN - levels)
    values[running] = evaluate(game, states[running]) * np.where(children["flip"][running], -1, 1)
    children["value"] = values
    _push(s, games[rows], children, states)


class AlphaBeta:
    """See `agents.core.Agent`."""

    def __init__(self, options: AlphaBetaOptions) -> None:
        self._options = options
        self.name = describe("alphabeta", options, AlphaBetaOptions())
        self.fingerprint = fingerprint("alphabeta", options)

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        self._game = envs.make(spec.id)
        self._chance = Chance(games)

    def act(self, batch: Batch) -> list[Decision]:
        values, best = search(self._game, batch.observations, self._options.depth)
        chosen = choose(best, self._chance.draws(batch)).tolist()
        values = np.clip(values / SCALE, -1, 1).tolist()
        return [Decision(action, value) for action, value in zip(chosen, values, strict=True)]

    def close(self) -> None:
        pass


AGENTS = {
    "alphabeta": AgentKind(
        id="alphabeta",
        summary="alpha-beta to a fixed depth with a linear evaluation fitted to random games",
        options=AlphaBetaOptions,
        make=lambda target, options: AlphaBeta(options),
        plays=lambda spec: spec.family == "board",
        example="alphabeta?depth=4",
    )
}

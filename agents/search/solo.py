"""Search for one game: a single tree that goes along with the game and fills the evaluator's batches by itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from agents.search.backup import expand
from agents.search.config import SearchConfig, params
from agents.search.evaluators import Evaluator, evaluate_running
from agents.search.leaves import attach, gather, make_lanes
from agents.search.lines import Line, root_lines
from agents.search.seizing import seizable, seize
from agents.search.tree import EDGE, NODE, UNKNOWN, allocate, begin, reroot
from envs.core import BoardGame, InputError, State

EDGES_PER_NODE = 40  # room for edges, on average over the nodes: chess has about 35 legal moves
FEWEST_NODES = 16
VISITS_A_LEAF = 8  # of the root, for each leaf that may be gathered at once: a young tree's choices are not settled


def nodes_for(game: BoardGame, nbytes: int) -> int:
    """How many nodes a tree of at most ``nbytes`` has."""
    edges = min(EDGES_PER_NODE, game.spec.max_legal)
    return int(nbytes // (8 * game.init(1).shape[1] + NODE.itemsize + edges * EDGE.itemsize + 4))


class SoloSearch:
    """A tree of at most ``nodes`` nodes, searched in batches of at most ``batch`` leaves.

    It has no budget: `visit` goes on for as long as it is called. `place` sets the position, and keeps what is known of
    it. Roots are searched like all other nodes ("puct" without noise, or "uct"), and nothing is proven at a leaf, where
    it would not be known how far off the end is."""

    def __init__(self, game: BoardGame, evaluate: Evaluator, config: SearchConfig, nodes: int, batch: int) -> None:
        if config.root == "gumbel":
            raise InputError("a search without a budget cannot halve it: choose the root 'puct' or 'uct'")
        if config.prove:
            raise InputError(f"a search without a budget tells how far off the end is: prove is 0, not {config.prove}")
        if nodes < FEWEST_NODES or batch < 1:
            raise InputError(f"a search needs {FEWEST_NODES} nodes and a batch of 1 at least, not {nodes} and {batch}")
        self.game, self.batch = game, batch
        self._evaluate, self._params = evaluate, params(config)
        self._seizes = config.seize if self._params.solve and not self._params.uct else 0
        words = game.init(1).shape[1]
        self._tree = allocate(game.spec, words, 1, nodes - 1, EDGES_PER_NODE)
        self._lanes = make_lanes(batch, self._tree.path.shape[1])
        self._parents = np.zeros((batch, words), np.uint64)
        self._actions = np.zeros(batch, np.int32)
        self._allowed: NDArray[np.bool_] | None = None
        self.clear()

    def clear(self) -> None:
        """Forgets the tree; a position has to be placed again."""
        self._start, self._played = b"", tuple[int, ...]()
        self.descents = self.plies = self.deepest = 0  # of this root: visits made, plies in all and at most

    def place(self, start: State, actions: Sequence[int] = (), only: Collection[int] = ()) -> None:
        """Makes the position after ``actions`` from ``start`` the root, whose game must not be over.

        The subtree is kept where these actions go on from those of the last time. ``only``: the root's actions to look
        at, all if empty; such a root is not kept itself, but what is below it is."""
        further = actions[len(self._played) :]
        goes_on = self._start == start.tobytes() and tuple(actions[: len(self._played)]) == self._played
        keeps = goes_on and not only and (bool(further) or self._allowed is None)
        if further or not keeps:
            self.descents = self.plies = self.deepest = 0
        if not (keeps and all(map(self._descend, further))) or self._wins:
            self._begin(start, actions)
        self._allowed = None
        if only:
            self._allowed = np.zeros(self.game.spec.num_actions, np.bool_)
            self._allowed[list(only)] = True
        self._start, self._played = start.tobytes(), tuple(actions)

    @property
    def _wins(self) -> bool:
        """Whether a sure win is in sight, for which nothing that is known is worth keeping."""
        root = self._tree.state[:, 0]
        return self._seizes > 0 and len(seizable(self.game, root, self.game.legal(root), self._seizes)[0]) > 0

    def _descend(self, action: int) -> bool:
        zero, budget = np.zeros(1, np.uint64), np.ones(1, np.int32)
        slot, quiet = np.zeros(1, np.int64), np.zeros(1, np.bool_)
        played = np.array([action], np.int32)
        return bool(reroot(self._tree, slot, played, zero, budget, quiet, self._params)[0])

    def _begin(self, start: State, actions: Sequence[int]) -> None:
        states = start[None]
        for action in actions:
            states = self.game.step(states, np.array([action], np.int32))
        slot, seed, budget = np.zeros(1, np.int64), np.zeros(1, np.uint64), np.ones(1, np.int32)
        begin(self._tree, slot, states, self.game.mover(states), seed, budget, np.zeros(1, np.bool_))

    @property
    def visits(self) -> int:
        """Of the root, those that were kept included."""
        return int(self._tree.slot[0]["done"])

    @property
    def proven(self) -> int:
        """The root's result -1, 0, 1 if it is known, else `UNKNOWN`. Then there is nothing left to search."""
        return int(self._tree.node[0, 0]["proven"])

    @property
    def fullness(self) -> float:
        """Share of the memory in use; at 1 the tree cannot grow."""
        slot = self._tree.slot[0]
        edges = self._tree.edge.shape[1] - self.game.spec.max_legal
        return min(1.0, float(max(slot["nodes"] / self._tree.node.shape[1], slot["edges"] / max(edges, 1))))

    @property
    def over(self) -> bool:
        return self.proven != UNKNOWN or self.fullness == 1.0

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in (*self._tree, *self._lanes))

    def visit(self, most: int = 1 << 30) -> int:
        """One batch with one call of the evaluator; the number of visits made, from 1 to ``most``.

        None are made once the search is `over`, and none by the call that evaluates a new root, but for what
        `agents.search.seizing` finds."""
        if self.over:
            return 0
        if self._tree.node[0, 0]["degree"] == 0:
            return self._open_root()
        before = self.visits
        room = self._tree.node.shape[1] - int(self._tree.slot[0]["nodes"])
        width = min(self.batch, most, room, 1 + before // VISITS_A_LEAF)
        leaves, plies = gather(self._tree, width, self._params, self._lanes, self._parents, self._actions)
        if leaves:
            states = self.game.step(self._parents[:leaves], self._actions[:leaves])
            outcomes, legal = self.game.outcome(states), self.game.legal(states)
            logits, wdl = evaluate_running(self._evaluate, states, outcomes, legal)
            attach(self._tree, self._lanes, states, self.game.mover(states), outcomes, legal, logits, wdl, self._params)
            self.deepest = max(self.deepest, int(self._lanes.depth[:leaves].max()))
        self.descents += self.visits - before
        self.plies += plies
        return self.visits - before

    def _open_root(self) -> int:
        states = self._tree.state[:, 0]
        outcomes, legal = self.game.outcome(states), self.game.legal(states)
        logits, wdl = evaluate_running(self._evaluate, states, outcomes, legal)  # a cache keeps it for all legal moves
        if self._allowed is not None:
            legal = legal & self._allowed
        slot, movers = np.zeros(1, np.int64), self.game.mover(states)
        expand(self._tree, slot, 0, states, movers, outcomes, legal, logits, wdl, self._params)
        if not self._seizes:
            return 0
        most = np.array([self._tree.node.shape[1] - 1], np.int32)
        won = seize(self.game, self._tree, slot, states, legal, most, self._seizes, self._params)
        if won:
            self.descents, self.plies = self.descents + won, self.plies + won
            self.deepest = max(self.deepest, 1 if won == 1 else 3)
        return won

    def lines(self, count: int = 1, length: int = 32) -> list[Line]:
        """The best ``count`` actions as lines of at most ``length`` plies; the first one is to be played."""
        return root_lines(self._tree, 0, count, length)

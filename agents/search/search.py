"""Search for many games at once: trees, a game's rules and an evaluator, brought together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.search.backup import collect_finished, expand
from agents.search.config import SearchConfig, params
from agents.search.evaluators import Evaluator, evaluate_running
from agents.search.lines import root_lines
from agents.search.results import Roots, read
from agents.search.seizing import seizable, seize
from agents.search.select import select
from agents.search.tree import RUNNING, allocate, begin, reroot
from envs.core import BoardGame, States

VERSION = b"3"  # raised when searches decide otherwise: for ladders, who searches is another agent then
EDGES_PER_NODE = 64  # room for edges, on average over a slot's nodes; chess has about 35 legal moves

Slots = NDArray[np.int64]


class Search:
    """Trees for ``slots`` games at once.

    Every slot has its own budget and its own random stream, so slots need not march in step: when `simulate` reports a
    slot as finished, read its result, play its move and start it again while the others go on. The batch stays full,
    and what a slot finds depends on nothing but its own position, seed and budget.
    """

    def __init__(
        self, game: BoardGame, evaluate: Evaluator, config: SearchConfig, slots: int, max_simulations: int
    ) -> None:
        self.game = game
        self.evaluate = evaluate
        self.config = config
        self.slots = slots
        self.max_simulations = max_simulations
        self.simulations = 0  # made since the search was created, all slots together
        self.asking = np.zeros(0, np.int64)  # slots of the rows before the evaluator, for one that draws on their seeds
        self._params = params(config)
        exact = self._params.solve and not self._params.uct
        self._seizes, self._proves = (config.seize, config.prove) if exact else (0, 0)
        words = game.init(1).shape[1]
        self._tree = allocate(game.spec, words, slots, max_simulations, EDGES_PER_NODE)
        self._leaf_slots = np.zeros(slots, np.int64)
        self._leaf_states = np.zeros((slots, words), np.uint64)
        self._leaf_actions = np.zeros(slots, np.int32)

    @property
    def nbytes(self) -> int:
        """Memory of the trees."""
        return sum(array.nbytes for array in self._tree)

    def start(
        self,
        slots: Slots,
        states: States,
        seeds: NDArray[np.uint64],
        simulations: NDArray[np.int32],
        explore: NDArray[np.bool_],
    ) -> None:
        """Begins a search from running positions ``states[i]`` in ``slots[i]``, keeping nothing.

        ``simulations[i]`` in 1..max_simulations; ``explore[i]``: with noise at the root, for self-play."""
        self._check(simulations)
        begin(self._tree, slots, states, self.game.mover(states), seeds, simulations, explore)

    def advance(
        self,
        slots: Slots,
        actions: NDArray[np.int32],
        seeds: NDArray[np.uint64],
        simulations: NDArray[np.int32],
        explore: NDArray[np.bool_],
    ) -> None:
        """Begins a search from the position after ``actions[i]``, which must not end the game, keeping the subtree
        there.

        Visits kept count towards ``simulations``. A Gumbel root keeps nothing: its timetable needs even visits, and the
        evaluation cache makes the second look at known positions cheap."""
        self._check(simulations)
        before = self._tree.state[slots, 0]
        if self._params.gumbel:
            kept = np.zeros(len(slots), np.bool_)
        else:
            kept = reroot(self._tree, slots, actions, seeds, simulations, explore, self._params)
            if self._seizes and kept.any():  # what was found out is not worth a sure win
                states = self._tree.state[slots, 0]
                legal = self.game.legal(states) & kept[:, None]
                kept[seizable(self.game, states, legal, self._seizes)[0]] = False
        if not kept.all():
            new = ~kept
            states = self.game.step(before[new], actions[new])
            self.start(slots[new], states, seeds[new], simulations[new], explore[new])

    def _check(self, simulations: NDArray[np.int32]) -> None:
        if len(simulations) and not 1 <= simulations.min() <= simulations.max() <= self.max_simulations:
            raise ValueError(
                f"simulations must be in 1..{self.max_simulations}, not {simulations.min()}..{simulations.max()}"
            )

    def simulate(self) -> Slots:
        """One simulation in every unfinished slot with at most one call of the evaluator; the slots that finished by
        it.

        The first simulation of a fresh tree evaluates its root and counts for nothing, but for what
        `agents.search.seizing` finds."""
        running = np.flatnonzero(self._tree.slot["status"] == RUNNING)
        if not len(running):
            return running
        ready = collect_finished(self._tree, running)  # a kept subtree may already have the visits
        if len(ready):
            running = running[self._tree.slot["status"][running] == RUNNING]
        leaves, children = select(
            self._tree, running, self._params, self._leaf_slots, self._leaf_states, self._leaf_actions
        )
        self.simulations += len(running) - (leaves - children)
        if leaves:
            self._attach(leaves, children)
        finished = collect_finished(self._tree, running)
        return np.concatenate([ready, finished]) if len(ready) else finished

    def _attach(self, leaves: int, children: int) -> None:
        states = self._leaf_states[:leaves]
        if children:
            states[:children] = self.game.step(states[:children], self._leaf_actions[:children])
        outcomes, legal = self.game.outcome(states), self.game.legal(states)
        if self._proves and children:  # a root whose result is known still needs a move
            outcomes[:children] = self.game.prove(states[:children], self._proves)
        self.asking = self._leaf_slots[:leaves][np.isnan(outcomes)]
        logits, wdl = evaluate_running(self.evaluate, states, outcomes, legal)
        slots, movers = self._leaf_slots[:leaves], self.game.mover(states)
        expand(self._tree, slots, children, states, movers, outcomes, legal, logits, wdl, self._params)
        if children < leaves and self._seizes:
            new = slice(children, leaves)
            most = self._tree.slot["budget"][slots[new]]
            found = states[new], legal[new], most, self._seizes, self._params
            self.simulations += seize(self.game, self._tree, slots[new], *found)

    def results(self, slots: Slots) -> Roots:
        """What the searches in these slots have found so far; meant for finished ones."""
        return read(self._tree, slots, self.game.spec.num_actions, self._params)

    def line(self, slot: int, length: int = 8) -> tuple[int, ...]:
        """The line the search in this slot expects."""
        return root_lines(self._tree, slot, 1, length)[0].actions


def search_batch(
    search: Search, states: States, seeds: NDArray[np.uint64], simulations: int, explore: bool = False
) -> Roots:
    """Searches ``states`` (at most ``search.slots``) side by side to the end."""
    n = len(states)
    slots = np.arange(n)
    search.start(slots, states, seeds, np.full(n, simulations, np.int32), np.full(n, explore, np.bool_))
    finished = 0
    while finished < n:
        finished += len(search.simulate())
    return search.results(slots)

"""Makes an opening book, or checks one: ``python -m agents.solver.make_book [--plies 7] [--check 100]``.

The deepest layer is solved position by position, the layers above follow from it. What is solved is saved every minute,
so that the command, stopped at any moment and started again, goes on where it was. Scores depend neither on the order
nor on the memory: two runs give the same file.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.solver.book import SHIPPED, Book, load, save
from agents.solver.kernels import canonical
from agents.solver.solver import Solver
from envs.connect_four import ConnectFour
from envs.core import State, States

_RULES = ConnectFour()


def layers(plies: int) -> list[States]:
    """The running positions after 0..plies stones, mirror images left out, each layer in the order of a walk through
    the tree, so that neighbours share much of what the solver learns."""
    found = [_RULES.init(1)]
    for _ in range(plies):
        parents = found[-1]
        rows, actions = np.nonzero(_RULES.legal(parents))
        children = _RULES.step(parents[rows], actions.astype(np.int32))
        children = children[np.isnan(_RULES.outcome(children))]
        _, first = np.unique(_keys(children), return_index=True)
        found.append(children[np.sort(first)])
    return found


def _keys(states: States) -> NDArray[np.uint64]:
    return np.array([canonical(mine, stones) for mine, stones in states], np.uint64)


def extend(book: Book, plies: int, solver: Solver, save_as: Path) -> None:
    """Adds every position of up to ``plies`` stones to ``book``, which ``solver`` reads as well, and saves it."""
    *above, deepest = layers(plies)
    started = saved = time.monotonic()
    keys = _keys(deepest).tolist()
    todo = [(key, state) for key, state in zip(keys, deepest, strict=True) if key not in book]
    for n, (key, state) in enumerate(todo, 1):
        book[key] = solver.solve(state)
        if time.monotonic() - saved > 60 or n == len(todo):
            save(book, save_as)
            saved = time.monotonic()
            print(f"{n} of {len(todo)} positions in {(saved - started) / 60:.1f} min", flush=True)
    for layer in reversed(above):
        for key, state in zip(_keys(layer).tolist(), layer, strict=True):
            book[key] = max(solver.scores(state).values())  # their successors are known by now
    save(book, save_as)


def check(book: Book, plies: int, count: int, solver: Solver) -> list[State]:
    """Those of ``count`` random positions of one layer whose entry is not what ``solver`` finds."""
    layer = layers(plies)[plies]
    some = layer[np.random.default_rng().choice(len(layer), min(count, len(layer)), replace=False)]
    return [
        state for key, state in zip(_keys(some).tolist(), some, strict=True) if book.get(key) != solver.solve(state)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--plies", type=int, default=7, help="the deepest layer")
    parser.add_argument("--table-mb", type=int, default=512, help="memory for the solver")
    parser.add_argument("--file", type=Path, default=SHIPPED, help="the book, extended if it exists")
    parser.add_argument("--check", type=int, metavar="N", help="solve N positions of the deepest layer and compare")
    args = parser.parse_args()
    book = load(args.file) if args.file.exists() else {}
    if args.check:
        wrong = check(book, args.plies, args.check, Solver(args.table_mb, {}))
        print("\n\n".join([_RULES.to_text(state) for state in wrong] + [f"{len(wrong)} wrong entries"]))
        raise SystemExit(bool(wrong))
    extend(book, args.plies, Solver(args.table_mb, book), args.file)
    print(f"{len(book)} positions in {args.file}")


if __name__ == "__main__":
    main()

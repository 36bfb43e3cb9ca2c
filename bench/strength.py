"""How often an agent throws away a Connect Four result: ``python -m bench.strength AGENT [--positions FILE ...]
[--json]``.

The agent moves in every position; an error is a move that changes the result under perfect play (win, draw, loss). A
second rate counts only the positions in which some legal move would be an error. Both come with 95% Wilson intervals.
Without files: the sets in ``bench/positions``. Examples:

    python -m bench.strength random
    python -m bench.strength 'runs/x/latest?simulations=600'
    python -m bench.strength 'mcts?simulations=200' --positions Test_L1_R3.txt --json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agents.chance import draws
from agents.core import Agent, AgentError, Batch, GameKey
from agents.registry import load
from agents.solver import Solver
from bench.intervals import wilson
from bench.position_files import Position, PositionError, read
from envs.connect_four import ConnectFour
from envs.core import InputError
from envs.fours import COLUMNS

FOLDER = Path(__file__).parent / "positions"
ORDER = (
    "end-easy",
    "middle-easy",
    "middle-medium",
    "begin-easy",
    "begin-medium",
    "begin-hard",
)  # as published by others
BATCH = 256  # positions an agent sees at once
_RULES = ConnectFour()


@dataclass(frozen=True, slots=True)
class Rate:
    """``errors`` out of ``n``, with the 95% interval of Wilson (1927)."""

    errors: int
    n: int

    @property
    def rate(self) -> float:
        return self.errors / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.rate, self.n)

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.errors + other.errors, self.n + other.n)

    def as_json(self) -> dict[str, Any]:
        low, high = self.interval
        return {"errors": self.errors, "positions": self.n, "rate": self.rate, "low": low, "high": high}


def solved(positions: Sequence[Position], source: Path, progress: bool) -> list[Position]:
    """The positions with the scores of all moves, which the solver finds out where a file lacks them.
    Raises `PositionError` where the solver contradicts the file."""
    todo: Iterable[Position] = positions
    if any(position.scores is None for position in positions):
        solver = Solver(table_mb=256)
        if progress:
            todo = track(positions, f"solving {source.name}", console=Console(stderr=True), transient=True)
    done = []
    for number, position in enumerate(todo, 1):
        if position.scores is None:
            by_action = solver.scores(position.state)
            if max(by_action.values()) != position.score:
                reason = f"the score is {max(by_action.values())}, not {position.score}"
                raise PositionError(f"{source}, position {number}: {reason}: {position.line()!r}")
            position = replace(position, scores=tuple(by_action.get(a) for a in range(COLUMNS)))
        done.append(position)
    return done


def moves(agent: Agent, positions: Sequence[Position], seed: int = 0) -> list[int]:
    """The agent's action in each position. Position i of a list has the same seed whatever the others are."""
    seeds = draws(np.full(len(positions), seed, np.uint64), np.arange(len(positions), dtype=np.uint64)) >> np.uint64(1)
    actions: list[int] = []
    for first in range(0, len(positions), BATCH):
        some = positions[first : first + BATCH]
        numbers = seeds[first : first + BATCH].tolist()
        keys = [
            GameKey(str(first + i), len(p.actions) % 2, s) for i, (p, s) in enumerate(zip(some, numbers, strict=True))
        ]
        agent.start(_RULES.spec, keys)
        states = np.array([position.state for position in some])
        batch = Batch(np.arange(len(some)), states, _RULES.legal(states), [position.actions for position in some])
        actions += [decision.action for decision in agent.act(batch)]
    return actions


def errors(agent: Agent, positions: Sequence[Position], seed: int = 0) -> NDArray[np.bool_]:
    """bool[n]: whether the agent's move changes the result; for positions that are `solved`."""
    chosen = moves(agent, positions, seed)
    return np.array([_loses(position, action) for position, action in zip(positions, chosen, strict=True)], np.bool_)


def critical(positions: Sequence[Position]) -> NDArray[np.bool_]:
    """bool[n]: whether some legal move changes the result."""
    return np.array([any(_loses(p, a) for a, s in enumerate(p.scores or ()) if s is not None) for p in positions])


def _loses(position: Position, action: int) -> bool:
    score = position.scores[action] if position.scores else None
    if score is None:
        raise ValueError(f"action {action} in {position.line()!r} is illegal or has no score")
    return bool(np.sign(score) != np.sign(position.score))


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    all: Rate
    critical: Rate  # among positions where an error is possible


def measure(agent: Agent, sets: dict[str, list[Position]], seed: int = 0) -> list[Result]:
    """One result a set, and their sum under the name "overall"."""
    results = []
    for name, positions in sets.items():
        wrong, at_stake = errors(agent, positions, seed), critical(positions)
        results.append(Result(name, Rate(int(wrong.sum()), len(wrong)), Rate(int(wrong.sum()), int(at_stake.sum()))))
    total = Rate(0, 0)
    every = [sum((r.all for r in results), total), sum((r.critical for r in results), total)]
    return [*results, Result("overall", *every)]


def load_sets(files: Sequence[Path] = (), progress: bool = False) -> dict[str, list[Position]]:
    """Positions by the name of their file; without files, all sets that come with the repository."""
    paths = files or [FOLDER / f"{name}.txt" for name in ORDER]
    return {path.stem: solved(read(path), path, progress) for path in paths}


def table(spec: str, results: Sequence[Result]) -> Table:
    view = Table(title=f"Errors of {spec}", title_justify="left", box=SIMPLE_HEAD, caption_justify="left")
    view.caption = "*: of the positions in which some move is an error"
    view.add_column("positions", no_wrap=True)
    for column in ("n", "errors, %", "95%", "n*", "errors*, %", "95%*"):
        view.add_column(column, justify="right")
    for result in results:
        cells = []
        for rate in (result.all, result.critical):
            low, high = rate.interval
            cells += [str(rate.n), f"{100 * rate.rate:.1f}", f"{100 * low:.1f}-{100 * high:.1f}"]
        view.add_row(result.name, *cells)
    return view


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent", help="any agent spec, as for `arena agents`")
    parser.add_argument("--positions", type=Path, nargs="+", default=[], metavar="FILE")
    parser.add_argument("--seed", type=int, default=0, help="of the agent's chance")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    try:
        sets = load_sets(args.positions, progress=True)
        results = measure(load(args.agent), sets, args.seed)
    except (InputError, AgentError) as error:
        sys.exit(f"error: {error}")
    if args.json:
        rows = [{"set": r.name, "all": r.all.as_json(), "critical": r.critical.as_json()} for r in results]
        print(json.dumps({"agent": args.agent, "seed": args.seed, "sets": rows}, indent=2))
    else:
        Console().print(table(args.agent, results))


if __name__ == "__main__":
    main()

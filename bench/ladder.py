"""What a ladder costs beside its games: ``python -m bench.ladder [--pairs 500] [--workers N] [--json]``.

A round robin of four agents that play tic-tac-toe at random (so that next to nothing but the ladder takes time): worker
processes, records through pipes, every game committed to the disk. Beside it the same number of games in this process
without a store (`bench.match` has the peers), and how long the ladder takes to see that nothing is left to play and to
rate everyone anew.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agents.random import RandomAgent
from arena.ladder import Ladder
from arena.match import play_match
from arena.roster import LadderConfig
from arena.standings import standings
from arena.store import Store

AGENTS = [f"random:{name}" for name in "abcd"]


def load(spec: str) -> RandomAgent:
    """A random player that takes its spec for its name, so that several can meet."""
    agent = RandomAgent()
    agent.name = agent.fingerprint = spec  # type: ignore[misc]
    return agent


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(pairs: int, workers: int | None) -> dict[str, float]:
    games = 12 * pairs
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "arena.db")
        ladder = Ladder(store, "bench", LadderConfig("tic_tac_toe", pairs=pairs), loader="bench.ladder:load")
        ladder.enter(AGENTS)
        spent = seconds(lambda: ladder.run(workers=workers))
        again = seconds(lambda: ladder.run(workers=workers))
        rated = seconds(lambda: standings(ladder))
        store.close()  # what is in the log goes to the file
        size = store.path.stat().st_size
    alone = seconds(lambda: list(play_match("random", "random", "tic_tac_toe", games)))
    return {
        "games": games,
        "ladder, games/s (workers' start included)": games / spent,
        "one process without a store, games/s": games / alone,
        "finding nothing left to play, s": again,
        "standings, s": rated,
        "file, bytes/game": size / games,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=500, help="mirrored pairs of any two agents (default 500)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    measured = measure(options.pairs, options.workers)
    if options.json:
        print(json.dumps(measured, indent=2))
        return
    table = Table("measure", title="A ladder of four random agents, tic-tac-toe")
    table.add_column("value", justify="right")
    for name, value in measured.items():
        table.add_row(name, f"{value:,.0f}" if value >= 100 else f"{value:,.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()

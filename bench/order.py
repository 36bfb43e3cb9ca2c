"""Do checkpoints climb? ``python -m bench.order RUN [--checkpoints 5] [--pairs 40] [--simulations 64] [--json]``.

A ladder of a Connect Four training, everybody against everybody: random play, plain tree search (UCT), checkpoints
each of which is twice as old as the one before, up to the last, and the perfect player. Prints Elo with 95% intervals
in the order in which they should stand, and for each whether it stands "above" the one before (their intervals lie
apart), only "higher" (they overlap), or even "LOWER".
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from agents.checkpoints import numbered
from arena.cli.compete import play_ladder
from arena.cli.entrants import searching
from arena.ladder import Ladder
from arena.roster import LadderConfig
from arena.standings import Standing, standings
from arena.store import Store
from envs.core import InputError

BELOW, PERFECT = ("random", "mcts?simulations=400"), "perfect"  # the checkpoints' neighbours


def climb(run: Path, checkpoints: int, simulations: int, pairs: int, seed: int, store: Path) -> list[Standing]:
    """The agents' standings, in the order in which they should stand."""
    kept = Store(store)
    contest = Ladder(kept, "order", LadderConfig("connect_four", "round_robin", pairs, seed=seed))
    some = [f"{folder}{searching(simulations)}" for folder in doublings(run, checkpoints)]
    contest.enter([*BELOW, *some, PERFECT])
    play_ladder(contest)
    rows = sorted(standings(contest).rows, key=lambda row: row.entrant.number)
    kept.close()
    return rows


def doublings(run: Path, count: int) -> list[Path]:
    """At most so many checkpoints, each about twice as old as the one before, and the last among them."""
    found = numbered(run)
    last = len(found) - 1
    if last < 1:
        raise InputError(f"{run} is no training run with two checkpoints or more")
    ages = {round(last / 2**i) for i in range(count)} - {0}  # the first one has learned nothing
    return [found[age] for age in sorted(ages)]


def verdicts(rows: Sequence[Standing]) -> list[str]:
    """Of each but the first: does it stand above the one before?"""
    out = [""]
    for before, row in pairwise(rows):
        out.append("above" if row.low > before.high else "higher" if row.elo > before.elo else "LOWER")
    return out


def as_json(rows: Sequence[Standing]) -> list[dict[str, Any]]:
    return [
        {
            "agent": row.entrant.label,
            "elo": round(row.elo, 1),
            "low": round(row.low, 1),
            "high": round(row.high, 1),
            "games": row.games,
            "score": round(row.score, 4),
            "beside the one before": verdict,
        }
        for row, verdict in zip(rows, verdicts(rows), strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a training run of Connect Four")
    parser.add_argument("--checkpoints", type=int, default=5, help="at most so many, the last one among them")
    parser.add_argument("--pairs", type=int, default=40, help="of games, for each couple")
    parser.add_argument("--simulations", type=int, default=64, help="of the checkpoints' searches")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder) / "arena.db"
            rows = climb(options.run, options.checkpoints, options.simulations, options.pairs, options.seed, store)
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    found = as_json(rows)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print("| agent | Elo | 95% | games | score | beside the one before |\n|---|---:|---|---:|---:|---|")
    for row in found:
        shown = f"| {row['agent']} | {row['elo']:+.0f} | {row['low']:+.0f} to {row['high']:+.0f} | {row['games']} "
        print(f"{shown}| {row['score']:.1%} | {row['beside the one before']} |")


if __name__ == "__main__":
    main()

"""Whether a side is better than the other: ``python -m bench.moba_mirror CREW [CREW ...] [--games 2000] [--json]``.

Each crew, a team's checkpoint or a bot, plays against itself; the west's share of the games with a winner should have
0.5 within its 95% Wilson interval. Every seed is played once. Examples:

    python -m bench.moba_mirror runs/x/latest
    python -m bench.moba_mirror bot:captain bot:brawler --heroes 1
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np
import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.intervals import wilson
from bench.moba_play import SIDE_BY_SIDE, crew, games, heroes_of
from envs.core import InputError
from envs.moba.setup import Setup


def measure(spec: str, heroes: int | None, count: int, seed: int = 0) -> dict[str, Any]:
    """What the west wins, the east wins, and nobody. Raises `InputError`."""
    setup = Setup(heroes=heroes or heroes_of(spec))  # type: ignore[arg-type]  # 1 or 5
    west, east = crew(spec), crew(spec)
    seeds = np.random.default_rng(seed).integers(0, 2**62, count).tolist()
    parts = [games(setup, west, east, seeds[i : i + SIDE_BY_SIDE])[0] for i in range(0, count, SIDE_BY_SIDE)]
    result = np.concatenate(parts)
    won, lost = int((result > 0).sum()), int((result < 0).sum())
    share = won / (won + lost) if won + lost else 0.5
    low, high = wilson(share, won + lost)
    return {
        "crew": spec,
        "heroes": setup.heroes,
        "games": count,
        "west": won,
        "east": lost,
        "drawn": count - won - lost,
        "share": share,
        "low": low,
        "high": high,
        "fair": low <= 0.5 <= high,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crew", nargs="+")
    parser.add_argument("--games", type=int, default=2000)
    parser.add_argument("--heroes", type=int, choices=(1, 5), help="a side; a checkpoint knows, bots: 5")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    try:
        sizes = {spec: args.heroes or (5 if spec.startswith("bot:") else None) for spec in args.crew}
        found = [measure(spec, sizes[spec], args.games, args.seed) for spec in args.crew]
    except InputError as error:
        sys.exit(f"error: {error}")
    if args.json:
        print(json.dumps(found, indent=1))
        return
    table = Table(title="Mirror matches", title_justify="left", box=SIMPLE_HEAD)
    for column in ("crew", "heroes", "west", "east", "drawn", "west, %", "95%", "fair"):
        table.add_column(column, justify="left" if column == "crew" else "right", overflow="fold")
    for row in found:
        counts = [str(row[name]) for name in ("crew", "heroes", "west", "east", "drawn")]
        interval = f"{100 * row['low']:.1f}-{100 * row['high']:.1f}"
        table.add_row(*counts, f"{100 * row['share']:.1f}", interval, "yes" if row["fair"] else "NO")
    Console().print(table)


if __name__ == "__main__":
    main()

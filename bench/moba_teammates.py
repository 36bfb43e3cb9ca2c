"""Whether a team plays with strangers: ``python -m bench.moba_teammates CHECKPOINT OTHER [--games 200] [--json]``.

``k`` of the five heroes of a side are played by the checkpoint of another seed's training, in slots that change from
game to game, for k = 0..5 (after OpenAI Five's games with mixed teams). Each such side plays the same seeds from both
sides against a bot and against the first checkpoint's own team.

    python -m bench.moba_teammates runs/a/latest runs/b/latest --bot captain
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agents.moba_bots import BOTS
from bench.intervals import wilson
from bench.moba_play import Mixed, crew, duel, heroes_of
from envs.core import InputError
from envs.moba.setup import Setup


def measure(
    target: str, other: str, bot: str, games: int, seed: int = 0, progress: bool = False
) -> list[dict[str, Any]]:
    """A row for each k. Raises `InputError`."""
    heroes = heroes_of(target)
    if heroes_of(other) != heroes:
        raise InputError(f"{target} and {other} play games of different sizes")
    setup = Setup(heroes=heroes)  # type: ignore[arg-type]  # 1 or 5
    numbers = range(heroes + 1)
    found = []
    for k in track(numbers, "playing", console=Console(stderr=True), transient=True) if progress else numbers:
        mixed = Mixed(crew(target), crew(other), k)
        row: dict[str, Any] = {"k": k}
        for name, opponent in (("bot", f"bot:{bot}"), ("own", target)):
            score = duel(setup, mixed, crew(opponent), games, seed)
            low, high = wilson(score.rate, score.games)
            row[name] = {"won": score.wins, "drawn": score.draws, "rate": score.rate, "low": low, "high": high}
        found.append(row)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("other", help="of a training with another seed")
    parser.add_argument("--bot", choices=BOTS, default="captain")
    parser.add_argument("--games", type=int, default=200, help="of each kind, an even number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    try:
        found = measure(args.checkpoint, args.other, args.bot, args.games, args.seed, progress=True)
    except InputError as error:
        sys.exit(f"error: {error}")
    if args.json:
        print(json.dumps({"checkpoint": args.checkpoint, "other": args.other, "rows": found}, indent=1))
        return
    table = Table(title="Heroes of another seed in the side", title_justify="left", box=SIMPLE_HEAD)
    for column in ("k", f"won against {args.bot}, %", "95%", "won against the first's own team, %", "95%"):
        table.add_column(column, justify="right")
    for row in found:
        cells = [str(row["k"])]
        for name in ("bot", "own"):
            part = row[name]
            cells += [f"{100 * part['rate']:.1f}", f"{100 * part['low']:.1f}-{100 * part['high']:.1f}"]
        table.add_row(*cells)
    Console().print(table)


if __name__ == "__main__":
    main()

"""How strong a team is: ``python -m bench.moba_strength AGENT [--games 400] [--against SPEC ...] [--json]``.

Games against every scripted bot, the one that no training meets included, each seed played from both sides; games won
(a draw is not one) with 95% Wilson intervals. ``--against`` names other opponents, ``--game`` a bot's game. Examples:

    python -m bench.moba_strength runs/x/latest
    python -m bench.moba_strength runs/x/latest --against runs/x/checkpoints/000010 --games 1000
    python -m bench.moba_strength bot:captain --game moba_5v5
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agents.moba_bots import BOTS, TRAINING_BOTS
from bench.intervals import wilson
from bench.moba_play import Score, crew, duel, heroes_of
from envs.core import InputError
from envs.moba.setup import Setup


def measure(
    target: str,
    opponents: Sequence[str],
    games: int,
    seed: int = 0,
    progress: bool = False,
    game: str | None = None,
) -> dict[str, Score]:
    """The score against each opponent. Raises `InputError`."""
    setup = Setup(heroes=heroes_of(target, game))  # type: ignore[arg-type]  # 1 or 5
    ours = crew(target)
    todo = track(opponents, "playing", console=Console(stderr=True), transient=True) if progress else opponents
    return {name: duel(setup, ours, crew(name), games, seed) for name in todo}


def rows(scores: dict[str, Score]) -> list[dict[str, Any]]:
    found = []
    for name, score in scores.items():
        low, high = wilson(score.rate, score.games)
        met = name.removeprefix("bot:") not in set(BOTS) - set(TRAINING_BOTS)
        found.append(
            {
                "opponent": name if met else f"{name} *",
                "games": score.games,
                "won": score.wins,
                "drawn": score.draws,
                "lost": score.losses,
                "rate": score.rate,
                "low": low,
                "high": high,
                "decisions": score.decisions,
            }
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent")
    parser.add_argument("--game", choices=["moba_1v1", "moba_5v5"], help="of a bot; a checkpoint has its own")
    parser.add_argument("--games", type=int, default=400, help="against each, an even number")
    parser.add_argument("--against", nargs="+", default=[f"bot:{name}" for name in BOTS], metavar="SPEC")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    try:
        found = rows(measure(args.agent, args.against, args.games, args.seed, True, args.game))
    except InputError as error:
        sys.exit(f"error: {error}")
    if args.json:
        print(json.dumps({"agent": args.agent, "seed": args.seed, "opponents": found}, indent=1))
        return
    table = Table(title=f"{args.agent} against", title_justify="left", box=SIMPLE_HEAD)
    for column in ("opponent", "games", "won", "drawn", "lost", "won, %", "95%", "length"):
        table.add_column(column, justify="left" if column == "opponent" else "right", no_wrap=True)
    for row in found:
        counts = [str(row[name]) for name in ("opponent", "games", "won", "drawn", "lost")]
        interval = f"{100 * row['low']:.1f}-{100 * row['high']:.1f}"
        table.add_row(*counts, f"{100 * row['rate']:.1f}", interval, f"{row['decisions']:.0f}")
    table.caption = "length: decisions a game; *: never met in training"
    Console().print(table)


if __name__ == "__main__":
    main()

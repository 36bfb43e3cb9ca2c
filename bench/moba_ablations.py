"""Does the game need what it claims to: ``python -m bench.moba_ablations [--game moba_5v5] [--minutes 10] [--json]``.

Short trainings of the same time and seed, each with one thing changed: no fog (judged with it and without it), no team
spirit, no past opponents, nothing paid but winning. What is recommended has no memory; one training has one, and as it
gets through fewer steps in that time, another without memory stops at as many. Each is judged by the share of games won
(draws count half) against the bots together, and against the recommended training of the same length.

    python -m bench.moba_ablations --game moba_1v1 --minutes 5 --runs runs/ablations
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agents.moba_bots import BOTS
from bench.intervals import wilson
from bench.moba_play import Score, crew, duel
from envs.core import InputError
from envs.moba.setup import Setup
from selfplay.options import FILE, overlaid
from selfplay.ppo import config
from selfplay.ppo.train import Result, train

FULL = "recommended"
MEMORY = "with a memory (GRU)"
FEWER = "no memory, as many steps"  # as the one with a memory gets through
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    FULL: {},
    "no fog": {"fog": False},
    "no team spirit": {"first_team_spirit": 0.0, "final_team_spirit": 0.0},
    "no past opponents": {"past": 0.0},
    MEMORY: {"net": {"memory": "gru"}},
    FEWER: {},
    "win and loss alone": {"reward": "win"},
}


def ready(run: Path, settings: config.PpoConfig, seconds: float) -> Result:
    """Trains, or goes on with what was begun in the folder before. Raises `InputError`."""
    resuming = (run / FILE).exists()
    if resuming and (other := config.read(run).game) != settings.game:
        raise InputError(f"{run} is a training of {other}, not of {settings.game}; name another folder with --runs")
    found = train(run, settings, seconds, resuming=resuming)
    if found.interrupted:
        raise InputError(f"interrupted; the same command goes on with {run}, if --runs named where it is")
    return found


def settings_of(game: str, name: str, seed: int, changes: Mapping[str, Any]) -> config.PpoConfig:
    return config.preset(game, seed=seed, **overlaid(changes, VARIANTS[name]))


def judge(heroes: int, checkpoint: Path, full: Path, fog: bool, games: int) -> dict[str, Score]:
    """Against the bots together and against the full training's checkpoint."""
    setup = Setup(heroes=heroes, fog=fog)  # type: ignore[arg-type]  # 1 or 5
    ours, each = crew(str(checkpoint)), games // len(BOTS) // 2 * 2
    scores = [duel(setup, ours, crew(f"bot:{name}"), each) for name in BOTS]
    counts = [sum(getattr(score, part) for score in scores) for part in ("wins", "draws", "losses")]
    bots = Score(*counts, sum(score.decisions for score in scores) / len(scores))
    return {"bots": bots, FULL: duel(setup, ours, crew(str(full)), games)}


def measure(
    game: str, seconds: float, runs: Path, games: int, seed: int, changes: Mapping[str, Any], names: list[str]
) -> list[dict[str, Any]]:
    """A row for each variant. Raises `InputError`."""
    heroes = 5 if game == "moba_5v5" else 1
    found: list[dict[str, Any]] = []
    trained: dict[str, Result] = {}
    for name in dict.fromkeys([FULL, *([MEMORY] if FEWER in names else []), *names]):
        share = trained[MEMORY].steps / trained[FULL].steps if name == FEWER else 1.0
        run = runs / name.translate(str.maketrans(" ", "_", "(),"))
        trained[name] = ready(run, settings_of(game, name, seed, changes), share * seconds)
        for fog in (True, False) if name == "no fog" else (True,):
            scores = judge(heroes, trained[name].checkpoint, trained[FULL].checkpoint, fog, games)
            facts = {part: {**asdict(score), "points": score.points} for part, score in scores.items()}
            variant = name + (", judged without fog" if not fog else "")
            found.append({"variant": variant, "steps": trained[name].steps, **facts})
            print(json.dumps(found[-1]), file=sys.stderr, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", choices=("moba_1v1", "moba_5v5"), default="moba_5v5")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each training")
    parser.add_argument("--games", type=int, default=420, help="in each comparison, an even number")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--runs", type=Path, help="where the trainings are kept; begun ones are gone on with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            runs = args.runs or Path(folder)
            runs.mkdir(parents=True, exist_ok=True)
            found = measure(args.game, args.minutes * 60, runs, args.games, args.seed, {}, args.only)
    except InputError as error:
        sys.exit(f"error: {error}")
    if args.json:
        print(json.dumps({"game": args.game, "minutes": args.minutes, "rows": found}, indent=1))
        return
    table = Table(title=f"{args.game}, {args.minutes:g} minutes each: points, %", title_justify="left", box=SIMPLE_HEAD)
    for column in ("variant", "M steps", "all bots", "95%", "the recommended", "95%"):
        table.add_column(column, justify="left" if column == "variant" else "right")
    for row in found:
        cells = [row["variant"], f"{row['steps'] / 1e6:.1f}"]
        for part in ("bots", FULL):
            score = Score(**{name: row[part][name] for name in ("wins", "draws", "losses", "decisions")})
            low, high = wilson(score.points, score.games)
            cells += [f"{100 * score.points:.1f}", f"{100 * low:.1f}-{100 * high:.1f}"]
        table.add_row(*cells)
    Console().print(table)


if __name__ == "__main__":
    main()

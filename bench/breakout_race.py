"""Score against wall-clock, by seed, beside Stable-Baselines3's DQN: ``python -m bench.breakout_race --minutes 10``.

Trains from nothing, one seed after the other, each in a process of its own whose whole wall-clock counts; then plays
100 full games with the newest checkpoint (1% random actions) and fewer with those before it. Prints a table of seeds:
score at the end with its 95% interval, their median, agent steps a second, and when 30, 100 and 300 points were first
reached; ``--out`` holds the curve of each.

``--at 10 120 240`` measures these minutes, with 100 games each, instead of the whole curve. ``--sb3-minutes 150``
trains the baseline after that, for so long, and compares. A command that was stopped goes on where it was (but for the
baseline, which begins again); what has been measured is not measured again.

    python -m bench.breakout_race --minutes 10 --seeds 0 1 2 --sb3-minutes 150
    python -m bench.breakout_race --minutes 240 --seeds 0 --at 10 120 240
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from agents import checkpoints
from agents.core import AgentError
from arena.milestones import first_at
from bench.breakout_curve import Point, curve
from bench.curve import chosen
from envs.core import InputError
from selfplay.cores import cores
from selfplay.dqn import config
from selfplay.options import FILE

LEVELS = (30, 100, 300)
WALL = "wall.json"  # in a run's folder: seconds that its processes have taken
TRAIN = """
import sys
from pathlib import Path
from selfplay.dqn.config import preset
from selfplay.dqn.train import train
run, game, algo, seed, minutes = sys.argv[1:]
told = [0.0]
def tell(state):
    if state.seconds >= told[0] + 60:
        told[0] = state.seconds
        print(f"{run}: {state.seconds / 60:.0f} min, {state.steps:,} steps, score {state.score:.1f}", file=sys.stderr)
resuming = (Path(run) / "config.json").exists()
settings = None if resuming else preset(game, algo=algo, seed=int(seed))
train(Path(run), settings, 60 * float(minutes), resuming=resuming, on_progress=tell)
"""


def trained(run: Path, game: str, algo: str, seed: int, minutes: float) -> None:
    """Trains, or goes on, until the training clock shows so many minutes. Raises `InputError`: another game's run."""
    if (run / FILE).exists() and (found := config.read(run).game) != game:
        raise InputError(f"{run} is a training of {found}, not of {game}; name another folder with --out")
    last = checkpoints.numbered(run)[-1:]
    if last and checkpoints.read_card(last[0]).meta["minutes"] >= minutes - 0.01:
        return
    if algo == "sb3" and run.exists():  # it cannot be resumed
        shutil.rmtree(run)
    start = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", TRAIN, str(run), game, algo, str(seed), str(minutes)])
    try:
        code = process.wait()
    finally:  # whoever stops this stops the training, which saves everything first; its time counts too
        process.terminate()
        process.wait()
        run.mkdir(parents=True, exist_ok=True)
        (run / WALL).write_text(json.dumps(wall(run) + time.monotonic() - start))
    if code:
        raise InputError(f"the training in {run} ended with code {code}")


def wall(run: Path) -> float:
    """Seconds that a run's processes have taken; 0 if that is not known."""
    file = run / WALL
    return float(json.loads(file.read_text())) if file.exists() else 0.0


def measured(run: Path, minutes: list[float], games: int, few: int) -> list[Point]:
    """The run's curve by age; the newest checkpoint, and those of ``minutes``, with ``games`` games."""
    folder = run / "curve"
    if minutes:
        return curve([first_at(run, at) for at in minutes], games, 0, 0.01, folder)
    every = chosen(run, 1)
    curve(every[1:-1], few, 0, 0.01, folder)  # the first has learned nothing
    return curve(every[-1:], games, 0, 0.01, folder)


def summary(run: Path, points: list[Point]) -> dict[str, Any]:
    """What the table says of a run. Minutes to a level are of the wall-clock: start and end of the process included."""
    newest = max(points, key=lambda at: (at["minutes"], len(at["scores"])))
    spent = wall(run)
    extra = max(0.0, spent / 60 - newest["minutes"]) if spent else 0.0
    first = {
        str(level): next((at["minutes"] + extra for at in points if at["mean"] >= level), None) for level in LEVELS
    }
    return {
        "run": str(run),
        "algo": config.read(run).algo,
        "seed": config.read(run).seed,
        "minutes": newest["minutes"],
        "wall minutes": spent / 60,
        "steps/s": newest["steps"] / newest["minutes"] / 60,
        "score": newest["mean"],
        "low": newest["low"],
        "high": newest["high"],
        "minutes to": first,
        "curve": [[at["minutes"], at["steps"], at["mean"]] for at in points],
    }


def markdown(rows: list[dict[str, Any]]) -> str:
    titles = ["", "minutes", "wall", "score", "95%", "steps/s", *(f"to {level}" for level in LEVELS)]
    lines = [titles, ["---", *["---:"] * (len(titles) - 1)]]
    for row in rows:
        reached = [row["minutes to"][str(level)] for level in LEVELS]
        lines.append(
            [
                f"{row['algo']}, seed {row['seed']}",
                f"{row['minutes']:.1f}",
                f"{row['wall minutes']:.1f}",
                f"{row['score']:.1f}",
                f"{row['low']:.1f}-{row['high']:.1f}",
                f"{row['steps/s']:,.0f}",
                *("-" if at is None else f"{at:.1f}" for at in reached),
            ]
        )
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
    ours, theirs = ([row for row in rows if (row["algo"] == "sb3") == baseline] for baseline in (False, True))
    said = []
    if ours:
        said.append(f"median score of {len(ours)} seeds: {np.median([row['score'] for row in ours]):.1f}")
    if ours and theirs:
        speed = np.median([row["steps/s"] for row in ours]) / theirs[0]["steps/s"]
        said.append(f"agent steps a second against Stable-Baselines3: {speed:.1f} times")
        times = [np.inf if row["minutes to"]["30"] is None else row["minutes to"]["30"] for row in ours]
        slow, quick = theirs[0]["minutes to"]["30"], float(np.median(times))
        ratio = f"{slow / quick:.1f}" if slow is not None else f"more than {theirs[0]['minutes'] / quick:.1f}"
        found = (
            f"Stable-Baselines3 takes {ratio} times as long" if np.isfinite(quick) else "most seeds do not reach them"
        )
        said.append(f"wall-clock to 30 points, median: {found}")
    return text + "\n" + "\n".join(f"- {line}" for line in said) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="breakout")
    parser.add_argument("--algo", default="pqn")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--at", type=float, nargs="+", default=[], metavar="MINUTES")
    parser.add_argument("--sb3-minutes", type=float, default=0.0, help="of the baseline, seed 0; 0: none")
    parser.add_argument("--games", type=int, default=100)
    parser.add_argument("--few", type=int, default=20, help="games of the checkpoints before the newest")
    parser.add_argument("--out", type=Path, default=Path("runs/race"))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that its training ends with it
    todo = [(args.algo, seed, args.minutes) for seed in args.seeds]
    todo += [("sb3", 0, args.sb3_minutes)] if args.sb3_minutes else []
    rows = []
    try:
        for algo, seed, minutes in todo:
            trained(args.out / f"{algo}-{seed}", args.game, algo, seed, minutes)
        for algo, seed, _ in todo:
            run = args.out / f"{algo}-{seed}"
            rows.append(summary(run, measured(run, args.at, args.games, args.few)))
    except (InputError, AgentError) as error:
        sys.exit(f"error: {error}")
    (args.out / "race.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    (args.out / "race.md").write_text(markdown(rows), encoding="utf-8")
    print(json.dumps(rows, indent=1) if args.json else f"{cores()} cores\n\n{markdown(rows)}", end="")


if __name__ == "__main__":
    main()

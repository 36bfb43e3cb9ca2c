"""Score against time: ``python -m bench.breakout_curve RUN [--games 100] [--every K] [--out FOLDER] [--json]``.

Plays full games with a run's checkpoints, raw scores and 1% random actions, and prints a Markdown table: mean with its
95% bootstrap interval, by minutes on the training clock and by agent steps; then when 30, 100, 300 and 400 were first
reached. ``--minutes 10 120 240`` measures the checkpoints saved at these minutes only. ``--out`` keeps every score, and
what is kept is not measured again, so the command may be stopped, and repeated while the run goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from agents import checkpoints
from agents.core import AgentError
from arena.match import play_for_points
from arena.milestones import first_at
from arena.scores import summarize
from bench.curve import chosen
from envs.core import InputError
from selfplay.files import write

Point = dict[str, Any]  # what `point` makes; JSON
LEVELS = (30, 100, 300, 400)


def scores(spec: str, game: str, games: int, seed: int) -> list[float]:
    """Raw scores of full games, those of ``arena match SPEC --game GAME --games N --seed S``."""
    return [record.returns[0] for record in play_for_points([spec], game, games, seed=seed)]


def point(checkpoint: Path, games: int, seed: int, epsilon: float) -> Point:
    card = checkpoints.read_card(checkpoint)
    raw = scores(f"{checkpoint}?epsilon={epsilon}", card.game, games, seed)
    mean = summarize(raw).mean
    facts = {name: card.meta.get(name) for name in ("minutes", "steps", "training_score")}
    return {
        "checkpoint": checkpoint.name,
        "sha256": card.sha256,
        **facts,
        "seed": seed,
        "epsilon": epsilon,
        "mean": mean.value,
        "low": mean.low,
        "high": mean.high,
        "scores": raw,
    }


def curve(todo: list[Path], games: int, seed: int, epsilon: float, out: Path | None) -> list[Point]:
    """The points by age; measures those that ``out`` does not hold yet."""
    points: list[Point] = []
    if out is not None and (out / "curve.json").exists():
        points = json.loads((out / "curve.json").read_text(encoding="utf-8"))
    known = {(at["sha256"], at["seed"], at["epsilon"], len(at["scores"])) for at in points}
    for checkpoint in todo:
        if (checkpoints.read_card(checkpoint).sha256, seed, epsilon, games) in known:
            continue
        new = point(checkpoint, games, seed, epsilon)
        points = sorted([*points, new], key=lambda at: at["checkpoint"])
        print(f"{checkpoint.name}: {new['mean']:.1f}", file=sys.stderr, flush=True)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            write(out / "curve.json", json.dumps(points, indent=1).encode())
            (out / "curve.md").write_text(markdown(points), encoding="utf-8")
    return points


def markdown(points: list[Point]) -> str:
    lines = [["minutes", "steps", "checkpoint", "score", "95%"], ["---:"] * 5]
    lines += [
        [
            f"{at['minutes']:.1f}",
            f"{at['steps']:,}",
            at["checkpoint"],
            f"{at['mean']:.1f}",
            f"{at['low']:.1f}-{at['high']:.1f}",
        ]
        for at in points
    ]
    reached = []
    for level in LEVELS:
        first = next((at for at in points if at["mean"] >= level), None)
        when = "not reached" if first is None else f"{first['minutes']:.1f} minutes, {first['steps']:,} steps"
        reached.append(f"- {level} points: {when}")
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n" + "\n".join(reached) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a training run")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="only every K-th checkpoint, and the last")
    parser.add_argument("--minutes", type=float, nargs="+", default=[], help="only these")
    parser.add_argument("--games", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epsilon", type=float, default=0.01)
    parser.add_argument("--out", type=Path, help="folder for curve.json and curve.md")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.every < 1 or args.games < 1:
        parser.error("--every and --games take positive numbers")
    try:
        todo = [first_at(args.run, at) for at in args.minutes] or chosen(args.run, args.every)
        points = curve(todo, args.games, args.seed, args.epsilon, args.out)
    except (InputError, AgentError) as error:
        sys.exit(f"error: {error}")
    print(json.dumps(points, indent=1) if args.json else markdown(points), end="")


if __name__ == "__main__":
    main()

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

import numpy as np
import torch

import envs
from agents import checkpoints
from agents.core import AgentError, Batch, GameKey
from agents.registry import load
from bench.curve import chosen
from envs.core import InputError, ScoreGame

Point = dict[str, Any]  # what `point` makes; JSON
LEVELS = (30, 100, 300, 400)
RESAMPLES = 10_000


def scores(spec: str, game: ScoreGame, games: int, seed: int) -> list[float]:
    """Raw scores of full games, side by side; seeds are ``seed``, ``seed + 1``, ..."""
    agent = load(spec)
    torch.set_num_threads(1)  # more would spin while the emulators want the cores
    seeds = [seed + i for i in range(games)]
    play = game.start(seeds)
    history: list[list[int]] = [[] for _ in seeds]
    try:
        agent.start(game.spec, [GameKey(str(i), 0, s) for i, s in enumerate(seeds)])
        while len(rows := np.flatnonzero(~play.over)):
            legal = np.ones((len(rows), game.spec.num_actions), np.bool_)
            decisions = agent.act(Batch(rows, play.observe(rows), legal, [history[row] for row in rows]))
            actions = np.array([decision.action for decision in decisions])
            for row, action in zip(rows.tolist(), actions.tolist(), strict=True):
                history[row].append(action)
            play.step(rows, actions)
        found: list[float] = play.scores.tolist()
        return found
    finally:
        play.close()
        agent.close()


def interval(values: list[float]) -> tuple[float, float]:
    """95% percentile bootstrap interval of the mean."""
    sample = np.random.default_rng(0).choice(values, (RESAMPLES, len(values)))
    low, high = np.percentile(sample.mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def point(checkpoint: Path, games: int, seed: int, epsilon: float) -> Point:
    card = checkpoints.read_card(checkpoint)
    raw = scores(f"{checkpoint}?epsilon={epsilon}", envs.score_game(card.game), games, seed)
    low, high = interval(raw)
    facts = {name: card.meta.get(name) for name in ("minutes", "steps", "training_score")}
    return {
        "checkpoint": checkpoint.name,
        "sha256": card.sha256,
        **facts,
        "seed": seed,
        "epsilon": epsilon,
        "mean": float(np.mean(raw)),
        "low": low,
        "high": high,
        "scores": raw,
    }


def at_minutes(run: Path, minutes: list[float]) -> list[Path]:
    """The first checkpoints saved at or after these minutes. Raises `InputError`."""
    found = [(checkpoints.read_card(folder).meta["minutes"], folder) for folder in checkpoints.numbered(run)]
    wanted = []
    for minute in minutes:
        later = [folder for age, folder in found if age >= minute]
        if not later:
            raise InputError(f"{run} has no checkpoint of {minute:g} minutes or more")
        wanted.append(later[0])
    return wanted


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
            (out / "curve.json").write_text(json.dumps(points, indent=1), encoding="utf-8")
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
        todo = at_minutes(args.run, args.minutes) if args.minutes else chosen(args.run, args.every)
        points = curve(todo, args.games, args.seed, args.epsilon, args.out)
    except (InputError, AgentError) as error:
        sys.exit(f"error: {error}")
    print(json.dumps(points, indent=1) if args.json else markdown(points), end="")


if __name__ == "__main__":
    main()

"""Errors against training time: ``python -m bench.curve RUN [--every K] [--simulations 600] [--out FOLDER] [--json]``.

Measures a Connect Four run's checkpoints as `bench.strength` does, with the search and with the raw network (its
policy alone), one checkpoint a core at a time. Prints a Markdown table, or JSON; ``--out`` writes both, after every
checkpoint, and what is already written there is not measured again, so the command may be stopped, and repeated while
the run goes on.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from agents import checkpoints
from agents.core import AgentError
from agents.registry import load
from bench.position_files import Position
from bench.strength import load_sets, measure
from envs.core import InputError
from selfplay.cores import cores
from selfplay.files import write

Point = dict[str, Any]  # what `point` makes; JSON


def chosen(run: Path, every: int) -> list[Path]:
    """Every ``every``-th checkpoint of a run, counted back from the last, which is always among them."""
    found = checkpoints.numbered(run)
    if not found:
        raise InputError(f"{run} is no training run with checkpoints")
    return found[::-1][::every][::-1]


def point(checkpoint: Path, simulations: int, sets: dict[str, list[Position]]) -> Point:
    """The errors of one checkpoint with so many simulations a move; 0: the raw network."""
    agent = load(f"{checkpoint}?simulations={simulations}")
    try:
        results = measure(agent, sets)
    finally:
        agent.close()
    card = checkpoints.read_card(checkpoint)
    return {
        "checkpoint": checkpoint.name,
        "sha256": card.sha256,
        "minutes": card.meta.get("minutes"),
        "simulations": simulations,
        "sets": {result.name: result.all.as_json() for result in results},
    }


def curve(
    run: Path, every: int, budgets: Sequence[int], files: Sequence[Path], out: Path | None, workers: int = 1
) -> list[Point]:
    """The points of a run, by budget and age; measures those that ``out`` does not hold yet. Raises `InputError`."""
    todo = [(checkpoint, n) for n in budgets for checkpoint in chosen(run, every)]
    sets = load_sets(files, progress=True)
    points: list[Point] = []
    if out is not None and (out / "curve.json").exists():
        points = json.loads((out / "curve.json").read_text(encoding="utf-8"))
        if any(list(at["sets"]) != [*sets, "overall"] for at in points):
            raise InputError(f"{out} holds a curve over other positions")
    known = {(at["sha256"], at["simulations"]) for at in points}
    todo = [(path, n) for path, n in todo if (checkpoints.read_card(path).sha256, n) not in known]
    for done, new in enumerate(_points(todo, sets, workers), 1):
        points = sorted([*points, new], key=lambda at: (at["simulations"], at["checkpoint"]))
        said = f"{new['checkpoint']}, {new['simulations']} simulations: {new['sets']['overall']['rate']:.2%}"
        print(f"{done} of {len(todo)}: {said}", file=sys.stderr, flush=True)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            write(out / "curve.json", json.dumps(points, indent=2).encode())
            (out / "curve.md").write_text(markdown(points), encoding="utf-8")
    return points


def _points(todo: Sequence[tuple[Path, int]], sets: dict[str, list[Position]], workers: int) -> Iterator[Point]:
    """The points, as they are found."""
    if workers == 1:
        yield from (point(path, n, sets) for path, n in todo)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for future in as_completed([pool.submit(point, path, n, sets) for path, n in todo]):
            yield future.result()


def markdown(points: Sequence[Point]) -> str:
    """A line a point: errors in percent by set, the overall rate with its 95% interval."""
    names = [name for name in points[0]["sets"] if name != "overall"]
    header = ["minutes", "checkpoint", "simulations", *names, "overall, %", "95%"]
    lines = [header, ["---:"] * len(header)]
    for at in points:
        rates, overall = at["sets"], at["sets"]["overall"]
        minutes = "?" if at["minutes"] is None else f"{at['minutes']:.1f}"
        cells = [minutes, at["checkpoint"], str(at["simulations"] or "raw network")]
        cells += [f"{100 * rates[name]['rate']:.1f}" for name in [*names, "overall"]]
        lines.append([*cells, f"{100 * overall['low']:.1f}-{100 * overall['high']:.1f}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a training run")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="only every K-th checkpoint")
    parser.add_argument("--simulations", type=int, nargs="+", default=[0, 600], help="budgets; 0 is the raw network")
    parser.add_argument("--positions", type=Path, nargs="+", default=[], metavar="FILE")
    parser.add_argument("--out", type=Path, help="folder for curve.json and curve.md")
    parser.add_argument("--workers", type=int, default=cores(), help="processes; one a core if left out")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if min(args.every, args.workers) < 1:
        parser.error("--every and --workers take positive numbers")
    try:
        points = curve(args.run, args.every, args.simulations, args.positions, args.out, args.workers)
    except (InputError, AgentError) as error:
        sys.exit(f"error: {error}")
    print(json.dumps(points, indent=2) if args.json else markdown(points), end="")


if __name__ == "__main__":
    main()

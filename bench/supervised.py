"""How quickly do networks learn what is known? ``python -m bench.supervised VARIANT [VARIANT ...] [--positions N]``.

Connect Four positions from random games, 15 to 29 plies old, and from the exact solver who wins them under perfect
play; some are kept back. Each variant of the training preset (``.`` is the preset itself) learns from the others, with
the learner of self-play, and is asked about those kept back: cross-entropy, and how often the likeliest result is the
right one. A quick look at networks and optimizers, without self-play's noise; what it says of self-play is for a
training to show. Example:

    python -m bench.supervised . optimizer=muon optimizer=muon,net.pool_every=1 --steps 1500
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.nn import functional

import envs
from agents import networks
from agents.search.evaluators import NetworkEvaluator
from agents.solver import Solver
from agents.solver.kernels import canonical
from arena.cli.train import options_of
from bench.make_positions import samples
from envs.core import States
from selfplay.chunks import pack
from selfplay.config import preset
from selfplay.learner import Learner
from selfplay.window import Rows

GAME = "connect_four"
PLIES = range(15, 30)  # played: earlier positions take the solver a hundred times as long
LOOKS = 4  # at the positions kept back, while a variant learns


def solved(count: int, seed: int) -> tuple[States, NDArray[np.float32]]:
    """Different positions uint64[n, W] and their results float32[n, 3], win/draw/loss for the mover."""
    solver, seen = Solver(table_mb=128), set[int]()

    def fresh() -> Iterator[tuple[NDArray[np.uint64], float]]:
        for _, state in samples(PLIES, np.random.default_rng(seed)):
            key = int(canonical(state[0], state[1]))
            if key not in seen:
                seen.add(key)
                yield state, np.sign(solver.solve(state))

    states, results = zip(*islice(track(fresh(), "solving", count, transient=True), count), strict=True)
    return np.array(states), np.eye(3, dtype=np.float32)[1 - np.array(results, np.int64)]


def learn(
    changes: dict[str, Any], states: States, results: NDArray[np.float32], kept_back: int, steps: int
) -> Iterator[dict[str, float]]:
    """Teaches a new network all but the first ``kept_back`` positions, and asks it about those now and then."""
    game, config = envs.make(GAME), preset(GAME, **changes)
    torch.manual_seed(config.seed)
    learner = Learner(game, networks.make(game.spec, config.net), config)
    random = np.random.default_rng(config.seed)
    legal = game.legal(states)
    uniform = pack((legal / legal.sum(axis=1, keepdims=True)).astype(np.float32), legal, game.spec.max_legal)
    none = np.full(len(states), -1, np.int32), np.full(len(states), np.nan, np.float32)
    rows, began = Rows(states, uniform, results, *none), time.process_time()
    for step in range(steps):
        learner.step(rows.take(random.integers(kept_back, len(rows), config.batch)), step / steps)
        if (step + 1) % max(1, steps // LOOKS) == 0:
            net = networks.make(game.spec, config.net)
            net.load_state_dict(learner.average)
            wdl = NetworkEvaluator(game, net, "float32")(states[:kept_back], legal[:kept_back])[1]
            truth = torch.from_numpy(results[:kept_back])
            yield {
                "steps": step + 1,
                "seconds": time.process_time() - began,
                "cross-entropy": float(functional.cross_entropy(torch.from_numpy(wdl).log(), truth)),
                "right, %": 100.0 * float((wdl.argmax(axis=1) == results[:kept_back].argmax(axis=1)).mean()),
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="+", metavar="VARIANT", help="NAME=VALUE,... beside the preset, or .")
    parser.add_argument("--positions", type=int, default=80_000)
    parser.add_argument("--kept-back", type=int, default=5_000)
    parser.add_argument("--steps", type=int, default=1_500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    asked = {
        words: options_of(None, 1, given.seed, words.split(",") if words != "." else []) for words in given.variants
    }
    torch.set_num_threads(1)
    states, results = solved(given.positions, given.seed)
    console, found = Console(), dict[str, list[dict[str, float]]]()
    for words, changes in asked.items():
        looks = learn(changes, states, results, given.kept_back, given.steps)
        found[words] = list(track(looks, words, LOOKS, transient=True))
    if given.json:
        print(json.dumps(found))
        return
    table = Table("variant", title=f"{given.positions - given.kept_back} positions to learn from")
    for name in found[given.variants[0]][0]:
        table.add_column(name, justify="right")
    for words, rows in found.items():
        for row in rows:
            table.add_row(words, *(f"{value:.4g}" for value in row.values()))
    console.print(table)


if __name__ == "__main__":
    main()

"""How good is what Connect Four is learned from? ``python -m bench.targets RUN [--positions 500] [--json]``.

Takes positions from the newest games of a training run and holds what is learned there against the exact solver:

- the value target for several ``td_lambda``: root mean square error against the game-theoretic value (-1, 0, 1)
- the policy target of full and of fast searches, and the newest network's own policy in the same positions: the
  probability they give to moves that keep the value, over positions where some move does not
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

import envs
from agents import checkpoints, networks
from agents.search.evaluators import NetworkEvaluator
from agents.solver import Solver
from selfplay import chunks
from selfplay.chunks import unpack
from selfplay.targets import value_targets

LAMBDAS = (0.0, 0.5, 0.7, 0.8, 0.9, 1.0)


def measure(run: Path, positions: int, seed: int) -> dict[str, float]:
    game, solver, rng = envs.make("connect_four"), Solver(), np.random.default_rng(seed)
    folder = run / chunks.FOLDER
    newest = sorted((folder / name for name in chunks.listing(folder)), key=lambda path: path.stat().st_mtime)[-60:]
    games = chunks.join([chunks.read(path)[0] for path in newest])
    chosen = []
    for kind in (games.full, ~games.full):
        every = np.flatnonzero(kind & (games.plies >= 8))  # earlier positions take the solver too long
        chosen.append(rng.choice(every, min(positions // 2, len(every)), replace=False))
    rows = np.concatenate(chosen)
    full = games.full[rows]

    states, legal = games.states[rows], game.legal(games.states[rows])
    keeps, truth = np.zeros(legal.shape, np.bool_), np.zeros(len(rows))
    for i, state in enumerate(track(states, "solving", transient=True)):
        results = {action: np.sign(score) for action, score in solver.scores(state).items()}
        truth[i] = max(results.values())
        for action, result in results.items():
            keeps[i, action] = result == truth[i]
    open_ = (keeps != legal).any(axis=1)  # where something can be lost

    found: dict[str, float] = {"positions": float(len(rows))}
    for td_lambda in LAMBDAS:
        target = value_targets(games, td_lambda)[rows]
        found[f"value error, td_lambda {td_lambda}"] = float(
            np.sqrt(np.mean((target[:, 0] - target[:, 2] - truth) ** 2))
        )
    checkpoint = checkpoints.read(run)
    net = networks.make(game.spec, networks.config(checkpoint.card.net_config))
    checkpoints.fill(net, checkpoint)
    logits, wdl = NetworkEvaluator(game, net)(states, legal)
    found["value error, network"] = float(np.sqrt(np.mean((wdl[:, 0] - wdl[:, 2] - truth) ** 2)))
    weights = np.where(legal, np.exp(logits - logits.max(axis=1, keepdims=True)), 0.0)
    own = weights / weights.sum(axis=1, keepdims=True)
    target = unpack(games.policy[rows], legal).astype(np.float64)
    for name, kind in (("full", full), ("fast", ~full)):
        for what, policy in (("target", target), ("network", own)):
            found[f"good moves, {name} searches, {what}"] = float((policy * keeps).sum(axis=1)[kind & open_].mean())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a training run of Connect Four")
    parser.add_argument("--positions", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.run, options.positions, options.seed)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    table = Table(title=f"targets of {options.run}")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in found.items():
        table.add_row(name, f"{value:.3f}" if name != "positions" else f"{value:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()

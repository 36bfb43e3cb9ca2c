"""Speed of one game's search by batch: ``python -m bench.solo [--game chess] [--net 64x6] [--seconds 5] [--json]``.

A network that was never trained has no favourites, and one with random heads only one; so its logits are scaled to
the spread of a trained policy, and its values tempered. Beside each batch stands the bound: the same network given
ready-made batches of that size. One core, processor time: what else runs on the machine does not count.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import envs
from agents import networks
from agents.networks import NetConfig
from agents.search.cache import CachedEvaluator
from agents.search.config import SearchConfig
from agents.search.evaluators import WDL, Evaluator, Logits, NetworkEvaluator
from agents.search.solo import SoloSearch
from envs.core import BoardGame, States

BATCHES = (1, 8, 16, 32, 64)
SPREAD = 1.3  # of a trained policy's logits, about
NODES = 60_000


class Tempered:
    """A network's answers with the spread of a trained one's."""

    def __init__(self, inner: Evaluator) -> None:
        self._inner = inner

    def __call__(self, states: States, legal: NDArray[np.bool_]) -> tuple[Logits, WDL]:
        logits, wdl = self._inner(states, legal)
        count = legal.sum(axis=1, keepdims=True)
        mean = np.where(legal, logits, 0).sum(axis=1, keepdims=True) / count
        spread = np.sqrt(np.where(legal, (logits - mean) ** 2, 0).sum(axis=1, keepdims=True) / count)
        scaled = SPREAD * (logits - mean) / np.maximum(spread, 1e-3)
        return scaled.astype(np.float32), (0.25 * wdl + 0.25).astype(np.float32)


def network(game: BoardGame, channels: int, blocks: int) -> Evaluator:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = networks.make(game.spec, NetConfig(blocks=blocks, channels=channels, pool_channels=channels // 4))
    for head in (net.policy, net.value):  # they start at zero
        torch.nn.init.normal_(head.weight, std=0.1)
    return Tempered(NetworkEvaluator(game, net.eval()))


def bound(game: BoardGame, evaluate: Evaluator, batch: int, seconds: float) -> float:
    """Evaluations a second of the network alone."""
    states = game.init(batch)
    legal = game.legal(states)
    evaluate(states, legal)
    count, began = 0, time.process_time()
    while (spent := time.process_time() - began) < seconds:
        evaluate(states, legal)
        count += batch
    return count / spent


def search(game: BoardGame, evaluate: Evaluator, batch: int, seconds: float) -> tuple[float, float]:
    """Visits a second, and visits a call."""
    tree = SoloSearch(game, CachedEvaluator(game, evaluate, 1 << 16), SearchConfig(root="puct"), NODES, batch)
    tree.place(game.init(1)[0])
    while tree.visits < 2 * batch:  # compiles
        tree.visit()
    visits, calls, began = tree.visits, 0, time.process_time()
    while (spent := time.process_time() - began) < seconds and not tree.over:
        tree.visit()
        calls += 1
    return (tree.visits - visits) / spent, (tree.visits - visits) / calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="chess")
    parser.add_argument("--net", default="64x6", help="channels x blocks")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each number")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    game = envs.make(arguments.game)
    evaluate = network(game, *map(int, arguments.net.split("x")))
    rows = []
    for batch in BATCHES:
        speed, filled = search(game, evaluate, batch, arguments.seconds)
        alone = bound(game, evaluate, batch, arguments.seconds)
        rows.append(
            {"batch": batch, "nodes/s": round(speed), "filled": round(filled, 1), "network alone": round(alone)}
        )
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    table = Table(title=f"{game.spec.title}, {arguments.net}, one tree on one core", title_justify="left")
    for column in rows[0]:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*(f"{value:,}" for value in row.values()))
    Console().print(table)


if __name__ == "__main__":
    main()

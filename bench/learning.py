"""What a step of learning takes on one core: ``python -m bench.learning [--games chess ...] [--steps 9] [--json]``.

The learner of self-play, each game's preset in float32, on positions after ten random plies: with PyTorch's
convolutions and with those of `agents.convolution`. In turns, a step each; the median of each.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

import envs
from agents import convolution, networks
from agents.chance import choose
from envs.core import BoardGame
from selfplay.chunks import pack
from selfplay.config import preset
from selfplay.learner import Learner
from selfplay.window import Rows

GAMES = ("connect_four", "minichess", "chess")
WAYS = ("PyTorch's", "minimal filtering")


def positions(game: BoardGame, n: int) -> Rows:
    """The initial one where a game ended before ten plies. Policies are uniform, and all are won."""
    random, states = np.random.default_rng(0), game.init(n)
    for _ in range(10):
        on = np.isnan(game.outcome(states))
        numbers = random.integers(0, 2**64, int(on.sum()), np.uint64)
        states[on] = game.step(states[on], choose(game.legal(states[on]), numbers))
    states[~np.isnan(game.outcome(states))] = game.init(1)
    legal = game.legal(states)
    policy = pack((legal / legal.sum(axis=1, keepdims=True)).astype(np.float32), legal, game.spec.max_legal)
    won = np.tile(np.array([1, 0, 0], np.float32), (n, 1))
    return Rows(states, policy, won, np.full(n, -1, np.int32), np.full(n, np.nan, np.float32))


@contextmanager
def convolutions(way: str) -> Iterator[None]:
    serves = convolution.serves
    if way == "PyTorch's":
        convolution.serves = lambda x, weight: False
    try:
        yield
    finally:
        convolution.serves = serves


def measure(game_id: str, steps: int) -> dict[str, float]:
    """Seconds a step, by way."""
    game, learners, spent = envs.make(game_id), dict[str, Learner](), dict[str, list[float]]()
    config = preset(game_id, precision="float32", device="cpu")
    for way in WAYS:
        learners[way], spent[way] = Learner(game, networks.make(game.spec, config.net), config), []
    rows = positions(game, config.batch)
    for _ in range(steps + 1):
        for way, learner in learners.items():
            with convolutions(way):
                began = time.perf_counter()
                learner.step(rows, 0.0)
                spent[way].append(time.perf_counter() - began)
    return {way: float(np.median(seconds[1:])) for way, seconds in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", nargs="+", default=GAMES, choices=envs.ids(), metavar="GAME")
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    found = {game_id: measure(game_id, given.steps) for game_id in given.games}
    if given.json:
        print(json.dumps(found))
        return
    table = Table("game", *(f"{way}, ms" for way in WAYS), title="A step of learning on one core")
    for game_id, seconds in found.items():
        table.add_row(game_id, *(f"{1e3 * value:.0f}" for value in seconds.values()))
    Console().print(table)


if __name__ == "__main__":
    main()

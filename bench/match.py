"""Games a second of two random tic-tac-toe players on one core: ``python -m bench.match [--seconds 2] [--json]``.

- arena, records: `arena.match.play_match`, 64 games at once; every game is a full record with a time for every move
- arena, stored: the same, saved to an SQLite file on the disk, 2,000 games a transaction
- OpenSpiel: the usual Python loop over one state at a time, with its random bots in Python; no records
- PettingZoo: the usual loop over an AEC environment (this project's: its own needs a window library); no records
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np
import pyspiel
from open_spiel.python.bots.uniform_random import UniformRandomBot
from rich.console import Console
from rich.table import Table

import envs
from arena.match import play_match
from arena.store import Store

GAMES = 2000  # of one match


def records() -> Iterator[int]:
    for seed in count():
        yield len(list(play_match("random", "random", "tic_tac_toe", GAMES, seed=seed)))


def stored() -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "arena.db")
        for seed in count():
            yield store.add(play_match("random", "random", "tic_tac_toe", GAMES, seed=seed))


def openspiel() -> Iterator[int]:
    game, rng = pyspiel.load_game("tic_tac_toe"), np.random.default_rng(0)
    bots = [UniformRandomBot(player, rng) for player in range(2)]
    while True:
        state = game.new_initial_state()
        while not state.is_terminal():
            state.apply_action(bots[state.current_player()].step(state))
        state.returns()
        yield 1


def pettingzoo() -> Iterator[int]:
    env, rng = envs.pettingzoo_env("tic_tac_toe"), np.random.default_rng(0)
    while True:
        env.reset()
        for _ in env.agent_iter():
            observation, _, termination, truncation, _ = env.last()
            legal = np.flatnonzero(observation["action_mask"])
            env.step(None if termination or truncation else int(legal[int(rng.random() * len(legal))]))
        yield 1


def rate(playing: Iterator[int], seconds: float) -> float:
    """Games a second, the first ones (which compile) left out."""
    list(islice(playing, 2))
    began, games = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < seconds:
        games += next(playing)
    return games / spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each number (default 2)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    sides = {
        "arena, records": records(),
        "arena, stored": stored(),
        "OpenSpiel, Python loop": openspiel(),
        "PettingZoo, AEC loop": pettingzoo(),
    }
    measured = {name: rate(playing, options.seconds) for name, playing in sides.items()}
    if options.json:
        print(json.dumps(measured, indent=2))
        return
    table = Table("match", title="Random tic-tac-toe, one core")
    table.add_column("games/s", justify="right")
    for name, speed in measured.items():
        table.add_row(name, f"{speed:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()

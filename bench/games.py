"""Speed of the rules on one core, beside OpenSpiel in the same run: ``python -m bench.games [--seconds 1] [--json]``.

- positions/s: step, legal actions, outcome and observation of positions from random play, 256 at a time (OpenSpiel: one
  at a time from Python, its only way).
- random games/s: from the start to the end, both inside compiled code (OpenSpiel: two of its C++ random bots).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
import pyspiel
from rich.console import Console
from rich.table import Table

import envs
from envs.core import BoardGame
from envs.testing import play

BATCH = 256
GAMES = ("tic_tac_toe", "connect_four", "othello", "chess")


def rate(work: Callable[[], int], seconds: float) -> float:
    """Units of work a second: the best of five stretches, each a fifth of the time, after one warm-up call."""
    work()
    best = 0.0
    for _ in range(5):
        done, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds / 5:
            done += work()
        best = max(best, done / spent)
    return best


def ours(game: BoardGame, seconds: float) -> tuple[float, float]:
    sample = play(game)
    states, actions = sample.before[:BATCH], sample.actions[:BATCH]

    def positions() -> int:
        after = game.step(states, actions)
        game.legal(after)
        game.outcome(after)
        game.observe(after)
        return len(after)

    start, seeds = game.init(BATCH), np.arange(BATCH, dtype=np.uint64)
    return rate(positions, seconds), rate(lambda: len(game.rollout(start, seeds)), seconds)


def openspiel(name: str, seconds: float) -> tuple[float, float]:
    game = pyspiel.load_game(name)
    rng = np.random.default_rng(0)
    bots = [pyspiel.make_uniform_random_bot(player, 0) for player in range(2)]

    def positions() -> int:
        state, plies = game.new_initial_state(), 0
        while not state.is_terminal():
            actions = state.legal_actions()
            state.apply_action(actions[int(rng.random() * len(actions))])
            state.observation_tensor(0)
            plies += 1
        return plies

    def random_game() -> int:
        pyspiel.evaluate_bots(game.new_initial_state(), bots, 0)
        return 1

    return rate(positions, seconds), rate(random_game, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each number (default 1)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    measured = {}
    for name in GAMES:
        mine, theirs = ours(envs.make(name), options.seconds), openspiel(name, options.seconds)
        measured[name] = {
            "positions/s": {"arena": mine[0], "openspiel": theirs[0]},
            "random games/s": {"arena": mine[1], "openspiel": theirs[1]},
        }
    if options.json:
        print(json.dumps(measured, indent=2))
        return
    table = Table(title=f"Rules on one core, batches of {BATCH}")
    for column in ("game", "measure", "arena", "OpenSpiel", "ratio"):
        table.add_column(column, justify="left" if column in ("game", "measure") else "right")
    for name, rows in measured.items():
        for measure, sides in rows.items():
            arena, peer = sides["arena"], sides["openspiel"]
            table.add_row(name, measure, f"{arena:,.0f}", f"{peer:,.0f}", f"{arena / peer:,.0f}x")
    Console().print(table)


if __name__ == "__main__":
    main()

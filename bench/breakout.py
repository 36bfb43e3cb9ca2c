"""Speed of a training for points: ``python -m bench.breakout [--game breakout] [--seconds 15] [--json]``.

What each part does alone, on all cores: emulators (random actions), acting (the network's forward pass), learning (one
update and all that goes with it). Then the loop, of each algorithm, and what the parts allow: since emulators and the
network share the cores and may overlap completely, a step costs the sum of what its parts cost, and no less than the
longest of them. The loop's peak memory and the replay memory's size per million frames are shown beside.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from agents.dqn.memory import Memory
from selfplay.cores import cores
from selfplay.dqn import config, stage
from selfplay.dqn.config import ScoreConfig
from selfplay.dqn.routes import Replay, Rollouts, Route, warm_up
from selfplay.dqn.train import make_learner, train

Figures = dict[str, float]
SETTLE = 15.0  # seconds that the loop runs longer than its parts: the first rollout is played without learning


def rate(work: Callable[[], int], seconds: float) -> float:
    """Units of work a second, after one warm-up call."""
    work()
    done, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        done += work()
    return done / spent


def emulation(settings: ScoreConfig, seconds: float) -> float:
    """Steps a second of the emulators alone."""
    spec, emulators = stage.atari(settings, 0)
    random = np.random.default_rng(0)
    emulators.reset()

    def work() -> int:
        emulators.send(random.integers(0, spec.num_actions, settings.games))
        emulators.recv()
        return settings.games

    found = rate(work, seconds)
    emulators.close()
    return found


def parts(settings: ScoreConfig, seconds: float, folder: Path) -> Figures:
    """What emulating, acting and learning reach alone; the last in steps of agents that so much learning is due for."""
    torch.set_num_threads(1)
    spec, emulators = stage.atari(settings, 0)
    learner = make_learner(settings, spec.num_actions)
    random = np.random.default_rng(0)
    route: Route = (
        Replay(settings, learner, random, folder, 0) if settings.algo == "dqn" else Rollouts(settings, learner, random)
    )
    seen = emulators.reset()
    values = np.zeros(settings.games, np.float32)
    learning, steps, samples, warm = 0.0, 0, 0, False
    warm_up(settings.net)
    while learning < seconds:
        emulators.send(random.integers(0, spec.num_actions, settings.games))
        outcome = emulators.recv()
        start = time.perf_counter()
        route.add(seen, outcome, values)
        used = route.learn()
        learner.take_average()
        if warm:
            samples += used
            steps += settings.games
            learning += time.perf_counter() - start
        warm = warm or used > 0
        seen = outcome
    found = {
        "act": rate(lambda: len(learner.greedy(seen.frames)[0]), seconds),
        "learn": steps / learning,
        "samples": samples / learning,
    }
    emulators.close()
    learner.close()
    return found


def loop(settings: ScoreConfig, seconds: float, folder: Path) -> Figures:
    """The training itself; its last half minute, or less."""
    states: list[Any] = []
    train(folder / "run", settings, seconds, on_progress=states.append)
    last = states[-1]
    return {
        "steps/s": last.steps_per_second,
        "emulator share": last.emulator_share,
        "act share": last.act_share,
        "learn share": last.learn_share,
    }


def replay_gb() -> float:
    """GB of a replay memory of a million frames, from the slope between two small ones."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = []
        for rows in (1000, 2000):
            Memory(rows, 8, path=Path(folder) / str(rows))
            sizes.append((Path(folder) / str(rows)).stat().st_size)
    return (sizes[1] - sizes[0]) / 8000 / 1e3


def measure(game: str, algorithms: list[str], seconds: float) -> dict[str, Any]:
    found: dict[str, Any] = {"cores": cores(), "replay, GB for 1 M frames": replay_gb()}
    for algo in algorithms:
        settings = config.preset(game, algo=algo)
        if algo == "dqn":
            settings = replace(settings, replay=100_000, first_frames=3_000)
        with tempfile.TemporaryDirectory() as folder:
            figures = {"emulate": emulation(settings, seconds), **parts(settings, seconds, Path(folder))}
            bound = 1 / (1 / figures["emulate"] + 1 / figures["act"] + 1 / figures["learn"])
            figures |= loop(settings, 2 * seconds + SETTLE, Path(folder))
        figures |= {"bound": bound, "of the bound": figures["steps/s"] / bound}
        found[algo] = figures
    found["peak memory, GB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="breakout")
    parser.add_argument("--algo", nargs="+", default=["pqn", "dqn"])
    parser.add_argument("--seconds", type=float, default=15.0, help="for each measurement")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.game, options.algo, options.seconds)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    table = Table(title=f"{options.game} on {found['cores']} cores")
    table.add_column("")
    for algo in options.algo:
        table.add_column(algo, justify="right")
    for name in found[options.algo[0]]:
        share = "share" in name or name == "of the bound"
        table.add_row(name, *(f"{found[a][name]:.0%}" if share else f"{found[a][name]:,.0f}" for a in options.algo))
    Console().print(table)
    for name in ("replay, GB for 1 M frames", "peak memory, GB"):
        print(f"{name}: {found[name]:.2f}")


if __name__ == "__main__":
    main()

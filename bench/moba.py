"""Speed of the team game: ``python -m bench.moba [--seconds 10] [--json]``. All figures are agent-steps a second.

- the batched kernels, games side by side on all cores, legal random actions that were drawn before;
- the same game through PettingZoo's dictionaries, on one core, and agent by agent (AEC);
- the same with other people's environments through the same interface, where they are installed
  (``pip install magent2 pygame-ce``): MAgent2's battle and PettingZoo's Knights, Archers, Zombies;
- training end to end: play, learning, saving.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from envs import moba_v0
from envs.moba.games import Games
from envs.moba.setup import Setup
from selfplay.cores import cores
from selfplay.ppo import config
from selfplay.ppo.train import train

GAMES = {1: 1024, 5: 256}  # side by side, by heroes a side
DECISIONS = 64  # drawn before
TARGETS = {"batched, 5v5": 300_000, "PettingZoo, 5v5": 20_000, "training, 5v5": 20_000}
PEERS = {
    "MAgent2 battle": ("magent2.environments.battle_v4", "parallel_env"),
    "PettingZoo KAZ": ("pettingzoo.butterfly.knights_archers_zombies_v11", "parallel_env"),
}


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


def batched(heroes: Any, seconds: float, threads: int) -> float:
    """The kernels: rules, rewards, observations and masks of all heroes."""
    random, count = np.random.default_rng(0), GAMES[heroes]
    play = Games(count, Setup(heroes=heroes), threads=threads)
    step = play.reset(np.arange(count, dtype=np.uint64))
    drawn = []
    for _ in range(DECISIONS):  # legal where they are played for the first time; later mostly
        drawn.append((random.random(step.mask.shape) * step.mask).argmax(-1))
        step = play.step(drawn[-1])

    def work() -> int:
        for actions in drawn:
            play.step(actions)
        return DECISIONS * count * 2 * heroes

    found = rate(work, seconds)
    play.close()
    return found


def dictionaries(env: Any, seconds: float) -> float:
    """A parallel environment, an action of each agent at a time."""
    env.reset(seed=0)
    spaces = {agent: env.action_space(agent) for agent in env.possible_agents}
    for i, space in enumerate(spaces.values()):
        space.seed(i)

    def work() -> int:
        done = 0
        for _ in range(50):
            if not env.agents:
                env.reset()
            done += len(env.step({agent: spaces[agent].sample() for agent in env.agents})[0])
        return done

    found = rate(work, seconds)
    env.close()
    return found


def one_by_one(env: Any, seconds: float) -> float:
    """An AEC environment."""
    env.reset(seed=0)

    def work() -> int:
        for _ in range(500):
            if not env.agents:
                env.reset()
            over = env.terminations[env.agent_selection] or env.truncations[env.agent_selection]
            env.last()
            env.step(None if over else env.action_space(env.agent_selection).sample())
        return 500

    return rate(work, seconds)


def training(game: str, seconds: float) -> dict[str, float]:
    """The last half minute of a training, or all of it."""
    states: list[Any] = []
    with tempfile.TemporaryDirectory() as folder:
        train(Path(folder) / "run", config.preset(game), seconds, on_progress=states.append)
    last = states[-1]
    shares = {name: getattr(last, f"{name}_share") for name in ("game", "act", "learn")}
    return {"steps": last.steps_per_second, **shares}


def measure(seconds: float) -> dict[str, Any]:
    found: dict[str, Any] = {"cores": cores()}
    rates: dict[str, float] = {}
    for heroes in (1, 5):
        rates[f"batched, {heroes}v{heroes}"] = batched(heroes, seconds, cores())
        rates[f"batched on one core, {heroes}v{heroes}"] = batched(heroes, seconds, 1)
    rates["PettingZoo, 5v5"] = dictionaries(moba_v0.parallel_env(heroes=5), seconds)
    rates["PettingZoo AEC, 5v5"] = one_by_one(moba_v0.env(heroes=5), seconds)
    for name, (module, maker) in PEERS.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rates[name] = dictionaries(getattr(import_module(module), maker)(), seconds)
        except ImportError:
            rates[name] = float("nan")
    for heroes in (1, 5):
        parts = training(f"moba_{heroes}v{heroes}", 2 * seconds + 10)
        rates[f"training, {heroes}v{heroes}"] = parts.pop("steps")
        found[f"shares of the time, {heroes}v{heroes}"] = parts
    return {**found, "agent-steps/s": rates}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each measurement")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = measure(args.seconds)
    if args.json:
        print(json.dumps(found, indent=1))
        return
    table = Table(title=f"Agent-steps/s on {found['cores']} cores", title_justify="left", box=SIMPLE_HEAD)
    for column in ("", "measured", "target"):
        table.add_column(column, justify="right" if column else "left")
    for name, value in found["agent-steps/s"].items():
        shown = "not installed" if np.isnan(value) else f"{value:,.0f}"
        table.add_row(name, shown, f"{TARGETS[name]:,}" if name in TARGETS else "")
    Console().print(table)
    for heroes in (1, 5):
        shares = found[f"shares of the time, {heroes}v{heroes}"]
        print(f"training {heroes}v{heroes}:", ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))


if __name__ == "__main__":
    main()

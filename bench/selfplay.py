"""Speed of self-play beside the network alone: ``python -m bench.selfplay [--game G] [--checkpoint C] [--peers PYTHON]
[--json]``.

Measured in the same run, the first two in turns of half a second, the others one after the other:

- the bound: evaluations/s of the network alone in ``--workers`` processes; nothing can be faster than that
- self-play: whole games as a training plays them, playout caps, openings and recording included, in the same processes
- the learner: positions it learns from per second, in one process
- the loop: an actual training of ``--loop`` seconds, learner and workers sharing the cores
- pgx + mctx (JAX, on as many cores, a network of the same size): Connect Four, chess and minichess, where ``--peers``
  names a Python that has the project's extra "peers" installed

Games differ with the network: an untrained one plays short games all over the board. ``--checkpoint`` plays with a
trained one.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

import envs
from agents import checkpoints, networks
from agents.networks import Net
from agents.search.cache import CachedEvaluator
from agents.search.evaluators import NetworkEvaluator
from selfplay import config
from selfplay.chunks import join
from selfplay.compile import warm_up
from selfplay.config import TrainConfig
from selfplay.learner import Learner
from selfplay.play import SelfPlay
from selfplay.train import train
from selfplay.window import Window, rows_of

Figures = dict[str, float]
CPU, BOUND_CPU = "evaluations/s of processor time", "bound/s of processor time"
SLICE = 0.5  # seconds of one, then of the other
BY_CPU = "unique evaluations / bound, by processor time"  # the same on a machine that others use too
PEER_GAMES, PEER_SIMULATIONS = 128, 64


def load(settings: TrainConfig, checkpoint: str | None) -> Net:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = networks.make(envs.make(settings.game).spec, settings.net)
    if checkpoint:
        checkpoints.fill(net, checkpoints.read(checkpoint))
    return net


def spend(work: Callable[[], object], seconds: float) -> tuple[int, float, float]:
    """Calls, seconds on the clock, and seconds of processor time."""
    calls, began, ran = 0, time.perf_counter(), time.process_time()
    while (spent := time.perf_counter() - began) < seconds:
        work()
        calls += 1
    return calls, spent, time.process_time() - ran


def selfplay(settings: TrainConfig, checkpoint: str | None, seconds: float, stream: int) -> Figures:
    """Self-play and the network alone, in turns of `SLICE` seconds: a machine's speed changes within minutes."""
    game = envs.make(settings.game)
    network = NetworkEvaluator(game, load(settings, checkpoint))
    evaluate = CachedEvaluator(game, network, settings.cache)
    players = SelfPlay(game, evaluate, settings, stream)
    states = game.init(settings.slots)
    legal = game.legal(states)

    def counts() -> list[int]:
        cached = [evaluate.evaluations, evaluate.hits, evaluate.requests]
        return [players.simulated, *cached, players.moves, players.games]

    spend(players.turn, seconds / 2)  # until games are at all stages
    before, slices = counts(), max(1, round(seconds / SLICE))
    alone, playing = np.zeros(3), np.zeros(3)
    for _ in range(slices):
        alone += spend(lambda: network(states, legal), seconds / slices)
        playing += spend(players.turn, seconds / slices)
    names = ("simulations/s", "evaluations/s", "hits/s", "requests/s", "moves/s", "games/s")
    made = [now - then for now, then in zip(counts(), before, strict=True)]
    rates = {name: count / playing[1] for name, count in zip(names, made, strict=True)}
    bound = {"bound/s": alone[0] * len(states) / alone[1], BOUND_CPU: alone[0] * len(states) / alone[2]}
    return {**rates, **bound, CPU: made[1] / playing[2]}


def learning(settings: TrainConfig, checkpoint: str | None, seconds: float, stream: int) -> Figures:
    game = envs.make(settings.game)
    players = SelfPlay(
        game, NetworkEvaluator(game, load(settings, checkpoint)), replace(settings, simulations=8), stream
    )
    games = []
    while len(games) < 50:
        games += players.turn()
    window = Window(game.init(1).shape[1], game.spec.max_legal)
    window.add("", *rows_of(join(games), settings))
    learner = Learner(game, load(settings, checkpoint), settings)
    learner.step(window.sample(learner.generator, settings.batch), 0.0)
    learner.steps, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        learner.step(window.sample(learner.generator, settings.batch), 0.0)
    return {"samples/s": learner.steps * settings.batch / spent}


def together(work, workers: int, *arguments) -> Figures:
    """The sum of what ``workers`` processes measure side by side; told as soon as it is known."""
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        found = [job.result() for job in [pool.submit(work, *arguments, stream) for stream in range(workers)]]
    total = {name: sum(each[name] for each in found) for name in found[0]}
    print(f"{work.__name__}: {', '.join(f'{name} {value:,.1f}' for name, value in total.items())}", file=sys.stderr)
    return total


def peer(settings: TrainConfig, python: str, seconds: float) -> float:
    """Simulations/s of pgx + mctx on ``workers`` cores. Its games keep all they have ever seen, kilobytes a node, so
    that more of them, or deeper searches, only make it slower."""
    size = {"game": settings.game, "blocks": settings.net.blocks, "channels": settings.net.channels}
    size |= {"batch": PEER_GAMES, "simulations": PEER_SIMULATIONS, "seconds": seconds}
    command = [python, "-W", "ignore", "-m", "bench.peers.pgx_mctx"]
    command += [word for name, value in size.items() for word in (f"--{name}", str(value))]
    cores = sorted(os.sched_getaffinity(0))[: settings.workers]
    run = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cores), check=False
    )
    if run.returncode:
        sys.exit(f"{' '.join(command)} failed with exit code {run.returncode}")
    return json.loads(run.stdout.splitlines()[-1])["simulations_per_second"]


def measure(settings: TrainConfig, checkpoint: str | None, seconds: float, loop: float, peers: str | None) -> Figures:
    warm_up(settings)
    how = settings, checkpoint, seconds
    play = together(selfplay, settings.workers, *how)
    found = {
        "bound evaluations/s": play["bound/s"],
        "simulations/s": play["simulations/s"],
        "unique evaluations/s": play["evaluations/s"],
        "unique evaluations / bound": play["evaluations/s"] / play["bound/s"],
        BY_CPU: play[CPU] / play[BOUND_CPU],
        "cache hits": play["hits/s"] / play["requests/s"],
        "moves/s": play["moves/s"],
        "games/h": play["games/s"] * 3600,
        "learner samples/s": together(learning, 1, *how)["samples/s"],
    }
    if peers:
        theirs = peer(settings, peers, seconds)
        found |= {
            "pgx + mctx, simulations/s": theirs,
            "simulations / (pgx + mctx)": play["simulations/s"] / theirs,
            "unique evaluations / (pgx + mctx)": play["evaluations/s"] / theirs,
        }
    if loop:
        with tempfile.TemporaryDirectory() as folder:
            states = []
            result = train(Path(folder) / "run", settings, loop, on_progress=states.append)
        found |= {
            "loop: moves/s": states[-1].moves_per_second,
            "loop: unique evaluations/s": states[-1].evaluations_per_second,
            "loop: games/h": result.games / result.seconds * 3600,
            "loop: steps": float(result.steps),
        }
    return found


def _text(name: str, value: float) -> str:
    if name in ("cache hits", "unique evaluations / bound", BY_CPU):
        return f"{value:.1%}"
    return f"{value:.1f}x" if "/ (" in name else f"{value:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="connect_four")
    parser.add_argument("--checkpoint", help="a checkpoint to play with; the untrained network if left out")
    parser.add_argument(
        "--net", help="channels x blocks, e.g. 64x4; the game's usual, or the checkpoint's, if left out"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slots", type=int, help="games a worker plays at once; the game's usual number if left out")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each measurement")
    parser.add_argument("--loop", type=float, default=60.0, help="seconds of actual training; 0: none")
    parser.add_argument("--peers", metavar="PYTHON", help="a Python with the extra 'peers'")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    changes: dict[str, object] = {"workers": options.workers}
    if options.slots:
        changes["slots"] = options.slots
    if options.checkpoint:
        changes["net"] = dict(checkpoints.read_card(options.checkpoint).net_config)
    elif options.net:
        channels, blocks = map(int, options.net.split("x"))
        changes["net"] = {"blocks": blocks, "channels": channels}
    settings = config.preset(options.game, **changes)
    found = measure(settings, options.checkpoint, options.seconds, options.loop, options.peers)
    if options.json:
        print(json.dumps({"settings": asdict(settings), "figures": found}, indent=1))
        return
    table = Table(title=f"self-play, {options.game}, {settings.workers} workers")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in found.items():
        table.add_row(name, _text(name, value))
    Console().print(table)
    if not options.peers:
        print("pgx + mctx was not measured: name a Python that has it with --peers")


if __name__ == "__main__":
    main()

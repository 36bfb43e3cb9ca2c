"""Speed of search on Connect Four beside its peers: ``python -m bench.search [--net 64x4] [--peers PYTHON] [--json]``.

Everything is measured in the same run, on all ``--workers`` cores, the first two in turns of half a second, for a
machine's speed changes within minutes, the others one after the other:

- the bound: evaluations/s of the network alone, given ready-made inputs (nothing can be faster than that)
- search: the same network under a search of many games; unique evaluations/s is what reaches the network
- search with a trivial network, on one core: what trees and rules cost by themselves
- pgx + mctx (JAX, all cores) and OpenSpiel's Python search (one process a core)

``--peers`` names a Python that has the project's extra "peers" installed; without it that row is left out, and said so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

import envs
from agents.networks import Net, NetConfig
from agents.search.cache import CachedEvaluator
from agents.search.config import SearchConfig
from agents.search.evaluators import Evaluator, NetworkEvaluator, UniformEvaluator
from agents.search.search import Search, search_batch
from bench.selfplay import SLICE, spend

SIMULATIONS = 64


def network(blocks: int, channels: int) -> NetworkEvaluator:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    game = envs.make("connect_four")
    spec = game.spec
    net = Net(spec.observation_shape, spec.num_actions, NetConfig(blocks=blocks, channels=channels))
    for head in net.parameters():  # heads start at zero; any other weights will do, as long as games differ
        torch.nn.init.normal_(head, std=0.05)
    return NetworkEvaluator(game, net.eval())


class Games:
    """Games of searches with ``SIMULATIONS`` a move, from openings that differ, on one core."""

    def __init__(self, evaluate: Evaluator, batch: int) -> None:
        self.game = envs.make("connect_four")
        self.searcher = Search(self.game, evaluate, SearchConfig(), batch, SIMULATIONS)
        rng = np.random.default_rng(0)
        self.states, self.seeds = self.game.init(batch), rng.integers(0, 2**63, batch).astype(np.uint64)
        search_batch(self.searcher, self.states, self.seeds, 2, explore=True)  # compiles
        self.searcher.simulations = self.moves = self.games = 0

    def turn(self) -> None:
        """A move in every game."""
        self.seeds += np.uint64(1)
        roots = search_batch(self.searcher, self.states, self.seeds, SIMULATIONS, explore=True)
        self.states = self.game.step(self.states, roots.action)
        over = ~np.isnan(self.game.outcome(self.states))
        self.states[over] = self.game.init(int(over.sum()))
        self.moves, self.games = self.moves + len(over), self.games + int(over.sum())


def search(blocks: int, channels: int, batch: int, seconds: float) -> dict[str, float]:
    """A search and its network alone, ``seconds`` each, in turns."""
    alone = network(blocks, channels)
    evaluate = CachedEvaluator(envs.make("connect_four"), alone, 1 << 18)
    games = Games(evaluate, batch)
    states = games.game.init(batch)
    legal = games.game.legal(states)
    evaluate.requests = evaluate.evaluations = rounds = 0
    searching = evaluating = 0.0
    while searching < seconds:
        searching += spend(games.turn, SLICE)[1]
        calls, spent, _ = spend(lambda: alone(states, legal), SLICE)
        rounds, evaluating = rounds + calls, evaluating + spent
    made = {"simulations": games.searcher.simulations, "moves": games.moves, "games": games.games}
    made |= {"requests": evaluate.requests, "evaluations": evaluate.evaluations}
    return {name: count / searching for name, count in made.items()} | {"bound": rounds * batch / evaluating}


def trivial(batch: int, seconds: float) -> dict[str, float]:
    games = Games(UniformEvaluator(), batch)
    _, spent, _ = spend(games.turn, seconds)
    return {"simulations": games.searcher.simulations / spent}


def _together(python: str, arguments: Sequence[str], workers: int) -> dict[str, float]:
    """The sum of the figures that ``workers`` processes print as their last line."""
    command = [python, "-W", "ignore", "-m", *arguments]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(workers)]
    total: dict[str, float] = {}
    for process in processes:
        out, _ = process.communicate()
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed with exit code {process.returncode}")
        for key, value in json.loads(out.splitlines()[-1]).items():
            total[key] = total.get(key, 0.0) + value
    return total


def measure(
    blocks: int, channels: int, workers: int, batch: int, seconds: float, peers: str | None
) -> dict[str, float]:
    size = ["--net", f"{channels}x{blocks}", "--batch", str(batch), "--seconds", str(seconds)]
    peer_size = ["--blocks", str(blocks), "--channels", str(channels), "--seconds", str(seconds)]

    def ours(role: str, n: int) -> dict[str, float]:
        return _together(sys.executable, ["bench.search", "--role", role, *size], n)

    run = ours("search", workers)
    found = {"bound evaluations/s": run["bound"], "unique evaluations/s": run["evaluations"]}
    found["evaluations / bound"] = run["evaluations"] / run["bound"]
    found["simulations/s"] = run["simulations"]
    found["cache hits"] = 1.0 - run["evaluations"] / run["requests"]
    found["moves/s"] = run["moves"]
    found["games/h"] = run["games"] * 3600
    found["trivial network, simulations/s on one core"] = ours("trivial", 1)["simulations"]
    spiel = _together(sys.executable, ["bench.peers.openspiel", *peer_size], workers)["simulations_per_second"]
    found["OpenSpiel, simulations/s"] = spiel
    found["simulations / OpenSpiel"] = found["simulations/s"] / spiel
    if peers:
        arguments = ["bench.peers.openspiel_alphazero", *peer_size, "--flavour", "nnx"]
        whole = _together(peers, arguments, workers)["simulations_per_second"]
        found["OpenSpiel with its own network, simulations/s"] = whole
        if whole:  # in a few seconds it may not finish a search
            found["simulations / OpenSpiel with its own network"] = found["simulations/s"] / whole
        arguments = ["bench.peers.pgx_mctx", *peer_size, "--batch", str(batch * workers)]
        mctx = _together(peers, arguments, 1)["simulations_per_second"]
        found["pgx + mctx, simulations/s"] = mctx
        found["simulations / (pgx + mctx)"] = found["simulations/s"] / mctx
        found["unique evaluations / (pgx + mctx)"] = run["evaluations"] / mctx
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", default="64x4", help="channels x blocks")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=256, help="games a worker plays at once")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each measurement")
    parser.add_argument("--peers", help="a Python with the extra 'peers'")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--role", choices=["search", "trivial"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    channels, blocks = map(int, options.net.split("x"))
    if options.role:
        size = options.batch, options.seconds
        print(json.dumps(trivial(*size) if options.role == "trivial" else search(blocks, channels, *size)))
        return
    found = measure(blocks, channels, options.workers, options.batch, options.seconds, options.peers)
    if options.json:
        print(json.dumps(found))
        return
    table = Table("", "measured", title=f"Connect Four, {options.net}, {options.workers} workers, {SIMULATIONS} a move")
    for name, value in found.items():
        table.add_row(name, f"{value:,.2f}" if value < 100 else f"{value:,.0f}")
    Console().print(table)
    if not options.peers:
        print("pgx + mctx was not measured: name a Python that has it with --peers")


if __name__ == "__main__":
    main()

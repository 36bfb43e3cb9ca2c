"""Speed of network inference on Connect Four: ``python -m bench.network [--nets 32x3 64x4] [--seconds 1] [--json]``.

Each way of computing the same network is timed on one core, then on ``--workers`` cores with a process each:

- arena float32, arena bfloat16: what agents use, from positions to policies and results (Winograd's filtering; sums and
  ReLUs fused with convolutions)
- float32 NHWC, float32 NCHW: PyTorch's convolutions, batch norm folded, channels last or first, from ready-made inputs
- bfloat16 NHWC: the same; fast only where the processor computes in bfloat16

Beside them, in the same run, the peak: a plain 1024x1024 float32 matrix product on one core. GFLOP/s count what the
network takes by direct convolution, so Winograd's filtering, which needs fewer multiplications, may go above the peak.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.synchronize import Barrier
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

import envs
from agents import networks
from agents.networks import Net, NetConfig
from agents.precision import Precision
from agents.search.evaluators import NetworkEvaluator
from envs.core import States

GAME = "connect_four"
WAYS = ("arena float32", "arena bfloat16", "float32 NHWC", "float32 NCHW", "bfloat16 NHWC")


def rate(work: Callable[[], Any], units: int, seconds: float) -> float:
    """Units of work a second: the best of five stretches, each a fifth of the time, after one warm-up call."""
    work()
    best = 0.0
    for _ in range(5):
        done, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds / 5:
            work()
            done += units
        best = max(best, done / spent)
    return best


def network(channels: int, blocks: int) -> Net:
    torch.manual_seed(0)
    return networks.make(envs.make(GAME).spec, NetConfig(blocks=blocks, channels=channels)).eval()


def positions(n: int) -> States:
    """Positions after ten random plies, running or not: the network does not care."""
    game, random = envs.make(GAME), np.random.default_rng(0)
    states = game.init(n)
    for _ in range(10):
        states = game.step(states, random.integers(0, game.spec.num_actions, n).astype(np.int32))
    return states


def evaluation(way: str, net: Net, batch: int) -> Callable[[], Any]:
    """One evaluation of a batch."""
    game, states = envs.make(GAME), positions(batch)
    if way.startswith("arena"):
        precision: Precision = "bfloat16" if "bfloat16" in way else "float32"
        return partial(NetworkEvaluator(game, net, precision), states, game.legal(states))
    dtype = torch.bfloat16 if "bfloat16" in way else torch.float32
    layout = torch.channels_last if "NHWC" in way else torch.contiguous_format
    flat = networks.folded(net).to(dtype)
    for parameter in flat.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=layout)
    planes = torch.from_numpy(game.observe(states)).to(dtype).contiguous(memory_format=layout)

    def direct() -> None:
        with torch.inference_mode():
            flat(planes)

    return direct


def flops(net: Net) -> int:
    """Floating-point operations of one evaluation by direct convolution; multiplication and addition count as two."""
    _, height, width = net.observation_shape
    total = 0
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            total += 2 * module.weight.numel() * height * width
        elif isinstance(module, nn.Linear):
            total += 2 * module.weight.numel()
    return total


def peak(seconds: float) -> float:
    """GFLOP/s of a plain matrix product on one core."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    out = torch.empty(1024, 1024)
    return rate(lambda: torch.mm(a, b, out=out), 2 * 1024**3, seconds) / 1e9


_barrier: Barrier | None = None


def _enter(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier
    torch.set_num_threads(1)


def _measure(way: str, channels: int, blocks: int, batch: int, seconds: float) -> float:
    """Evaluations/s, begun when all processes are ready."""
    work = evaluation(way, network(channels, blocks), batch)
    work()
    if _barrier is not None:
        _barrier.wait()
    return rate(work, batch, seconds)


def measure(nets: list[str], batches: list[int], workers: int, seconds: float) -> dict[str, Any]:
    torch.set_num_threads(1)
    found: dict[str, Any] = {"gemm_gflops": peak(seconds), "workers": workers, "rows": []}
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _enter, (context.Barrier(workers),)) as pool:
        for name in nets:
            channels, blocks = map(int, name.split("x"))
            cost = flops(network(channels, blocks)) / 1e9
            for batch in batches:
                for way in WAYS:
                    task = (way, channels, blocks, batch, seconds)
                    alone = _measure(*task)
                    together = sum(pool.starmap(_measure, [task] * workers, chunksize=1))
                    row = {"net": name, "batch": batch, "way": way, "one_core": alone, "all_cores": together}
                    found["rows"].append({**row, "gflops": alone * cost})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", nargs="+", default=["32x3", "64x4"], help="channels x blocks (default 32x3 64x4)")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 32, 256], help="(default 1 32 256)")
    parser.add_argument("--workers", type=int, default=2, help="processes, one a core (default 2)")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each number (default 1)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    found = measure(options.nets, options.batches, options.workers, options.seconds)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    limit = found["gemm_gflops"]
    table = Table(title=f"Evaluations/s; a matrix product reaches {limit:.0f} GFLOP/s on one core")
    for column in ("net", "batch", "way"):
        table.add_column(column)
    for column in ("one core", f"{found['workers']} cores", "GFLOP/s", "of the peak"):
        table.add_column(column, justify="right")
    for row in found["rows"]:
        speeds = (f"{row['one_core']:,.0f}", f"{row['all_cores']:,.0f}", f"{row['gflops']:,.0f}")
        share = f"{row['gflops'] / limit:.0%}"
        table.add_row(row["net"], str(row["batch"]), row["way"], *speeds, share, end_section=row["way"] == WAYS[-1])
    Console().print(table)


if __name__ == "__main__":
    main()

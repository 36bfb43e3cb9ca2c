"""Rating a large ladder on one core: ``python -m bench.ratings [--agents 200] [--games 1000000] [--json]``.

Results drawn from known strengths, in mirrored pairs with draws and a seat advantage, are counted, rated with the full
covariance, and turned into intervals and a table of everyone's chances against everyone. Peers, from the same counts:

- SciPy's L-BFGS on the same posterior: ratings only, no covariance.
- choix (``pip install choix==0.4.1``), iterative Luce spectral ranking: Bradley-Terry without draws (each counted as
  half a win), seat or covariance. Left out, with a word, where it is not installed.

Times are CPU seconds, the best of three. "agreement" is the correlation with the strengths the results were drawn from.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import minimize

from arena import davidson
from arena.ratings import ELO, fit
from arena.tally import Floats, Tally, tally

SEAT, DRAW = 35.0, 0.5
SPREAD = 1000.0  # of the prior, Elo


def results(elo: Floats, games: int, rng: np.random.Generator) -> tuple[Floats, ...]:
    """first, second, result, pair and content of games between agents drawn at random, in a random order."""
    one = rng.integers(len(elo), size=games // 2)
    two = (one + rng.integers(1, len(elo), size=games // 2)) % len(elo)
    first, second = np.append(one, two), np.append(two, one)
    chance = davidson.chances((elo[first] - elo[second] + SEAT) / ELO, np.log(DRAW))
    result = (rng.random(len(first))[:, None] > chance.cumsum(axis=-1)).sum(axis=-1) - 1
    order = rng.permutation(len(first))
    pair = np.tile(np.arange(games // 2), 2)
    return first[order], second[order], result[order], pair[order], rng.integers(2**62, size=len(first))


def lbfgs(table: Tally) -> Floats:
    """Elo by SciPy, for the posterior that `arena.ratings.fit` maximises (without its priors on seat and draws)."""
    count = davidson.games(table)
    opponents = np.bincount(np.concatenate([table.low, table.high]), minlength=table.agents)
    weight = (1 / opponents[table.low] + 1 / opponents[table.high]) / 2 * (ELO / SPREAD) ** 2

    def loss(p: Floats) -> tuple[float, Floats]:
        log_chance = davidson.log_chances(davidson.leads(table, p), p[-1])
        slope = davidson.gradient(np.exp(log_chance), count)
        lead = p[table.low] - p[table.high]
        slope[:, 0] -= weight * lead
        return weight @ lead**2 / 2 - float(np.sum(count * log_chance)), -davidson.spread_out(table, slope)

    found = minimize(loss, np.zeros(table.agents + 2), jac=True, method="L-BFGS-B", options={"maxiter": 1000})
    return (found.x[:-2] - found.x[:-2].mean()) * ELO


def luce(table: Tally) -> Floats:
    """Elo by choix."""
    import choix

    points = davidson.games(table).sum(axis=1) @ np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])  # of high, of low
    won = np.zeros((table.agents, table.agents))
    won[table.high, table.low], won[table.low, table.high] = points.T
    return np.asarray(choix.ilsr_pairwise_dense(won, alpha=1e-3)) * ELO


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Least CPU seconds of three runs, and what the last one returned."""
    best = np.inf
    for _ in range(3):
        start = time.process_time()
        value = work()
        best = min(best, time.process_time() - start)
    return best, value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--games", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    if not one_thread.items() <= os.environ.items():  # read when NumPy is loaded, so begin again
        os.execve(sys.executable, [sys.executable, "-m", "bench.ratings", *sys.argv[1:]], {**os.environ, **one_thread})
    rng = np.random.default_rng(0)
    elo = rng.normal(0, 300, options.agents)
    elo -= elo.mean()
    columns = results(elo, options.games, rng)
    everyone = np.arange(options.agents)

    seconds: dict[str, float] = {}
    seconds["counting"], table = timed(lambda: tally(options.agents, *columns))
    seconds["ratings and covariance"], ratings = timed(lambda: fit(table, spread=SPREAD))
    seconds["intervals and table of chances"], _ = timed(
        lambda: (ratings.intervals(), ratings.win(everyone[:, None], everyone))
    )
    seconds["arena, all of it"] = sum(seconds.values())
    found = {"arena, all of it": ratings.elo}
    seconds["SciPy L-BFGS, ratings only"], found["SciPy L-BFGS, ratings only"] = timed(lambda: lbfgs(table))
    if importlib.util.find_spec("choix"):
        seconds["choix, ratings only"], found["choix, ratings only"] = timed(lambda: luce(table))
    agreement = {name: float(np.corrcoef(rated, elo)[0, 1]) for name, rated in found.items()}

    if options.json:
        facts = {"agents": options.agents, "games": options.games, "seconds": seconds, "agreement": agreement}
        print(json.dumps(facts, indent=2))
        return
    shown = Table(title=f"Rating {options.agents:,} agents from {options.games:,} games on one core")
    for column in ("", "CPU seconds", "agreement"):
        shown.add_column(column, justify="right" if column else "left")
    for name, spent in seconds.items():
        shown.add_row(name, f"{spent:.3f}", f"{agreement[name]:.5f}" if name in agreement else "")
    Console().print(shown)
    if "choix, ratings only" not in seconds:
        Console().print("choix is not installed, so it was left out: pip install choix==0.4.1")


if __name__ == "__main__":
    main()

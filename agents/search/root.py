"""What is special about a root: Dirichlet or Gumbel noise, and the timetable of sequential halving."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.search.config import Params
from envs.bits import draw
from envs.kernels import njit


@njit(cache=True, nogil=True)
def _uniform(seed: np.uint64, counter: int) -> float:
    """In (0, 1), both ends excluded, so that logarithms are finite."""
    return (float(draw(seed, np.uint64(counter)) >> np.uint64(11)) + 0.5) * 2.0**-53


@njit(cache=True, nogil=True)
def _gamma(shape: float, seed: np.uint64, counter: int) -> tuple[float, int]:
    """(a Gamma(shape, 1) variate, the next counter), by Marsaglia and Tsang (2000); shapes below 1 by boosting."""
    boost = 1.0
    if shape < 1.0:
        boost = _uniform(seed, counter) ** (1.0 / shape)
        counter += 1
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    while True:
        u1, u2, u3 = _uniform(seed, counter), _uniform(seed, counter + 1), _uniform(seed, counter + 2)
        counter += 3
        x = np.sqrt(-2.0 * np.log(u1)) * np.cos(2.0 * np.pi * u2)
        v = (1.0 + c * x) ** 3
        if v > 0.0 and np.log(u3) < 0.5 * x * x + d - d * v + d * np.log(v):
            return boost * d * v, counter


@njit(cache=True, nogil=True)
def root_noise(noise: NDArray[np.float32], degree: int, seed: np.uint64, p: Params) -> None:
    """Fills ``noise[:degree]`` with Gumbel(0) variates or with one Dirichlet variate, from the slot's seed alone."""
    if p.gumbel:
        for i in range(degree):
            noise[i] = -np.log(-np.log(_uniform(seed, i)))
        return
    counter, total = 0, 0.0
    for i in range(degree):
        g, counter = _gamma(p.noise_concentration / degree, seed, counter)
        noise[i] = g
        total += g
    for i in range(degree):
        noise[i] = noise[i] / total if total > 0.0 else 1.0 / degree


@njit(cache=True, nogil=True)
def halving_schedule(schedule: NDArray[np.int32], considered: int, simulations: int) -> None:
    """``schedule[i]``: how many visits the action of simulation ``i`` must have so far (Danihelka et al. 2022,
    Algorithm 2).

    ``considered`` actions share the simulations of each of log2(considered) rounds evenly; the better half goes on. The
    two finalists use up the rest."""
    if considered <= 1:
        for i in range(simulations):
            schedule[i] = i
        return
    rounds = int(np.ceil(np.log2(considered)))
    remaining, visits, i = considered, 0, 0
    while i < simulations:
        for _ in range(max(1, simulations // (rounds * remaining))):
            for _ in range(remaining):
                if i < simulations:
                    schedule[i] = visits
                    i += 1
            visits += 1
        remaining = max(2, remaining // 2)


@njit(cache=True, nogil=True)
def prepare_root(
    noise: NDArray[np.float32],
    schedule: NDArray[np.int32],
    degree: int,
    seed: np.uint64,
    budget: int,
    explore: bool,
    p: Params,
) -> None:
    """Gets one slot's root ready, once its ``degree`` edges are known. Without exploration there is no noise."""
    if explore:
        root_noise(noise, degree, seed, p)
    else:
        noise[:degree] = 0.0
    if p.gumbel:
        halving_schedule(schedule, min(degree, p.considered), budget)

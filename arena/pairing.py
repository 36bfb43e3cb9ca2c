"""Which two agents to let meet next: those whose games tell most about the standings.

Bayesian design of experiments. With S the covariance of the ratings and d = e_a - e_b, a mirrored pair of a and b
that adds the information ``w d d'`` lowers S by ``w (S d)(S d)' / (1 + w d'S d)`` (Sherman & Morrison). Its w is
large between equals and next to nothing where the winner is certain. What standings show are each rating against the
mean of all and each agent's lead over the next one, so the pair chosen is the one that lowers the summed variance of
these most (an A-optimal design; Chaloner & Verdinelli 1995, "Bayesian experimental design: a review", Statist. Sci.
10:273-304). Then S is updated as if the pair had been played, and the next one is chosen.

Who is next to whom, and how much a game tells, depends on ratings that are not known yet. Both are averaged over draws
from the posterior; taking the estimates at their word lets early luck decide who meets, and makes intervals too narrow.
"""

from __future__ import annotations

import math

import numpy as np

from arena import davidson
from arena.ratings import ELO, Ratings
from arena.tally import Floats
from envs.core import InputError

DRAWS = 32  # from the posterior
FIELD = 1000.0  # Elo: how far from the others an agent is looked for of which nothing is known


def next_pairs(ratings: Ratings, k: int, seed: int, *, together: int = 1, minimum: int = 4) -> list[tuple[int, int]]:
    """The ``k`` couples (a < b) to play next, most telling first; two agents may meet several times.

    ratings: `ratings.fit` to the results so far; nobody need have played yet.
    seed: of the draws, and of the choice between equally good pairs. Equal arguments give equal pairs.
    together: mirrored pairs that each couple plays.
    minimum: mirrored pairs that each agent plays before the choice is free.
    Raises `InputError` with fewer than two agents.
    """
    n = len(ratings.elo)
    if n < 2:
        raise InputError("it takes two agents to play")
    rng = np.random.default_rng(seed)
    covariance = ratings.covariance[:n, :n].copy()
    fields = _plausible(ratings.elo, covariance, rng)
    worth = together * np.mean([_pair_information(elo, ratings) for elo in fields], axis=0)
    squared = covariance @ np.mean([_shown(elo) for elo in fields], axis=0) @ covariance
    played = ratings.games // 2
    tie_break = 1 + 1e-9 * rng.random((n, n))
    not_ordered = np.tri(n, dtype=bool)

    def play(a: int, b: int) -> None:
        nonlocal covariance, squared
        v, g = covariance[a] - covariance[b], squared[a] - squared[b]
        factor = worth[a, b] / (1 + worth[a, b] * (v[a] - v[b]))
        cross = np.outer(v, g)
        squared = squared - factor * (cross + cross.T) + factor**2 * (g[a] - g[b]) * np.outer(v, v)
        covariance = covariance - factor * np.outer(v, v)
        played[[a, b]] += together

    chosen: list[tuple[int, int]] = []
    for _ in range(k):
        gain = worth * _between(squared) / (1 + worth * _between(covariance)) * tie_break
        short = played < minimum
        barred = not_ordered | ~(short[:, None] | short) if short.any() else not_ordered
        a, b = (int(i) for i in np.unravel_index(np.argmax(np.where(barred, -np.inf, gain)), gain.shape))
        play(a, b)
        chosen.append((a, b))
    return chosen


def _plausible(elo: Floats, covariance: Floats, rng: np.random.Generator) -> Floats:
    """[DRAWS, n]: ratings drawn from the posterior, narrowed by a prior of width `FIELD` around the estimates."""
    narrowed = covariance @ np.linalg.inv(np.eye(len(elo)) + covariance / FIELD**2)
    variance, axes = np.linalg.eigh((narrowed + narrowed.T) / 2)
    steps = rng.standard_normal((DRAWS, len(elo))) * np.sqrt(np.maximum(variance, 0))
    return np.asarray(elo + steps @ axes.T)


def _pair_information(elo: Floats, ratings: Ratings) -> Floats:
    """[n, n]: information about the Elo difference of two agents in one mirrored pair, 1 / Elo^2."""
    lead = elo[:, None] - elo
    both_seats = np.stack([lead + ratings.seat, lead - ratings.seat], axis=-1)
    chance = davidson.chances(both_seats / ELO, math.log(ratings.draw))
    return np.asarray(davidson.game_information(chance)[..., 0, 0].sum(axis=-1) / ELO**2)


def _shown(elo: Floats) -> Floats:
    """[n, n]: C'C of the contrasts C shown in standings: ratings against their mean, and leads over the next agent."""
    n = len(elo)
    order = np.argsort(-elo, kind="stable")
    leads = np.eye(n)[order[:-1]] - np.eye(n)[order[1:]]
    return np.asarray(np.eye(n) - 1 / n + leads.T @ leads)


def _between(form: Floats) -> Floats:
    """[n, n]: (e_a - e_b)' form (e_a - e_b) for all a, b."""
    return np.diag(form)[:, None] + np.diag(form) - 2 * form

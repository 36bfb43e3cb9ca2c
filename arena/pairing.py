"""Which two agents to let meet next: those whose games tell most about the standings.

Bayesian design of experiments. A mirrored pair of a and b adds the information ``w d d'`` to the ratings, d = e_a -
e_b, w that of two games at the present estimates: large between equals, next to nothing where the winner is certain.
With S the covariance of the ratings, the Sherman-Morrison formula lowers it by ``w (S d)(S d)' / (1 + w d'S d)``.
What standings show are each rating against the mean of all and each agent's lead over the next, so the pair chosen is
the one that lowers the summed variance of these most (an A-optimal design; Chaloner & Verdinelli 1995, "Bayesian
experimental design: a review", Statist. Sci. 10:273-304). Then S is updated as if the pair had been played, and the
next one is chosen."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from arena import davidson
from arena.ratings import ELO, Ratings
from arena.tally import Floats
from envs.core import InputError


def next_pairs(
    ratings: Ratings, pending: Iterable[tuple[int, int]], k: int, seed: int, *, minimum: int = 2
) -> list[tuple[int, int]]:
    """The ``k`` mirrored pairs (a < b) to play next, most telling first; the same two agents may meet several times.

    ratings: `ratings.fit` to the results so far; nobody need have played yet.
    pending: pairs that are scheduled but whose results are not in ``ratings``.
    seed: decides between pairs that are equally good. Equal arguments give equal pairs.
    minimum: mirrored pairs that each agent plays before the choice is free.
    Raises `InputError` with fewer than two agents.
    """
    n = len(ratings.elo)
    if n < 2:
        raise InputError("it takes two agents to play")
    worth = _pair_information(ratings)
    covariance = ratings.covariance[:n, :n].copy()
    squared = covariance @ _shown(ratings.elo) @ covariance  # of shown quantities with each rating: S C'C S
    played = ratings.games // 2
    tie_break = 1 + 1e-9 * np.random.default_rng(seed).random((n, n))
    below = np.tri(n, dtype=bool)

    def play(a: int, b: int) -> None:
        nonlocal covariance, squared
        v, g = covariance[a] - covariance[b], squared[a] - squared[b]
        factor = worth[a, b] / (1 + worth[a, b] * (v[a] - v[b]))
        covariance = covariance - factor * np.outer(v, v)
        cross = np.outer(v, g)
        squared = squared - factor * (cross + cross.T) + factor**2 * (g[a] - g[b]) * np.outer(v, v)
        played[[a, b]] += 1

    for a, b in pending:
        play(a, b)
    chosen: list[tuple[int, int]] = []
    for _ in range(k):
        gain = worth * _between(squared) / (1 + worth * _between(covariance)) * tie_break
        short = played < minimum
        barred = below if not short.any() else below | ~(short[:, None] | short)
        a, b = (int(i) for i in np.unravel_index(np.argmax(np.where(barred, -np.inf, gain)), gain.shape))
        play(a, b)
        chosen.append((a, b))
    return chosen


def _pair_information(ratings: Ratings) -> Floats:
    """[n, n]: information about the Elo difference of two agents in one mirrored pair, 1 / Elo^2."""
    lead = ratings.elo[:, None] - ratings.elo
    chance = davidson.chances(
        np.stack([lead + ratings.seat, lead - ratings.seat], axis=-1) / ELO, math.log(ratings.draw)
    )
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

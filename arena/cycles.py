"""Where a line of ratings fails: agents that beat each other in a ring, and how badly the ratings fit altogether.

Edges. Whether a beats b is a sign test on their mirrored pairs: between equals a pair is won as often as lost, so of
the decided pairs the number that a wins is Binomial(n, 1/2), exactly and whatever draws, openings or seats do. Games
without a mirror image are left out, since the seat's advantage would pose as strength. The p-values of all couples
that met are corrected by Holm (1979), "A simple sequentially rejective multiple test procedure", Scand. J. Statist.
6:65-70.

Rings. In a transitive field every ring holds at least one edge that is wrong. Holm's correction bounds the chance of
any wrong edge by alpha, hence the chance of any false ring too, however many rings there might be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components, shortest_path
from scipy.special import betainc, chdtrc

from arena import davidson
from arena.ratings import ELO, Ratings
from arena.tally import Floats, Ints, Tally
from envs.core import InputError

POINTS = np.add.outer(np.arange(3), np.arange(3))  # half-points of `low` in a pair, by the results of its two games
INFORMATIVE = 3.0  # games' worth of information a couple needs before its misfit follows a chi-squared law


@dataclass(frozen=True, slots=True)
class Cycle:
    """A ring: each agent beats the next one, the last one beats the first."""

    agents: tuple[int, ...]  # the smallest number first
    scores: tuple[float, ...]  # share of the points of their pairs that agent i took from agent i + 1
    pairs: tuple[int, ...]  # mirrored pairs behind each score
    p: float  # corrected p-value of the weakest link


@dataclass(frozen=True, slots=True)
class Cycles:
    """All that is intransitive in a table of results."""

    sets: tuple[tuple[int, ...], ...]  # sets of agents in which everyone beats everyone along some chain, largest first
    cycles: tuple[Cycle, ...]  # trios, or one shortest ring of a set without trios; the surest first
    alpha: float  # chance that a transitive field shows any


@dataclass(frozen=True, slots=True)
class Fit:
    """How well ratings explain the results: Pearson's chi-squared over the couples that played enough."""

    chi2: float
    degrees: int  # chi2 is about this large where the model holds; 0: nothing to test, the ratings can explain anything
    p: float  # probability of a fit this bad or worse where the model holds


def find_cycles(tally: Tally, *, alpha: float = 0.05, limit: int = 20) -> Cycles:
    """All non-transitive sets of agents, and the ``limit`` surest rings in them.

    A transitive field shows any with a probability of at most ``alpha``. Raises `InputError` unless 0 < alpha < 1."""
    if not 0 < alpha < 1:
        raise InputError(f"alpha lies between 0 and 1, not at {alpha:g}")
    pairs = tally.cells[:, 1:, 1:]
    won = (pairs * (POINTS > 2)).sum(axis=(1, 2)) * tally.distinct
    lost = (pairs * (POINTS < 2)).sum(axis=(1, 2)) * tally.distinct
    winner, loser = np.where(won > lost, (tally.low, tally.high), (tally.high, tally.low))
    p = np.ones((tally.agents, tally.agents))
    p[winner, loser] = _holm(_sign_test(np.maximum(won, lost), np.minimum(won, lost)))

    beats = p <= alpha
    label = connected_components(beats, connection="strong")[1]
    sets = [np.flatnonzero(label == i) for i in np.flatnonzero(np.bincount(label) > 1)]
    sets.sort(key=lambda members: (-len(members), members[0]))

    met = np.zeros(p.shape, np.int64)
    met[tally.low, tally.high] = met[tally.high, tally.low] = pairs.sum(axis=(1, 2))
    score = np.zeros(p.shape)
    score[tally.low, tally.high] = (pairs * POINTS).sum(axis=(1, 2)) / 4
    score[tally.high, tally.low] = pairs.sum(axis=(1, 2)) - score[tally.low, tally.high]
    cycles = []
    for members in sets:
        rings = members[_rings(beats[np.ix_(members, members)])]
        nexts = np.roll(rings, -1, axis=1)
        weakest = p[rings, nexts].max(axis=1)
        for i in np.argsort(weakest, kind="stable")[:limit]:
            games = met[rings[i], nexts[i]]
            share = score[rings[i], nexts[i]] / games
            ring, shares, counts = (tuple(row.tolist()) for row in (rings[i], share, games))
            cycles.append(Cycle(ring, shares, counts, float(weakest[i])))
    cycles.sort(key=lambda cycle: cycle.p)
    return Cycles(tuple(tuple(members.tolist()) for members in sets), tuple(cycles[:limit]), alpha)


def _sign_test(more: Floats, less: Floats) -> Floats:
    """Two-sided p-values of a binomial test against 1/2; counts need not be whole, as thinned ones are not."""
    return np.minimum(1, 2 * betainc(np.maximum(more, 1e-9), less + 1, 0.5))


def _holm(p: Floats) -> Floats:
    """Step-down corrected p-values, in the order given."""
    order = np.argsort(p)
    out = np.empty_like(p)
    out[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return out


def _rings(beats: NDArray[np.bool_]) -> Ints:
    """[r, length]: all trios a > b > c > a of a strongly connected set, a the smallest; or one shortest ring."""
    trios = []
    for a in range(len(beats)):
        closing = np.argwhere(beats[a, :, None] & beats & beats[:, a])  # rows (b, c)
        trios += [(a, int(b), int(c)) for b, c in closing if a < min(b, c)]
    if trios:
        return np.array(trios)
    distance, before = shortest_path(beats, unweighted=True, return_predecessors=True)
    start, end = np.unravel_index(np.argmin(np.where(beats.T, distance, np.inf)), distance.shape)
    ring = [end]
    while ring[-1] != start:
        ring.append(before[start, ring[-1]])
    ring = ring[::-1]
    first = int(np.argmin(ring))
    return np.array([ring[first:] + ring[:first]])


def goodness_of_fit(tally: Tally, ratings: Ratings) -> Fit:
    """Chi-squared test of the score of every two agents that met against what their ratings say.

    Cycles, matchups that suit one side, and draw rates that differ make the fit bad."""
    parameters = np.concatenate([ratings.elo / ELO, [ratings.seat / ELO, np.log(ratings.draw)]])
    count = davidson.games(tally)
    chance = davidson.chances(davidson.leads(tally, parameters), parameters[-1])
    enough = 4 * davidson.information(chance, count)[:, 0, 0] >= INFORMATIVE
    surplus = davidson.gradient(chance, count)[enough, 0]
    variance = davidson.score_variance(tally, chance, count)[enough, 0, 0]
    # the ratings fitted to these couples: all but the anchors', and in a group of agents without an anchor all but one
    used = np.unique(np.concatenate([tally.low[enough], tally.high[enough]]))
    anchors = np.array(ratings.anchors, np.int64)
    free = np.setdiff1d(ratings.groups[used], ratings.groups[anchors])
    degrees = max(int(enough.sum()) - len(np.setdiff1d(used, anchors)) + len(free), 0)
    chi2 = float(np.sum(surplus**2 / variance))
    return Fit(chi2, degrees, float(chdtrc(degrees, chi2)) if degrees else 1.0)

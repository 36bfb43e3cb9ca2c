"""Ratings: how strong each agent is, with honest errors, from wins, draws and losses.

The model is `arena.davidson`: Bradley-Terry with draws, a seat advantage and a draw parameter, all estimated together.
Ratings are in Elo, 400 / ln 10 times the model's natural ones. The posterior is concave, so Newton's method finds its
one maximum.

Prior. The ratings of two agents that have met differ by Normal(0, spread), weak beside a few games; it keeps an agent
that has won or lost everything finite. These statements are weighted so that each agent is the subject of about one,
however many opponents it has. (A prior on the ratings themselves would be less harmless than it looks: it pulls
together the ends of a long chain of checkpoints that have only met their neighbours.) Seat advantage and draw
parameter have weak Normal priors too, for tables in which nobody drew or one agent always began.

Errors. Two games of a mirrored pair share their opening, and to count them as independent claims the wrong precision:
too little where openings decide, too much where luck is shared. So the covariance is the "sandwich" of Huber (1967) and
Liang & Zeger (1986), Biometrika 73:13-22, with pairs as clusters: ``H^-1 (J + prior) H^-1``, H the information plus the
prior's precision, J the variance of the score over pairs (`davidson.score_variance`). With independent games J is the
information, and the covariance the usual inverse of H.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, logit, ndtr, ndtri

from arena import davidson
from arena.tally import Floats, Ints, Tally
from envs.core import InputError, unknown

ELO = 400 / math.log(10)  # Elo points in one unit of natural rating
LEVEL_SPREAD = 10_000.0  # Elo, standard deviation given to the level of a group of agents that no anchor holds
SEAT_SPREAD = 400.0  # Elo, standard deviation of the seat advantage's prior
DRAW_CENTRE, DRAW_SPREAD = math.log(0.5), 2.0  # prior of the log draw parameter; its centre is 20% draws between equals
STEPS = 100  # most Newton steps; a handful is usual
CONVERGED = 1e-9  # Newton decrement, in units of log-likelihood: 3e-5 standard errors off, before the last step


@dataclass(frozen=True, slots=True)
class Estimate:
    """Values with the ends of their intervals, three arrays of one shape (shape () for a single comparison)."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Ratings:
    """A fitted rating list. Comparisons take agents' numbers, single ones or arrays that broadcast."""

    elo: Floats  # [n]
    seat: float  # Elo that moving first is worth
    draw: float  # v; two equal agents without seat advantage draw v / (2 + v) of their games
    covariance: Floats  # [n + 2, n + 2] of (elo..., seat, log draw), given the prior
    groups: Ints  # [n] group of each agent; no game joins two groups, so ratings compare only within one
    anchors: tuple[int, ...]  # agents whose rating was fixed
    games: Ints  # [n] games each agent has played
    correlation: float  # of the two results of a mirrored pair, from one agent's view; negative where openings decide

    def errors(self) -> Floats:
        """float64[n]: standard errors in Elo, against the mean of the agent's group, or against the anchors in it.

        Infinite for an agent without games, unless it is an anchor."""
        n = len(self.elo)
        anchored = np.isin(self.groups, self.groups[list(self.anchors)])
        mates = (self.groups[:, None] == self.groups) & ~anchored
        centre = np.eye(n) - mates / np.maximum(mates.sum(axis=1, keepdims=True), 1)
        variance = np.einsum("ij,ij->i", centre @ self.covariance[:n, :n], centre)
        unknown_yet = (self.games == 0) & ~np.isin(np.arange(n), self.anchors)
        return np.where(unknown_yet, np.inf, np.sqrt(np.maximum(variance, 0)))

    def intervals(self, level: float = 0.95) -> Estimate:
        """Ratings with their intervals, [n]; see `errors` for what they are relative to."""
        half = _quantile(level) * self.errors()
        return Estimate(self.elo, self.elo - half, self.elo + half)

    def difference(self, a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Estimate:
        """Rating of ``a`` minus that of ``b``, Elo; the interval has no ends where no chain of games joins the two."""
        lead, variance = self._lead(a, b)
        half = _quantile(level) * np.sqrt(variance[..., 0, 0])
        return Estimate(lead, lead - half, lead + half)

    def superiority(self, a: ArrayLike, b: ArrayLike) -> Floats:
        """Likelihood that ``a`` is the stronger one; 1/2 where no chain of games joins the two, or for ``a`` itself."""
        lead, variance = self._lead(a, b)
        return np.asarray(ndtr(lead / np.sqrt(np.maximum(variance[..., 0, 0], 1e-12))))

    def win(self, a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Estimate:
        """P(``a`` beats ``b``) in a game with seats drawn by lot; a draw is not a win."""
        return self._expected(np.array([0.0, 0.0, 1.0]), a, b, level)

    def score(self, a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Estimate:
        """Expected score of ``a`` against ``b`` (win 1, draw 1/2), seats drawn by lot."""
        return self._expected(np.array([0.0, 0.5, 1.0]), a, b, level)

    def _lead(self, a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
        """Rating differences [...], and the covariances [..., 3, 3] of (difference, seat, log draw)."""
        a, b = np.broadcast_arrays(np.asarray(a), np.asarray(b))
        c = self.covariance
        out = np.empty((*a.shape, 3, 3))
        joined = self.groups[a] == self.groups[b]
        out[..., 0, 0] = np.where(joined, np.maximum(c[a, a] + c[b, b] - 2 * c[a, b], 0), np.inf)
        out[..., 0, 1:] = out[..., 1:, 0] = c[a, -2:] - c[b, -2:]
        out[..., 1:, 1:] = c[-2:, -2:]
        return self.elo[a] - self.elo[b], out

    def _expected(self, worth: Floats, a: ArrayLike, b: ArrayLike, level: float) -> Estimate:
        """Mean worth of a's (loss, draw, win) over both seats; its interval by the delta method on the logit scale."""
        lead, variance = self._lead(a, b)
        y = np.stack([lead + self.seat, lead - self.seat], axis=-1) / ELO
        chance = davidson.chances(y, math.log(self.draw))
        value = chance @ worth  # [..., 2], a value a seat
        slope = (chance @ (worth * davidson.HALF) - value * (chance @ davidson.HALF)) / ELO
        gradient = np.concatenate(
            [slope @ davidson.SEATS / 2, (chance[..., 1] * (worth[1] - value)).mean(axis=-1, keepdims=True)], axis=-1
        )
        mean = np.clip(value.mean(axis=-1), 1e-12, 1 - 1e-12)
        spread = np.einsum("...i,...ij,...j->...", gradient, variance, gradient)
        error = np.sqrt(np.maximum(spread, 0)) / (mean * (1 - mean))
        half = _quantile(level) * error
        return Estimate(mean, expit(logit(mean) - half), expit(logit(mean) + half))


def _quantile(level: float) -> float:
    if not 0 < level < 1:
        raise InputError(f"the level of an interval lies between 0 and 1, not at {level}")
    return float(ndtri((1 + level) / 2))


def fit(
    tally: Tally, *, anchors: Mapping[int, float] | None = None, mean: float = 0.0, spread: float = 1000.0
) -> Ratings:
    """The maximum a posteriori ratings.

    anchors: agents whose Elo is given. Where a group of agents has none, the mean of the group's ratings is ``mean``.
    spread: standard deviation, in the prior, of the difference between agents that have met, Elo.
    Raises `InputError` for an anchor that does not exist.
    """
    n, fixed = tally.agents, dict(anchors or {})
    for agent in fixed:
        if not 0 <= agent < n:
            raise unknown("anchor", agent, map(str, range(n)))
    groups = _groups(tally, [*fixed])
    afloat = (groups[:, None] == groups) & ~np.isin(groups, groups[list(fixed)])  # [n, n] joined, and to no anchor
    free = np.ones(n + 2, bool)
    free[list(fixed)] = False
    start = np.append(np.zeros(n), [0.0, DRAW_CENTRE])
    start[:n][~afloat.any(axis=1)] = np.mean([*fixed.values()] or 0.0) / ELO
    start[list(fixed)] = np.array([*fixed.values()]) / ELO
    precision = _prior(tally, spread)
    parameters, hessian = _maximise(tally, start, free, afloat, precision)

    chance = davidson.chances(davidson.leads(tally, parameters), parameters[-1])
    score_variance = davidson.spread_out(tally, davidson.score_variance(tally, chance, davidson.games(tally)))
    bread = np.zeros_like(hessian)
    bread[np.ix_(free, free)] = np.linalg.inv(hessian[np.ix_(free, free)])
    scale = np.append(np.full(n + 1, ELO), 1.0)
    covariance = bread @ (score_variance + precision) @ bread * np.outer(scale, scale)
    covariance[:n, :n] += LEVEL_SPREAD**2 * afloat
    return Ratings(
        elo=parameters[:n] * ELO + mean * afloat.any(axis=1),
        seat=float(parameters[-2] * ELO),
        draw=math.exp(parameters[-1]),
        covariance=covariance,
        groups=groups,
        anchors=tuple(fixed),
        games=tally.games,
        correlation=float(davidson.pair_correlation(tally, chance)[0]),
    )


def _prior(tally: Tally, spread: float) -> Floats:
    """[n + 2, n + 2]: precision of the prior of the natural parameters; it says nothing about the level of a group."""
    opponents = np.bincount(np.concatenate([tally.low, tally.high]), minlength=tally.agents)
    local = np.zeros((len(tally.low), 3, 3))
    local[:, 0, 0] = (1 / opponents[tally.low] + 1 / opponents[tally.high]) / 2 * (ELO / spread) ** 2
    out = davidson.spread_out(tally, local)
    out[[-2, -1], [-2, -1]] = (ELO / SEAT_SPREAD) ** 2, DRAW_SPREAD**-2
    return out


def _maximise(
    tally: Tally, start: Floats, free: NDArray[np.bool_], afloat: NDArray[np.bool_], precision: Floats
) -> tuple[Floats, Floats]:
    """Parameters of the largest posterior density, [n + 2], and the negative Hessian there, [n + 2, n + 2].

    The density does not change where a group that is afloat moves as a whole. The Hessian returned is one that forbids
    it, so that such a group keeps its mean and the Hessian has an inverse."""
    count = davidson.games(tally)
    centre = np.append(np.zeros(tally.agents + 1), DRAW_CENTRE)
    hold = afloat / np.maximum(afloat.sum(axis=1), 1)

    def log_posterior(parameters: Floats) -> tuple[float, Floats]:
        log_chance = davidson.log_chances(davidson.leads(tally, parameters), parameters[-1])
        away = parameters - centre
        return float(np.sum(count * log_chance) - away @ precision @ away / 2), np.exp(log_chance)

    parameters = start
    value, chance = log_posterior(parameters)
    for _ in range(STEPS):
        slope = davidson.spread_out(tally, davidson.gradient(chance, count)) - precision @ (parameters - centre)
        hessian = davidson.spread_out(tally, davidson.information(chance, count)) + precision
        hessian[: tally.agents, : tally.agents] += hold * max(1.0, hessian.diagonal().max())
        step = np.zeros_like(parameters)
        step[free] = np.linalg.solve(hessian[np.ix_(free, free)], slope[free])
        if slope @ step < CONVERGED:
            return parameters + step, hessian
        before = value
        while True:  # a full step may overshoot where chances are far from even
            value, chance = log_posterior(parameters + step)
            if value >= before - 1e-12 * abs(before):
                break
            step /= 2
        parameters = parameters + step
    raise ArithmeticError("the ratings did not converge")


def _groups(tally: Tally, anchors: list[int]) -> Ints:
    """[n]: a number for each set of agents joined by games. Anchors join each other: their distances are known."""
    low = np.concatenate([tally.low, np.array(anchors[:-1], np.int64)])
    high = np.concatenate([tally.high, np.array(anchors[1:], np.int64)])
    graph = coo_array((np.ones(len(low)), (low, high)), shape=(tally.agents, tally.agents))
    return connected_components(graph, directed=False)[1].astype(np.int64)

"""Ratings: how strong each agent is, with honest errors, from wins, draws and losses.

Model. Davidson (1970), "On extending the Bradley-Terry model to accommodate ties", JASA 65:317-328, with the order effect
of Davidson & Beaver (1977), Biometrics 33:693-702. With natural ratings t, seat advantage e and draw parameter v = exp(d),
x = t[first] - t[second] + e::

    P(first wins) : P(draw) : P(second wins) = exp(x/2) : v : exp(-x/2)

Ratings are shown in Elo, 400/ln 10 times the natural ones. All parameters are estimated together. The log-likelihood is
that of an exponential family in (x, d), hence concave, and Newton's method finds the one maximum.

Prior. t ~ Normal(mean, spread), weak beside a few games, keeps an agent that has won (or lost) everything finite. Seat
advantage and draw parameter have weak Normal priors too, for tables in which nobody drew or one agent always began.

Errors. Two games of a mirrored pair share their opening, and treating them as two independent games claims the wrong
precision: too wide where the opening decides, too narrow where luck is shared. So the covariance is the "sandwich"
H^-1 (J + prior) H^-1 of Huber (1967) and Liang & Zeger (1986), Biometrika 73:13-22: H the Fisher information plus the
prior's, J the variance of the score (the gradient) summed over pairs. J taken from the data alone is far too optimistic
where there are few pairs or nothing but wins. Therefore J of two agents is a compromise, weighted by how much they played,
between what their own pairs show and what the model expects with the within-pair correlation of the whole table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtr, ndtri

from arena.tally import Floats, Ints, Tally
from envs.core import InputError, unknown

ELO = 400 / math.log(10)  # Elo points in one unit of natural rating
SEAT_SPREAD = 400.0  # Elo, standard deviation of the seat advantage's prior
DRAW_CENTRE, DRAW_SPREAD = math.log(0.5), 2.0  # prior of the log draw parameter; its centre is 20% draws between equals


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimates with their intervals, arrays of one shape (or three floats' worth, as arrays of shape ())."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Ratings:
    """A fitted rating list. Comparisons take agents' numbers, single or as arrays that broadcast."""

    elo: Floats  # [n]
    seat: float  # Elo that moving first is worth
    draw: float  # v; two equal agents without seat advantage draw v / (2 + v) of their games
    covariance: Floats  # [n + 2, n + 2] of (elo..., seat, log draw), given the prior
    groups: Ints  # [n] group of each agent; no game joins two groups, so ratings compare only within one
    anchored: tuple[int, ...]  # agents whose rating was fixed
    games: Ints  # [n]
    correlation: float  # of the results of a mirrored pair's two games, both from the first player's view

    def errors(self) -> Floats:
        """float64[n]: standard errors in Elo, against the mean of the agent's group, or against the anchors in it.

        Infinite for an agent without games, unless it is an anchor."""
        ...

    def intervals(self, level: float = 0.95) -> Estimate:
        """Ratings with their intervals, [n]. See `errors` for what they are relative to."""
        ...

    def difference(self, a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Estimate:
        """Rating of ``a`` minus rating of ``b``, Elo. Unbounded where no chain of games joins the two."""
        ...

    def superiority(self, a: ArrayLike, b: ArrayLike) -> Floats:
        """Likelihood that ``a`` is stronger than ``b``; 1/2 where no chain of games joins the two."""
        ...

    def win(self, a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Estimate:
        """P(``a`` beats ``b``) in a game whose seats are drawn by lot; a draw is not a win."""
        ...

    def score(self, a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Estimate:
        """Expected score of ``a`` against ``b`` (win 1, draw 1/2), seats drawn by lot."""
        ...


def fit(
    tally: Tally, *, anchors: Mapping[int, float] | None = None, mean: float = 0.0, spread: float = 1000.0
) -> Ratings:
    """The maximum a posteriori ratings.

    anchors: agents whose Elo is given; None: the mean of each group of agents is ``mean``.
    spread: standard deviation of agents' ratings in the prior, Elo.
    Raises `InputError` for an anchor that does not exist.
    """
    ...

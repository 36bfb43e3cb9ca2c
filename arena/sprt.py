"""Is the new one better? A sequential test that stops as soon as the results suffice.

The test decides between two hypotheses about the logistic Elo difference, elo0 and elo1, with a chance of at most
about alpha to accept elo1 where elo0 is true, and beta the other way round (Wald 1945, "Sequential tests of
statistical hypotheses"). The observation is the score of a mirrored pair, 0, 1/2, 1, 3/2 or 2 points ("pentanomial"),
because the two games of a pair are not independent; unpaired games give 0, 1/2 or 1 ("trinomial").

Only the expected score is hypothesised, so the likelihood ratio is a generalised one: each hypothesis takes the
distribution that fits the results best among those with its expected score. With p_i the observed shares of the scores
a_i that one is ``p_i / (1 + x (a_i - s))``, x the root of ``sum p_i (a_i - s) / (1 + x (a_i - s)) = 0``. This is the
test of Stockfish's Fishtest; M. Van den Bergh, "A practical introduction to the GSPRT",
https://www.cantate.be/Fishtest/GSPRT_approximation.pdf, and https://www.cantate.be/Fishtest/support_MLE_multinomial.pdf,
proposition 1.1. The bounds are exact only in the limit of long tests; from some 50 observations on the error rates are
within a few thousandths of the nominal ones, and below them where steps are large.

Pairs that repeat an earlier one move by move prove nothing new: leave them out of the counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from envs.core import InputError

UNSEEN = 1e-3  # count given to a score that has not come up yet, as Fishtest does, so that no hypothesis excludes it
STEPS = 60  # at most, towards x; about six are usual
TOLERANCE = 1e-10  # of x; the LLR is stationary there, so its own error is far smaller


@dataclass(frozen=True, slots=True)
class Sprt:
    """A test and all of its state: `dataclasses.asdict` saves it, and ``Sprt(**saved)`` goes on with it.

    Raises `InputError` unless elo0 < elo1, 0 < alpha, beta < 1/2, and there are 3 or 5 counts."""

    elo0: float
    elo1: float
    alpha: float = 0.05
    beta: float = 0.05
    counts: tuple[int, ...] = (0, 0, 0, 0, 0)  # pairs that scored 0, 1/2, 1, 3/2, 2; or games lost, drawn, won

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", tuple(int(c) for c in self.counts))
        if not -math.inf < self.elo0 < self.elo1 < math.inf:
            raise InputError(f"elo0 has to be below elo1, not {self.elo0:g} and {self.elo1:g}")
        if not (0 < self.alpha < 0.5 and 0 < self.beta < 0.5):
            raise InputError(f"alpha and beta lie between 0 and 0.5, not at {self.alpha:g} and {self.beta:g}")
        if len(self.counts) not in (3, 5) or min(self.counts) < 0:
            raise InputError(f"a test counts 3 results of games or 5 of pairs, not {self.counts}")

    def add(self, counts: ArrayLike) -> Sprt:
        """The test after these further results, in the order of its own counts."""
        more = np.asarray(counts, np.int64)
        if more.shape != (len(self.counts),):
            raise InputError(f"the test takes {len(self.counts)} counts, not {more.shape}")
        return replace(self, counts=tuple((more + self.counts).tolist()))

    @property
    def llr(self) -> float:
        """Log-likelihood ratio of elo1 against elo0."""
        return float(log_likelihood_ratio(self.counts, self.elo0, self.elo1)) if any(self.counts) else 0.0

    @property
    def bounds(self) -> tuple[float, float]:
        """The test ends with elo0 where the LLR is at or below the first, with elo1 at or above the second."""
        return math.log(self.beta / (1 - self.alpha)), math.log((1 - self.beta) / self.alpha)

    @property
    def verdict(self) -> Literal["elo0", "elo1"] | None:
        """The accepted hypothesis; None while the test has to go on. The first verdict counts: add nothing after it."""
        llr, (lower, upper) = self.llr, self.bounds
        return "elo0" if llr <= lower else "elo1" if llr >= upper else None


def expected_score(elo: float) -> float:
    """Share of the points that this logistic Elo difference stands for."""
    return 1 / (1 + 10 ** (-elo / 400))


def log_likelihood_ratio(counts: ArrayLike, elo0: float, elo1: float) -> NDArray[np.float64]:
    """Of elo1 against elo0, for many tests at once: counts[..., k], the k scores evenly spaced -> float64[...]."""
    seen = np.asarray(counts, np.float64)
    seen = np.where(seen == 0, UNSEEN, seen)
    share = seen / seen.sum(axis=-1, keepdims=True)
    scale0, scale1 = (_scale(share, expected_score(elo)) for elo in (elo0, elo1))
    return np.asarray(np.sum(seen * np.log(scale0 / scale1), axis=-1))


def _scale(share: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """[..., k]: ``1 + x (a - mean)``; shares over it are the likeliest distribution with this mean.

    The sum whose root is x falls from infinity to minus infinity as x grows, between the two x where a scale is zero.
    Newton's method finds the root, halving the bracket where it would leave it."""
    away = np.linspace(0, 1, share.shape[-1]) - mean
    low, high = np.full((*share.shape[:-1], 1), -1 / away[-1]), np.full((*share.shape[:-1], 1), -1 / away[0])
    x = np.zeros_like(low)
    for _ in range(STEPS):
        ratio = away / (1 + x * away)
        weighted = share * ratio
        value = weighted.sum(axis=-1, keepdims=True)
        low, high = np.where(value > 0, x, low), np.where(value > 0, high, x)
        newton = x + value / (weighted * ratio).sum(axis=-1, keepdims=True)
        moved = np.where((low < newton) & (newton < high), newton, (low + high) / 2)
        if np.abs(moved - x).max() < TOLERANCE:
            break
        x = moved
    return np.asarray(1 + x * away)

"""Summaries of games played for points, such as Atari's: mean, median and interquartile mean with bootstrap intervals.

The interquartile mean, that of the middle half, is as robust as a median and nearly as precise as a mean (Agarwal et
al. 2021, "Deep reinforcement learning at the edge of the statistical precipice", NeurIPS). With several games, scores
have to be normalised first; every game's runs are resampled among themselves, as there.

A bootstrap sample of n runs varies like n - 1 of them, so plain percentile intervals are too narrow for the handful
of runs that reinforcement learning can afford. Their ends are moved out accordingly (Hesterberg 2015, "What teachers
should know about the bootstrap", The American Statistician 69:371-386, "expanded percentile interval").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, stdtrit

from arena.tally import Floats
from envs.core import InputError

AT_ONCE = 1 << 22  # numbers drawn together: bounds the memory


@dataclass(frozen=True, slots=True)
class Summary:
    """A statistic with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scores:
    """One agent's points in one game, or its normalised scores in several."""

    runs: int  # in each game
    games: int
    mean: Summary
    median: Summary
    iqm: Summary


def interquartile_mean(scores: Floats) -> Floats:
    """[..., n] -> [...]: mean without the lowest and the highest quarter, each rounded down to whole scores."""
    cut = scores.shape[-1] // 4
    return np.asarray(np.sort(scores, axis=-1)[..., cut : scores.shape[-1] - cut].mean(axis=-1))


def summarize(scores: ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0) -> Scores:
    """scores: [runs], or [runs, games]; the statistics are those of all of them together.

    With a single run intervals are unbounded. Raises `InputError` for no scores, or scores that are not finite."""
    table = np.asarray(scores, np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or table.size == 0 or not np.isfinite(table).all():
        raise InputError("scores are finite numbers, at least one, in the shape [runs] or [runs, games]")
    if not 0 < level < 1:
        raise InputError(f"the level of an interval lies between 0 and 1, not at {level:g}")
    runs, games = table.shape
    drawn = np.concatenate([_statistics(part) for part in _resampled(table, resamples, seed)], axis=1)
    tail, found = _tail(runs, games, level), _statistics(table.reshape(1, -1))[:, 0]
    ends = np.quantile(drawn, [tail, 1 - tail], axis=1) if runs > 1 else np.array([[-np.inf] * 3, [np.inf] * 3])
    mean, median, iqm = (Summary(*map(float, numbers)) for numbers in zip(found, *ends, strict=True))
    return Scores(runs, games, mean, median, iqm)


def _statistics(scores: Floats) -> Floats:
    """[k, n] -> [3, k]: mean, median, interquartile mean."""
    return np.stack([scores.mean(axis=1), np.median(scores, axis=1), interquartile_mean(scores)])


def _resampled(table: Floats, resamples: int, seed: int) -> Iterator[Floats]:
    """[runs, games] -> [k, runs * games], ``resamples`` rows in all and about `AT_ONCE` numbers at a time."""
    random, left = np.random.default_rng(seed), resamples
    while left:
        k = min(left, max(1, AT_ONCE // table.size))
        pick = random.integers(len(table), size=(k, *table.shape))
        yield np.take_along_axis(table[None], pick, axis=1).reshape(k, -1)
        left -= k


def _tail(runs: int, games: int, level: float) -> float:
    """Share of bootstrap values beyond each end: that of a Student quantile, scaled up by the bootstrap's bias."""
    if runs == 1:
        return 0.0
    student = stdtrit(games * (runs - 1), (1 + level) / 2)
    return float(ndtr(-student * np.sqrt(runs / (runs - 1))))

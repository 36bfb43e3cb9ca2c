"""Summaries of games played for points (signatures; bodies follow in the next commit)."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Summary:
    """A statistic with its bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Points of one agent, summarised."""

    runs: int
    mean: Summary
    median: Summary
    iqm: Summary  # interquartile mean: of the middle half


def summarize(scores: ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0) -> Scores:
    """scores: [runs], or [runs, games] for several games (normalised scores), resampled game by game."""
    raise NotImplementedError

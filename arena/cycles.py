"""Where a line of ratings fails (signatures; bodies follow in the next commit)."""

from __future__ import annotations

from dataclasses import dataclass

from arena.ratings import Ratings
from arena.tally import Tally


@dataclass(frozen=True, slots=True)
class Cycle:
    """Each agent beats the next one, the last one beats the first."""

    agents: tuple[int, ...]
    scores: tuple[float, ...]  # share of the points that agent i took from agent i + 1
    pairs: tuple[int, ...]  # mirrored pairs behind each score
    p: float  # corrected p-value of the weakest link


@dataclass(frozen=True, slots=True)
class Cycles:
    """What is intransitive in a table of results."""

    sets: tuple[tuple[int, ...], ...]  # sets of agents in which everyone beats everyone along some chain
    cycles: tuple[Cycle, ...]  # the shortest ones, the surest first
    alpha: float


@dataclass(frozen=True, slots=True)
class Fit:
    """How well ratings explain the results."""

    chi2: float
    degrees: int
    p: float  # probability of a fit this bad or worse if the model were true


def find_cycles(tally: Tally, *, alpha: float = 0.05, limit: int = 20) -> Cycles:
    """Non-transitive sets. A transitive field yields any with probability at most ``alpha``."""
    raise NotImplementedError


def goodness_of_fit(tally: Tally, ratings: Ratings) -> Fit:
    """Chi-squared test of the ratings against the score of every two agents that met."""
    raise NotImplementedError

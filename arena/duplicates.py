"""Comparing agents that played for points: of two games with the same seed, the higher score wins, equal ones draw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from arena.ratings import Ratings
from arena.tally import Tally, tally


class Points(NamedTuple):
    """One game of one agent."""

    agent: int
    seed: int  # any number that the games to be compared share
    score: float
    line: int  # `arena.records.line_hash`


def duplicates(agents: int, games: Iterable[Points]) -> Tally:
    """The results of all couples of agents in all seeds that both have played, for `arena.ratings.fit`.

    There are no seats: who stands first is decided by a hash of the games, so that on the whole it says nothing. Two
    couples of games that went alike action by action are one piece of evidence.
    """
    by_seed: defaultdict[int, list[Points]] = defaultdict(list)
    for game in games:
        by_seed[game.seed].append(game)
    first, second, result, content = [], [], [], []
    for same_seed in by_seed.values():
        for low, high in combinations(sorted(same_seed, key=lambda game: game.agent), 2):
            went = hash((low.line, high.line))
            one, two = (low, high) if went & 1 else (high, low)
            first.append(one.agent)
            second.append(two.agent)
            result.append(int(np.sign(one.score - two.score)))
            content.append(went)
    return tally(agents, first, second, result, content=content)


def widened(ratings: Ratings) -> Ratings:
    """The ratings with the errors that duplicates have.

    One game of an agent is compared with those of all N - 1 others, and N - 1 results are less than as many games. What
    an agent has won less what it has lost with one seed follows from its rank among N: between equals its variance is
    (N**2 - 1) / 3, that of games on their own N - 1. Between unequal agents the widened errors are on the safe side."""
    playing = int((ratings.games > 0).sum())
    return replace(ratings, covariance=ratings.covariance * max(1.0, (playing + 1) / 3))

"""Comparing agents that played for points with the same seeds."""

from __future__ import annotations

import numpy as np
import pytest

from arena.duplicates import Points, duplicates, widened
from arena.ratings import fit
from arena.tally import Tally


def drawn(agents: int, seeds: int, random: np.random.Generator) -> Tally:
    """Equal agents whose scores are never the same."""
    scores = random.normal(size=(seeds, agents))
    games = [Points(a, k, scores[k, a], k * agents + a) for k in range(seeds) for a in range(agents)]
    return duplicates(agents, games)


@pytest.mark.parametrize("agents", [2, 3, 12])
def test_intervals_of_equal_agents_hold_the_truth_as_often_as_they_say(agents):
    random, held, unwidened = np.random.default_rng(agents), [], []
    for _ in range(150):
        ratings = fit(drawn(agents, 40, random))
        plain, wide = ratings.intervals(), widened(ratings).intervals()
        unwidened += ((plain.low <= 0) & (plain.high >= 0)).tolist()
        held += ((wide.low <= 0) & (wide.high >= 0)).tolist()
    assert 0.92 < np.mean(held) < 0.98
    assert agents < 12 or np.mean(unwidened) < 0.75  # what the widening is for

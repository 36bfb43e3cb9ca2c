"""Root noise, sequential halving, forced playouts and the pruned policy target."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from agents.search.config import SearchConfig, params
from agents.search.root import halving_schedule, root_noise
from agents.search.search import Search, search_batch
from agents.search.select import by_gumbel
from agents.search.tree import UNKNOWN, allocate

from .conftest import HashEvaluator, random_positions


def _considered_visits(considered: int, simulations: int) -> list[int]:
    """Algorithm 2 of Danihelka et al. (2022), played out with a counter for every action."""
    if considered <= 1:
        return list(range(simulations))
    rounds = int(np.ceil(np.log2(considered)))
    out: list[int] = []
    visits, alive = [0] * considered, considered
    while len(out) < simulations:
        for _ in range(max(1, simulations // (rounds * alive))):
            out += visits[:alive]
            for i in range(alive):
                visits[i] += 1
        alive = max(2, alive // 2)
    return out[:simulations]


@pytest.mark.parametrize("considered", [1, 2, 3, 4, 7, 16])
@pytest.mark.parametrize("simulations", [1, 2, 5, 16, 32, 50, 200])
def test_schedule_is_sequential_halving(considered, simulations):
    schedule = np.zeros(simulations, np.int32)
    halving_schedule(schedule, considered, simulations)
    assert schedule.tolist() == _considered_visits(considered, simulations)


def test_what_proofs_leave_of_the_timetable_goes_to_the_two_best(connect_four):
    """Seven actions, of which three are proven lost at their first visit: 600 // (3 * 7) visits for each of the others,
    600 // (3 * 3) more for the best three, 600 // (3 * 2) more for two, who then share what was meant for the lost."""
    p, tree = params(SearchConfig()), allocate(connect_four.spec, 2, 1, 600, 8)
    edges, worth, lost = tree.edge[0, :7], np.linspace(0.3, -0.3, 7), (1, 3, 5)
    tree.node[0, 0]["degree"], tree.slot[0]["budget"] = 7, 600
    edges["prior"], edges["exact"] = 1 / 7, UNKNOWN
    halving_schedule(tree.schedule[0], 7, 600)
    for _ in range(600):
        e = by_gumbel(tree, 0, p)
        assert edges[e]["exact"] == UNKNOWN
        edges[e]["visits"] += 1
        edges[e]["value_sum"] += worth[e]
        edges[e]["exact"] = -1 if e in lost else UNKNOWN
    assert edges["visits"].tolist() == [238, 1, 237, 1, 94, 1, 28]


def test_halving_gives_each_survivor_the_visits_of_its_rounds(connect_four):
    search = Search(connect_four, HashEvaluator(connect_four), SearchConfig(considered=4, solve=False), 8, 32)
    states = random_positions(connect_four, 8, 4, seed=1)
    roots = search_batch(search, states, np.arange(8, dtype=np.uint64), 32, explore=True)
    for row in roots.visits:  # 4 actions x 4 visits, then the better 2 get the other 16: 4, 4, 12, 12
        assert sorted(row[row > 0].tolist()) == [4, 4, 12, 12]


def test_the_gumbel_winner_is_among_the_finalists_and_noise_varies_it(connect_four):
    search = Search(connect_four, HashEvaluator(connect_four), SearchConfig(), 64, 16)
    roots = search_batch(search, connect_four.init(64), np.arange(64, dtype=np.uint64), 16, explore=True)
    assert (roots.visits[np.arange(64), roots.action] == roots.visits.max(axis=1)).all()
    assert len(set(roots.action.tolist())) > 1
    quiet = search_batch(search, connect_four.init(64), np.arange(64, dtype=np.uint64), 16)
    assert len(set(quiet.action.tolist())) == 1


def _noise(root: str, degree: int, n: int) -> np.ndarray:
    p = params(SearchConfig(root=root))  # type: ignore[arg-type]
    out = np.zeros((n, degree), np.float32)
    for i in range(n):
        root_noise(out[i], degree, np.uint64(i), p)
    return out


def test_gumbel_noise_is_standard_gumbel():
    sample = _noise("gumbel", 5, 2000).ravel()
    assert stats.kstest(sample, stats.gumbel_r.cdf).pvalue > 1e-3


@pytest.mark.parametrize("degree", [2, 7, 30])
def test_dirichlet_noise_has_dirichlet_marginals(degree):
    sample = _noise("puct", degree, 3000)
    np.testing.assert_allclose(sample.sum(axis=1), 1, rtol=1e-5)
    alpha = 10.0 / degree
    marginal = stats.beta(alpha, alpha * (degree - 1))
    assert stats.kstest(sample[:, 0], marginal.cdf).pvalue > 1e-3
    assert stats.kstest(sample[:, -1], marginal.cdf).pvalue > 1e-3


def test_forced_playouts_reach_their_number_and_are_pruned_from_the_target(connect_four):
    n, sims = 32, 400
    states = random_positions(connect_four, n, 6, seed=2)
    forced = SearchConfig(root="puct", forced_playouts=2.0, solve=False)
    plain = SearchConfig(root="puct", forced_playouts=0.0, solve=False)
    results = {}
    for name, config in (("forced", forced), ("plain", plain)):
        search = Search(connect_four, HashEvaluator(connect_four), config, n, sims)
        results[name] = search_batch(search, states, np.arange(n, dtype=np.uint64), sims, explore=True)
    roots, legal = results["forced"], connect_four.legal(states)
    visited = roots.visits > 0
    # the owed number with the network's share of the prior alone is a lower bound, less the one visit in the making
    owed = np.sqrt(2.0 * 0.75 * roots.priors * (sims - 1))
    assert (roots.visits[visited] >= np.floor(owed[visited]) - 1).all()
    best = roots.visits.argmax(axis=1)
    share = roots.visits / roots.visits.sum(axis=1, keepdims=True)
    rows = np.arange(n)
    assert (roots.policy[rows, best] >= share[rows, best] - 1e-6).all()
    others = legal & visited
    others[rows, best] = False
    ratio = roots.policy / roots.policy[rows, best][:, None] - roots.visits / roots.visits[rows, best][:, None]
    assert (ratio[others] <= 1e-6).all()  # pruning only takes away from the others ...
    assert (ratio[others] < -1e-3).any()  # ... and does so
    plain_share = results["plain"].visits / results["plain"].visits.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(results["plain"].policy, plain_share, atol=1e-6)


def test_noise_reaches_only_exploring_searches(connect_four):
    search = Search(connect_four, HashEvaluator(connect_four), SearchConfig(root="puct"), 8, 50)
    states = connect_four.init(8)
    quiet = search_batch(search, states, np.arange(8, dtype=np.uint64), 50)
    assert (quiet.visits == quiet.visits[0]).all()
    noisy = search_batch(search, states, np.arange(8, dtype=np.uint64), 50, explore=True)
    assert (noisy.visits != noisy.visits[0]).any()

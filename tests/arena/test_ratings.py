import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from arena.ratings import ELO, fit
from arena.tally import Tally, tally
from envs.core import InputError
from tests.arena import synthetic
from tests.arena.synthetic import chain, everyone, gauntlet

# Baseball, American League East 1987, home wins-losses; Agresti, Categorical Data Analysis (2002), tables 10.10, 10.11
TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
HOME = """-   4-3 4-2 4-3 6-1 4-2 6-0
          3-3 -   4-2 4-3 6-0 6-1 4-3
          2-5 4-3 -   2-4 4-3 4-2 6-0
          3-3 5-1 2-5 -   4-3 4-2 6-1
          5-1 2-5 3-3 4-2 -   5-2 6-0
          2-5 3-3 3-4 4-3 4-2 -   2-4
          2-5 1-5 1-6 2-4 1-6 3-4 -"""
ABILITIES = (0.220, 0.190, 0.164, 0.157, 0.137, 0.088, 0.044)
HOME_ADVANTAGE, STANDARD_ERROR = 0.302, 0.3


def baseball() -> Tally:
    games = []
    for home, line in enumerate(HOME.splitlines()):
        for away, cell in enumerate(line.split()):
            if cell != "-":
                won, lost = map(int, cell.split("-"))
                games += [(home, away, 1)] * won + [(home, away, -1)] * lost
    return tally(len(TEAMS), *zip(*games, strict=True))


def test_published_ratings_with_home_advantage():
    ratings = fit(baseball(), anchors={6: 0.0}, spread=1e5)
    ability = np.exp(ratings.elo / ELO)
    np.testing.assert_allclose(ability / ability.sum(), ABILITIES, atol=0.001)
    assert ratings.seat / ELO == pytest.approx(HOME_ADVANTAGE, abs=0.002)
    np.testing.assert_allclose(ratings.errors()[:6] / ELO, STANDARD_ERROR, atol=0.05)


def test_it_is_the_maximum_that_a_general_optimizer_finds():
    field = everyone([0, 120, -300, 60, 410], 30, bias=100)
    table = field.sample(np.random.default_rng(0))

    def loss(p):
        lead = p[table.low] - p[table.high]
        own = synthetic.davidson(lead + p[5], math.exp(p[6]))
        other = synthetic.davidson(lead - p[5], math.exp(p[6]))
        total = table.cells[:, 1:, 1:].sum(axis=2) * np.log(own) + table.cells[:, 1:, 1:].sum(axis=1) * np.log(other)
        return -total.sum() + p[:5].sum() ** 2

    best = minimize(loss, np.zeros(7), method="BFGS", options={"gtol": 1e-4, "xrtol": 1e-9}).x
    ratings = fit(table, spread=1e6)
    np.testing.assert_allclose(ratings.elo, best[:5], atol=0.3)
    assert ratings.seat == pytest.approx(best[5], abs=0.3)
    assert ratings.draw == pytest.approx(math.exp(best[6]), rel=0.01)


def test_chances_add_up_and_shrink_to_the_truth():
    field = everyone([-200, 0, 250], 20_000, draw=0.8)
    ratings = fit(field.sample(np.random.default_rng(1)))
    for a, b in ((0, 1), (2, 0)):
        both = (synthetic.davidson(field.elo[a] - field.elo[b] + seat, 0.8) for seat in (60, -60))
        lost, drawn, won = np.mean(list(both), axis=0)
        assert ratings.win(a, b).value == pytest.approx(won, abs=0.01)
        assert ratings.score(a, b).value == pytest.approx(won + drawn / 2, abs=0.01)
        assert ratings.win(b, a).value == pytest.approx(lost, abs=0.01)
        assert ratings.score(a, b).value + ratings.score(b, a).value == pytest.approx(1)
        assert ratings.score(a, b).low == pytest.approx(1 - ratings.score(b, a).high)
    assert ratings.draw == pytest.approx(0.8, abs=0.03)
    assert ratings.seat == pytest.approx(60, abs=3)
    table = ratings.win(np.arange(3)[:, None], np.arange(3))
    assert table.value.shape == (3, 3)
    assert table.value[2, 0] == pytest.approx(float(ratings.win(2, 0).value))


def test_superiority_is_the_normal_tail():
    ratings = fit(everyone([0, 30, 60], 20).sample(np.random.default_rng(2)))
    lead = ratings.difference(2, 0, level=0.95)
    error = (lead.high - lead.low) / 2 / norm.ppf(0.975)
    assert ratings.superiority(2, 0) == pytest.approx(norm.cdf(lead.value / error))
    assert ratings.superiority(0, 2) == pytest.approx(1 - ratings.superiority(2, 0))
    assert ratings.superiority(1, 1) == 0.5


def test_names_do_not_matter():
    table = everyone([0, 100, -50, 300], 10).sample(np.random.default_rng(3))
    first, second, result, pair = games_of(table)
    order = np.array([2, 0, 3, 1])
    renamed = fit(tally(4, order[first], order[second], result, pair))
    ratings = fit(table)
    np.testing.assert_allclose(renamed.elo[order], ratings.elo, atol=1e-6)
    np.testing.assert_allclose(renamed.errors()[order], ratings.errors(), rtol=1e-6)
    assert renamed.seat == pytest.approx(ratings.seat)


def games_of(table: Tally) -> np.ndarray:
    """[4, games]: first, second, result, pair of a table of full pairs."""
    rows, number = [], 0
    for low, high, cells in zip(table.low, table.high, table.cells, strict=True):
        for own, other in np.argwhere(cells):
            for _ in range(cells[own, other]):
                rows += [(low, high, own - 2, number), (high, low, 2 - other, number)]
                number += 1
    return np.array(rows).T


def test_anchors_and_means():
    table = everyone([0, 100, -50, 300], 40).sample(np.random.default_rng(4))
    free = fit(table)
    assert free.elo.mean() == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(fit(table, mean=1500).elo, free.elo + 1500, atol=1e-6)
    anchored = fit(table, anchors={1: 1200})
    np.testing.assert_allclose(np.diff(anchored.elo), np.diff(free.elo), atol=1e-4)
    assert anchored.elo[1] == pytest.approx(1200)
    assert anchored.errors()[1] == 0
    lead = free.difference([0, 2, 3], 1)
    np.testing.assert_allclose(anchored.intervals().high[[0, 2, 3]] - 1200, lead.high, atol=1e-4)
    both = fit(table, anchors={0: 0.0, 3: 500.0})
    assert (both.elo[0], both.elo[3]) == (pytest.approx(0), pytest.approx(500))
    assert 0 < both.elo[1] < 500
    with pytest.raises(InputError, match="unknown anchor 4"):
        fit(table, anchors={4: 0.0})


def test_clean_sweeps_stay_finite_and_are_wide():
    first, second = np.tile([0, 1], 50), np.tile([1, 0], 50)
    ratings = fit(tally(2, first, second, np.tile([1, -1], 50), np.repeat(np.arange(50), 2)))
    lead = ratings.difference(0, 1)
    assert 500 < lead.value < 2000
    assert lead.high - lead.low > 500
    assert 0.98 < ratings.win(0, 1).value < 1
    assert ratings.superiority(0, 1) > 0.99


def test_groups_that_never_met_are_not_compared():
    table = tally(5, [0, 1, 2, 3], [1, 0, 3, 2], [1, 0, 1, 1], [0, 0, 1, 1])
    ratings = fit(table)
    assert ratings.groups[0] == ratings.groups[1] != ratings.groups[2] == ratings.groups[3]
    assert len(set(ratings.groups.tolist())) == 3  # agent 4 has no games
    assert ratings.elo[:2].mean() == pytest.approx(0, abs=1e-6)
    assert ratings.elo[2:4].mean() == pytest.approx(0, abs=1e-6)
    assert ratings.elo[4] == 0
    apart = ratings.difference(0, [1, 2, 4])
    assert np.isfinite(apart.low).tolist() == [True, False, False]
    assert ratings.superiority(0, 2) == 0.5
    assert (ratings.score(0, 2).low, ratings.score(0, 2).high) == (0, 1)
    assert np.isfinite(ratings.errors()).tolist() == [True] * 4 + [False]
    assert ratings.games.tolist() == [2, 2, 2, 2, 0]
    joined = fit(table, anchors={0: 100.0, 2: 300.0})  # distances between anchors are known
    assert joined.difference(1, 3).high < np.inf


def test_nobody_has_played():
    ratings = fit(tally(3, [], [], []), mean=1000)
    assert ratings.elo.tolist() == [1000] * 3
    assert np.isinf(ratings.errors()).all()


def test_games_repeated_move_by_move_prove_nothing_new():
    first, second, result, pair = games_of(everyone([0, 80, 200], 4).sample(np.random.default_rng(5)))
    once = fit(tally(3, first, second, result, pair))
    content = np.tile(np.arange(len(first)), 9)
    numbers = (pair + 1000 * np.arange(9)[:, None]).ravel()
    nine = [np.tile(column, 9) for column in (first, second, result)]
    repeated = fit(tally(3, *nine, numbers, content))
    np.testing.assert_allclose(repeated.elo, once.elo, atol=1e-6)
    np.testing.assert_allclose(repeated.errors(), once.errors(), rtol=1e-9)
    assert (repeated.games == 9 * once.games).all()
    assert (fit(tally(3, *nine, numbers)).errors() < once.errors() / 2).all()


def test_openings_that_decide_games_make_pairs_tell_more():
    """Twenty pairs shared one to one by the seats are twenty level matches, not forty coin tosses."""
    first, second, pair = np.tile([0, 1], 20), np.tile([1, 0], 20), np.repeat(np.arange(20), 2)
    decided = fit(tally(2, first, second, np.repeat([1, -1], 20), pair))  # the seats win in turn, both games of a pair
    tossed = fit(tally(2, first, second, np.repeat([1, -1], 20)))
    assert decided.correlation < -0.5
    assert decided.errors()[0] < 0.7 * tossed.errors()[0]


FIELDS = {
    "round robin": everyone(np.linspace(-300, 300, 8), 10, draw=1.0),
    "hardly a draw, wide": everyone(np.linspace(-600, 600, 8), 20, draw=0.05),
    "openings decide": everyone(np.linspace(-300, 300, 8), 10, bias=350),
    "openings decide for some": everyone(
        np.linspace(-300, 300, 8), 15, bias=np.where(np.triu_indices(8, 1)[1] < 4, 500.0, 0.0)
    ),
    "shared luck": everyone(np.linspace(-200, 200, 8), 12, luck=350),
    "gauntlet": gauntlet(np.linspace(-200, 200, 8), 30, bias=150),
    "chain of checkpoints": chain(np.arange(20) * 70.0, 25, bias=150),
    "unequal numbers": everyone(
        np.random.default_rng(0).permutation(np.linspace(-400, 400, 8)),
        np.random.default_rng(1).integers(0, 50, 28) * (np.arange(28) % 3 > 0),
        bias=150,
    ),
}


def coverage(field: synthetic.Field, ladders: int) -> np.ndarray:
    """[3]: share of the 95% intervals of ratings, differences and expected scores that hold the truth."""
    rng, truth = np.random.default_rng(11), field.limit()
    a, b = np.triu_indices(len(field.elo), 1)
    lead, score = truth.difference(a, b).value, truth.score(a, b).value
    hits = np.zeros(3)
    for _ in range(ladders):
        ratings = fit(field.sample(rng))
        intervals = ((ratings.intervals(), truth.elo), (ratings.difference(a, b), lead), (ratings.score(a, b), score))
        hits += [np.mean((at.low <= true) & (true <= at.high)) for at, true in intervals]
    return hits / ladders


@pytest.mark.parametrize("name", FIELDS)
def test_intervals_cover_the_truth(name):
    """Eight agents' hits in a ladder hang together, so 250 ladders settle their mean to about half a percent."""
    assert coverage(FIELDS[name], 250) == pytest.approx(0.95, abs=0.02)


def test_intervals_are_right_for_each_kind_of_agent():
    """Openings decide the games of the first four agents only. One correlation for all would make their intervals too
    wide and those of the others too narrow (0.967 and 0.925 here)."""
    field = everyone(np.linspace(-300, 300, 8), 60, bias=np.where(np.triu_indices(8, 1)[1] < 4, 700.0, 0.0))
    rng, truth = np.random.default_rng(11), field.limit()
    a, b = np.triu_indices(4, 1)
    hits = np.zeros(2)
    for _ in range(300):
        ratings = fit(field.sample(rng))
        for half in (0, 1):
            one, two = a + 4 * half, b + 4 * half
            interval, true = ratings.difference(one, two), truth.difference(one, two)
            hits[half] += np.mean((interval.low <= true.value) & (true.value <= interval.high))
    assert hits / 300 == pytest.approx(0.95, abs=0.015)


@pytest.mark.slow
@pytest.mark.parametrize("name", FIELDS)
def test_intervals_cover_the_truth_in_many_ladders(name):
    assert coverage(FIELDS[name], 4000) == pytest.approx(0.95, abs=0.012)


def test_truth_of_the_fields_is_what_was_put_in():
    field = FIELDS["round robin"]
    np.testing.assert_allclose(field.limit().elo, field.elo, atol=0.01)
    assert field.limit().seat == pytest.approx(60, abs=0.01)
    assert field.limit().draw == pytest.approx(1.0, abs=1e-4)

import numpy as np
import pytest

from arena import davidson
from arena.tally import Tally
from tests.arena import synthetic

ELO = 400 / np.log(10)


def test_chances_are_those_of_the_paper():
    for lead in (-500.0, 0.0, 123.0):
        for draw in (0.1, 1.7):
            expected = synthetic.davidson(lead, draw)
            np.testing.assert_allclose(davidson.chances(np.array(lead / ELO), np.log(draw)), expected, rtol=1e-12)


def test_chances_stay_finite_far_out():
    logs = davidson.log_chances(np.array([-3000.0, 3000.0]), -5.0)
    assert np.isfinite(logs).all()
    np.testing.assert_allclose(np.exp(logs), [[1, 0, 0], [0, 0, 1]], atol=1e-300)


@pytest.fixture(scope="module")
def table() -> Tally:
    rng = np.random.default_rng(3)
    cells = rng.integers(0, 9, (6, 4, 4))
    cells[:, 0, 0] = 0
    low, high = np.triu_indices(4, 1)
    return Tally(4, low, high, cells, np.ones(6))


def log_likelihood(table: Tally, parameters) -> float:
    chance = davidson.chances(davidson.leads(table, parameters), parameters[-1])
    return float(np.sum(davidson.games(table) * np.log(chance)))


def test_gradient_and_information_are_derivatives(table):
    parameters = np.array([0.3, -0.8, 0.1, 1.2, 0.4, -0.6])
    chance = davidson.chances(davidson.leads(table, parameters), parameters[-1])
    count = davidson.games(table)
    step = np.eye(6) * 1e-4
    up, down = ([log_likelihood(table, parameters + s * e) for e in step] for s in (1, -1))
    numeric = (np.array(up) - down) / 2e-4
    np.testing.assert_allclose(davidson.spread_out(table, davidson.gradient(chance, count)), numeric, rtol=1e-6)

    def slope(at):
        chance = davidson.chances(davidson.leads(table, at), at[-1])
        return davidson.spread_out(table, davidson.gradient(chance, count))

    numeric = -np.array([(slope(parameters + e) - slope(parameters - e)) / 2e-4 for e in step])
    np.testing.assert_allclose(
        davidson.spread_out(table, davidson.information(chance, count)), numeric, rtol=1e-6, atol=1e-6
    )


def test_games_count_seats_and_repeats(table):
    half = Tally(4, table.low, table.high, table.cells, np.full(6, 0.5))
    np.testing.assert_array_equal(davidson.games(half), davidson.games(table) / 2)
    assert davidson.games(table)[0, 0, 2] == table.cells[0, 3].sum()  # won by `low` in the game it started
    assert davidson.games(table)[0, 1, 0] == table.cells[0, :, 1].sum()


@pytest.mark.parametrize(("bias", "luck", "sign"), [(0, 0, 0), (300, 0, -1), (0, 200, 1)])
def test_pair_correlation_and_variance_of_the_score(bias, luck, sign):
    field = synthetic.everyone([0, 50, 150], 40_000, bias=bias, luck=luck)
    table, limit = field.sample(np.random.default_rng(0)), field.limit()
    parameters = np.concatenate([limit.elo / ELO, [limit.seat / ELO, np.log(limit.draw)]])
    chance = davidson.chances(davidson.leads(table, parameters), parameters[-1])
    measured = davidson.pair_correlation(table, chance)[0]
    assert abs(measured) < 0.01 if sign == 0 else 0.05 < sign * measured < 0.6

    # the outer products of many pairs' scores are their true second moments, worked out from the chances
    points = np.array([-0.5, 0, 0.5])
    mean = chance @ points
    own = np.add.outer(points, points)[None] - mean.sum(axis=1)[:, None, None]
    expected = 40_000 * np.einsum("mij,mij->m", field.chances, own**2)
    variance = davidson.score_variance(table, chance, davidson.games(table))
    np.testing.assert_allclose(variance[:, 0, 0], expected, rtol=0.03)
    if sign == 0:
        information = davidson.information(chance, davidson.games(table))
        np.testing.assert_allclose(variance, information, rtol=0.03, atol=0.02 * information.max())


def test_variance_of_few_pairs_leans_on_the_whole_table():
    """A couple whose only pairs were both won by the same agent shows no variance of its own."""
    low, high = np.triu_indices(3, 1)
    cells = np.zeros((3, 4, 4), np.int64)
    cells[:2, 1:, 1:] = 100
    cells[2, 3, 3] = 2
    table = Tally(3, low, high, cells, np.ones(3))
    chance = davidson.chances(davidson.leads(table, np.array([0, 0, 0, 0, 0.0])), 0.0)
    variance = davidson.score_variance(table, chance, davidson.games(table))[2, 0, 0]
    information = davidson.information(chance, davidson.games(table))[2, 0, 0]
    assert 0.5 * information < variance < 2 * information

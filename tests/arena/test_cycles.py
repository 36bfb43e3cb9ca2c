import numpy as np
import pytest
from scipy.stats import binomtest

from arena import cycles
from arena.cycles import find_cycles, goodness_of_fit
from arena.ratings import fit
from arena.tally import Tally, tally
from envs.core import InputError
from tests.arena.synthetic import everyone


def pairs_won(agents: int, beaten: dict[tuple[int, int], tuple[int, int]]) -> Tally:
    """A table in which a won so many pairs of b two to nil, and lost so many; the rest are shared."""
    first, second, result, number = [], [], [], []
    for (a, b), (won, lost) in beaten.items():
        for i in range(won + lost):
            sign = 1 if i < won else -1
            first += [a, b]
            second += [b, a]
            result += [sign, -sign]
            number += [i, i]
    return tally(agents, first, second, result, number)


def test_rock_paper_scissors_is_a_cycle():
    # 0 beats 1 beats 2 beats 0; 3 loses to everyone
    table = pairs_won(4, {(0, 1): (17, 3), (1, 2): (16, 4), (2, 0): (30, 10), **{(a, 3): (20, 0) for a in range(3)}})
    found = find_cycles(table)
    assert found.sets == ((0, 1, 2),)
    (ring,) = found.cycles
    assert ring.agents == (0, 1, 2)
    assert ring.scores == (0.85, 0.8, 0.75)
    assert ring.pairs == (20, 20, 40)
    weakest = max(binomtest(k, n).pvalue for k, n in ((17, 20), (16, 20), (30, 40)))
    assert ring.p == pytest.approx(weakest)  # the least sure edge comes last in Holm's order, uncorrected
    assert goodness_of_fit(table, fit(table)).p < 1e-6


def test_holm_corrects_for_all_couples():
    p = np.array([0.01, 0.04, 0.03, 0.005])  # the example of Wikipedia's article on the Holm-Bonferroni method
    np.testing.assert_allclose(cycles._holm(p), [0.03, 0.06, 0.06, 0.02])


def test_a_ring_of_four_without_trios():
    table = pairs_won(5, {(0, 1): (20, 0), (1, 2): (20, 0), (2, 3): (20, 0), (3, 0): (20, 0), (4, 0): (20, 0)})
    found = find_cycles(table)
    assert found.sets == ((0, 1, 2, 3),)
    assert [ring.agents for ring in found.cycles] == [(0, 1, 2, 3)]
    assert found.cycles[0].scores == (1, 1, 1, 1)


def test_every_trio_of_a_set_is_found_and_the_surest_come_first():
    # 0 > 1 > 2 > 0, and 3 joins in by 0 > 3 > 2
    table = pairs_won(4, {(0, 1): (20, 0), (1, 2): (20, 0), (2, 0): (40, 0), (0, 3): (15, 2), (3, 2): (20, 0)})
    found = find_cycles(table)
    assert found.sets == ((0, 1, 2, 3),)
    assert [ring.agents for ring in found.cycles] == [(0, 1, 2), (0, 3, 2)]
    assert found.cycles[0].p < found.cycles[1].p
    assert len(find_cycles(table, limit=1).cycles) == 1


def test_repeats_and_single_games_are_no_evidence():
    table = pairs_won(3, {(0, 1): (20, 0), (1, 2): (20, 0), (2, 0): (20, 0)})
    assert find_cycles(table).sets
    repeated = Tally(3, table.low, table.high, table.cells, np.full(3, 0.05))
    assert find_cycles(repeated).sets == ()
    first, second = np.tile([0, 1, 2], 50), np.tile([1, 2, 0], 50)  # each wins when it moves first, and always does
    assert find_cycles(tally(3, first, second, np.ones(150, int))).sets == ()


@pytest.mark.parametrize("anchors", [0, 1, 2, 3])
def test_a_true_table_fits_whatever_is_anchored(anchors):
    elo = np.array([0.0, 60.0, -80.0, 30.0])
    field, rng = everyone(elo, 200), np.random.default_rng(0)
    known = {agent: float(elo[agent]) for agent in range(anchors)}
    p = []
    for _ in range(200):
        table = field.sample(rng)
        p.append(goodness_of_fit(table, fit(table, anchors=known)).p)
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.11


def test_nothing_to_find():
    assert find_cycles(tally(3, [], [], [])).sets == ()
    assert goodness_of_fit(tally(2, [0], [1], [1]), fit(tally(2, [0], [1], [1]))).degrees == 0
    with pytest.raises(InputError, match="alpha"):
        find_cycles(tally(3, [], [], []), alpha=0)


@pytest.mark.parametrize("gap", [0, 40])
def test_a_transitive_field_shows_no_cycle(gap):
    field, rng = everyone(np.arange(8) * gap, 40, bias=150), np.random.default_rng(0)
    alarms = sum(bool(find_cycles(field.sample(rng), alpha=0.2).sets) for _ in range(300))
    assert alarms / 300 <= 0.2 + 2.5 * np.sqrt(0.2 * 0.8 / 300)


def test_false_alarms_where_they_are_likeliest():
    """0 beats 1 and 1 beats 2 beyond doubt, while 0 and 2 are level: one wrong edge makes a ring."""
    rng, alarms = np.random.default_rng(1), 0
    for _ in range(600):
        won = int(rng.binomial(100, 0.5))
        alarms += bool(
            find_cycles(pairs_won(3, {(0, 1): (30, 0), (1, 2): (30, 0), (0, 2): (won, 100 - won)}), alpha=0.2).sets
        )
    assert 0.05 < alarms / 600 <= 0.2  # the wrong edge has two directions, and only one of them closes the ring


def test_goodness_of_fit_is_uniform_where_the_model_holds():
    field, rng = everyone(np.arange(8) * 60.0, 20, bias=150), np.random.default_rng(2)
    tests = [goodness_of_fit(table, fit(table)) for table in (field.sample(rng) for _ in range(150))]
    assert {test.degrees for test in tests} == {28 - 7}
    p = np.array([test.p for test in tests])
    assert np.mean(p < 0.05) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 150)
    assert np.mean(p < 0.5) == pytest.approx(0.5, abs=2.5 * 0.5 / np.sqrt(150))

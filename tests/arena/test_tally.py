import numpy as np
import pytest

from arena.tally import ALONE, tally
from envs.core import InputError


def test_pairs_fall_into_cells():
    # pair 7: agent 2 won as first, then drew as second; pair 8: agent 0 won both
    table = tally(3, [2, 0, 0, 2], [0, 2, 2, 0], [1, 0, 1, -1], pair=[7, 7, 8, 8])
    assert (table.low.tolist(), table.high.tolist()) == ([0], [2])
    expected = np.zeros((4, 4))
    expected[2, 1] = 1  # pair 7: 0 drew the game it started and lost the other one
    expected[3, 3] = 1  # pair 8
    np.testing.assert_array_equal(table.cells[0], expected)
    assert table.games.tolist() == [4, 0, 4]


def test_games_without_mirror_image():
    table = tally(2, [0, 1, 0], [1, 0, 1], [1, 1, 0], pair=[ALONE, ALONE, 5])  # the other game of pair 5 is yet to come
    np.testing.assert_array_equal(table.cells[0, :, 0], [0, 0, 1, 1])
    np.testing.assert_array_equal(table.cells[0, 0], [0, 1, 0, 0])
    assert table.cells.sum() == 3
    assert table.games.tolist() == [3, 3]


@pytest.mark.parametrize("spread", [1, 2**50])
def test_order_and_size_of_numbers_do_not_matter(spread):
    rng = np.random.default_rng(0)
    count, agents = 500, 6
    one = rng.integers(agents, size=count)
    two = (one + rng.integers(1, agents, size=count)) % agents
    first, second = np.append(one, two), np.append(two, one)
    result = rng.integers(-1, 2, size=2 * count)
    number = np.tile(rng.choice(4000, count, replace=False), 2) * spread
    table = tally(agents, first, second, result, number)
    assert table.cells[:, 1:, 1:].sum() == table.cells.sum() == count
    mixed = rng.permutation(2 * count)
    again = tally(agents, first[mixed], second[mixed], result[mixed], number[mixed])
    np.testing.assert_array_equal(again.cells, table.cells)
    for a in range(agents):  # points, counted one by one
        for b in range(a):
            won = result[(first == a) & (second == b)].sum() - result[(first == b) & (second == a)].sum()
            met = table.cells[(table.low == b) & (table.high == a), 1:, 1:].sum(axis=0)
            assert np.sum(met * np.add.outer([-1, 0, 1], [-1, 0, 1])) == -won


def test_the_same_two_agents_may_use_the_numbers_of_others():
    table = tally(3, [0, 1, 1, 2], [1, 0, 2, 1], [1, 1, 1, 1], pair=[0, 0, 0, 0])
    assert table.cells[:, 1:, 1:].sum(axis=(1, 2)).tolist() == [1, 1]


def test_repeated_games():
    first, second, result = [0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0], [1, 0, 1, 0, 1, 0]
    table = tally(2, first, second, result, [0, 0, 1, 1, 2, 2], content=[11, 12, 11, 12, 11, 13])
    assert table.distinct.tolist() == [0.5]  # 11, 12 and 13 of six
    swapped = tally(2, [0, 1], [1, 0], [1, 1], [0, 0], content=[11, 11])
    assert swapped.distinct.tolist() == [1.0]  # the same moves with the seats swapped are another game
    assert tally(2, first, second, result).distinct.tolist() == [1.0]


def test_no_games():
    table = tally(4, [], [], [], [], [])
    assert table.cells.shape == (0, 4, 4)
    assert table.games.tolist() == [0] * 4


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0], [2], [1]), r"0\.\.1"),
        (([0], [-1], [1]), r"0\.\.1"),
        (([1], [1], [1]), "against itself"),
        (([0], [1], [2]), "1, 0 or -1"),
        (([0, 1], [1], [1]), "one length"),
        (([0, 0], [1, 1], [1, 1], [3, 3]), "same agent in the first seat"),
    ],
)
def test_bad_tables(columns, message):
    with pytest.raises(InputError, match=message):
        tally(2, *columns)

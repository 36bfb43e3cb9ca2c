import numpy as np
import pytest

import envs
from envs.fours import has_four

COLUMNS, ROWS = 7, 6
STEPS = [(1, 0), (0, 1), (1, 1), (1, -1)]  # along a row, up a column, both diagonals
LINES = [
    [(c + i * dc, r + i * dr) for i in range(4)]
    for dc, dr in STEPS
    for c in range(COLUMNS)
    for r in range(ROWS)
    if 0 <= c + 3 * dc < COLUMNS and 0 <= r + 3 * dr < ROWS
]


def bits(cells):
    return np.uint64(sum(1 << (7 * c + r) for c, r in cells))


def play(columns):
    """The position after a line in column digits 1..7."""
    game = envs.make("connect_four")
    state = game.init(1)
    for column in columns:
        state = game.step(state, np.array([game.parse_action(state[0], column)], np.int32))
    return game, state


def test_each_of_the_69_fours_is_seen():
    assert len(LINES) == 69
    assert all(has_four(bits(line)) for line in LINES)


def test_three_of_four_is_not_four():
    assert not any(has_four(bits(line[:i] + line[i + 1 :])) for line in LINES for i in range(4))


def test_has_four_on_any_set_of_stones():
    """Against the definition; the sets include neighbours in the bit layout that are far apart on the board."""
    rng = np.random.default_rng(5)
    cells = [(c, r) for c in range(COLUMNS) for r in range(ROWS)]
    seen = set()
    for density in np.linspace(0.2, 0.7, 3000):
        stones = {cell for cell in cells if rng.random() < density}
        expected = any(stones.issuperset(line) for line in LINES)
        assert has_four(bits(stones)) == expected
        seen.add(expected)
    assert seen == {True, False}


@pytest.mark.parametrize(("line", "outcome"), [("1212121", 1), ("1727374", 1), ("71213141", -1)])
def test_outcome_is_for_the_first_player(line, outcome):
    game, state = play(line)
    assert game.outcome(state)[0] == outcome


def test_a_full_board_is_a_draw():
    line = "121212212121" + "343434434343" + "565656656565" + "777777"
    game, state = play(line)
    assert game.outcome(state)[0] == 0
    assert np.isnan(game.outcome(play(line[:-1])[1])[0])


def test_a_full_column_is_illegal():
    game, state = play("444444")
    assert np.flatnonzero(game.legal(state)[0]).tolist() == [0, 1, 2, 4, 5, 6]
    with pytest.raises(envs.IllegalAction, match=r"illegal move '4'; legal: 1 2 3 5 6 7"):
        game.parse_action(state[0], "4")


def test_views():
    game, state = play("4453")
    assert game.to_text(state[0]).splitlines() == [
        ". . . . . . .",
        ". . . . . . .",
        ". . . . . . .",
        ". . . . . . .",
        ". . . O . . .",
        ". . O X X . .",
        "1 2 3 4 5 6 7",
    ]
    mine, theirs = game.observe(state)[0]
    assert np.argwhere(mine).tolist() == [[5, 3], [5, 4]]  # the first player is to move: top row first
    assert np.argwhere(theirs).tolist() == [[4, 3], [5, 2]]
    mine, theirs = game.observe(play("445")[1])[0]
    assert np.argwhere(mine).tolist() == [[4, 3]]
    assert np.argwhere(theirs).tolist() == [[5, 3], [5, 4]]

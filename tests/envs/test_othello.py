import numpy as np
import pytest

import envs
from envs.discs import flips, placements
from envs.othello import PASS

GAME = envs.make("othello")


def play(moves):
    state = GAME.init(1)
    for move in moves.split():
        state = GAME.step(state, np.array([GAME.parse_action(state[0], move)], np.int32))
    return state


def test_start():
    assert GAME.to_text(GAME.init(1)[0]).splitlines() == [
        "  a b c d e f g h",
        "1 . . . . . . . .",
        "2 . . . . . . . .",
        "3 . . . . . . . .",
        "4 . . . O X . . .",
        "5 . . . X O . . .",
        "6 . . . . . . . .",
        "7 . . . . . . . .",
        "8 . . . . . . . .",
        "X 2, O 2, X to move",
    ]


def test_the_shortest_game_is_a_wipeout_in_nine():
    """https://en.wikipedia.org/wiki/Reversi: black can win in nine moves."""
    state = play("e6 f4 e3 f6 g5 d6 e7 f5 c5")
    assert GAME.outcome(state)[0] == 1
    assert GAME.to_text(state[0]).endswith("X 13, O 0")


def test_passing():
    state = play("e6 f6 d3 e7 e8 d8 g6 f8")
    assert np.flatnonzero(GAME.legal(state)[0]).tolist() == [PASS]
    assert GAME.action_name(state[0], PASS) == "pass"
    passed = play("e6 f6 d3 e7 e8 d8 g6 f8 pass")
    assert (GAME.mover(state)[0], GAME.mover(passed)[0]) == (0, 1)
    assert (GAME.observe(passed)[0] == GAME.observe(state)[0][::-1]).all()
    assert not GAME.legal(passed)[0, PASS]
    with pytest.raises(envs.IllegalAction, match=r"illegal move 'pass'; legal: \w\d"):
        GAME.parse_action(passed[0], "pass")


def by_rays(mine, theirs, square):
    """The discs turned over by placing on ``square``: the rules as they are written, one step at a time."""
    turned = set()
    for dr in (-1, 0, 1):
        for dc in (-1, 0, 1):
            line, r, c = set(), square // 8 + dr, square % 8 + dc
            while 0 <= r < 8 and 0 <= c < 8 and 8 * r + c in theirs and (dr or dc):
                line.add(8 * r + c)
                r, c = r + dr, c + dc
            if 0 <= r < 8 and 0 <= c < 8 and 8 * r + c in mine:
                turned |= line
    return turned


def test_flips_and_placements_on_any_board():
    rng = np.random.default_rng(6)
    word = lambda squares: np.uint64(sum(1 << q for q in squares))  # noqa: E731
    for filled in np.linspace(0.1, 0.95, 400):
        cells = np.where(rng.random(64) < filled, rng.integers(1, 3, 64), 0)
        mine, theirs = ({int(q) for q in np.flatnonzero(cells == player)} for player in (1, 2))
        turned = {int(q): by_rays(mine, theirs, int(q)) for q in np.flatnonzero(cells == 0)}
        for square, discs in turned.items():
            assert flips(word(mine), word(theirs), np.uint64(1 << square)) == word(discs)
        assert placements(word(mine), word(theirs)) == word(q for q, discs in turned.items() if discs)


def test_more_discs_win():
    rng = np.random.default_rng(8)
    states = GAME.init(200)
    while GAME.legal(states).any():
        legal = GAME.legal(states)
        states = GAME.step(states, np.argmax(rng.random(legal.shape) * legal, axis=1).astype(np.int32))
    for state, outcome in zip(states, GAME.outcome(states), strict=True):
        text = GAME.to_text(state)
        board = text[: text.rindex("\n")]
        assert np.sign(board.count("X") - board.count("O")) == outcome

import numpy as np
import pytest

import envs


def play(*squares):
    game = envs.make("tic_tac_toe")
    state = game.init(1)
    for square in squares:
        assert game.legal(state)[0, square]
        state = game.step(state, np.array([square], np.int32))
    return game, state


@pytest.mark.parametrize("line", ["012", "345", "678", "036", "147", "258", "048", "246"])
@pytest.mark.parametrize("winner", [0, 1])
def test_every_line_wins_for_either_player(line, winner):
    first, second, third = (int(q) for q in line)
    others = [q for q in (0, 1, 2, 3, 5, 6, 8) if str(q) not in line]
    lines = [{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {0, 3, 6}, {1, 4, 7}, {2, 5, 8}, {0, 4, 8}, {2, 4, 6}]
    a, b, c = next((x, y, z) for x in others for y in others for z in others if x < y < z and {x, y, z} not in lines)
    game, state = play(first, a, second, b, third) if winner == 0 else play(a, first, b, second, c, third)
    assert game.outcome(state)[0] == (1 if winner == 0 else -1)
    assert not game.legal(state).any()


def test_a_full_board_without_a_line_is_a_draw():
    game, state = play(0, 1, 2, 4, 3, 5, 7, 6, 8)
    assert game.outcome(state)[0] == 0
    assert game.to_text(state[0]) == "  a b c\n1 X O X\n2 X O O\n3 O X X"


def test_a_line_on_the_last_square_is_no_draw():
    game, state = play(0, 1, 2, 3, 4, 5, 7, 6, 8)
    assert game.outcome(state)[0] == 1


def test_perfect_play_is_a_draw():
    game = envs.make("tic_tac_toe")

    def value(state):
        """For the mover."""
        outcome = game.outcome(state)[0]
        if not np.isnan(outcome):
            return outcome if game.mover(state)[0] == 0 else -outcome
        actions = np.flatnonzero(game.legal(state)[0]).astype(np.int32)
        return max(-value(child[None]) for child in game.step(np.repeat(state, len(actions), axis=0), actions))

    assert value(play(4, 0, 8)[1]) == 0
    assert value(play(4, 1)[1]) == 1  # an edge is the losing answer to the centre


def test_random_play_has_the_known_chances():
    """The first player wins 737 in 1260, 8 in 63 are drawn (counting all 9! orders of the cells)."""
    game = envs.make("tic_tac_toe")
    ends = game.rollout(game.init(20_000), np.arange(20_000, dtype=np.uint64))
    assert (ends > 0).mean() == pytest.approx(737 / 1260, abs=0.015)
    assert (ends == 0).mean() == pytest.approx(8 / 63, abs=0.015)

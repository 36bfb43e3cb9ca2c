"""The rules against numbers that others have published."""

import numpy as np
import pytest

import envs
from envs.core import InputError
from envs.perft import games, perft, positions

# https://oeis.org/A212693: positions of Connect Four after n plies (Tromp)
CONNECT_FOUR = [1, 7, 49, 238, 1120, 4263, 16422, 54859, 184275, 558186, 1662623]
# http://www.aartbik.com/MISC/reversi.html: leaves at full depth or where the game has ended before
OTHELLO = [1, 4, 12, 56, 244, 1396, 8200, 55092, 390216, 3005288, 24571284, 212258800]


def test_tic_tac_toe_has_255168_games():
    ended = games(envs.make("tic_tac_toe"), 9)
    assert ended == [0, 0, 0, 0, 0, 1440, 5328, 47952, 72576, 127872]
    assert sum(ended) == 255_168


def test_tic_tac_toe_has_5478_positions():
    assert sum(positions(envs.make("tic_tac_toe"), 9)) == 5_478


def test_connect_four_positions():
    assert positions(envs.make("connect_four"), 9) == CONNECT_FOUR[:10]


@pytest.mark.slow
def test_connect_four_positions_deep():
    assert positions(envs.make("connect_four"), 10) == CONNECT_FOUR


def test_othello_perft():
    assert perft(envs.make("othello"), 9) == OTHELLO[:10]


@pytest.mark.slow
def test_othello_perft_deep():
    game = envs.make("othello")
    ended = np.cumsum([0, *games(game, 10)])
    assert ended[10] == 228
    assert (perft(game, 11) + ended).tolist() == OTHELLO


def test_perft_counts_what_stepping_counts():
    game = envs.make("connect_four")
    states, counts = game.init(1), [1]
    for _ in range(6):
        rows, actions = np.nonzero(game.legal(states))
        states = game.step(states[rows], actions.astype(np.int32))
        counts.append(len(states))
    assert perft(game, 6) == counts


@pytest.mark.parametrize("count", [perft, games, positions])
def test_depth_0_and_a_finished_game(count):
    game = envs.make("tic_tac_toe")
    ended = np.array([0b000_011_000, 0b111_011_000], np.uint64)  # the opponent has the last row
    assert count(game, 0) == [0 if count is games else 1]
    assert count(game, 2, ended) == [1, 0, 0]


def test_small_batches_change_nothing(monkeypatch):
    monkeypatch.setattr("envs.perft._BATCH_BYTES", 1)
    game = envs.make("othello")
    assert perft(game, 5) == OTHELLO[:6]
    assert sum(positions(game, 4)) == sum([1, 4, 12, 54, 236])


def test_positions_of_chess_are_not_counted():
    """Its keys hold what happened before, so that one position by two ways would count twice."""
    with pytest.raises(InputError, match="positions of chess are not counted"):
        positions(envs.make("chess"), 1)

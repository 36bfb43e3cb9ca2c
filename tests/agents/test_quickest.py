import numpy as np
import torch

import envs
from agents.networks import Heads, Net, NetConfig
from agents.quickest import quickest

GAME = envs.make("connect_four")


class Pace(Net):
    """Believes that a game goes on for as many plies as there are empty cells in the leftmost column."""

    def __init__(self):
        super().__init__(GAME.spec.observation_shape, GAME.spec.num_actions, NetConfig(plies_left_head=True))

    def heads(self, observations):
        n = len(observations)
        return Heads(torch.zeros(n, 7), torch.zeros(n, 3), None, 6 - observations[:, :2, :, 0].sum(dim=(1, 2)))


def hurry(states, action, value, q, visits=None):
    q = np.array(q, np.float32)
    visits = np.isfinite(q).astype(np.int32) if visits is None else np.array(visits, np.int32)
    return quickest(GAME, Pace(), states, np.array(action, np.int32), visits, q, np.array(value, np.float32)).tolist()


def test_only_sure_wins_are_hurried_and_only_among_equals():
    nan = np.nan
    q = [
        [0.97, nan, nan, 0.98, nan, nan, nan],  # the leftmost column wins as well, and sooner
        [0.93, nan, nan, 0.98, nan, nan, nan],  # it wins less surely
        [0.50, nan, nan, 0.50, nan, nan, nan],  # nobody is sure
        [nan, 0.98, nan, 0.98, nan, nan, nan],  # it has not been looked at
        [-1.0, -1.0, nan, nan, nan, nan, nan],  # the choice has not been looked at either, all others lose
    ]
    found = hurry(GAME.init(5), [3] * 5, [0.98, 0.98, 0.5, 0.98, 0.98], q)
    assert found[:3] == [0, 3, 3]
    assert found[3] in (1, 3)
    assert found[4] == 3


def test_a_move_that_was_hardly_looked_at_is_not_preferred_however_good_it_looks():
    nan = np.nan
    q = [[0.99, nan, nan, 0.98, nan, nan, nan]] * 2 + [
        [0.99, nan, nan, 1.0, nan, nan, nan],
        [1.0, nan, nan, 0.98] + [nan] * 3,
    ]
    visits = [[2, 0, 0, 30, 0, 0, 0], [15, 0, 0, 30, 0, 0, 0], [30, 0, 0, 30, 0, 0, 0], [2, 0, 0, 30, 0, 0, 0]]
    found = hurry(GAME.init(4), [3] * 4, [0.99] * 4, q, visits)
    assert found == [3, 0, 3, 0]  # too few visits; enough; not as sure as a proven win; proven itself


def test_a_move_that_wins_at_once_is_the_quickest():
    states = GAME.init(1)
    for action in (3, 0, 3, 0, 3, 1):
        states = GAME.step(states, np.array([action], np.int32))
    q = [[0.99, np.nan, np.nan, 1.0, np.nan, np.nan, np.nan]]
    assert hurry(states, [0], [0.99], q) == [3]

"""Advantages against values worked out by hand."""

import numpy as np
import pytest

from selfplay.ppo.returns import advantages

GAMMA, TRACE = 0.5, 0.5


def column(*numbers):
    return np.array(numbers, np.float32)[:, None]


def gae(rewards, values, last, ended, beyond):
    out = np.zeros((len(rewards), 1), np.float32)
    ends = np.array(ended, bool)[:, None]
    arrays = column(*rewards), column(*values), np.array([last], np.float32)
    advantages(*arrays, ends, column(*beyond), GAMMA, TRACE, out)
    return out[:, 0].tolist()


def test_a_stretch_without_an_end():
    # errors: 1 + .5 * 4 - 2 = 1, 0 + .5 * 6 - 4 = -1, 2 + .5 * 8 - 6 = 0; traces are .25
    assert gae([1, 0, 2], [2, 4, 6], 8, [0, 0, 0], [0, 0, 0]) == pytest.approx([1 + 0.25 * -1, -1, 0])


def test_the_rules_end_a_game_and_nothing_follows():
    # the second step ends: its error is 0 + 0 - 4; nothing of the next game's reward of 100 gets through
    assert gae([1, 0, 100], [2, 4, 6], 8, [0, 1, 0], [0, 0, 0])[:2] == pytest.approx([1 + 0.25 * -4, -4])


def test_a_game_that_is_cut_off_counts_what_was_expected_of_it():
    # now 10 was expected beyond the end: 0 + .5 * 10 - 4 = 1
    assert gae([1, 0, 100], [2, 4, 6], 8, [0, 1, 0], [0, 10, 0])[:2] == pytest.approx([1 + 0.25 * 1, 1])


def test_full_traces_are_the_discounted_return():
    out = np.zeros((3, 1), np.float32)
    none = np.zeros((3, 1), bool), np.zeros((3, 1), np.float32)
    advantages(column(1, 2, 4), column(7, 7, 7), np.array([8], np.float32), *none, 0.5, 1.0, out)
    assert out[:, 0].tolist() == pytest.approx([1 + 1 + 1 + 1 - 7, 2 + 2 + 2 - 7, 4 + 4 - 7])

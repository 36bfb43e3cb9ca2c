import numpy as np
import pytest

import envs
from agents.search.evaluators import UniformEvaluator
from envs.core import InputError
from selfplay.chunks import join
from selfplay.config import TrainConfig
from selfplay.early import AGREED, RESIGNED, RULES, EarlyConfig, Verdicts
from selfplay.play import SelfPlay


def expecting(*values, draw=0.0):
    """float32[n, 3]: win, draw and loss that amount to these values, with at least so much of a draw in them."""
    return np.array([((1 - draw + v) / 2, draw, (1 - draw - v) / 2) for v in values], np.float32)


def judged(config, values, first=0, u=0.5):
    """Verdicts on one game in which the searches of both players, taking turns, say these values."""
    verdicts = Verdicts(config, 3)
    slot = np.array([1])
    verdicts.begin(slot, np.array([u]))
    found = []
    for ply, value in enumerate(values):
        mover = np.array([(first + ply) % 2], np.int8)
        (outcome,), (how,) = verdicts.judge(slot, mover, expecting(value) if isinstance(value, float) else value)
        found.append((float(outcome), int(how)))
    return found, verdicts


PLAY = pytest.approx((np.nan, RULES), nan_ok=True)


@pytest.mark.parametrize(("first", "outcome"), [(0, -1.0), (1, 1.0)])
def test_a_player_without_hope_several_times_running_resigns(first, outcome):
    config = EarlyConfig(resign_below=-0.9, resign_after=2, played_on=0.0)
    found, verdicts = judged(config, [-0.95, 0.95, -0.95], first)
    assert found == [PLAY, PLAY, (outcome, RESIGNED)]
    assert verdicts.ended == 1
    found, _ = judged(config, [-0.95, 0.95, -0.5, 0.95, -0.95, 0.95], first)  # hope in between
    assert found == [PLAY] * 6


def test_both_agree_on_a_draw_after_many_searches_that_expect_one():
    config = EarlyConfig(draw_above=0.9, draw_after=3, played_on=0.0)
    sure, unsure = expecting(0.01, draw=0.95), expecting(0.01, draw=0.8)
    assert judged(config, [sure, sure, sure])[0] == [PLAY, PLAY, (0.0, AGREED)]
    assert judged(config, [sure, sure, unsure, sure, sure])[0] == [PLAY] * 5
    assert judged(config, [expecting(0.0, draw=1 / 3)] * 30)[0] == [PLAY] * 30  # who knows nothing agrees to nothing


def test_nobody_gives_up_by_default():
    assert judged(EarlyConfig(), [-1.0, 1.0] * 10 + [expecting(0.0, draw=1.0)] * 50)[0] == [PLAY] * 70


def test_games_played_on_check_the_verdict():
    config = EarlyConfig(resign_below=-0.9, resign_after=1, played_on=0.1)
    for outcome, wrong in ((-1.0, 0), (0.0, 1), (1.0, 1)):
        found, verdicts = judged(config, [-0.95, 0.95, 0.1, -0.95], u=0.05)
        assert found == [PLAY] * 4
        verdicts.check(np.array([1]), np.array([outcome], np.float32))
        assert (verdicts.ended, verdicts.checked, verdicts.wrong) == (0, 1, wrong)
        verdicts.begin(np.array([1]), np.array([0.05]))  # a new game in the slot knows nothing of the old one
        verdicts.check(np.array([1]), np.array([outcome], np.float32))
        assert verdicts.checked == 1


def test_slots_do_not_see_each_other():
    config = EarlyConfig(resign_below=-0.9, resign_after=2, played_on=0.0)
    verdicts = Verdicts(config, 2)
    both = np.array([0, 1])
    verdicts.begin(both, np.array([0.5, 0.5]))
    for values in ((-0.95, 0.0), (0.95, 0.0)):
        verdicts.judge(both, np.array([0, 0], np.int8), expecting(*values))
    outcome, how = verdicts.judge(np.array([1]), np.array([0], np.int8), expecting(-0.95))
    assert np.isnan(outcome).all()
    assert how.tolist() == [RULES]


@pytest.mark.parametrize("changes", [{"resign_below": 0.5}, {"resign_after": 0}, {"draw_above": 2}, {"played_on": 1.1}])
def test_senseless_numbers_are_refused(changes):
    (name,) = changes
    with pytest.raises(InputError, match=name):
        EarlyConfig(**changes)


def test_self_play_ends_games_early_and_says_how():
    early = EarlyConfig(resign_below=-0.5, resign_after=1, draw_above=0.9, draw_after=3, played_on=0.3)
    config = TrainConfig(game="tic_tac_toe", slots=16, simulations=40, fast_simulations=40, early=early)
    players = SelfPlay(envs.make("tic_tac_toe"), UniformEvaluator(), config, stream=1)
    ended = []
    while len(ended) < 300:
        ended += players.turn()
    games = join(ended)
    assert set(games.ended.tolist()) == {RULES, RESIGNED, AGREED}
    assert players.verdicts.ended == int((games.ended != RULES).sum())
    assert players.verdicts.checked > 10
    last = np.cumsum(games.lengths) - 1
    assert set(games.results[last[games.ended == RESIGNED]].tolist()) == {2}  # the last to search is who gives up
    assert set(games.results[last[games.ended == AGREED]].tolist()) == {1}
    proven = games.proven[last[games.ended == RESIGNED]]  # 40 simulations solve the late positions of this game
    assert (proven == -1).mean() > 0.5

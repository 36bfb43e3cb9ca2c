from dataclasses import replace

import numpy as np
import pytest

import envs
from arena.records import AgentRef, Fault, Ply
from arena.view.timeline import ReplayError, curves, frames, result
from tests.arena.matches import make_record


@pytest.mark.parametrize("game_id", ["connect_four", "othello", "tic_tac_toe"])
def test_frames_are_the_positions_of_the_match(game_id):
    record, game = make_record(game_id), envs.make(game_id)
    shown = frames(record)
    states = game.init(1)
    for frame, action in zip(shown, record.actions, strict=False):
        np.testing.assert_array_equal(frame.state, states[0])
        assert frame.choice == action
        assert frame.choice_name == game.action_name(states[0], action)
        assert frame.mover == game.mover(states)[0]
        states = game.step(states, np.array([action], np.int32))
    assert len(shown) == len(record.actions) + 1
    assert game.outcome(shown[-1].state[None])[0] == record.returns[0]
    assert shown[-1].mover is None


def test_visits_are_shares_of_all_visits_most_first():
    weighed = frames(make_record())[5].weighed
    assert sum(w.share for w in weighed) == pytest.approx(1)
    assert [w.visits for w in weighed] == sorted((w.visits for w in weighed), reverse=True)


def test_without_visits_probabilities_are_the_shares():
    record = make_record("tic_tac_toe")
    thought = Ply(policy=((record.actions[0], 0.75), ((record.actions[0] + 1) % 9, 0.2)))
    weighed = frames(replace(record, opening=(), analysis=(thought, *record.analysis[1:])))[0].weighed
    assert [(w.visits, w.share, w.legal) for w in weighed] == [(0, 0.75, True), (0, 0.2, True)]


def test_both_curves_are_from_the_first_players_view():
    record = make_record()
    first, second = curves(frames(record))
    for ply, thought in enumerate(record.analysis):
        mine, other = (first, second) if ply % 2 == 0 else (second, first)
        assert other[ply] is None
        assert mine[ply] == (None if thought is None else thought.value if ply % 2 == 0 else -thought.value)


def test_records_without_analysis_have_frames_too():
    shown = frames(replace(make_record(), analysis=()))
    assert all(frame.thought is None and frame.weighed == () for frame in shown)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"actions": (3, 3, 3, 3, 3, 3, 3)}, "action 3 at ply 6 is illegal"),
        ({"actions": (3, 99)}, "action 99 at ply 1 is illegal"),
        ({"actions": (3, -1)}, "action -1 at ply 1 is illegal"),
        ({"game_version": 7}, "played by version 7 of connect_four"),
        ({"opening": (3,) * 50}, "its opening is longer than the game"),
        ({"agents": (AgentRef("random", "random", "aa"),)}, "1 agents, and connect_four is for 2"),
    ],
)
def test_a_record_that_breaks_the_rules_is_refused(change, message):
    with pytest.raises(ReplayError, match=message):
        frames(replace(make_record(), analysis=(), **change))


def test_illegal_actions_in_an_agents_thoughts_are_shown_by_number():
    record = make_record()
    strange = replace(record.analysis[2], visits=((99, 5),), pv=(99,))
    frame = frames(replace(record, analysis=(None, None, strange)))[2]
    assert frame.weighed[0].name == "#99"
    assert frame.pv == ()


def test_results_in_words():
    record = make_record()
    assert result(replace(record, returns=(1.0, -1.0))) == "alice wins"
    assert result(replace(record, returns=(-1.0, 1.0))) == "bob wins"
    assert result(replace(record, returns=(0.0, 0.0))) == "draw"
    assert result(replace(record, returns=(0.0, 0.0), termination="truncated")) == "draw (truncated)"
    fault = Fault("time", 0, "took 2 s")
    assert (
        result(replace(record, returns=(-1.0, 1.0), termination="fault", fault=fault))
        == "bob wins (time fault of alice)"
    )

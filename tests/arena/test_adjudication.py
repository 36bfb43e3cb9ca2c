from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import envs
from agents.core import Batch, Decision
from agents.random import RandomAgent
from arena.adjudication import Adjudication, adjudicated
from arena.boards import play
from arena.records import AgentRef
from arena.replay import verify
from arena.runner import Finished, Limits, Player, Task
from envs.core import InputError

RULE = Adjudication(win=0.9, win_plies=4, draw=0.05, draw_plies=6, draw_from=10)


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ([], None),
        ([0.95, 1.0, 0.9, 0.99], 1.0),
        ([0.2, -0.95, -1.0, -0.9, -0.99], -1.0),
        ([0.95, 1.0, 0.9], None),
        ([0.95, 1.0, 0.89, 0.99], None),
        ([0.95, None, 1.0, 0.95, 0.99], None),
        ([None, 0.95, 1.0, 0.95, 0.99], 1.0),
        ([0.95, -0.95, 0.95, -0.95], None),  # each expects to win
        ([0.0] * 9, None),
        ([0.5] * 4 + [0.0, 0.05, -0.05, 0.01, 0.0, 0.0], 0.0),
        ([0.5] * 5 + [0.0] * 5, None),
        ([0.0] * 9 + [None], None),
    ],
)
def test_the_rule(values, outcome):
    assert adjudicated(values, RULE) == outcome


@given(st.lists(st.none() | st.floats(-1, 1), max_size=30))
def test_seen_from_the_other_side_it_is_the_opposite(values):
    one, other = adjudicated(values, RULE), adjudicated([None if v is None else -v for v in values], RULE)
    assert (one is None) == (other is None)
    assert one is None or one == -other


@pytest.mark.parametrize("change", [{"win": 1.1}, {"draw": -0.1}, {"draw": 0.95}, {"win_plies": 1}, {"draw_plies": 0}])
def test_senseless_rules_are_refused(change):
    with pytest.raises(InputError, match="adjudication needs"):
        replace(RULE, **change)


class Sure(RandomAgent):
    """Plays anything, and is sure of what it is told to be, by seat."""

    def __init__(self, values):
        self.values = values

    def start(self, spec, games):
        super().start(spec, games)
        self.keys = games

    def act(self, batch: Batch) -> list[Decision]:
        decisions = super().act(batch)
        return [
            replace(decision, value=self.values[self.keys[game].seat])
            for decision, game in zip(decisions, batch.games, strict=True)
        ]


def played(one, two, limits):
    players = [Player(Sure(values), AgentRef("x", "x", "x")) for values in (one, two)]
    tasks = [Task(f"{i:016x}-{i % 2 + 1}", i, (0, 1), i % 2) for i in range(6)]
    events = play(envs.make("connect_four"), (players[0], players[1]), tasks, limits)
    return [event.record for event in events if isinstance(event, Finished)]


@pytest.mark.parametrize(("first", "second", "result"), [(0.95, -0.95, 1.0), (-1.0, 1.0, -1.0)])
def test_games_end_when_both_sides_agree_and_the_record_says_so(first, second, result):
    for record in played((first, second), (first, second), Limits(adjudicate=RULE)):
        assert (record.termination, record.returns, record.fault) == ("adjudicated", (result, -result), None)
        assert len(record.actions) == 6  # the opening and four plies
        assert verify(record) == []


def test_without_agreement_or_without_the_rule_games_go_on():
    for limits, second in ((Limits(adjudicate=RULE), 0.95), (Limits(), -0.95), (Limits(adjudicate=RULE), None)):
        for record in played((0.95, second), (0.95, second), limits):
            assert record.termination == "rules"

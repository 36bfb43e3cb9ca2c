from __future__ import annotations

import json
import math
import zlib
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.core import Decision
from arena.records import LIKELIEST, AgentRef, Fault, MatchRecord, Ply, from_json, line_hash, pack, to_json, unpack
from envs.core import InputError

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
ACTIONS = st.integers(0, 2**31 - 1)
PLIES = st.builds(
    Ply,
    value=st.none() | NUMBERS,
    visits=st.lists(st.tuples(ACTIONS, st.integers(1))).map(tuple),
    pv=st.lists(ACTIONS).map(tuple),
    ms=st.none() | NUMBERS,
    policy=st.lists(st.tuples(ACTIONS, NUMBERS), max_size=3).map(tuple),
)
AGENTS = st.builds(AgentRef, st.text(), st.text(), st.text())
KINDS = st.sampled_from(["crash", "hang", "illegal", "time", "host"])


def seated(seats: int) -> st.SearchStrategy[dict[str, Any]]:
    """What depends on the number of agents."""
    fault = st.builds(Fault, KINDS, st.none() | st.integers(0, seats - 1), st.text())
    return st.fixed_dictionaries(
        {
            "agents": st.tuples(*[AGENTS] * seats),
            "returns": st.tuples(*[NUMBERS] * seats),
            "fault": st.none() | fault,
        }
    )


PARTS = st.fixed_dictionaries(
    {
        "id": st.text(),
        "game": st.text(),
        "game_version": st.integers(),
        "seed": st.integers(0, 2**63 - 1),
        "opening": st.lists(ACTIONS).map(tuple),
        "actions": st.lists(ACTIONS).map(tuple),
        "analysis": st.lists(st.none() | PLIES, max_size=4).map(tuple),
        "termination": st.sampled_from(["rules", "truncated", "adjudicated", "fault"]),
        "started": st.datetimes().map(datetime.isoformat),
        "seconds": NUMBERS,
        "versions": st.dictionaries(st.text(), st.text()),
    }
)
RECORDS = st.builds(lambda parts, seats: MatchRecord(**parts, **seats), PARTS, st.integers(1, 2).flatmap(seated))
RECORD = MatchRecord(
    id="0123456789abcdef-1",
    game="tic_tac_toe",
    game_version=1,
    seed=7,
    agents=(AgentRef("random", "random", "aa"), AgentRef("mcts", "mcts", "bb")),
    opening=(4,),
    actions=(4, 0, 1),
    analysis=(None, Ply(0.25, ((0, 9), (2, 1)), (0, 1), 1.5), Ply(policy=((1, 0.75), (2, 0.25)))),
    returns=(1.0, -1.0),
    termination="fault",
    fault=Fault("illegal", 1, "illegal action 4 at ply 3"),
    started="2026-01-02T03:04:05+00:00",
    seconds=0.5,
    versions={"numpy": "2"},
)


@given(RECORDS)
def test_every_record_survives_json_and_packing(record: MatchRecord) -> None:
    assert from_json(to_json(record)) == record
    assert unpack(pack(record)) == record


def test_the_json_is_what_other_programs_may_rely_on() -> None:
    assert json.loads(to_json(RECORD)) == {
        "schema": 1,
        "id": "0123456789abcdef-1",
        "game": "tic_tac_toe",
        "game_version": 1,
        "seed": 7,
        "agents": [
            {"spec": "random", "name": "random", "fingerprint": "aa"},
            {"spec": "mcts", "name": "mcts", "fingerprint": "bb"},
        ],
        "opening": [4],
        "actions": [4, 0, 1],
        "analysis": [
            None,
            {"value": 0.25, "visits": [[0, 9], [2, 1]], "pv": [0, 1], "ms": 1.5},
            {"policy": [[1, 0.75], [2, 0.25]]},
        ],
        "returns": [1.0, -1.0],
        "termination": "fault",
        "fault": {"kind": "illegal", "seat": 1, "message": "illegal action 4 at ply 3"},
        "started": "2026-01-02T03:04:05+00:00",
        "seconds": 0.5,
        "versions": {"numpy": "2"},
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "match record of schema 2; this version reads schema 1"),
        ({"actions": "4"}, "not a match record: '4' is not of type list"),
        ({"actions": [True]}, "not a match record: True is not of type int"),
        ({"returns": ["x"]}, "not a match record: 'x' is not a number"),
        ({"termination": "boredom"}, "not a match record: 'boredom' is none of rules, truncated, adjudicated, fault"),
        ({"analysis": [{"visits": [[1]]}]}, "not a match record: not enough values to unpack (expected 2, got 1)"),
        ({"fault": {"kind": "hang", "seat": 0}}, "not a match record: 'message' is missing"),
        ({"agents": None}, "not a match record: None is not of type list"),
        ({"agents": []}, "not a match record: 0 agents with 2 results"),
        ({"returns": [1.0]}, "not a match record: 2 agents with 1 results"),
        ({"returns": [math.nan, 0]}, "not a match record: nan is no finite number"),
        ({"seconds": 10**400}, "not a match record: int too large to convert to float"),
        ({"seed": -1}, "not a match record: a seed is from 0 to 2**63 - 1, not -1"),
        ({"seed": 2**70}, f"not a match record: a seed is from 0 to 2**63 - 1, not {2**70}"),
        ({"seconds": math.inf}, "not a match record: inf is no finite number"),
        ({"started": "now"}, "not a match record: Invalid isoformat string: 'now'"),
        ({"fault": {"kind": "hang", "seat": 7, "message": ""}}, "not a match record: a fault of seat 7, of 2"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        from_json(json.dumps({**json.loads(to_json(RECORD)), **change}))
    assert str(error.value) == message


@pytest.mark.parametrize("field", sorted(json.loads(to_json(RECORD))))
def test_a_missing_field_is_named(field: str) -> None:
    data = json.loads(to_json(RECORD))
    del data[field]
    with pytest.raises(InputError, match=field):
        from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000, '{"schema": NaN}'])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        from_json(text)


def test_damaged_bytes_are_refused() -> None:
    blob = pack(RECORD)
    for damaged in (b"", blob[:-1], b"x" + blob, blob[: len(blob) // 2] + b"\0" + blob[len(blob) // 2 + 1 :]):
        with pytest.raises(InputError):
            unpack(damaged)


def test_bytes_that_swell_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arena.records.LARGEST", 1 << 20)
    with pytest.raises(InputError, match="more than 1 MB"):
        unpack(zlib.compress(b" " * (1 << 21)))


def test_packing_pays() -> None:
    long = replace(RECORD, actions=(4,) * 60, analysis=(RECORD.analysis[1],) * 60)
    assert len(pack(long)) < len(to_json(long)) / 4


def test_a_decision_is_kept_as_far_as_it_makes_sense() -> None:
    decision = Decision(3, value=0.123456, visits={5: 1, 3: 7, 4: 7, 6: 0}, pv=(3, 1), ms=2.00049)
    assert Ply.of(decision, ms=9.0) == Ply(0.1235, ((3, 7), (4, 7), (5, 1)), (3, 1), 2.0)
    sure = Decision(3, policy={2: 0.25, 3: 0.75, 4: 0.0})
    assert Ply.of(sure, ms=9.0) == Ply(ms=9.0, policy=((3, 0.75), (2, 0.25)))
    assert Ply.of(replace(decision, policy=sure.policy), ms=9.0).policy == ()
    assert len(Ply.of(Decision(0, policy=dict.fromkeys(range(99), 0.01)), ms=9.0).policy) == LIKELIEST
    assert Ply.of(Decision(0, value=math.nan, ms=math.inf), ms=9.0) == Ply(ms=9.0)
    assert Ply.of(Decision(0), ms=1.23456) == Ply(ms=1.235)


def test_duplicates_are_games_of_the_same_players_with_the_same_actions() -> None:
    same = replace(RECORD, id="x", seed=8, analysis=(), returns=(0.0, 0.0), started="", seconds=1.0)
    assert line_hash(same) == line_hash(RECORD)
    others = [
        replace(RECORD, actions=(4, 0, 2)),
        replace(RECORD, actions=(4, 0)),
        replace(RECORD, agents=RECORD.agents[::-1]),
        replace(RECORD, game="connect_four"),
    ]
    assert len({line_hash(record) for record in [RECORD, *others]}) == 5
    assert all(-(2**63) <= line_hash(record) < 2**63 for record in others)


def test_only_the_hosts_faults_do_not_count() -> None:
    assert RECORD.counts
    assert replace(RECORD, fault=None, termination="rules").counts
    assert not replace(RECORD, fault=Fault("host", None, "out of memory")).counts

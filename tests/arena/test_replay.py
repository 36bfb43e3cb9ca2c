from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from arena.match import play_match
from arena.records import Fault, MatchRecord, Ply
from arena.replay import Finding, ask_again, movers, verify
from envs.core import InputError
from tests.arena.matches import make_record
from tests.arena.scripted_agents import load

RECORD = make_record("connect_four", seed=5)  # returns and actions are the rules' own
LAST = len(RECORD.actions) - 1


@pytest.mark.parametrize("game", ["tic_tac_toe", "connect_four", "othello"])
@pytest.mark.parametrize("seed", range(5))
def test_a_true_record_holds(game: str, seed: int) -> None:
    assert verify(make_record(game, seed)) == []


def test_a_column_that_is_full_is_illegal() -> None:
    actions = (3, 3, 3, 3, 3, 3, 3)
    record = replace(RECORD, opening=(), actions=actions, analysis=())
    assert verify(record) == [Finding(6, "illegal action 3")]


UNFINISHED: dict[str, Any] = {"actions": RECORD.actions[:-1], "analysis": RECORD.analysis[:-1]}
LOST: dict[str, Any] = {**UNFINISHED, "termination": "fault", "fault": Fault("time", 0, ""), "returns": (-1.0, 1.0)}


@pytest.mark.parametrize(
    ("change", "ply", "message"),
    [
        ({"actions": (*RECORD.actions, 0), "analysis": ()}, LAST + 1, "action 0 after the end of the game"),
        ({"actions": (*RECORD.opening, -1), "analysis": ()}, len(RECORD.opening), "illegal action -1"),
        ({"actions": (*RECORD.opening, 7), "analysis": ()}, len(RECORD.opening), "illegal action 7"),
        ({"opening": (6, 6, 6)}, None, "the actions do not begin with the opening"),
        ({"analysis": RECORD.analysis[1:]}, None, f"analysis of {LAST} plies for {LAST + 1} actions"),
        (
            {"analysis": (*RECORD.analysis[:-1], Ply(visits=((9, 5), (8, 1)), pv=(7, 7)))},
            LAST,
            "the analysis names illegal actions: [7, 8, 9]",
        ),
        ({"returns": RECORD.returns[::-1]}, None, "returns are "),
        ({"returns": (0.0, 0.0)}, None, "returns are (0.0, 0.0), but should be "),
        ({"returns": RECORD.returns[:1]}, None, "returns are "),
        ({"termination": "truncated"}, None, "termination is 'truncated', but the final position is over"),
        (UNFINISHED, None, "termination is 'rules', but the final position is not over"),
        ({**UNFINISHED, "termination": "truncated"}, None, "returns are "),
        ({**UNFINISHED, "termination": "fault"}, None, "termination 'fault' does not go with fault None"),
        ({**LOST, "termination": "rules"}, None, "termination 'rules' does not go with fault Fault("),
        ({**LOST, "returns": (1.0, -1.0)}, None, "returns are (1.0, -1.0), but should be (-1.0, 1.0)"),
        ({**LOST, "fault": Fault("host", None, "")}, None, "returns are (-1.0, 1.0), but should be (0.0, 0.0)"),
        ({"game_version": 99}, None, "played by version 99 of the rules, which are 1 now"),
    ],
)
def test_what_does_not_hold_is_found(change: dict[str, Any], ply: int | None, message: str) -> None:
    (finding,) = verify(replace(RECORD, **change))
    assert finding.ply == ply
    assert finding.message.startswith(message)


@pytest.mark.parametrize(
    "change",
    [
        LOST,
        {**LOST, "fault": Fault("crash", 1, ""), "returns": (1.0, -1.0)},
        {**LOST, "fault": Fault("host", None, ""), "returns": (0.0, 0.0)},
        {**UNFINISHED, "termination": "truncated", "returns": (0.0, 0.0)},
        {**UNFINISHED, "termination": "adjudicated", "returns": (0.5, -0.5)},
        {"analysis": ()},
    ],
)
def test_unusual_ends_hold_too(change: dict[str, Any]) -> None:
    assert verify(replace(RECORD, **change)) == []


def test_an_unknown_game_is_an_input_error() -> None:
    with pytest.raises(InputError, match="unknown game 'chess960'"):
        verify(replace(RECORD, game="chess960"))


def test_movers_alternate_without_passes() -> None:
    assert movers(RECORD) == [i % 2 for i in range(LAST + 1)]


@pytest.fixture(scope="module")
def match() -> list[MatchRecord]:
    return list(play_match("a?", "b?luck=1", "connect_four", 8, loader=load))


def test_agents_decide_again_what_they_have_decided(match: list[MatchRecord]) -> None:
    for record in match:
        assert ask_again(record, load) == []


def test_another_decision_is_told_with_its_ply(match: list[MatchRecord]) -> None:
    told = [finding for record in match for finding in ask_again(replace(record, seed=record.seed + 1), load)]
    assert len(told) > len(match)
    assert all(finding.ply is not None for finding in told)
    one = ask_again(replace(match[0], seed=1), load)[0]
    assert one.ply is not None
    assert one.ply >= len(match[0].opening)
    assert one.message.endswith(f"now, it was {match[0].actions[one.ply]}")


def test_an_agent_that_has_changed_is_not_asked(match: list[MatchRecord]) -> None:
    other = replace(match[0].agents[1], fingerprint="before")
    record = replace(match[0], agents=(match[0].agents[0], other))
    (finding,) = ask_again(record, load)
    assert finding == Finding(None, f"{other.spec} is another player now: fingerprint of {other.spec}, it was before")


def test_an_agent_that_is_not_there_is_told(match: list[MatchRecord]) -> None:
    person = replace(match[0].agents[0], spec="person", name="you")
    found = ask_again(replace(match[0], agents=(person, match[0].agents[1])))
    assert [finding.message.partition(":")[0] for finding in found] == [
        "you cannot be asked",
        "b?luck=1 cannot be asked",
    ]


def test_an_agent_that_fails_is_told(match: list[MatchRecord]) -> None:
    spec = "c?fault=plays"
    refs = tuple(replace(ref, spec=spec, name=spec, fingerprint=f"fingerprint of {spec}") for ref in match[0].agents)
    record = replace(make_record("tic_tac_toe"), agents=refs)
    assert [finding.message for finding in ask_again(record, load)] == [
        "c?fault=plays cannot be asked: AgentError: this is not my game"
    ] * 2

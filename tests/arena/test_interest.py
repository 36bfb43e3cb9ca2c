from __future__ import annotations

from dataclasses import replace

import pytest

from arena.interest import Interest, interest, most_interesting
from arena.records import Fault, MatchRecord, Ply
from tests.arena.matches import make_record

WON = next(record for record in (make_record(seed=i, opening=0) for i in range(50)) if record.returns == (1.0, -1.0))
PLIES = len(WON.actions)


def thinking(first: list[float], second: list[float], record: MatchRecord = WON) -> MatchRecord:
    """The game with these values told at the first plies of each side, from its own view, and clear ones after that."""
    values = [first, second]
    ends = (0.9, -0.9) if record.returns[0] > 0 else (0.0, 0.0)
    plies = [
        Ply(value=values[ply % 2][ply // 2] if ply // 2 < len(values[ply % 2]) else ends[ply % 2])
        for ply in range(len(record.actions))
    ]
    return replace(record, analysis=tuple(plies))


FOREGONE = thinking([], [])


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (thinking([], [0.8]), "bob went from +0.80 to -0.90 at ply 4"),
        (thinking([0.6], [0.95, 0.3, -0.2, -0.6]), "bob lost although it stood at +0.95 at ply 2"),
        (thinking([0.4] * 30, []), f"undecided until ply {PLIES - 1 + PLIES % 2} of {PLIES}"),
    ],
)
def test_the_reason_is_what_weighs_most(record: MatchRecord, reason: str) -> None:
    found = interest(record)
    assert found.reason == reason
    assert found.score > interest(FOREGONE).score


def test_the_later_the_doubt_the_better() -> None:
    scores = [interest(thinking([0.4] * n, [-0.6] * n)).score for n in range(PLIES // 2)]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0]


def test_the_more_the_loser_hoped_the_better() -> None:
    scores = [interest(thinking([], [-0.9, hope, 0.0, -0.4])).score for hope in (0.0, 0.3, 0.9)]
    assert scores == sorted(set(scores))


def test_an_upset_weighs_most_of_all() -> None:
    assert interest(FOREGONE, expected=0.05).reason == "alice was expected to score 5%"
    assert interest(FOREGONE, expected=0.05).score > interest(FOREGONE, expected=0.95).score + 1.5


def test_actions_that_the_game_does_not_have_reach_no_kernel() -> None:
    found = interest(replace(FOREGONE, actions=(*FOREGONE.actions[:-1], 10**12)))
    assert found.score == 0
    assert "has no action 1000000000000" in found.reason


def test_games_without_values_are_judged_by_their_length() -> None:
    silent = make_record(thoughts=False)
    assert interest(silent) == Interest(len(silent.actions) / 1e4, f"it lasted {len(silent.actions)} plies")
    assert interest(silent).score < interest(thinking([0.1], [])).score


def test_faults_are_no_fun() -> None:
    assert interest(make_record(fault=Fault("hang", 0, ""))) == Interest(0.0, "it ended by a fault (hang)")


def test_the_best_of_many() -> None:
    best = thinking([0.4] * 30, [0.9])
    found = most_interesting([FOREGONE, best, make_record(fault=Fault("hang", 0, ""))])
    assert found is not None
    assert found == (best, interest(best))
    assert most_interesting([]) is None

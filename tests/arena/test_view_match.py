import re
from dataclasses import replace

import pytest

from arena.records import Fault
from arena.sprt import Sprt
from arena.view.match import Score, headline, verdict
from tests.arena.matches import make_record


def game(pair: int, number: int, result_of_a: float, seed: int | None = None):
    """Game 1 or 2 of a pair; A begins the first."""
    first = result_of_a if number == 1 else -result_of_a
    record = make_record("tic_tac_toe", seed=pair * 2 + number if seed is None else seed)
    return replace(record, id=f"pair{pair}-{number}", returns=(first, 0.0 - first))


def test_the_score_is_from_as_view_whoever_begins():
    score = Score()
    for record in (game(0, 1, 1), game(0, 2, 1), game(1, 1, 0), game(1, 2, -1)):
        score.add(record)
    assert score.counts == [1, 1, 2]
    assert score.tally().games.tolist() == [4, 4]
    assert headline(score, "alice", "bob").plain == "alice 2, bob 1, 1 drawn of 4"
    facts = score.facts()
    assert (facts["won"], facts["drawn"], facts["lost"], facts["score"]) == (2, 1, 1, 0.625)


def test_games_spoilt_by_the_host_do_not_count():
    score = Score()
    score.add(replace(game(0, 1, 0), termination="fault", fault=Fault("host", None, "out of memory")))
    assert (score.counts, score.spoilt, score.facts()["games"]) == ([0, 0, 0], 1, 0)
    assert verdict(score, "a", "b").plain == "1 games ended by faults of this machine and do not count"


def test_faults_are_told_by_agent_and_kind():
    score = Score()
    for pair, (number, seat, kind) in enumerate([(1, 0, "crash"), (2, 1, "crash"), (1, 0, "hang"), (2, 0, "illegal")]):
        score.add(replace(game(pair, number, -1), termination="fault", fault=Fault(kind, seat, "so it was")))
    assert score.facts()["faults"] == {"a": {"crash": 2, "hang": 1}, "b": {"illegal": 1}}
    text = verdict(score, "alice", "bob").plain
    assert "alice lost 3 of these games by faults of its own (2 crash, 1 hang)" in text
    assert "bob lost 1 of these games by faults of its own (1 illegal)" in text


def test_the_test_is_fed_with_finished_pairs_in_any_order_but_not_with_repetitions():
    score = Score(Sprt(0.0, 20.0))
    for record in (game(0, 1, 1), game(1, 1, 0), game(1, 2, 1), game(0, 2, -1)):
        score.add(record)
    assert score.test.counts == (0, 0, 1, 1, 0)
    for number in (1, 2):  # the same two games once more
        score.add(replace(game(0, number, 1 if number == 1 else -1), id=f"pair9-{number}"))
    assert score.test.counts == (0, 0, 1, 1, 0)
    assert score.counts == [2, 1, 3]


@pytest.mark.parametrize(("result", "better"), [(1, "alice is stronger than bob"), (-1, "bob is stronger than alice")])
def test_the_verdict_names_the_better_one(result, better):
    score = Score(Sprt(0.0, 20.0))
    for pair in range(60):
        for number in (1, 2):
            score.add(game(pair, number, result))
    text = verdict(score, "alice", "bob").plain
    assert better in text
    assert ("alice is better, by 20 Elo" if result == 1 else "alice is no better, at least not by 20 Elo") in text
    assert re.search(r"with (99\.\d|100\.0)% certainty", text)

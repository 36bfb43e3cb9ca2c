from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import envs
from agents import registry
from agents.random import RandomAgent
from arena.boards import play
from arena.openings import make_book
from arena.records import AgentRef, MatchRecord
from arena.replay import verify
from arena.runner import Answered, Event, Finished, Limits, Player, Task, Thinking, agent_seed, keys_for
from envs.core import InputError
from tests.arena.scripted_agents import Scripted, load

TTT = envs.make("tic_tac_toe")
BOOK = make_book(TTT, 12, (1, 2))
TASKS = [Task(f"{i // 2:016x}-{i % 2 + 1}", 1000 + i // 2, BOOK[i // 2 % 12], i % 2) for i in range(48)]


def player(spec: str) -> Player:
    agent = load(spec)
    return Player(agent, AgentRef(spec, agent.name, agent.fingerprint))


def events(a: str, b: str, tasks: Sequence[Task] = TASKS, **options: Any) -> list[Event]:
    return list(play(TTT, (player(a), player(b)), tasks, **options))


def records(a: str, b: str, tasks: Sequence[Task] = TASKS, **options: Any) -> dict[str, MatchRecord]:
    found = [event.record for event in events(a, b, tasks, **options) if isinstance(event, Finished)]
    assert sorted(record.id for record in found) == sorted(task.id for task in tasks)
    return {record.id: record for record in found}


def bare(record: MatchRecord) -> MatchRecord:
    """Without what the clock wrote."""
    analysis = tuple(ply and replace(ply, ms=None) for ply in record.analysis)
    return replace(record, analysis=analysis, started="", seconds=0.0)


def test_games_follow_the_rules_and_the_tasks() -> None:
    played = records("a?", "b?luck=1")
    for task in TASKS:
        record = played[task.id]
        assert verify(record) == []
        assert record.termination == "rules"
        assert record.opening == task.opening == record.actions[: len(task.opening)]
        assert record.seed == task.seed
        assert [agent.spec for agent in record.agents] == (["a?", "b?luck=1"], ["b?luck=1", "a?"])[task.first]
        assert len(record.analysis) == len(record.actions)
        assert [ply is None for ply in record.analysis] == [i < len(task.opening) for i in range(len(record.actions))]
        assert record.versions.keys() >= {"numpy", "numba"}


def test_a_batch_plays_what_its_games_play_alone() -> None:
    together = records("a?", "b?luck=1")
    for task in TASKS[:10]:
        assert bare(records("a?", "b?luck=1", [task])[task.id]) == bare(together[task.id])


def test_each_agent_is_asked_once_a_ply_for_all_its_games() -> None:
    players = player("a?"), player("b?")
    made = [event for event in play(TTT, players, TASKS) if isinstance(event, Finished)]
    plies = max(len(event.record.actions) for event in made) - min(len(opening) for opening in BOOK)
    for one in players:
        assert isinstance(one.agent, Scripted)
        assert len(one.agent.asked) <= plies
        assert len(one.agent.asked[0]) > len(TASKS) / 3
        assert all(len(set(ids)) == len(ids) for ids in one.agent.asked)


def test_events_tell_who_thinks_and_what_was_played() -> None:
    lines = {i: list(task.opening) for i, task in enumerate(TASKS)}
    thinking: Thinking | None = None
    for event in events("a?", "b?"):
        match event:
            case Thinking():
                assert thinking is None
                thinking = event
            case Answered(games, actions):
                assert thinking is not None
                assert set(games) <= set(thinking.games)
                for g, action in zip(games, actions, strict=True):
                    lines[g].append(action)
                thinking = None
            case Finished(g, record):
                assert record.id == TASKS[g].id
                assert record.actions == tuple(lines.pop(g))
    assert not lines
    assert thinking is None


def test_random_play_gives_the_known_odds_of_tic_tac_toe() -> None:
    # a uniformly random game is won by the first player with probability 737/1260, drawn with 8/63
    ref = AgentRef("random", "random", "")
    tasks = [Task(f"{i:016x}-1", i, (), i % 2) for i in range(4000)]
    made = play(TTT, (Player(RandomAgent(), ref), Player(RandomAgent(), ref)), tasks)
    results = np.array([event.record.returns[0] for event in made if isinstance(event, Finished)])
    for result, chance in ((1, 737 / 1260), (0, 8 / 63)):
        assert abs((results == result).mean() - chance) < 3 * np.sqrt(chance * (1 - chance) / len(results))


def test_seeds_belong_to_game_and_seat() -> None:
    tasks = [Task("x-1", 5, (), 0), Task("x-2", 5, (), 1), Task("y-1", 2**63 - 1, (), 0)]
    for number in (0, 1):
        keys = keys_for(tasks, number)
        assert [key.seat for key in keys] == [number, 1 - number, number]
        assert [key.seed for key in keys] == [
            agent_seed(task.seed, key.seat) for task, key in zip(tasks, keys, strict=True)
        ]
    seeds = {agent_seed(seed, seat) for seed in range(1000) for seat in (0, 1)}
    assert len(seeds) == 2000
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        ("raise", "crash", "RuntimeError: lost my way"),
        ("float", "crash", "TypeError: 'float' object cannot be interpreted as an integer"),
        ("illegal", "illegal", "illegal action "),
        ("far", "illegal", "illegal action 1000000000000 at ply "),
        ("late", "time", "1e+06 ms at ply "),
    ],
)
def test_a_faulty_agent_loses_its_game_and_no_other(fault: str, kind: str, message: str) -> None:
    limits = Limits(move_ms=500.0)
    sound = records("a?", "b?", limits=limits)
    faults = []
    for task, record in zip(
        TASKS, by_task(records("a?", f"b?fault={fault}&ply=4&every=5", limits=limits)), strict=True
    ):
        assert verify(record) == []
        if record.fault is None:
            assert bare(replace(record, agents=sound[task.id].agents)) == bare(sound[task.id])
            continue
        faults.append(record)
        guilty = 1 - task.first  # the seat of "b"
        assert (record.fault.kind, record.fault.seat) == (kind, guilty)
        assert record.fault.message.startswith(message)
        assert record.termination == "fault"
        assert record.returns == ((-1.0, 1.0), (1.0, -1.0))[guilty]
        assert 4 <= len(record.actions) <= 5
        assert record.actions == sound[task.id].actions[: len(record.actions)]
    assert {record.id[:16] for record in faults} <= {f"{i:016x}" for i in range(0, 24, 5)}
    assert len(faults) >= 6


def by_task(played: dict[str, MatchRecord]) -> list[MatchRecord]:
    return [played[task.id] for task in TASKS]


def test_after_an_exception_each_game_of_the_batch_is_asked_alone_once() -> None:
    one, two = player("a?"), player("b?fault=raise&ply=4&every=5")
    list(play(TTT, (one, two), TASKS))
    assert isinstance(two.agent, Scripted)
    asked = two.agent.asked
    failed = next(i for i, ids in enumerate(asked) if len(asked[i + 1]) == 1)
    assert [ids for (ids,) in asked[failed + 1 : failed + 1 + len(asked[failed])]] == asked[failed]
    assert isinstance(one.agent, Scripted)
    assert all(len(ids) > 1 for ids in one.agent.asked[:3])  # the other agent notices nothing


def test_too_few_answers_are_a_crash_of_all_these_games() -> None:
    for record in records("a?", "b?fault=short").values():
        assert record.fault is not None
        assert record.fault.kind == "crash"
        assert record.fault.message == "AgentError: 0 decisions for 1 positions"
        assert record.agents[record.fault.seat or 0].spec == "b?fault=short"


def test_an_agent_that_cannot_be_started_loses_everything() -> None:
    for record in records("a?", "b?fault=start").values():
        assert record.actions == record.opening
        assert record.fault is not None
        assert record.fault.message == "AgentError: the engine does not answer"
        assert record.returns[record.fault.seat or 0] == -1.0


def test_out_of_memory_is_nobodys_loss() -> None:
    played = by_task(records("a?", "b?fault=memory&ply=4&every=5"))
    spoilt = [record for record in played if not record.counts]
    assert spoilt
    for record in spoilt:
        assert record.fault is not None
        assert (record.fault.kind, record.fault.seat, record.returns) == ("host", None, (0.0, 0.0))
        assert verify(record) == []
    assert all(record.fault is None for record in played if record.counts)


def test_agents_cannot_reach_into_the_game() -> None:
    sound, vandal = records("a?", "b?"), records("a?", "b?fault=vandal")
    for task in TASKS:
        assert vandal[task.id].actions == sound[task.id].actions


def test_long_games_are_cut_off_as_draws() -> None:
    sound = records("a?", "b?")
    for task, record in zip(TASKS, by_task(records("a?", "b?", limits=Limits(max_plies=6))), strict=True):
        assert record.actions == sound[task.id].actions[:6]
        if len(sound[task.id].actions) > 6:
            assert (record.termination, record.returns) == ("truncated", (0.0, 0.0))
        else:
            assert bare(record) == bare(sound[task.id])
        assert verify(record) == []


def test_agents_times_are_kept_where_they_tell_them() -> None:
    played = records("a?", "b?fault=late")
    for record in played.values():
        for seat, ply in zip([0, 1] * 5, record.analysis, strict=False):
            if ply is not None:
                assert ply.ms is not None
                assert (ply.ms == 1e6) == (record.agents[seat].spec == "b?fault=late")


def test_the_more_decisions_the_more_patience() -> None:
    assert Limits(hang_s=60).patience(32) == 32 * 60
    assert Limits(hang_s=60, move_ms=500).patience(32) == 60 + 32 * 0.5
    assert Limits(hang_s=60).patience(2, registry.thinks("uci:stockfish?movetime=90000")) == 2 * 150
    assert [registry.thinks(spec) for spec in ("uci:stockfish?nodes=5", "random", "no such agent")] == [0, 0, 0]


@pytest.mark.parametrize("limit", ["move_ms", "hang_s", "load_s", "max_plies"])
def test_limits_are_positive(limit: str) -> None:
    for value in (0, -1, float("nan")):
        with pytest.raises(InputError, match=f"{limit} must be positive"):
            Limits(**{limit: value})

"""Games played for points: the runner, matches, ladders, records, faults."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import envs
from arena.duplicates import Points, duplicates
from arena.families import forfeit
from arena.ladder import Ladder
from arena.match import play_for_points, play_match
from arena.points import play
from arena.records import AgentRef, MatchRecord, from_json, to_json
from arena.replay import ask_again, movers, verify
from arena.roster import LadderConfig
from arena.runner import DEFAULT_LIMITS, Answered, Finished, Limits, Player, Task, Thinking
from arena.schedule import pair_number
from arena.scores import summarize
from arena.standings import standings, wins_draws_losses
from arena.store import Store
from envs.core import InputError
from tests.arena.scripted_agents import LOADER, load

GAME = "breakout"
SHORT = Limits(max_plies=40)
DICE = ["dice?luck=0", "dice?luck=1"]


def scored(specs=("dice",), games=3, limits=DEFAULT_LIMITS, **options) -> list[MatchRecord]:
    return list(play_for_points(specs, GAME, games, limits=limits, loader=load, **options))


@pytest.fixture(scope="module")
def match() -> list[MatchRecord]:
    return scored(DICE, 3)


def test_all_play_the_same_seeds_to_the_end(match):
    assert len(match) == len({record.id for record in match}) == 6
    by_agent = [[record for record in match if record.agents[0].spec == spec] for spec in DICE]
    for one, two in zip(*(sorted(own, key=lambda record: record.id) for own in by_agent), strict=True):
        assert one.seed == two.seed
        assert pair_number(one.id) == pair_number(two.id)
        assert one.actions != two.actions
    for record in match:
        assert (record.termination, len(record.agents), record.fault) == ("rules", 1, None)
        assert len(record.actions) == len(record.analysis)
        assert record.versions["ale-py"]
        assert verify(record) == []
        assert from_json(to_json(record)) == record
        assert movers(record) == [0] * len(record.actions)


def test_the_same_arguments_give_the_same_games_in_batches_of_any_size(match):
    def told(records):
        return {record.id: (record.seed, record.actions, record.returns) for record in records}

    assert told(scored(DICE, 3, batch=2)) == told(match)
    assert not {record.id for record in scored(DICE[:1], 2, limits=SHORT, seed=1)} & {record.id for record in match}
    assert told(scored(DICE[:1], 2)).items() <= told(match).items()


def test_what_does_not_hold_is_found(match):
    record = match[0]
    assert ask_again(record, load) == []
    asked = ask_again(replace(record, actions=((record.actions[0] + 1) % 4, *record.actions[1:20])), load)
    assert asked[0].ply == 0
    for change, message in [
        ({"returns": (record.returns[0] + 1,)}, "returns are"),
        ({"returns": (1.0, -1.0)}, "returns are"),
        ({"actions": (*record.actions, 0), "analysis": ()}, "after the end"),
        ({"actions": record.actions[:-1], "analysis": ()}, "is not over"),
        ({"actions": (7, *record.actions[1:])}, "illegal action 7"),
        ({"termination": "truncated"}, "is over"),
        ({"termination": "fault"}, "does not go with fault None"),
        ({"game_version": 99}, "version 99"),
        ({"analysis": record.analysis[1:]}, "analysis of"),
    ]:
        assert message in str(verify(replace(record, **change))), change


def test_a_long_game_is_cut_off_and_keeps_its_points():
    for record in scored(limits=SHORT):
        assert (len(record.actions), record.termination) == (40, "truncated")
        assert verify(record) == []


@pytest.mark.parametrize(
    ("fault", "kind", "limits"),
    [
        ("raise", "crash", SHORT),
        ("far", "illegal", SHORT),
        ("late", "time", Limits(max_plies=40, move_ms=60_000.0)),
        ("memory", "host", SHORT),
        ("start", "crash", SHORT),
    ],
)
def test_who_breaks_a_game_keeps_the_points_so_far(fault, kind, limits):
    spec = f"dice?fault={fault}&ply=30"
    player = Player(load(spec), AgentRef(spec, spec, spec))
    tasks = [Task(f"{number}", number, (), 0) for number in range(2)]
    events = list(play(envs.score_game(GAME), player, tasks, limits))
    records = [event.record for event in events if isinstance(event, Finished)]
    assert len(records) == 2
    for record in records:
        assert record.fault.kind == kind
        assert record.fault.seat == (None if kind == "host" else 0)
        assert len(record.actions) == (0 if fault == "start" else 30)
        assert record.counts == (kind != "host")
        assert verify(record) == []
    asked, answered = (sum(isinstance(event, kind) for event in events) for kind in (Thinking, Answered))
    assert asked - answered == (2 if fault in ("raise", "memory") else 0)  # both games were asked again, each alone


def test_a_game_that_killed_its_process_is_worth_what_it_was_worth(match):
    record = max(match, key=lambda record: record.returns[0])
    task = Task(record.id, record.seed, (), 0)
    times = {"started": record.started, "seconds": 1.0}
    lost = forfeit(GAME, record.agents, task, record.actions[:-5], "hang", 0, "no answer in 60 s", **times)
    assert (lost.returns, lost.fault.kind, lost.fault.seat) == (record.returns, "hang", 0)
    assert verify(lost) == []


def test_duplicates_count_the_higher_score_and_each_way_a_couple_went_once():
    games = [Points(agent, seed, score, line) for agent, scores in enumerate([(5, 3, 3, 0), (4, 3, 9, 0)])
             for seed, (score, line) in enumerate(zip(scores, (1, 2, 3, 1), strict=True))]  # fmt: skip
    found = duplicates(2, games)
    assert wins_draws_losses(found).tolist() == [[1, 2, 1], [1, 2, 1]]
    repeated = duplicates(2, [Points(agent, seed, 5 - agent, 7) for agent in (0, 1) for seed in range(10)])
    assert repeated.distinct.tolist() == [0.1]
    assert duplicates(2, [Points(0, 1, 5, 0), Points(1, 2, 5, 0)]).cells.sum() == 0
    many = duplicates(3, [Points(a, seed, a, seed * 3 + a) for a in range(3) for seed in range(50)])
    assert wins_draws_losses(many)[2].tolist() == [100, 0, 0]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "arena.db")
    yield store
    store.close()


def test_a_ladder_plays_every_seed_once_an_agent_and_goes_on(store):
    config = LadderConfig(GAME, pairs=2, limits=SHORT)
    ladder = Ladder(store, "atari", config, loader=LOADER)
    ladder.enter(DICE)
    end = ladder.run(workers=2)
    assert (end.done, end.total) == (4, 4)
    ladder = Ladder(store, "atari", replace(config, pairs=3), loader=LOADER)
    ladder.enter(["dice?luck=2"])
    end = ladder.run(workers=2)
    assert (end.done, end.total) == (9, 9)
    seeds = {row.id.split("-")[0] for row in store.matches()}
    assert len(seeds) == 3
    state = standings(ladder)
    assert state.game == GAME
    assert [row.games for row in state.rows] == [6, 6, 6]  # two others, three seeds
    for row in state.rows:
        own = {record.id: record.returns[0] for record in store.records() if record.agents[0] == row.entrant.ref}
        assert len(own) == 3
        assert row.points == summarize([own[name] for name in sorted(own)])
    for record in store.records():
        assert verify(record) == []


def test_faults_in_a_ladder_are_the_agents_own(store):
    ladder = Ladder(store, "atari", LadderConfig(GAME, pairs=2, limits=SHORT), loader=LOADER)
    ladder.enter(["dice", "dice?fault=exit&ply=20"])
    end = ladder.run(workers=1)
    assert (end.done, end.total) == (4, 4)
    faults = {row.entrant.ref.spec: dict(row.faults) for row in standings(ladder).rows}
    assert faults == {"dice": {}, "dice?fault=exit&ply=20": {"crash": 2}}
    for record in store.records():
        assert verify(record) == []


def test_wrong_input(store):
    with pytest.raises(InputError, match="so a ladder of it has no schedule 'adaptive'"):
        Ladder(store, "x", LadderConfig(GAME, schedule="adaptive"))
    with pytest.raises(InputError, match="is played for points"):
        next(play_match("random", "random", GAME))
    with pytest.raises(InputError, match="alphabeta cannot play Breakout"):
        next(play_for_points(["alphabeta"], GAME))

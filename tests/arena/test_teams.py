"""Team games: the runner, matches, ladders, records, faults, replay."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import envs
from arena.families import forfeit
from arena.interest import interest
from arena.ladder import Ladder
from arena.match import play_match
from arena.records import AgentRef, MatchRecord, from_json, pack, to_json
from arena.replay import ask_again, movers, verify
from arena.roster import LadderConfig
from arena.runner import DEFAULT_LIMITS, Answered, Finished, Limits, Player, Task, Thinking
from arena.schedule import pair_number
from arena.standings import standings
from arena.store import Store
from arena.teams import play
from envs.core import InputError
from tests.arena.scripted_agents import LOADER, load

SMALL, LARGE = "moba_1v1", "moba_5v5"
SHORT = Limits(max_plies=40)  # decisions
DICE = ["dice?luck=0", "dice?luck=1"]


def played(game=SMALL, specs=tuple(DICE), games=4, limits=SHORT, **options) -> list[MatchRecord]:
    return list(play_match(*specs, game, games, limits=limits, loader=load, **options))


@pytest.fixture(scope="module", params=[SMALL, LARGE])
def match(request) -> list[MatchRecord]:
    return played(request.param)


def test_pairs_have_one_seed_and_swapped_sides(match):
    units = len(envs.team_game(match[0].game).units)
    for one, two in zip(match[::2], match[1::2], strict=True):
        assert (one.seed, pair_number(one.id)) == (two.seed, pair_number(two.id))
        assert one.agents == two.agents[::-1]
        assert [agent.spec for agent in one.agents] == DICE
    for record in match:
        assert (record.termination, record.returns, record.fault) == ("truncated", (0.0, 0.0), None)
        assert len(record.actions) == len(record.analysis) == 40 * units
        thoughts = [place % units for place, thought in enumerate(record.analysis) if thought is not None]
        assert thoughts == [0, units // 2] * 40, "one of each side a decision"
        assert record.analysis[0].value == 0.5
        assert verify(record) == []
        assert ask_again(record, load) == []
        assert from_json(to_json(record)) == record
        assert movers(record)[:units] == [0] * (units // 2) + [1] * (units // 2)
        assert "options" not in to_json(record)


def test_the_same_arguments_give_the_same_games_in_batches_of_any_size(match):
    def told(records):
        return [(record.id, record.seed, record.actions, record.returns) for record in records]

    assert told(played(match[0].game, batch=2)) == told(match)
    assert told(played(match[0].game, games=2)) == told(match[:2])
    assert len({record.actions for record in match}) == 4


@pytest.mark.parametrize("game", [SMALL, LARGE])
def test_whole_games_replay_bit_for_bit(game):
    """And so do the agents' decisions: nothing depends on what else was in the batch."""
    for record in play_match("bot:captain", "bot:farmer", game, 2):
        assert verify(record) == []
        assert ask_again(record) == []
        assert len(pack(record)) < 16_000
        assert record.termination == "rules"
        assert "is over" in str(verify(replace(record, termination="truncated")))
        assert "is not over" in str(verify(replace(record, actions=record.actions[:-20], analysis=())))
        longer = record.actions + record.actions[: 2 if game == SMALL else 10]
        assert "after the end" in str(verify(replace(record, actions=longer, analysis=())))


def test_options_are_part_of_a_game():
    options = {"lineup": ["fighter"], "fog": False, "start_level": [3, 5]}
    record, _ = played(games=2, options=options)
    assert record.options == options
    assert verify(record) == []
    assert ask_again(record, load) == []
    assert from_json(to_json(record)) == record
    assert record.id != played(games=2)[0].id
    assert verify(replace(record, options={"lineup": ["mage"]})) != []
    assert "unknown option of the game 'lineupp'" in str(verify(replace(record, options={"lineupp": 1})))
    for bad, said in [({"fogg": 1}, "Did you mean 'fog'"), ({"lineup": ["king"]}, "unknown role 'king'")]:
        with pytest.raises(InputError, match=said):
            played(games=2, options=bad)


def test_what_does_not_hold_is_found():
    record = played(games=2)[0]
    asked = ask_again(replace(record, actions=((record.actions[0] + 1) % 4, *record.actions[1:20])), load)
    assert asked[0].ply == 0
    for change, message in [
        ({"returns": (1.0, -1.0)}, "returns are"),
        ({"returns": (0.0,)}, "returns are"),
        ({"actions": record.actions[:-1], "analysis": ()}, "no whole number of decisions"),
        ({"actions": (99, *record.actions[1:])}, "illegal action 99 of west_0"),
        ({"actions": (0, 18, *record.actions[2:])}, "illegal action 18 of east_0"),  # nobody to cast at, at the start
        ({"termination": "rules"}, "is not over"),
        ({"termination": "fault"}, "does not go with fault None"),
        ({"game_version": 99}, "version 99"),
        ({"analysis": record.analysis[1:]}, "analysis of"),
    ]:
        assert message in str(verify(replace(record, **change))), change


@pytest.mark.parametrize("game", [SMALL, LARGE])
@pytest.mark.parametrize(
    ("fault", "kind", "limits"),
    [
        ("raise", "crash", SHORT),
        ("illegal", "illegal", SHORT),
        ("far", "illegal", SHORT),
        ("float", "crash", SHORT),
        ("late", "time", Limits(max_plies=40, move_ms=60_000.0)),
        ("memory", "host", SHORT),
        ("start", "crash", SHORT),
        ("vandal", None, SHORT),
        ("bold vandal", "illegal", SHORT),
    ],
)
def test_who_breaks_a_game_loses_it_and_the_others_go_on(game, fault, kind, limits):
    spec = f"dice?fault={fault}&ply=10&every=2"
    players = tuple(Player(load(name), AgentRef(name, name, name)) for name in (spec, DICE[1]))
    tasks = [Task(f"{number:x}", number, (), number // 2 % 2) for number in range(4)]
    units = len(envs.team_game(game).units)
    events = list(play(envs.team_game(game), players, tasks, limits))
    records = {event.game: event.record for event in events if isinstance(event, Finished)}
    assert len(records) == len([event for event in events if isinstance(event, Finished)]) == 4
    for number, record in records.items():
        assert verify(record) == []
        if kind is None or (number % 2 and fault != "start"):
            assert (record.termination, len(record.actions)) == ("truncated", 40 * units)
            continue
        seat = number // 2
        assert (record.fault.kind, record.fault.seat) == (kind, None if kind == "host" else seat)
        assert record.returns[0] == (0 if kind == "host" else (-1, 1)[seat])
        assert len(record.actions) == (0 if fault == "start" else 10 * units)
        assert record.counts == (kind != "host")
        assert interest(record).score == 0
    told = [action for event in events if isinstance(event, Answered) for action in event.actions]
    assert len(told) == sum(len(record.actions) for record in records.values())
    assert all(len(set(event.games)) == len(event.games) for event in events if isinstance(event, Thinking))


def test_a_game_that_killed_its_process_is_lost_where_it_stood():
    record = played(games=2)[0]
    task = Task(record.id, record.seed, (), 1)
    times = {"started": record.started, "seconds": 1.0}
    lost = forfeit(SMALL, record.agents, task, record.actions[:20], "hang", 0, "no answer in 60 s", **times)
    assert (lost.returns, lost.fault.kind, lost.fault.seat) == ((1.0, -1.0), "hang", 1)
    assert lost.agents == record.agents[::-1]
    assert verify(lost) == []


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "arena.db")
    yield store
    store.close()


def test_a_ladder_of_mirrored_pairs_goes_on_where_it_was(store):
    config = LadderConfig(SMALL, pairs=2, limits=SHORT, options={"lineup": ["fighter"]})
    ladder = Ladder(store, "teams", config, loader=LOADER)
    ladder.enter(DICE)
    assert (ladder.run(workers=2).done, ladder.budget()) == (4, 0)
    ladder = Ladder(store, "teams", replace(config, pairs=3), loader=LOADER)
    bad = "dice?fault=exit&ply=20&every=4"
    ladder.enter([bad])
    end = ladder.run(workers=1)
    assert (end.done, end.total) == (18, 18)
    state = standings(ladder)
    assert [row.games for row in state.rows] == [12] * 3
    due = 0
    for record in store.records():
        crashes = int(record.id[:16], 16) % 4 == 0 and bad in [agent.spec for agent in record.agents]
        due += crashes
        assert (record.fault and record.fault.kind) == ("crash" if crashes else None)
        assert record.options == {"lineup": ["fighter"]}
        assert verify(record) == []
    assert 0 < due < 12
    faults = {row.entrant.label: dict(row.faults) for row in state.rows}
    assert faults == {DICE[0]: {}, DICE[1]: {}, bad: {"crash": due}}
    assert Ladder(store, "teams", loader=LOADER).config == replace(config, pairs=3, plies=(0, 0))
    with pytest.raises(InputError, match="was made with options"):
        Ladder(store, "teams", replace(config, options={}))


def test_an_adaptive_ladder(store):
    ladder = Ladder(store, "teams", LadderConfig(SMALL, "adaptive", pairs=2, limits=SHORT), loader=LOADER)
    ladder.enter([*DICE, "dice?luck=2"])
    assert ladder.run(workers=1).done == 12


def test_an_agent_that_hangs_costs_its_own_games(store):
    limits = replace(SHORT, hang_s=3.0)
    ladder = Ladder(store, "teams", LadderConfig(LARGE, pairs=1, limits=limits), loader=LOADER)
    ladder.enter([DICE[0], "dice?fault=hang&ply=5"])
    ladder.run(workers=1)
    for record in store.records():
        assert (record.fault.kind, len(record.actions)) == ("hang", 50)
        assert record.agents[record.fault.seat].spec == "dice?fault=hang&ply=5"
        assert verify(record) == []


def test_wrong_input(store):
    with pytest.raises(InputError, match="a ladder of it has no openings and adjudicates none"):
        Ladder(store, "x", LadderConfig(SMALL, openings=((0, 0),)))
    with pytest.raises(InputError, match="unknown option of the game 'heroes'"):
        Ladder(store, "x", LadderConfig(SMALL, options={"heroes": 5}))
    with pytest.raises(InputError, match="alphabeta cannot play MOBA 1v1"):
        next(play_match("alphabeta", "bot:idle", SMALL))
    with pytest.raises(InputError, match="bot:idle knows no Connect Four"):
        next(play_match("random", "bot:idle", "connect_four"))
    with pytest.raises(InputError, match="unknown game 'moba'"):
        next(play_match("random", "random", "moba"))
    assert DEFAULT_LIMITS.max_plies is None

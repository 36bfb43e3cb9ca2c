"""Engines in matches and ladders: whatever they do, it costs their own games only, and nothing is left behind."""

import os
import signal
from pathlib import Path

import pytest

import envs
from agents.registry import load
from arena.adjudication import Adjudication
from arena.books import read_openings
from arena.cli.entrants import given
from arena.ladder import Ladder
from arena.match import play_match
from arena.pool import Pool
from arena.records import AgentRef
from arena.replay import verify
from arena.roster import LadderConfig
from arena.runner import Limits
from arena.schedule import Pairing, tasks
from arena.standings import standings
from arena.store import Query, Store
from arena.view import standings as view
from arena.worker import Job
from envs.core import InputError
from tests.agents.uci import fakes

CHESS = envs.make("chess")
SHORT = Limits(max_plies=10)


@pytest.mark.parametrize(
    ("move", "kind", "message"),
    [
        ("crash", "crash", "AgentError: engine fake exited (3); its last words: 'oh no'"),
        ("hang", "hang", "NoAnswer: fake: no bestmove 1 s after 'go depth 1'"),
        ("illegal", "illegal", "IllegalAnswer: fake answers 'bestmove a1a8' after "),
        ("garbage", "illegal", "IllegalAnswer: fake answers 'bestmove e9' after "),
    ],
)
def test_a_fault_of_an_engine_costs_the_game_and_no_other(tmp_path, move, kind, message):
    path = fakes.make(tmp_path, move=move, ply=4, every=2)
    spec = f"uci:{path}?depth=1" + "&patience=1" * (move == "hang")
    records = list(play_match(spec, "random", "chess", 12, plies=(2, 3), limits=SHORT))
    faults = [record for record in records if record.fault is not None]
    assert 0 < len(faults) < len(records) == 12
    for record in records:
        assert verify(record) == []
        first = CHESS.action_name(CHESS.init(1)[0], record.actions[0])
        assert (record.fault is not None) == ((ord(first[0]) - ord("a")) % 2 == 0)  # square of departure, a1 = 0
    for record in faults:
        assert record.fault is not None
        assert record.fault.kind == kind
        assert record.agents[record.fault.seat or 0].spec == spec
        assert record.fault.message.startswith(message)
    assert fakes.gone(path)


def test_too_slow_a_move_of_an_engine_loses_by_time_in_its_own_game(tmp_path):
    path = fakes.make(tmp_path, move="late", ply=4, every=2)
    limits, seen = Limits(max_plies=8, move_ms=1500.0), []
    for record in play_match(f"uci:{path}?depth=1", "random", "chess", 4, plies=(3, 3), limits=limits):
        late = ord(CHESS.action_name(CHESS.init(1)[0], record.actions[0])[0]) % 2 == 1
        assert (record.fault and record.fault.kind) == ("time" if late else None)
        seen.append(late)
    assert set(seen) == {False, True}
    assert fakes.gone(path)


def test_a_ladder_goes_on_with_broken_engines_in_it(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    sound = fakes.make(tmp_path / "a", stubborn=True)
    broken = fakes.make(tmp_path / "b", move="kill")
    ladder = Ladder(Store(tmp_path / "s.db"), "fish", LadderConfig("chess", pairs=2, plies=(2, 2), limits=SHORT))
    ladder.enter(["random", f"uci:{sound}?depth=1", f"uci:{broken}?depth=1"])
    progress = ladder.run(workers=1)
    assert (progress.done, progress.total, progress.spoilt) == (12, 12, 0)
    for record in ladder.store.records(Query(ladder="fish")):
        guilty = [seat for seat, agent in enumerate(record.agents) if agent.spec == f"uci:{broken}?depth=1"]
        assert (record.fault and record.fault.seat) == (guilty[0] if guilty else None)
        if record.fault is not None:
            assert record.fault.message.startswith("AgentError: engine fake killed by SIGKILL")
    assert fakes.gone(sound)
    assert fakes.gone(broken)


def test_an_engine_dies_with_the_worker_that_the_pool_kills(tmp_path):
    path = fakes.make(tmp_path, stubborn=True, move="hang", ply=3)
    spec = f"uci:{path}?depth=1&patience=600"
    agent = load(spec)
    players = AgentRef(spec, agent.name, agent.fingerprint), AgentRef("random", "random", load("random").fingerprint)
    agent.close()
    two = list(tasks("x", 0, CHESS.spec, "a", "b", Pairing(0, 1, 0, 1), [()]))
    job = Job("chess", players, tuple(two), Limits(hang_s=1.0), "agents.registry:load")
    pool = Pool(1)
    records = [record for found in pool.play([job]) for record in found]
    pool.close()
    assert [record.fault and record.fault.kind for record in records] == ["hang", "hang"]
    assert fakes.gone(path)


def test_ctrl_c_ends_the_engine(tmp_path, monkeypatch, request):
    path = fakes.make(tmp_path, stubborn=True)
    games = play_match(f"uci:{path}?movetime=1", "random", "chess", 2, limits=SHORT)
    next(games)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    monkeypatch.setattr("agents.uci.player.time.perf_counter", lambda: os.kill(os.getpid(), signal.SIGINT) or 0.0)
    with pytest.raises(KeyboardInterrupt):
        list(play_match(f"uci:{path}?movetime=1", "random", "chess", 2, limits=SHORT))
    games.close()
    assert fakes.gone(path)


def level(elo: int, path: Path) -> str:
    return f"uci:{path}?elo={elo}&depth=1"


def test_levels_are_anchors_and_everybody_is_on_their_scale(tmp_path):
    path = fakes.make(tmp_path)
    config = LadderConfig("chess", pairs=2, plies=(2, 2), limits=SHORT)
    store = Store(tmp_path / "s.db")
    ladder = Ladder(store, "fish", config)
    ladder.enter(["random", level(1300, path)])
    assert given(level(1300, path)) == (level(1300, path), 1300.0)
    assert given("random@-50.5") == ("random", -50.5)
    with pytest.raises(InputError, match="which Elo has the anchor 'random'"):
        given("random")
    ladder.anchor(*given(level(1300, path)))
    ladder.anchor(*given(level(1700, path)))
    ladder.run(workers=1)
    again = Ladder(store, "fish")  # as another command finds it
    assert again.anchors() == {1: 1300.0, 2: 1700.0}
    state = standings(again)
    rows = {row["agent"]: row for row in view.rows(state)}
    assert [row["anchor"] for row in rows.values()] == [True, False, True]
    fixed = [row for row in rows.values() if row["anchor"]]
    assert [(row["elo"], row["low"], row["high"]) for row in fixed] == [(1700, 1700, 1700), (1300, 1300, 1300)]
    assert rows["random"]["elo"] == pytest.approx(1500)  # all games were cut off as draws
    assert rows["random"]["high"] > rows["random"]["low"] > 0
    name = f"uci:{tmp_path.name}/fake?depth=1&"
    assert view.scale(state) == f"on the scale of {name}elo=1700 at 1700, {name}elo=1300 at 1300"
    again.anchor("random", 0.0)
    assert standings(Ladder(store, "fish")).rows[-1].elo == 0.0
    with pytest.raises(InputError, match="is from -10,000 to 10,000, not nan"):
        again.anchor("random", float("nan"))


def test_a_ladder_keeps_its_openings_and_its_adjudication(tmp_path):
    book = tmp_path / "book.pgn"
    book.write_text("1. e4 e5 *\n\n1. d4 d5 *\n\n")
    openings = read_openings(CHESS, book)
    limits = Limits(max_plies=8, adjudicate=Adjudication(draw_from=4, draw_plies=2))
    config = LadderConfig("chess", pairs=3, limits=limits, openings=openings)
    store = Store(tmp_path / "s.db")
    Ladder(store, "book", config)
    book.unlink()
    ladder = Ladder(store, "book")
    assert ladder.config.openings == openings
    assert ladder.config.limits == limits
    assert [task.opening for task in ladder.scheduled()] == []
    ladder.enter(["random", level(1300, fakes.make(tmp_path))])
    ladder.run(workers=1)
    assert {record.opening for record in store.records()} == set(openings)
    with pytest.raises(InputError, match="was made with other openings"):
        Ladder(store, "book", LadderConfig("chess", pairs=3))
    assert {record.opening for record in play_match("random", "random", "chess", 4, limits=SHORT, book=openings)} == {
        *openings
    }

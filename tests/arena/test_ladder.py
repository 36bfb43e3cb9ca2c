from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import envs
from arena.ladder import Ladder, Progress, enters
from arena.ratings import fit
from arena.replay import verify
from arena.roster import LadderConfig, read_rounds
from arena.runner import Limits
from arena.standings import standings, wins_draws_losses
from arena.store import Query, Store, StoreError
from envs.core import InputError
from tests.arena.scripted_agents import LOADER

CONFIG = LadderConfig("tic_tac_toe", pairs=3)
DICE = [f"dice?luck={i}" for i in range(4)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "arena.db")
    yield store
    store.close()


def ladder(store: Store, config: LadderConfig | None = CONFIG, name: str = "main") -> Ladder:
    return Ladder(store, name, config, loader=LOADER)


def met(store: Store, name: str = "main") -> Counter[tuple[str, str]]:
    """Games by who moved first and second."""
    rows = store.matches(Query(ladder=name))
    return Counter((row.agents[0], row.agents[1]) for row in rows)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Progress]]:
    """The file of a round robin of three agents, and what was told while it was played."""
    told: list[Progress] = []
    store = Store(tmp_path_factory.mktemp("ladder") / "arena.db")
    table = ladder(store)
    table.enter(DICE[:3])
    end = table.run(told.append, workers=2)
    store.close()
    assert (end.done, end.total, end.spoilt) == (18, 18, 0)
    return store.path, told


def test_a_round_robin_is_played_to_its_end(finished: tuple[Path, list[Progress]]) -> None:
    path, told = finished
    store = Store(path, read_only=True)
    assert met(store) == {(a, b): 3 for a in DICE[:3] for b in DICE[:3] if a != b}
    ids = sorted(row.id for row in store.matches())
    assert ids == sorted(task.id for task in ladder(store, None).scheduled())
    assert ids == sorted(record.id for progress in told for record in progress.new)
    assert all(verify(record) == [] for record in store.records())
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert told[-1].seconds_left == 0
    store.close()


def test_a_finished_ladder_has_nothing_to_play(finished: tuple[Path, list[Progress]]) -> None:
    store = Store(finished[0])
    before = store.matches()
    again = ladder(store, CONFIG)
    assert again.enter(DICE[:3]) == []
    assert again.run(workers=1).done == 18
    assert store.matches() == before
    store.close()


def test_newcomers_play_everyone_and_more_pairs_are_made_up_for(
    finished: tuple[Path, list[Progress]], tmp_path: Path
) -> None:
    store = Store(shutil.copy(finished[0], tmp_path))
    before = set(store.matches())
    table = ladder(store, replace(CONFIG, pairs=4))
    assert [entrant.label for entrant in table.enter(DICE)] == DICE[3:]
    table.run(workers=2)
    assert before < set(store.matches())
    assert met(store) == {(a, b): 4 for a in DICE for b in DICE if a != b}
    store.close()


def test_the_table_adds_up(finished: tuple[Path, list[Progress]]) -> None:
    store = Store(finished[0], read_only=True)
    counted: dict[str, list[int]] = {spec: [0, 0, 0] for spec in DICE[:3]}
    for row in store.matches():
        for name, result in zip(row.agents, row.returns, strict=True):
            counted[name][int(1 - result)] += 1
    found = standings(ladder(store, None))
    assert wins_draws_losses(found.tally).tolist() == [counted[spec] for spec in DICE[:3]]
    for line in found.rows:
        assert [line.wins, line.draws, line.losses] == counted[line.entrant.label]
        assert line.games == 12
        assert line.low < line.elo < line.high
    assert [line.elo for line in found.rows] == sorted((line.elo for line in found.rows), reverse=True)
    store.close()


def test_a_gauntlet_leaves_out_games_within_a_wave(store: Store) -> None:
    table = ladder(store, replace(CONFIG, schedule="gauntlet", pairs=1))
    table.enter(DICE[:2])
    table.enter(DICE[2:])
    table.run(workers=2)
    old, new = DICE[:2], DICE[2:]
    assert met(store) == {pair: 1 for a in old for b in new for pair in ((a, b), (b, a))}


def test_checkpoints_of_a_run_enter_as_they_appear(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ["dice?luck=7"]
    monkeypatch.setattr("agents.checkpoints.numbered", lambda folder: [Path(spec) for spec in run])
    monkeypatch.setattr("arena.ladder._LOOK_EVERY", 0.01)

    def stay() -> bool:  # called when everything is played: that is when the next checkpoint appears
        run.append(f"dice?luck={7 + len(run)}")
        return len(run) < 4

    table = ladder(store, replace(CONFIG, schedule="gauntlet", pairs=1))
    table.enter(DICE[:2])
    table.run(workers=1, follow=[Path("runs/x")], stay=stay)
    assert [(entrant.label, entrant.wave) for entrant in table.entrants()] == [
        *((spec, 0) for spec in DICE[:2]),
        *(("dice?luck=7", 1), ("dice?luck=8", 2), ("dice?luck=9", 3)),
    ]
    assert len(store.matches()) == 2 * (2 + 3 + 4)


def test_of_a_long_run_that_is_followed_ever_fewer_checkpoints_enter(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [age for age in range(1, 41) if enters(age, 4)] == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
    run = [f"dice?luck={luck}" for luck in range(1, 11)]
    monkeypatch.setattr("agents.checkpoints.numbered", lambda folder: [Path(spec) for spec in run])
    table = ladder(store, CONFIG)
    entered = table.enter_checkpoints(Path("runs/x"), most=4)
    assert [entrant.label for entrant in entered] == [run[age - 1] for age in (1, 2, 3, 4, 6, 8)]
    run[:] = ["dice?fault=load", "dice?luck=11"]
    with pytest.warns(UserWarning, match="dice.fault=load does not enter: no such file"):
        entered = table.enter_checkpoints(Path("runs/x"), most=4)
    assert [entrant.label for entrant in entered] == ["dice?luck=11"]


def test_an_adaptive_ladder_plays_its_budget_in_rounds_that_interruptions_do_not_change(tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done > 10 and progress.new:
            raise KeyboardInterrupt

    plans, games = [], []
    for interruptions in (0, 2):
        store = Store(tmp_path / f"{interruptions}.db")
        table = ladder(store, replace(CONFIG, schedule="adaptive", pairs=10))
        table.enter(DICE)
        for _ in range(interruptions):
            with pytest.raises(KeyboardInterrupt):
                table.run(interrupt, workers=1)
            assert len(store.matches()) < 80
        end = table.run(workers=2)
        assert end.done == end.total == 80
        plans.append(read_rounds(store, "main"))
        games.append({record.id: record.actions for record in store.records()})
        store.close()
    assert [sum(pairing.pairs for pairing in some) for some in plans[0]] == [16, 16, 8]
    assert plans[0] == plans[1]
    assert games[0] == games[1]
    assert len(games[0]) == 80


def test_an_adaptive_ladder_of_few_games_leaves_nobody_out(store: Store) -> None:
    table = ladder(store, replace(CONFIG, schedule="adaptive", pairs=3))
    table.enter([f"dice?luck={i}" for i in range(9)])
    assert table.run(workers=2).done == 2 * 3 * 9
    assert fit(table.tally()).games.min() >= 6


def test_a_host_fault_is_made_good_by_the_next_run(store: Store) -> None:
    table = ladder(store)
    table.enter(DICE[:3])
    end = Ladder(store, "main", loader="no_such_module:load").run(workers=1)
    assert (end.done, end.spoilt) == (0, 18)
    assert {row.fault for row in store.matches()} == {"host"}
    end = table.run(workers=1)
    assert (end.done, end.spoilt) == (18, 0)
    assert {row.fault for row in store.matches()} == {None}


def test_faults_do_not_stop_a_ladder_and_stand_in_the_table(store: Store) -> None:
    table = ladder(store, replace(CONFIG, pairs=1, limits=Limits(hang_s=3.0)))
    table.enter([DICE[0], "bad?fault=raise&ply=4", "worse?fault=hang&ply=3"])
    assert table.run(workers=2).done == 6
    rows = {row.entrant.label: row for row in standings(table).rows}
    assert rows[DICE[0]].faults == {}
    assert set(rows["bad?fault=raise&ply=4"].faults) == {"crash"}
    assert set(rows["worse?fault=hang&ply=3"].faults) == {"hang"}
    assert rows[DICE[0]].score > rows["bad?fault=raise&ply=4"].score > rows["worse?fault=hang&ply=3"].score


def test_duplicates_are_counted(store: Store) -> None:
    table = ladder(store, LadderConfig("tic_tac_toe", pairs=60, plies=(8, 8)))  # one empty square: 34 openings
    table.enter(DICE[:2])
    table.run(workers=1)
    assert table.tally().distinct.tolist() == [34 / 60]


def test_the_other_rules_of_a_ladder_do_not_change(store: Store) -> None:
    ladder(store)
    changed = LadderConfig("tic_tac_toe", pairs=5, limits=Limits(move_ms=100))
    assert ladder(store, changed).config == replace(changed, plies=(1, 2))
    assert ladder(store, None).config == replace(changed, plies=(1, 2))
    for config, message in (
        (LadderConfig("connect_four"), "was made with game tic_tac_toe, not connect_four"),
        (replace(changed, seed=1), "was made with seed 0, not 1"),
        (replace(changed, schedule="adaptive"), "was made with schedule round_robin, not adaptive"),
        (replace(changed, plies=(2, 2)), r"was made with plies \(1, 2\), not \(2, 2\)"),
        (replace(changed, pairs=4), "was made with 5 pairs, which cannot become 4"),
    ):
        with pytest.raises(InputError, match=message):
            ladder(store, config)
    assert ladder(store, LadderConfig("connect_four"), "other").spec.id == "connect_four"
    with pytest.raises(InputError, match=r"unknown ladder 'mian'; choose from: main, other\. Did you mean 'main'\?"):
        ladder(store, None, "mian")


def test_a_ladder_of_other_rules_cannot_go_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ladder(store)
    game = envs.make("tic_tac_toe")
    monkeypatch.setattr(type(game), "spec", replace(game.spec, version=game.spec.version + 1))
    with pytest.raises(InputError, match="was played by version 1 of tic_tac_toe; its rules are 2 now"):
        ladder(store, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule": "swiss"}, "unknown schedule 'swiss'"),
        ({"pairs": 0}, "at least 1 mirrored pair"),
        ({"game": "chequers"}, "unknown game 'chequers'"),
        ({"plies": (9, 9)}, "no unfinished position"),
    ],
)
def test_senseless_configs_are_refused(store: Store, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ladder(store, LadderConfig(**{"game": "tic_tac_toe", **options}))  # type: ignore[arg-type]
    assert store.ladders() == []


def test_agents_that_cannot_play_do_not_enter(store: Store) -> None:
    table = ladder(store)
    with pytest.raises(InputError, match=r"a\?fault=plays cannot play Tic-tac-toe: this is not my game"):
        table.enter([DICE[0], "a?fault=plays"])
    assert table.entrants() == []


def test_labels_are_unique(store: Store) -> None:
    table = ladder(store)
    table.enter(["one?", "two?"])
    with store.writing() as db:
        db.exec_driver_sql("UPDATE agents SET name = 'same'")
    assert [entrant.label for entrant in table.entrants()] == ["same (finger)", "same (finger)"]


def test_ctrl_c_saves_what_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "arena.db"
    program = f"""
import signal
from arena.ladder import Ladder
from arena.roster import LadderConfig
from arena.store import Store
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell inherit that it is ignored
table = Ladder(Store({str(path)!r}), "main", LadderConfig("tic_tac_toe", pairs=20), loader={LOADER!r})
table.enter(["a?sleep=0.002", "b?", "slow?sleep=0.2"])
table.run(lambda progress: print(progress.done, flush=True), workers=2)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        done = 0
        while not done:
            done = int(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        told = [int(line) for line in process.stdout]
        assert process.stderr.read().endswith("KeyboardInterrupt\n")
    store = Store(path, read_only=True)
    assert len(store.matches()) == max([done, *told]) < 120
    assert all(verify(record) == [] for record in store.records())
    store.close()


def test_a_full_disk_ends_a_ladder_with_a_message(store: Store) -> None:
    table = ladder(store, replace(CONFIG, pairs=200))
    table.enter(DICE[:2])
    with store.reading() as db:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar_one()
        db.exec_driver_sql(f"PRAGMA max_page_count={pages + 4}")
    with pytest.raises(StoreError, match=r"arena\.db: the disk is full"):
        table.run(workers=1)
    assert len(store.matches()) < 400

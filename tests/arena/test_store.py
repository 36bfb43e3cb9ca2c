from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from arena.records import AgentRef, Fault, MatchRecord, line_hash
from arena.roster import read_config, read_entrants, read_rounds
from arena.schedule import Pairing
from arena.store import Query, Store, StoreError
from arena.tables import VERSION, ladders
from envs.core import InputError
from tests.arena.matches import make_record

VERSION_1 = Path(__file__).with_name("store_v1.sql")
GAMES = [replace(make_record("tic_tac_toe", seed), id=f"{seed:016x}-1") for seed in range(8)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "arena.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(path)
    yield store
    store.close()


def ids(rows: object) -> list[str]:
    return [row.id for row in rows]  # type: ignore[attr-defined]


def test_what_is_saved_comes_back(store: Store, path: Path) -> None:
    assert store.add(GAMES) == 8
    store.close()
    again = Store(path, read_only=True)
    assert list(again.records(Query(newest_first=False))) == GAMES
    assert again.latest() == GAMES[-1]
    assert again.record(GAMES[2].id) == GAMES[2]
    again.close()
    again.close()


def test_adding_a_game_twice_is_adding_it_once(store: Store) -> None:
    assert store.add(GAMES[:5]) == 5
    assert store.add(GAMES[3:]) == 3
    assert store.add([replace(GAMES[0], seconds=9.0)]) == 0
    assert store.add([]) == 0
    assert list(store.records(Query(newest_first=False))) == GAMES


def test_a_game_that_the_host_spoilt_gives_way_to_a_good_one_and_to_no_other(store: Store) -> None:
    spoilt = replace(GAMES[0], fault=Fault("host", None, "out of memory"), termination="fault", returns=(0.0, 0.0))
    crashed = replace(GAMES[1], fault=Fault("crash", 0, "oops"), termination="fault", returns=(-1.0, 1.0))
    store.add([spoilt, crashed])
    assert store.add([GAMES[0], GAMES[1]]) == 1
    assert list(store.records(Query(newest_first=False))) == [GAMES[0], crashed]
    assert store.add([spoilt]) == 0


def test_queries(store: Store) -> None:
    faulty = replace(GAMES[6], fault=Fault("hang", 1, "no answer"), termination="fault")
    carol = AgentRef("mcts?simulations=9", "carol", "c")
    met = replace(GAMES[7], agents=(carol, GAMES[7].agents[0]))
    with store.writing() as db:
        db.execute(insert(ladders), {"name": "main", "config": "{}", "created": "2026"})
    store.add(GAMES[:3])
    store.add([*GAMES[3:6], faulty], ladder="main")
    store.add([met, make_record("connect_four")])
    everything = store.matches()
    assert ids(everything) == ["match-3", *ids([met, faulty, *GAMES[5::-1]])]
    assert ids(store.matches(Query(limit=2))) == ["match-3", met.id]
    assert ids(store.matches(Query(ladder="main"))) == ids([faulty, *GAMES[5:2:-1]])
    assert ids(store.matches(Query(game="connect_four"))) == ["match-3"]
    assert ids(store.matches(Query(faults=True))) == [faulty.id]
    for name in ("carol", "c", "mcts?simulations=9"):
        assert ids(store.matches(Query(agent=name))) == [met.id]
    assert ids(store.matches(Query(agent="alice", ladder="main"))) == ids([faulty, *GAMES[5:2:-1]])
    assert ids(store.records(Query(game="connect_four"))) == ["match-3"]
    latest = store.latest(Query(ladder="main"))
    assert latest is not None
    assert latest.id == faulty.id
    assert store.latest(Query(agent="nobody")) is None
    assert store.ladders() == ["main"]


def test_a_row_tells_what_a_list_shows(store: Store) -> None:
    store.add([GAMES[0]])
    (row,) = store.matches()
    assert row.agents == ("alice", "bob")
    assert row.fingerprints == tuple(agent.fingerprint for agent in GAMES[0].agents)
    assert row.returns == GAMES[0].returns
    assert row.plies == len(GAMES[0].actions)
    assert (row.game, row.ladder, row.termination, row.fault) == ("tic_tac_toe", None, "rules", None)
    assert (row.started, row.seconds) == (GAMES[0].started, GAMES[0].seconds)


def test_a_game_of_one_seat_fits(store: Store) -> None:
    breakout = replace(GAMES[0], game="breakout", agents=GAMES[0].agents[:1], returns=(423.0,), opening=())
    store.add([breakout])
    (row,) = store.matches()
    assert (row.agents, row.returns) == (("alice",), (423.0,))
    assert store.latest() == breakout


def test_a_match_is_found_by_the_beginning_of_its_id(store: Store, path: Path) -> None:
    store.add([replace(GAMES[0], id=name) for name in ("ab-1", "ab-10", "ab-2", "cd-1", "c_d", "%")])
    assert store.record("ab-2").id == "ab-2"
    assert store.record("cd").id == "cd-1"
    assert store.record("ab-1").id == "ab-1"
    assert store.record("%").id == "%"
    for bad, message in (
        ("ab", "'ab' could be any of the matches ab-1, ab-10, ab-2"),
        ("zz", f"{path} has no match 'zz'"),
        ("_", f"{path} has no match '_'"),
    ):
        with pytest.raises(InputError) as error:
            store.record(bad)
        assert str(error.value) == message


def test_the_file_is_as_safe_as_it_can_be(store: Store) -> None:
    with store.reading() as db:
        pragmas = {name: db.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "synchronous")}
        assert pragmas == {"journal_mode": "wal", "synchronous": 2}
        assert db.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    with pytest.raises(Exception, match="FOREIGN KEY"):
        store.add(GAMES, ladder="no such ladder")
    assert store.matches() == []


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.writing() as db:  # noqa: PT012
        db.execute(insert(ladders), {"name": "main", "config": "{}", "created": "2026"})
        raise KeyboardInterrupt
    assert store.ladders() == []


def test_readers_do_not_wait_for_a_writer_nor_the_other_way_round(store: Store, path: Path) -> None:
    store.add(GAMES[:4])
    reader = Store(path, read_only=True)
    reading = reader.records(Query(newest_first=False))
    assert next(reading) == GAMES[0]  # a reader in the middle of its work ...
    with store.writing() as db:  # ... a writer in the middle of its own ...
        db.execute(insert(ladders), {"name": "main", "config": "{}", "created": "2026"})
        another = Store(path, read_only=True)
        assert len(another.matches()) == 4  # ... and another reader
        another.close()
    assert store.add(GAMES[4:]) == 4
    assert list(reading) == GAMES[1:4]  # sees the state in which it began
    assert len(reader.matches()) == 8
    reader.close()


def test_two_writers_take_turns(store: Store, path: Path) -> None:
    def save(part: list[MatchRecord]) -> None:
        other = Store(path)
        for record in part:
            other.add([record])
        other.close()

    threads = [threading.Thread(target=save, args=(part,)) for part in (GAMES[:5], GAMES[3:])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids(store.matches())) == sorted(ids(GAMES))


def test_one_process_at_a_time_plays_a_ladder(store: Store, path: Path) -> None:
    code = "import sys; from arena.store import Store\nwith Store(sys.argv[1]).alone(sys.argv[2]): print('alone')"

    def other(ladder: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code, path, ladder], capture_output=True, text=True)

    with store.alone("night"):
        refused = other("night")
        assert "ladder 'night' is being played by another process" in refused.stderr
        assert not refused.stdout
        assert other("day").stdout == "alone\n"
    assert other("night").stdout == "alone\n"


def test_a_store_of_version_1_is_brought_up_to_date(path: Path, tmp_path: Path) -> None:
    old = sqlite3.connect(path)
    old.executescript(VERSION_1.read_text(encoding="utf-8"))
    old.close()
    Store(tmp_path / "new.db").close()
    store = Store(path, read_only=True)
    found = list(store.records(Query(ladder="old")))
    assert len(found) == 3
    with store.reading() as db:
        lines = {row.id: row.line for row in db.exec_driver_sql("SELECT id, line FROM matches")}
        assert lines == {record.id: line_hash(record) for record in found}
        assert db.exec_driver_sql("PRAGMA user_version").scalar_one() == VERSION
        columns = {tuple(row[1:3]) for row in db.exec_driver_sql("PRAGMA table_info(matches)")}
    config = read_config(store, "old")
    assert config is not None
    assert config.pairs == 2
    assert read_rounds(store, "old") == [[Pairing(0, 1, 0, 2)]]
    assert [entrant.label for entrant in read_entrants(store, "old")] == ["a?", "b?luck=1"]
    store.close()
    new = sqlite3.connect(tmp_path / "new.db")
    assert columns == {row[1:3] for row in new.execute("PRAGMA table_info(matches)")}
    new.close()


def test_a_damaged_match_does_not_keep_an_old_store_closed(path: Path) -> None:
    old = sqlite3.connect(path)
    old.executescript(VERSION_1.read_text(encoding="utf-8"))
    old.execute("UPDATE matches SET record = x'00' WHERE number = 3")
    old.commit()
    old.close()
    store, damaged = Store(path), []
    assert len(list(store.records(on_damage=lambda match, _: damaged.append(match)))) == 2
    assert len(damaged) == 1
    store.close()


def test_a_migration_that_fails_leaves_the_old_store(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = sqlite3.connect(path)
    old.executescript(VERSION_1.read_text(encoding="utf-8"))
    old.commit()
    before = list(old.iterdump())
    monkeypatch.setattr("arena.tables.unpack", lambda blob: (_ for _ in ()).throw(RuntimeError("no")))
    with pytest.raises(RuntimeError, match="no"):
        Store(path)
    assert list(old.iterdump()) == before
    assert old.execute("PRAGMA user_version").fetchone() == (1,)
    old.close()


def test_files_that_are_no_stores_are_refused_and_left_alone(path: Path, tmp_path: Path) -> None:
    text, other, folder = tmp_path / "notes.txt", tmp_path / "other.db", tmp_path / "folder"
    text.write_text("a shopping list, long enough to be read as a header of a database\n" * 20, encoding="utf-8")
    folder.mkdir()
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE contacts (name)")
    db.close()
    contents = {file: file.read_bytes() for file in (text, other)}
    for file, message in (
        (text, "it is not an SQLite database"),
        (other, "it is an SQLite database of another program"),
        (folder, "it cannot be opened"),
    ):
        with pytest.raises(StoreError) as error:
            Store(file)
        assert str(error.value) == f"{file}: {message}"
    assert {file: file.read_bytes() for file in (text, other)} == contents
    with pytest.raises(StoreError, match="there is no such file"):
        Store(path, read_only=True)
    assert not path.exists()


def test_a_newer_store_says_so(store: Store, path: Path) -> None:
    store.close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(StoreError) as error:
        Store(path)
    assert str(error.value) == f"{path}: it is a store of version 99, made by a newer program; this one knows {VERSION}"


def test_a_damaged_store_says_so(store: Store, path: Path) -> None:
    store.add(GAMES)
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)  # all pages but the first
    path.write_bytes(content)
    with pytest.raises(StoreError) as error:
        Store(path).matches()
    assert str(error.value) == f"{path}: it is damaged"


def test_a_full_disk_says_so_and_loses_nothing_saved(store: Store, path: Path) -> None:
    store.add(GAMES[:4])
    with store.reading() as db:  # the pool hands out this same connection again
        pages = db.exec_driver_sql("PRAGMA page_count").scalar_one()
        db.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    many = [replace(GAMES[4], id=f"{i:016x}-2") for i in range(500)]
    with pytest.raises(StoreError) as error:
        store.add(many)
    assert str(error.value) == f"{path}: the disk is full"
    assert ids(store.matches()) == ids(GAMES[3::-1])
    with store.reading() as db:
        db.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert store.add(many) == 500


def test_a_read_only_store_says_so(store: Store, path: Path) -> None:
    store.add(GAMES[:1])
    reader = Store(path, read_only=True)
    with pytest.raises(StoreError) as error:
        reader.add(GAMES[1:])
    assert str(error.value) == f"{path}: it is read-only"
    reader.close()


def test_another_programs_long_transaction_says_so(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arena.store._PATIENCE", 0.05)
    impatient = Store(path)
    with store.writing(), pytest.raises(StoreError) as error:
        impatient.add(GAMES)
    assert str(error.value) == f"{path}: another program has been writing to it for too long"
    impatient.close()


def test_what_add_has_returned_from_survives_the_death_of_the_process(path: Path) -> None:
    program = (
        "import os, sys; from arena.store import Store; from tests.arena.test_store import GAMES\n"
        "Store(sys.argv[1]).add(GAMES[:3]); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], cwd=Path(__file__).parents[2], check=False)
    store = Store(path, read_only=True)
    assert list(store.records(Query(newest_first=False))) == GAMES[:3]
    store.close()

"""Errors of paths, disks and bytes: a line and exit code 2, whichever command meets them."""

import errno
import sqlite3
from dataclasses import replace

import pytest

from arena.cli.compete import limits
from arena.cli.shared import report
from arena.records import to_json
from arena.runner import DEFAULT_LIMITS
from arena.store import Store
from tests.arena.matches import make_record


@pytest.mark.parametrize(
    "words",
    [
        ["matches", "--store", "x" * 300],
        ["match", "random", "random", "--store", "x" * 300],
        ["train", "connect_four", "--minutes", "1", "--run", "x" * 300],
    ],
)
def test_a_path_that_cannot_be(run, words):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert "File name too long" in err or "it cannot be opened" in err
    assert len(err) < 500


@pytest.mark.parametrize("words", [["matches", "--agent", "\udcff"], ["watch", "--ladder", "n\udcff"]])
def test_bytes_that_are_no_text(run, tmp_path, words):
    Store("arena.db").close()
    code, _, err = run(*words, "--store", "arena.db")
    assert code == 2
    assert "error: " in err


def test_errors_of_the_machine_and_of_the_arena(capsys):
    assert report(OSError(errno.ENOSPC, "No space left on device")) == 2
    assert report(PermissionError(errno.EACCES, "Permission denied", "/x")) == 2
    assert report(OSError(errno.EBADF, "Bad file descriptor")) == 3
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == [
        "error: No space left on device",
        "error: /x: Permission denied",
        "error: OSError: [Errno 9] Bad file descriptor",
    ]


def test_a_match_with_too_few_agents_cannot_be_shown(run, tmp_path):
    record = make_record("tic_tac_toe")
    text = to_json(replace(record, agents=record.agents[:1], returns=record.returns[:1]))
    (tmp_path / "one.json").write_text(text)
    for suffix in ("pgn", "html"):
        code, _, err = run("export", "one.json", "-o", f"x.{suffix}")
        assert (code, "1 agents, and tic_tac_toe is for 2" in err or "PGN" in err) == (2, True)


def test_one_damaged_match_does_not_keep_the_others_from_being_written(run, tmp_path):
    store = Store("arena.db")
    store.add([make_record("chess", seed=seed) for seed in range(3)])
    store.close()
    with sqlite3.connect("arena.db") as db:
        damaged = db.execute("SELECT id FROM matches LIMIT 1").fetchone()[0]
        db.execute("UPDATE matches SET record = x'00' WHERE id = ?", (damaged,))
    db.close()
    code, out, err = run("export", "--all", "-o", "all.pgn", "--store", "arena.db")
    assert code == 0
    assert "2 matches" in out
    assert f"left out: arena.db, match {damaged}" in err.replace("\n", " ")
    assert (tmp_path / "all.pgn").read_text().count("[Event ") == 2


def test_limits_that_are_not_asked_for_stay():
    first = limits(100.0, False)
    both = limits(None, True, first)
    assert (both.move_ms, both.adjudicate is not None) == (100.0, True)
    assert limits(50.0, False, both) == replace(both, move_ms=50.0)
    assert limits(None, False) == DEFAULT_LIMITS


def test_an_anchor_beyond_all_reason(run):
    words = ["ladder", "random", "mcts?simulations=2", "--game", "tic_tac_toe", "--name", "x", "--anchor"]
    code, _, err = run(*words, "random@1e300")
    assert code == 2
    assert "the Elo of anchor random is from -10,000 to 10,000, not 1e+300" in " ".join(err.split())

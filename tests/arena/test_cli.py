import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agents.core import AgentError
from arena.cli import PANELS
from arena.records import from_json, to_json
from arena.store import Store
from tests.arena.matches import HOSTILE, make_record

COMMANDS = [command.__name__ for commands in PANELS.values() for command in commands]
ROOT = Path(__file__).parents[2]
HEAVY = {"numpy", "numba", "torch", "sqlalchemy", "scipy", "envs", "agents.core", "selfplay.train", "tensorboard"}


def options_of(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))


def test_help_lists_every_command(run):
    code, out, _ = run("--help")
    assert code == 0
    for name in COMMANDS:
        assert re.search(rf"│ {name} +\S", out)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_examples_that_exist(run, name):
    code, out, _ = run(name, "--help")
    examples = re.findall(r"^\s*arena (\w+)(.*?)\s*$", out, re.MULTILINE)
    assert code == 0
    assert examples
    for command, rest in examples:
        assert command in COMMANDS
        if command == name:
            assert options_of(rest) <= options_of(out.split("Examples")[0] + out.split("Options")[1])


@pytest.mark.parametrize("words", [[], ["--help"], ["train", "--help"], ["ladder", "--help"], ["play", "--help"]])
def test_help_imports_nothing_heavy(words):
    program = (
        f"import sys, arena.cli; sys.argv = ['arena', *{words!r}]\n"
        "try: arena.cli.main()\nexcept SystemExit: pass\n"
        f"print('heavy:', sorted({HEAVY!r} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert out.splitlines()[-1] == "heavy: []"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["perft", "conect_four"], "Did you mean 'connect_four'?"),
        (["train", "chess9"], "unknown game 'chess9'"),
        (["match", "nobody", "random"], "unknown agent 'nobody'"),
        (["match", "random?depth=3", "random"], "'depth'"),
        (["match", "random", "random", "--games", "3"], "not 3"),
        (["watch"], "no such matches"),
        (["watch", "4f2a"], "there is no store"),
        (["export"], "no such matches"),
        (["ladder"], "which ladder?"),
        (["ladder", "--name", "x"], "there is no ladder 'x' yet"),
        (["ladder", "random", "--game", "tic_tac_toe"], "at least two different agents"),
        (["ladder", "--follow", "--game", "tic_tac_toe"], "--run"),
        (["ladder", "--run", "shipped:connect_four"], "is not the folder of a training, or has no checkpoint yet"),
        (["train", "tic_tac_toe", "--resume"], "no run of tic_tac_toe"),
        (["train", "tic_tac_toe", "--minutes", "1", "--hours", "1"], "not with both"),
        (["train", "tic_tac_toe", "--set", "simulations=many"], "simulations"),
        (["train", "tic_tac_toe", "--set", "simulations"], "NAME=VALUE"),
        (["train", "tic_tac_toe", "--size", "giant"], "unknown size 'giant'"),
        (["play", "connect_four", "--against", "nobody"], "unknown agent"),
        (["play", "connect_four", "--store", "file/x.db"], "file cannot be a folder for matches: File exists"),
        (["match", "random", "random", "--store", "file/x/y.db"], "cannot be a folder for matches: Not a directory"),
        (["match", "breakout", "random", "--set", "a=1"], "--set is for team games, not for breakout"),
        (["match", "random", "mcts", "--sprt", "inf"], "elo0 has to be below elo1"),
        (["ladder", "random", "mcts", "--game", "othello", "--set", "a=1"], "options are for team games"),
        (["ladder", "random", "--game", "breakout", "--adjudicate"], "adjudicates none"),
        (["train", "tic_tac_toe", "--run", "file/x"], "file/x cannot be the folder of a run: Not a directory"),
        (["train", "tic_tac_toe", "--resume", "--run", "no"], "there is no training run to resume in no"),
        (["train", "breakout9"], "Did you mean 'breakout'?"),
        (["replay", "--all"], "--all checks all matches"),
        (["watch", "x" * 5000], "cannot be read: File name too long"),
        (["watch", "file"], "not a match record"),
        (["watch", "othello", "--agent", "x"], "no such matches"),
        (["export", "-o", "game.svg"], "game.svg: a match is written as .html, .htm, .pgn, .mp4, .gif, .png"),
        (["train", "chess", "--set", "net.blocks=2", "--set", "net=5"], "--set net=... and --set net.NAME=... exclude"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(run, tmp_path, words, message):
    (tmp_path / "file").write_bytes(b"\xff\x00")
    code, out, err = run(*words)
    assert code == 2
    assert message in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in out + err


def test_unknown_options_are_refused(run):
    assert run("games", "--frobnicate")[0] == 2
    assert run("frobnicate")[0] == 2


def test_an_agent_that_cannot_go_on_is_wrong_input_too(run, monkeypatch):
    def fail(*_):
        raise AgentError("the engine died\nof boredom")

    monkeypatch.setattr("envs.perft.perft", fail)
    code, _, err = run("perft", "tic_tac_toe")
    assert (code, err) == (2, "error: the engine died\nof boredom\n")


def test_a_surprise_names_the_file_with_its_traceback(run, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("so much for that")

    monkeypatch.setattr("envs.perft.perft", fail)
    code, out, err = run("perft", "tic_tac_toe")
    assert code == 3
    assert "Traceback" not in out + err
    log = Path(re.search(r"The full report is in (\S+)", err).group(1))
    assert "ZeroDivisionError: so much for that" in log.read_text()
    assert "perft tic_tac_toe" in log.read_text()
    log.unlink()


def test_ctrl_c_is_130(run, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("envs.perft.perft", interrupt)
    assert run("perft", "tic_tac_toe")[0] == 130


def test_lists_as_json(run):
    games = json.loads(run("games", "--json")[1])
    assert {"connect_four", "othello", "tic_tac_toe"} <= {game["id"] for game in games}
    assert next(game for game in games if game["id"] == "othello")["num_actions"] == 65
    kinds = json.loads(run("agents", "--json")[1])["kinds"]
    assert {"random", "mcts"} <= {kind["kind"] for kind in kinds}
    assert json.loads(run("matches", "--json")[1]) == []
    code, out, _ = run("doctor", "--json")
    assert code == (1 if "bad" in [finding["level"] for finding in json.loads(out)] else 0)


def test_agents_of_a_game(run):
    assert "perfect" in run("agents", "--game", "connect_four")[1]
    assert "perfect" not in run("agents", "--game", "othello")[1]


def test_perft(run):
    code, out, _ = run("perft", "othello", "--depth", "5", "--positions")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()[2:8]] == ["1", "4", "12", "56", "244", "1,396"]
    assert json.loads(run("perft", "tic_tac_toe", "--depth", "3", "--json")[1])["sequences"] == [1, 9, 72, 504]


def test_perft_from_a_position(run):
    """Position 3 of https://www.chessprogramming.org/Perft_Results"""
    fen = "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1"
    code, out, _ = run("perft", "chess", "--depth", "4", "--fen", fen, "--json")
    assert code == 0
    assert json.loads(out)["sequences"] == [1, 14, 191, 2812, 43238]
    for game, text, message in (
        ("minichess", fen, "bad FEN '8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1': 8 ranks instead of 5"),
        ("othello", fen, "a FEN is a position of chess or minichess, not of Othello"),
    ):
        code, _, err = run("perft", game, "--fen", text)
        assert (code, message in err) == (2, True)


def test_a_stores_programs_run_only_where_they_are_trusted(run):
    assert run("ladder", "random", "mcts?simulations=2", "--game", "tic_tac_toe", "--name", "l", "--pairs", "1")[0] == 0
    with contextlib.closing(sqlite3.connect("runs/arena.db")) as db, db:
        for table in ("entrants", "agents"):
            db.execute(f"update {table} set spec = 'uci:./evil' where spec like 'mcts%'")
    for arguments in (["ladder", "--name", "l", "--pairs", "2"], ["ladder", "uci:./evil", "--name", "l", "--trust"]):
        code, _, error = run(*arguments)
        assert code == 2
        assert ("--trust if you know it" in error) == ("--trust" not in arguments)


def test_a_match_is_played_kept_listed_watched_verified_and_exported(run, tmp_path):
    code, out, _ = run("match", "random", "random", "--game", "tic_tac_toe", "--games", "10")
    assert code == 0
    assert re.search(r"random \d+, random \d+, \d+ drawn of 10", out)
    rows = json.loads(run("matches", "--json")[1])
    assert len(rows) == 10
    assert rows[0]["id"] in run("matches")[1]
    code, out, _ = run("watch", rows[3]["id"])
    assert code == 0
    assert len(re.findall(r"^ *\d+  [abc][123]", out, re.MULTILINE)) == rows[3]["plies"]
    assert run("watch", "tic_tac_toe")[0] == 0
    assert run("replay", "--verify", "--all")[1] == "10 checked, all in order\n"
    assert run("replay", rows[0]["id"], "--verify", "--ask")[1] == "1 checked, all in order\n"
    assert from_json(run("replay", rows[0]["id"], "--json")[1]).id == rows[0]["id"]
    code, out, _ = run("export", rows[0]["id"], "-o", "page.html")
    assert code == 0
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    assert run("export", "-o", "no/such/folder/page.html")[0] == 2
    for words, message in (
        (("matches", "--game", "othello"), "unknown game in .*: 'othello'; choose from: tic_tac_toe"),
        (("matches", "--agent", "randon"), "unknown agent in .*: 'randon'; .*Did you mean 'random'"),
        (("replay", "--verify", "--all", "--ladder", "night"), "unknown ladder in .*: 'night'; choose from: .none."),
        (("watch", "tic_tac_to"), "no match 'tic_tac_to'. The game 'tic_tac_toe'?"),
    ):
        code, _, err = run(*words)
        assert code == 2
        assert re.search(message, err), err


def test_a_damaged_record_is_a_finding_beside_the_others(run, tmp_path):
    run("match", "random", "random", "--game", "tic_tac_toe", "--games", "4", "--store", "a.db")
    with sqlite3.connect(tmp_path / "a.db") as db:
        (damaged,) = db.execute("SELECT id FROM matches LIMIT 1").fetchone()
        db.execute("UPDATE matches SET record = x'00' WHERE id = ?", (damaged,))
    code, out, _ = run("replay", "--verify", "--all", "--store", "a.db", "--json")
    facts = json.loads(out)
    assert (code, facts["checked"], [finding["match"] for finding in facts["findings"]]) == (1, 3, [damaged])
    assert f"match {damaged}: damaged match record" in run("replay", damaged, "--store", "a.db")[2]


def test_a_match_as_json(run):
    facts = json.loads(run("match", "random", "random", "--game", "tic_tac_toe", "--games", "20", "--json")[1])
    assert facts["won"] + facts["drawn"] + facts["lost"] == facts["games"] == 20
    low, value, high = facts["elo"]
    assert low < value < high


def test_a_sequential_test_stops_early(run):
    words = (
        "match",
        "mcts?simulations=30",
        "random",
        "--game",
        "tic_tac_toe",
        "--games",
        "2000",
        "--sprt",
        "50",
        "--json",
    )
    facts = json.loads(run(*words)[1])
    assert facts["test"]["verdict"] == "elo1"
    assert facts["games"] < 2000


def test_a_record_that_was_tampered_with_fails_verification(run, tmp_path):
    record = make_record("tic_tac_toe", seed=0)
    assert record.returns == (1, -1)
    (tmp_path / "bad.json").write_text(to_json(replace(record, returns=(-1.0, 1.0))))
    code, out, _ = run("replay", "bad.json", "--verify")
    assert (code, "1 checked, 1 findings" in out) == (1, True)
    assert run("replay", "bad.json", "--verify", "--json")[0] == 1
    (tmp_path / "broken.json").write_text("{")
    assert run("replay", "broken.json")[0] == 2


def test_a_ladder_is_played_shown_and_gone_on_with(run):
    agents = ("random", "mcts?simulations=2", "mcts?simulations=20")
    code, out, err = run(
        "ladder", *agents, "--game", "tic_tac_toe", "--pairs", "4", "--workers", "1", "--name", "small"
    )
    assert code == 0, err
    ranks = [line.split()[1] for line in out.splitlines() if re.match(r"^\d ", line)]
    assert sorted(ranks) == sorted(agents)
    assert ranks[0] == "mcts?simulations=20"
    assert "Most worth watching" in out
    facts = json.loads(run("ladder", "--name", "small", "--json")[1])
    assert [row["agent"] for row in facts["agents"]] == ranks
    assert facts["agents"][0]["low"] < facts["agents"][0]["elo"] < facts["agents"][0]["high"]
    assert facts["agents"][-1]["beats_next"] is None
    assert run("ladder", "--name", "small", "--pairs", "2")[0] == 2  # fewer than there are


def test_a_ladder_that_could_not_be_made_does_not_stand_in_the_way(run):
    words = ("--game", "tic_tac_toe", "--workers", "1", "--json")
    for wrong in (("random", "nobody"), ("random",), ("random", "mcts?simulations=2", "--anchor", "random@nan")):
        assert run("ladder", *wrong, *words)[0] == 2
    code, out, err = run("ladder", "random", "mcts?simulations=2", *words, "--schedule", "round_robin", "--pairs", "1")
    assert code == 0, err
    assert [row["games"] for row in json.loads(out)["agents"]] == [2, 2]


def test_a_match_by_other_rules_is_another_match(run):
    words = ("match", "random", "mcts?simulations=5", "--game", "tic_tac_toe", "--games", "2")
    assert run(*words)[0] == 0
    code, out, err = run(*words, "--move-ms", "0.0000001")
    assert (code, err) == (0, "")
    assert "it ended by a fault (time)" in out
    assert len(json.loads(run("matches", "--json")[1])) == 4
    assert len(json.loads(run("matches", "--faults", "--json")[1])) == 2
    assert "2 of these games had been played before" in run(*words)[2]


def test_commands_that_are_named_find_the_store(run):
    _, out, _ = run("match", "random", "random", "--game", "tic_tac_toe", "--games", "2", "--store", "other.db")
    said = re.search(r"arena\S* (watch \S+ --store other.db)", " ".join(out.split()))
    assert said, out
    code, out, _ = run(*said[1].split())
    assert code == 0
    assert "--store other.db" in out


def test_pgn_of_all_matches_passes_over_other_games(run, tmp_path):
    run("match", "random", "random", "--game", "tic_tac_toe", "--games", "2")
    assert "but 2 of games that PGN is not for" in run("export", "--all", "-o", "a.pgn")[2]
    run("match", "random", "random", "--game", "minichess", "--games", "2")
    code, out, err = run("export", "--all", "-o", "a.pgn")
    assert code == 0, err
    assert "2 matches, without 2 of other games" in out
    assert (tmp_path / "a.pgn").read_text().count("[Result ") == 2


def test_in_a_gauntlet_the_first_agent_meets_the_others_and_newcomers_meet_all(run):
    words = ("--game", "tic_tac_toe", "--workers", "1", "--json")
    code, out, err = run(
        "ladder", "random", "mcts?simulations=2", "alphabeta", *words, "--schedule", "gauntlet", "--pairs", "1"
    )
    assert code == 0, err
    played = {row["agent"]: row["games"] for row in json.loads(out)["agents"]}
    assert played == {"random": 4, "mcts?simulations=2": 2, "alphabeta": 2}
    _, out, _ = run("ladder", "mcts?simulations=9", "--name", "tic_tac_toe", "--workers", "1", "--json")
    assert {row["agent"]: row["games"] for row in json.loads(out)["agents"]}["mcts?simulations=9"] == 6


def test_a_person_plays_with_undo_hint_and_mistakes(run, monkeypatch):
    typed = iter(["help", "moves", "9", "hint", "4", "undo", "3", "", "resign"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    code, out, err = run("play", "connect_four", "--against", "mcts?simulations=20", "--seed", "1", "--name", "eve")
    assert code == 0, err
    assert "illegal move '9'; legal: 1 2 3 4 5 6 7" in out
    assert "would play" in out
    assert "mcts?simulations=20 wins." in out
    record = from_json(run("replay", "--json")[1])
    assert [agent.name for agent in record.agents] == ["eve", "mcts?simulations=20"]
    assert record.actions[0] == 2  # the move taken back is not in it
    assert len(record.actions) == 2
    assert (record.termination, record.returns) == ("adjudicated", (-1.0, 1.0))
    assert run("replay", "--verify")[0] == 0


def test_a_game_against_a_person_ends_by_the_rules(run, monkeypatch):
    squares = iter(f"{column}{row}" for _ in range(9) for column in "abc" for row in "123")
    monkeypatch.setattr("builtins.input", lambda prompt: next(squares))
    code, out, _ = run("play", "tic_tac_toe", "--against", "random", "--seat", "second", "--seed", "5")
    assert code == 0
    assert re.search(r"You win!|A draw\.|random wins\.", out)
    assert from_json(run("replay", "--json")[1]).termination == "rules"


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt])
def test_a_game_that_is_left_is_not_kept(run, monkeypatch, end):
    def leave(prompt):
        raise end

    monkeypatch.setattr("builtins.input", leave)
    assert run("play", "tic_tac_toe", "--against", "random")[0] == 0
    assert json.loads(run("matches", "--json")[1]) == []


def test_terminals_without_colour_width_or_encoding(tmp_path):
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "40", "PYTHONIOENCODING": "ascii"}
    program = [sys.executable, "-c", "import arena.cli; arena.cli.main()"]

    def call(*words: str) -> str:
        done = subprocess.run([*program, *words], capture_output=True, env=environment, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode("ascii")

    for words in (("--help",), ("match", "random", "random", "--game", "tic_tac_toe"), ("watch",)):
        text = call(*words)
        assert "\x1b" not in text
        assert max(len(line) for line in text.splitlines() if " watch " not in line and " export " not in line) <= 40


def test_hostile_names_cannot_reach_the_terminal(run, tmp_path):
    record = make_record(names=("\x1b]0;owned\x07" + HOSTILE, "[bold]bob[/bold]"))
    (tmp_path / "game.json").write_text(to_json(record))
    code, out, _ = run("replay", "game.json")
    assert code == 0
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[bold]bob[/bold]" in out


def test_hostile_ids_cannot_reach_the_terminal(run, tmp_path):
    record = replace(make_record(), id="\x1b]0;owned\x1b\\x")
    (tmp_path / "game.json").write_text(to_json(record))
    Store(tmp_path / "store.db").add([record])
    for words in (["watch", "game.json"], ["matches", "--store", "store.db"], ["replay", "game.json", "--verify"]):
        assert "\x1b" not in "".join(run(*words)[1:])

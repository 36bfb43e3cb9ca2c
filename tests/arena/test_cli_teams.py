"""The commands on team games."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def played(run):
    """Two games in the store of an empty folder, as the match's JSON."""
    code, out, _ = run(
        "match", "moba_1v1", "bot:brawler", "bot:idle", "--games", "2", "--set", "max_cycles=60", "--json"
    )
    assert code == 0
    return json.loads(out)


def test_a_match_is_kept_listed_checked_and_shown(run, played, tmp_path):
    assert (played["game"], played["games"], played["drawn"]) == ("moba_1v1", 2, 2)
    code, out, _ = run("replay", "--verify", "--ask", "--all", "--json")
    assert (code, json.loads(out)) == (0, {"checked": 2, "findings": []})
    code, out, _ = run("matches", "--json")
    first, second = json.loads(out)
    assert first["agents"] == second["agents"][::-1]
    assert first["plies"] == 60, "decisions"
    code, out, _ = run("matches")
    assert " 60 " in out
    code, out, _ = run("watch", first["id"])
    assert code == 0
    assert "decision 60 of 60" in out
    assert "draw (truncated)" in out
    code, out, _ = run("replay", first["id"])
    assert "decision 60 of 60" in out
    for name in ("game.html", "game.gif", "game.mp4", "end.png"):
        code, out, _ = run("export", first["id"], "-o", name)
        assert code == 0, name
        assert Path(tmp_path, name).stat().st_size > 1000


def test_a_ladder(run):
    words = (
        "ladder",
        "moba_1v1",
        "bot:idle",
        "bot:brawler",
        "--pairs",
        "1",
        "--workers",
        "1",
        "--set",
        "max_cycles=30",
    )
    code, out, _ = run(*words)
    assert code == 0
    assert "Playing west is worth" in out
    code, out, _ = run("ladder", "--name", "moba_1v1", "--json")
    assert {row["agent"] for row in json.loads(out)["agents"]} == {"bot:idle", "bot:brawler"}


def test_games_and_agents_are_listed(run):
    _, out, _ = run("games", "--json")
    assert {row["id"]: row for row in json.loads(out)}["moba_5v5"]["family"] == "team"
    _, out, _ = run("agents", "--game", "moba_5v5", "--json")
    kinds = {row["kind"] for row in json.loads(out)["kinds"]}
    assert {"bot", "random"} <= kinds
    assert not kinds & {"alphabeta", "mcts", "dqn", "uci"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("match", "moba_1v1", "bot:idle"), "between two agents, not 1"),
        (("match", "moba_1v1", "mcts", "bot:idle"), "mcts cannot play MOBA 1v1"),
        (("match", "moba_1v1", "bot:captn", "bot:idle"), "Did you mean 'captain'?"),
        (("match", "moba_1v1", "random", "bot:idle", "--adjudicate"), "are for board games, not for moba_1v1"),
        (("match", "moba_1v1", "random", "bot:idle", "--set", "fogg=1"), "Did you mean 'fog'?"),
        (("match", "moba_1v1", "random", "bot:idle", "--set", "fog"), "--set takes NAME=VALUE, not 'fog'"),
        (("match", "chess", "random", "random", "--set", "fog=1"), "--set is for team games, not for chess"),
        (("match", "chess", "random", "bot:idle"), "bot:idle knows no Chess"),
        (("ladder", "moba_1v1", "random", "bot:idle", "--set", "lineup=king"), "unknown lineup 'king'"),
        (("play", "moba_1v1"), "is played by teams"),
        (("perft", "moba_5v5"), "is played by teams"),
    ],
)
def test_wrong_input(run, words, said):
    code, _, err = run(*words)
    assert code == 2
    assert said in " ".join(err.split())

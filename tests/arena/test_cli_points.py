"""The commands on a game played for points."""

import json
import re
from pathlib import Path

import pytest

import arena.cli.play
import arena.cli.points
from tests.arena.test_points import DICE


@pytest.fixture
def played(run):
    """Two short games in the store of an empty folder, as the match's JSON."""
    code, out, _ = run("match", "breakout", "random", "--games", "2", "--seed", "5", "--json")
    assert code == 0
    return json.loads(out)


def test_a_match_gives_every_raw_score_and_its_games_are_kept(run, played, tmp_path):
    (row,) = played["agents"]
    assert (played["game"], played["seed"], len(row["scores"]), row["faults"]) == ("breakout", 5, 2, 0)
    assert played["published"]["dqn"] == 401.2
    code, out, _ = run("replay", "--verify", "--all", "--json")
    assert (code, json.loads(out)) == (0, {"checked": 2, "findings": []})
    code, out, _ = run("match", "--game", "breakout", "random", "--games", "2", "--seed", "5")
    assert code == 0
    assert f"{row['mean']['value']:.1f} (" in out
    code, out, _ = run("matches", "--json")
    assert len(json.loads(out)) == 2  # the same games
    best = row["matches"][0]
    code, out, _ = run("watch", best)
    assert code == 0
    assert f"random scores {row['scores'][0]:g}" in out
    for name in ("game.html", "game.gif", "end.png"):
        code, out, _ = run("export", best, "-o", name)
        assert code == 0
        assert Path(tmp_path, name).stat().st_size > 1000
    code, out, _ = run("ladder", "breakout", "random", "--pairs", "1", "--workers", "1")
    assert code == 0
    assert "Nature DQN 401.2" in out


@pytest.mark.parametrize(("game", "games"), [("breakout", 1), ("tic_tac_toe", 2)])
def test_where_there_is_no_match_yet_one_is_played_and_kept(run, monkeypatch, game, games):
    monkeypatch.setattr(arena.cli.play, "strongest", lambda asked: ["random"])
    code, out, err = run("watch", game)
    assert code == 0, err
    assert f"no match of {game} in runs/arena.db yet: random plays" in out
    rows = json.loads(run("matches", "--json")[1])
    assert [(row["game"], set(row["agents"])) for row in rows] == [(game, {"random"})] * games
    plies = {row["id"]: row["plies"] for row in rows}
    assert plies[re.search(r"arena export (\S+) -o game.html", out)[1]] == max(plies.values())
    code, out, err = run("watch", game)
    assert (code, "yet" in out) == (0, False)
    assert len(json.loads(run("matches", "--json")[1])) == games


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("match", "breakout", "random", "random"), "two different ones, or one alone"),
        (("match", "breakout", "a", "b", "c"), "between one or two agents, not 3"),
        (("match", "breakout", "mcts"), "mcts cannot play Breakout"),
        (("match", "breakout", "random", "--sprt", "20"), "are for board games, not for breakout"),
        (("match", "chess", "random"), "between two agents, not 1"),
        (("match", "random", "random", "--game", "breakuot"), "Did you mean 'breakout'?"),
        (("ladder", "breakout", "random", "--schedule", "adaptive"), "has no schedule 'adaptive'"),
        (("play", "breakout"), "is played for points"),
        (("perft", "breakout"), "is played for points"),
    ],
)
def test_wrong_input(run, words, said):
    code, _, err = run(*words)
    assert code == 2
    assert said in " ".join(err.split())


def test_games_are_listed(run):
    code, out, _ = run("games", "--json")
    games = {row["id"]: row for row in json.loads(out)}
    assert code == 0
    assert (games["breakout_sticky"]["family"], games["chess"]["family"]) == ("score", "board")
    code, out, _ = run("games")
    assert " breakout " in out
    assert "breakout_sticky" not in out


def test_the_game_may_stand_first():
    split = arena.cli.points.split
    assert split(["breakout", *DICE], None) == ("breakout", DICE)
    assert split(["breakout", *DICE], "breakout") == ("breakout", DICE)
    assert split(DICE, "pong") == ("pong", DICE)
    assert split(DICE, None) == (None, DICE)

"""``arena learn`` and ``arena experts``."""

import json
import re
from pathlib import Path

import pytest

from agents.uci.programs import find_engine
from tests.selfplay.expert_games import random_game, write


@pytest.fixture
def games(tmp_path):
    return write(tmp_path / "games.pgn", [random_game(seed, 20) for seed in range(8)]).name


def test_games_to_a_player_and_on(run, games):
    words = ("learn", "chess", "--run", "taught")
    code, out, err = run(*words, "--from", games, "--epochs", "1", "--size", "tiny", "--set", "batch=32")
    assert code == 0, err
    assert re.search(r"7 games, 140 positions and 4 steps in 0\.\d minutes: taught/checkpoints/000001", out)
    assert re.search(r"on 20 positions of games it has not seen: \d+% of moves predicted, value loss \d\.\d+", out)
    assert "train chess --from taught" in out
    assert "taught already holds a training" in run(*words, "--from", games)[2]
    assert "taught has had its 1 epochs; give it more" in run(*words, "--resume")[2]
    code, out, err = run(*words, "--resume", "--epochs", "2")
    assert code == 0, err
    assert "7 games, 140 positions and 8 steps" in out  # nothing is read twice


def test_resuming_goes_on_to_what_it_was_asked_for(run, games, monkeypatch):
    budgets = []

    def learn(folder, source, settings, budget, **_):
        budgets.append((budget.seconds, budget.passes))
        raise KeyboardInterrupt

    run("learn", "chess", "--run", "taught", "--from", games, "--epochs", "1", "--size", "tiny", "--set", "batch=32")
    monkeypatch.setattr("selfplay.learn.learn", learn)
    metrics = Path("taught/metrics.jsonl")
    for facts in ({"asked_seconds": 3000.0, "asked_passes": None}, {"asked_seconds": None, "asked_passes": 2.0}):
        metrics.write_text(json.dumps({"seconds": 9.0, "share": 0.4, **facts}) + "\n")
        code, _, err = run("learn", "chess", "--run", "taught", "--resume")
        assert code == 130
        assert "learn chess --resume --run taught" in err
    assert budgets == [(3000.0, None), (None, 2.0)]
    metrics.unlink()
    assert "how long was taught to learn?" in run("learn", "chess", "--run", "taught", "--resume")[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["learn", "chess"], "which games? Name a file of them with --from games.pgn"),
        (["learn", "chess", "--from", "none.pgn"], "none.pgn cannot be read: No such file or directory"),
        (["learn", "othello", "--from", "games.pgn"], "games of Othello cannot be learned from PGN files"),
        (["learn", "chess", "--minutes", "1", "--epochs", "1"], "with --minutes or with --epochs, not with both"),
        (["learn", "chess", "--resume"], "there is no run of chess in runs/ to resume"),
        (["learn", "chess", "--resume", "--size", "tiny"], "a run keeps its settings"),
        (["experts", "othello", "--games", "1", "-o", "x.pgn"], "engines make games of chess"),
        (["experts", "chess", "--games", "1", "-o", "x.pgn", "--engine", "nonesuch"], "no engine 'nonesuch'"),
        (["experts", "chess", "--games", "1", "-o", "x.pgn", "--drawn", "2"], "drawn is from 0 to 1, not 2"),
    ],
)
def test_what_cannot_be_done(run, games, words, message):
    code, _, err = run(*words)
    assert code == 2
    assert message in err


@pytest.mark.skipif(find_engine("stockfish") is None, reason="Stockfish is not installed")
def test_an_engine_makes_games(run):
    code, out, err = run("experts", "chess", "--games", "2", "-o", "made.pgn", "--nodes", "50", "--workers", "1")
    assert code == 0, err
    assert "2 of 2 games, " in out
    assert "learn chess --from made.pgn" in out

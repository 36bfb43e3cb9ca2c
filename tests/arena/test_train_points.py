"""``arena train`` for points, with the training itself replaced: what reaches it, and what is shown."""

import json
import re
from types import SimpleNamespace

import pytest

from arena import milestones
from selfplay import options
from selfplay.dqn.train import Result
from tests.arena.test_view_scoring import progress


@pytest.fixture
def calls(monkeypatch):
    """A training that does nothing but tell; the second one is interrupted."""
    found = []

    def train(run, settings, seconds, *, resuming, milestones, on_milestone, on_progress):
        found.append((run, settings, seconds, resuming, milestones))
        run.mkdir(parents=True, exist_ok=True)
        if settings is not None:
            (run / options.FILE).write_text(options.to_json(settings))
        on_progress(progress(seconds=30.0, score=12.5))
        on_milestone(run / "checkpoints" / "000001", 10.0, lambda: False)
        return Result(run / "checkpoints" / "000001", 600.0, 1234, 56, 12.5, interrupted=len(found) > 1)

    def record(run, checkpoint, minutes, store, stopping):
        noted = [{"minutes": minutes, "checkpoint": checkpoint.name, "seed": 0, "matches": []}]
        (run / milestones.FILE).write_text(json.dumps(noted))
        return [SimpleNamespace(returns=(score,)) for score in (20.0, 41.0)]

    monkeypatch.setattr("selfplay.dqn.train.train", train)
    monkeypatch.setattr("arena.milestones.record", record)
    return found


def test_time_and_options(run, calls):
    code, out, err = run(
        *("train", "breakout", "--hours", "4", "--algo", "dqn", "--seed", "7", "--at", "5", "--at", "0.5"),
        *("--set", "n_step=5", "--set", "net.hidden=64"),
    )
    assert code == 0, err
    folder, settings, seconds, resuming, milestones = calls[0]
    assert (seconds, resuming, list(milestones)) == (14_400.0, False, [5.0, 0.5])
    assert (settings.algo, settings.seed, settings.n_step, settings.net.hidden) == ("dqn", 7, 5, 64)
    assert re.fullmatch(r"breakout-\d{8}-\d{6}", folder.name)
    assert f"after 10 minutes: mean score 30.5, {folder}/checkpoints/000001" in out
    assert f"story {folder}" in out
    assert "no games at minutes" not in out
    assert "1,234 steps and 56 games in 10.0 minutes, mean score of the last ones 12.5" in out
    assert f"match {folder} --game breakout --games 100" in out


def test_minutes_beyond_the_training_are_told_of(run, calls):
    _, out, _ = run("train", "breakout", "--minutes", "10", "--at", "5", "--at", "300")
    assert "no games at minutes 300, which are beyond 10 of training" in out


def test_a_training_goes_on_where_games_cannot_be_recorded(run, calls, monkeypatch, tmp_path):
    (tmp_path / "text.db").write_text("no store")
    code, out, err = run("train", "breakout", "--minutes", "10", "--store", "text.db")
    assert code == 0, err
    assert "after 10 minutes: no games recorded: text.db: it is not an SQLite database" in out
    assert "1,234 steps" in out


def test_ctrl_c_says_how_to_go_on_and_resume_finds_the_newest(run, calls):
    run("train", "breakout", "--run", "runs/a")
    assert calls[0][4] == (10.0, 120.0, 240.0)
    code, _, err = run("train", "pong", "--run", "runs/b")
    assert code == 130
    assert "train pong --resume --run runs/b" in err
    code, _, _ = run("train", "breakout", "--resume", "--minutes", "20")
    assert [str(calls[2][0]), *calls[2][1:]] == ["runs/a", None, 1200.0, True, None]
    code, _, err = run("train", "pong", "--resume", "--run", "runs/a", "--minutes", "20")
    assert code == 2
    assert "runs/a is a run of breakout, not of pong" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("breakout", "--size", "tiny"), "are for games of two, not for breakout"),
        (("connect_four", "--algo", "dqn"), "--algo and --at are for games played for points, not for connect_four"),
        (("breakout", "--algo", "ppo"), "unknown value of training option 'algo': 'ppo'; choose from: dqn, pqn, sb3"),
        (("breakout", "--set", "net.hiden=3"), "Did you mean 'hidden'"),
        (("breakout", "--resume", "--algo", "dqn", "--run", "x"), "a run keeps its settings"),
        (("breakout", "--resume"), "there is no run of breakout in runs/ to resume"),
    ],
)
def test_wrong_words_say_what_is_wrong(run, words, message):
    code, _, err = run("train", *words)
    assert code == 2
    assert message in err

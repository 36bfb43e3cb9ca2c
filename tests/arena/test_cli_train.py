"""``arena train`` for board games, with the training itself replaced: what reaches it, and what is shown."""

import json
import math
import os
import re
from pathlib import Path

import pytest

from selfplay.config import preset
from selfplay.options import to_json
from selfplay.progress import Progress
from selfplay.train import Result


def progress(**changes):
    facts = dict.fromkeys(Progress.__dataclass_fields__, 0)
    return Progress(**{**facts, "game": "tic_tac_toe", "budget": 60.0, "policy_loss": math.nan, "event": "", **changes})


@pytest.fixture
def calls(monkeypatch):
    calls = []

    def train(run, settings, seconds, *, resuming, on_progress, gate):
        assert (gate is not None) == bool(settings is not None and settings.gate_games)
        calls.append((run, settings, seconds, resuming))
        on_progress(progress(seconds=30.0, event="worker 1 was replaced"))
        if len(calls) > 2:
            raise KeyboardInterrupt  # while it compiles, say
        run.mkdir(parents=True, exist_ok=True)
        if not (run / "config.json").exists():
            (run / "config.json").write_text(to_json(settings))
        return Result(run / "checkpoints" / "000001", 30.0, 1234, 56, interrupted=len(calls) > 1)

    monkeypatch.setattr("selfplay.train.train", train)
    return calls


def test_time_and_options(run, calls):
    code, out, err = run(
        *("train", "tic_tac_toe", "--hours", "2", "--size", "small", "--seed", "7"),
        *("--set", "simulations=99", "--set", "net.channels=24", "--set", "early.draw_after=9"),
    )
    assert code == 0, err
    folder, settings, seconds, resuming = calls[0]
    assert (seconds, resuming) == (7200.0, False)
    assert (settings.simulations, settings.seed, settings.early.draw_after) == (99, 7, 9)
    assert (settings.net.blocks, settings.net.channels) == (3, 24)
    assert re.fullmatch(r"tic_tac_toe-\d{8}-\d{6}", folder.name)
    assert "worker 1 was replaced" in out
    assert f"--run {folder}" in out


def test_trainings_that_begin_in_the_same_second_have_folders_of_their_own(run, calls):
    for _ in range(2):
        assert run("train", "tic_tac_toe", "--minutes", "1")[0] in (0, 130)
    assert calls[0][0] != calls[1][0]


def test_a_size_leaves_the_games_heads_alone(run, calls):
    assert run("train", "minichess", "--minutes", "1", "--size", "small")[0] == 0
    net = calls[0][1].net
    assert (net.blocks, net.channels) == (3, 32)
    assert (net.move_keys, net.plies_left_head) == (32, True)


def test_ctrl_c_says_how_to_go_on(run, calls):
    run("train", "tic_tac_toe", "--run", "runs/a")
    code, _, err = run("train", "tic_tac_toe", "--run", "runs/b")
    assert code == 130
    assert "train tic_tac_toe --resume --run runs/b" in err
    assert [seconds for _, _, seconds, _ in calls] == [900.0, 900.0]
    assert "runs/a already holds a training run" in run("train", "tic_tac_toe", "--run", "runs/a")[2]
    code, _, err = run("train", "tic_tac_toe", "--run", "runs/c")
    assert (code, err) == (130, "stopped before training began\n")


def test_resuming_takes_the_newest_run_and_what_it_was_asked_for(run, calls, tmp_path):
    for number, (name, game) in enumerate([("old", "tic_tac_toe"), ("new", "tic_tac_toe"), ("other", "othello")]):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(to_json(preset(game)))
        (folder / "metrics.jsonl").write_text(json.dumps({"seconds": 10.0, "budget": 600.0}) + "\n")
        for file in folder.iterdir():
            os.utime(file, (1e9 + number, 1e9 + number))
    code, _, err = run("train", "tic_tac_toe", "--resume")
    assert code == 0, err
    assert calls == [(Path("runs/new"), None, 600.0, True)]
    (tmp_path / "runs/new/metrics.jsonl").write_text(json.dumps({"seconds": 600.0, "budget": 600.0}) + "\n")
    assert "has had its 10 minutes" in run("train", "tic_tac_toe", "--resume", "--run", "runs/new")[2]
    with (tmp_path / "runs/new/metrics.jsonl").open("a") as file:
        file.write(json.dumps({"seconds": 600.0, "budget": 600.0, "milestones_left": 1}) + '\n{"seconds": 60')  # torn
    run("train", "tic_tac_toe", "--resume", "--run", "runs/new")
    assert [seconds for _, _, seconds, _ in calls] == [600.0, 600.0]
    with (tmp_path / "runs/new/metrics.jsonl").open("a") as file:
        file.write("\n" + json.dumps({"seconds": 600.0, "budget": 600.0, "judging": 1}) + "\n")
    run("train", "tic_tac_toe", "--resume", "--run", "runs/new")
    assert len(calls) == 3, "a match at the gate was not over"
    assert run("train", "tic_tac_toe", "--resume", "--size", "small")[0] == 2


def test_the_newest_run_is_found_whatever_else_lies_there(run, calls, tmp_path):
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(to_json(preset("tic_tac_toe")))
    (folder / "metrics.jsonl").write_text(json.dumps({"seconds": 10.0, "budget": 600.0}) + "\n")
    (folder / "best").symlink_to("checkpoints/000007")  # which has gone
    assert run("train", "tic_tac_toe", "--resume")[0] == 0
    assert calls[0][0] == Path("runs/one")


@pytest.mark.parametrize("game", ["tic_tac_toe", "moba_1v1", "breakout"])
def test_the_game_is_no_option(run, calls, game):
    code, _, err = run("train", game, "--set", "game=chess")
    assert (code, calls) == (2, [])
    assert "the game is the first word of the command, not --set game=chess" in err


@pytest.mark.parametrize(
    ("minutes", "said"), [("inf", "takes a finite time, not inf seconds"), ("nan", "Invalid value for '--minutes'")]
)
def test_no_training_lasts_for_ever(run, calls, minutes, said):
    code, _, err = run("train", "tic_tac_toe", "--minutes", minutes)
    assert (code, calls) == (2, [])
    assert said in err


def test_from_a_checkpoint_through_a_gate(run, calls):
    assert run("train", "connect_four", "--from", "shipped:connect_four")[0] == 0
    settings = calls[0][1]
    assert settings.gate_games == 200
    assert settings.initial.endswith("shipped/connect_four")
    run("train", "connect_four", "--gate", "--set", "gate_games=50")
    assert (calls[1][1].gate_games, calls[1][1].initial) == (50, "")
    run("train", "connect_four", "--from", "shipped:connect_four", "--no-gate")
    assert calls[2][1].gate_games == 0
    other = run("train", "connect_four", "--from", "shipped:connect_four", "--size", "tiny")
    assert other[0] == 2
    assert "the network of shipped:connect_four is another one: " in other[2]
    assert "not for othello" in run("train", "othello", "--from", "shipped:connect_four")[2]

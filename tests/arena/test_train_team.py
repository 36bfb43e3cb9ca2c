"""``arena train`` for team games, with the training itself replaced: what reaches it, and what is shown."""

import io
import re

import pytest
import torch
from rich.console import Console

from agents import checkpoints
from agents.team.network import TeamConfig, TeamNetwork
from arena.view.charts import ASCII, UNICODE
from arena.view.live import LiveScreen
from arena.view.teaming import TEAMING, line
from selfplay import options
from selfplay.ppo.progress import TeamProgress
from selfplay.ppo.train import Result


def progress(**changes):
    facts = dict.fromkeys(TeamProgress.__dataclass_fields__, 0)
    measured = "steps_per_second game_share act_share learn_share game_length policy_loss value_loss entropy kl clipped"
    facts |= dict.fromkeys(measured.split(), float("nan"))
    shown = {"game": "moba_5v5", "budget": 180.0, "event": "", "wins": {}, "terms": {}}
    return TeamProgress(**{**facts, **shown, **changes})


@pytest.mark.parametrize("width", [34, 71, 80, 160])
@pytest.mark.parametrize("using", [UNICODE, ASCII])
def test_the_panel_fits_and_shows_what_matters(tmp_path, width, using):
    screen = LiveScreen(Console(file=io.StringIO()), tmp_path / "run", TEAMING)
    state = progress(
        seconds=60.0,
        steps=123_456,
        steps_per_second=54_321.0,
        game_share=0.11,
        act_share=0.22,
        learn_share=0.63,
        entropy=1.2345,
        wins={"captain": 0.34, "past": 0.56},
        terms={"gold": 3.0, "win": 1.0},
    )
    screen.update(state)
    file = io.StringIO()
    Console(file=file, width=width, height=60).print(screen.panel(width, using))
    text = file.getvalue()
    assert max(map(len, text.split("\n"))) <= width
    facts = ("123,456", "54,321", "11%", "22%", "63%", "1.23", "captain", "34%", "past", "56%")
    for fact in (*facts, "01:00 of 03:00, 02:00 left", "gold 75%", "Ctrl-C"):
        assert fact in text
    if using is ASCII:
        assert text.isascii()
    assert all(fact in line(state) for fact in facts)


def test_before_anything_is_measured_there_are_no_numbers(tmp_path):
    screen, file = LiveScreen(Console(file=io.StringIO()), tmp_path, TEAMING), io.StringIO()
    screen.update(progress())
    Console(file=file, width=80).print(screen.panel(80, UNICODE))
    assert "nan" not in file.getvalue()
    assert "nan" not in line(progress())


def test_without_a_terminal_there_is_a_line_now_and_then_and_one_for_every_event(tmp_path):
    file = io.StringIO()
    with LiveScreen(Console(file=file, width=80), tmp_path, TEAMING) as screen:
        for tenth in range(600):
            screen.update(progress(seconds=tenth / 10, event="saved" if tenth == 333 else ""))
    lines = file.getvalue().splitlines()
    assert len(lines) == 1 + 5  # the folder; 0, 15 and 30 seconds, the event, and 15 seconds later
    assert sum("saved" in text for text in lines) == 1


@pytest.fixture
def calls(monkeypatch):
    """A training that does nothing but tell; the second one is interrupted."""
    found = []

    def train(run, settings, seconds, *, resuming, on_progress):
        found.append((run, settings, seconds, resuming))
        run.mkdir(parents=True, exist_ok=True)
        if settings is not None:
            (run / options.FILE).write_text(options.to_json(settings))
        on_progress(progress(seconds=30.0))
        newest = run / "checkpoints" / "000001"
        return Result(newest, 600.0, 1234, 56, {"captain": 0.5}, interrupted=len(found) > 1)

    monkeypatch.setattr("selfplay.ppo.train.train", train)
    return found


def test_time_and_options(run, calls):
    code, out, err = run(
        *("train", "moba_5v5", "--hours", "2", "--seed", "7", "--set", "past=0.1", "--set", "net.memory=gru")
    )
    assert code == 0, err
    folder, settings, seconds, resuming = calls[0]
    assert (seconds, resuming) == (7_200.0, False)
    assert (settings.game, settings.seed, settings.past, settings.net.memory) == ("moba_5v5", 7, 0.1, "gru")
    assert re.fullmatch(r"moba_5v5-\d{8}-\d{6}", folder.name)
    assert "1,234 steps and 56 games in 10.0 minutes" in out
    assert "recent games won, captain 50%" in out
    assert f"ladder --run {folder}" in out
    assert f"train moba_5v5 --exploit {folder} --minutes 10" in out


def test_ctrl_c_says_how_to_go_on_and_resume_finds_the_newest(run, calls):
    run("train", "moba_1v1", "--run", "runs/a")
    code, _, err = run("train", "moba_5v5", "--run", "runs/b")
    assert code == 130
    assert "train moba_5v5 --resume --run runs/b" in err
    run("train", "moba_1v1", "--resume", "--minutes", "20")
    folder, settings, seconds, resuming = calls[2]
    assert (str(folder), settings, seconds, resuming) == ("runs/a", None, 1200.0, True)


def test_an_exploiter_begins_with_the_checkpoint_and_its_network(run, calls, tmp_path):
    shape = {"hidden": 8, "layers": 1, "memory": "none", "cells": 8}
    tensors = TeamNetwork(TeamConfig(**shape), 247, 22).state_dict()
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())
    checkpoints.save(
        tmp_path / "c", kind="team", game="moba_1v1", game_version=1, net_config=shape, tensors=tensors, meta={}
    )
    code, out, err = run("train", "moba_1v1", "--exploit", "./c", "--minutes", "5")
    assert code == 0, err
    assert calls[0][1].exploit == str(tmp_path / "c")
    assert calls[0][1].net == TeamConfig(**shape)
    assert re.search(rf"match runs/\S+ {tmp_path}/c --game moba_1v1 --games 400", out)
    code, _, err = run("train", "moba_5v5", "--exploit", "./c")
    assert (code, "for moba_1v1, not for moba_5v5" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("moba_1v1", "--size", "small"),
            "--size, --workers, --from and --gate are for games of two, not for moba_1v1",
        ),
        (("moba_1v1", "--algo", "pqn"), "--algo and --at are for games played for points, not for moba_1v1"),
        (("connect_four", "--exploit", "x"), "--exploit is for team games, not for connect_four"),
        (("moba_1v1", "--set", "net.cells=0"), "network option 'cells' is a whole number from 1 to 4096, not 0"),
        (("moba_1v1", "--exploit", "nowhere"), "there is no such checkpoint"),
    ],
)
def test_what_makes_no_sense(run, calls, words, message):
    code, _, err = run("train", *words)
    assert (code, calls) == (2, [])
    assert message in err

"""The ladder that asks whether checkpoints climb."""

import json
import sys
from dataclasses import replace

import pytest

import envs
from arena.standings import Standing
from bench import order
from tests.agents import nets


def row(elo, width=10.0):
    return Standing(
        entrant=None, elo=elo, low=elo - width, high=elo + width, games=2, wins=1, draws=0, losses=1, faults={}
    )


def test_the_verdicts():
    assert order.verdicts([row(0), row(21), row(30), row(29)]) == ["", "above", "higher", "LOWER"]
    assert order.verdicts([row(0), replace(row(21), low=10.0)]) == ["", "higher"]  # they touch


def test_checkpoints_are_chosen_by_doubling(tmp_path):
    for number in range(12):
        folder = tmp_path / "checkpoints" / f"{number:06d}"
        folder.mkdir(parents=True)
        (folder / "checkpoint.json").touch()
    assert [int(folder.name) for folder in order.doublings(tmp_path, 3)] == [3, 6, 11]  # of 2.75, 5.5 and 11
    assert [int(folder.name) for folder in order.doublings(tmp_path, 9)] == [1, 3, 6, 11]


def test_the_command(tmp_path, monkeypatch, capsys):
    game = envs.make("connect_four")
    for number in range(3):
        folder = tmp_path / "run" / "checkpoints" / f"{number:06d}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        nets.save(folder, game, seed=number)
    words = ["--checkpoints", "1", "--pairs", "1", "--simulations", "2", "--json"]
    monkeypatch.setattr(sys, "argv", ["order", str(tmp_path / "run"), *words])
    order.main()
    found = json.loads(capsys.readouterr().out)
    assert [one["agent"].partition("?")[0].rpartition("/")[2] for one in found] == [
        "random",
        "mcts",
        "000002",
        "perfect",
    ]
    assert all(one["low"] < one["elo"] < one["high"] for one in found)

    monkeypatch.setattr(sys, "argv", ["order", str(tmp_path)])
    with pytest.raises(SystemExit, match="2"):
        order.main()
    assert "is no training run with two checkpoints or more" in capsys.readouterr().err

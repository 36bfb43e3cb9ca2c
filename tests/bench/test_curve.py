"""Errors over training time."""

import json
import sys

import pytest

import envs
from bench import curve
from bench.position_files import read, write
from bench.strength import FOLDER
from envs.core import InputError
from tests.agents import nets


@pytest.fixture
def run(tmp_path):
    game = envs.make("connect_four")
    for number in range(3):
        folder = tmp_path / "run" / "checkpoints" / f"{number:06d}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        nets.save(folder, game, seed=number, meta={"minutes": 1.5 * number})
    return tmp_path / "run"


@pytest.fixture
def few(tmp_path):
    write(tmp_path / "few.txt", read(FOLDER / "end-easy.txt")[:30])
    return tmp_path / "few.txt"


def test_every_kth_counts_from_the_last(run):
    assert [path.name for path in curve.chosen(run, 1)] == ["000000", "000001", "000002"]
    assert [path.name for path in curve.chosen(run, 2)] == ["000000", "000002"]
    assert [path.name for path in curve.chosen(run, 5)] == ["000002"]
    with pytest.raises(InputError, match="no training run"):
        curve.chosen(run / "checkpoints", 1)


def test_the_command_measures_once(run, few, monkeypatch, capsys):
    out = run.parent / "out"
    argv = ["curve", str(run), "--positions", str(few), "--simulations", "0", "8", "--out", str(out), "--json"]
    monkeypatch.setattr(sys, "argv", argv)
    curve.main()
    points = json.loads(capsys.readouterr().out)
    assert [(p["simulations"], p["minutes"]) for p in points] == [(n, m) for n in (0, 8) for m in (0.0, 1.5, 3.0)]
    assert all(p["sets"]["few"]["positions"] == 30 for p in points)
    assert json.loads((out / "curve.json").read_text()) == points
    table = (out / "curve.md").read_text()
    assert table.count("raw network") == 3
    assert f"{100 * points[0]['sets']['overall']['rate']:.1f}" in table.splitlines()[2]

    monkeypatch.setattr(curve, "point", lambda *_: pytest.fail("measured again"))
    curve.main()
    assert json.loads(capsys.readouterr().out) == points
    write(few, read(FOLDER / "end-easy.txt")[:5])
    few.rename(run.parent / "other.txt")
    argv[3] = str(run.parent / "other.txt")
    with pytest.raises(SystemExit, match="other positions"):
        curve.main()

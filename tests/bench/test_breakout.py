"""The bench of a training's speed, on a training so small that it takes seconds."""

import json
import sys

import pytest

from bench import breakout
from selfplay.dqn import config


@pytest.mark.parametrize("algo", ["pqn", pytest.param("dqn", marks=pytest.mark.slow)])
def test_all_is_measured(monkeypatch, capsys, algo):
    usual = config.preset
    small = {"games": 4, "batch": 8, "threads": 1, "net": {"channels": 4, "hidden": 16}}
    small |= {"rollout": 4} if algo == "pqn" else {}
    monkeypatch.setattr(breakout.config, "preset", lambda game, algo: usual(game, algo=algo, **small))
    monkeypatch.setattr(breakout, "SETTLE", 2.0)
    monkeypatch.setattr(sys, "argv", ["breakout", "--algo", algo, "--seconds", "0.2", "--json"])
    breakout.main()
    found = json.loads(capsys.readouterr().out)
    figures = found[algo]
    assert figures["bound"] < min(figures[part] for part in ("emulate", "act", "learn"))
    assert figures["of the bound"] == pytest.approx(figures["steps/s"] / figures["bound"])
    assert sum(figures[f"{part} share"] for part in ("emulator", "act", "learn")) == pytest.approx(1, abs=0.1)
    assert 7.0 < found["replay, GB for 1 M frames"] < 7.5
    assert found["peak memory, GB"] > 0.1


def test_the_table_shows_shares_in_percent(monkeypatch, capsys):
    figures = {"emulate": 4000.0, "steps/s": 1500.0, "act share": 0.12, "of the bound": 0.91}
    measured = {"cores": 2, "replay, GB for 1 M frames": 7.06, "peak memory, GB": 1.5, "pqn": figures}
    monkeypatch.setattr(breakout, "measure", lambda *_: measured)
    monkeypatch.setattr(sys, "argv", ["breakout", "--algo", "pqn"])
    breakout.main()
    out = capsys.readouterr().out
    for text in ("breakout on 2 cores", "4,000", "12%", "91%", "1 M frames: 7.06"):
        assert text in out

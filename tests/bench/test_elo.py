"""Elo on an engine's scale: the estimate, what is played next, and the command."""

import json
import math
import sys

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import envs
from agents.uci.programs import find_engine
from bench import elo
from tests.agents import nets

COUNTS = {"wins": 3, "draws": 0, "losses": 1, "blocks": 2}


@pytest.fixture
def run(tmp_path):
    for number in range(2):
        folder = tmp_path / "run" / "checkpoints" / f"{number:06d}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        nets.save(folder, envs.make("minichess"), seed=number, meta={"minutes": 1.5 * number})
    return tmp_path / "run"


def test_one_level_is_the_elo_formula():
    found, low, high = elo.likeliest([(1500, 75.0, 100)])
    assert found == pytest.approx(1500 + 400 * math.log10(3))
    share = np.array([0.75 - 1.96 * math.sqrt(0.75 * 0.25 / 100), 0.75 + 1.96 * math.sqrt(0.75 * 0.25 / 100)])
    assert [low, high] == pytest.approx(1500 + 400 * np.log10(share / (1 - share)), abs=15)


def test_several_levels_are_the_maximum_of_the_likelihood():
    scores = [(1350, 18.0, 20), (1650, 11.5, 20), (1950, 2.5, 20)]

    def minus(x):
        p = 1 / (1 + 10 ** ((np.array([1350, 1650, 1950]) - x) / 400))
        won = np.array([18, 11.5, 2.5])
        return -(won * np.log(p) + (20 - won) * np.log(1 - p)).sum()

    best = minimize_scalar(minus, bounds=(1000, 2500), method="bounded", options={"xatol": 1e-6}).x
    found, low, high = elo.likeliest(scores)
    assert found == pytest.approx(best, abs=0.01)
    assert minus(low) - minus(found) == pytest.approx(1.92, abs=1e-6)
    assert minus(high) - minus(found) == pytest.approx(1.92, abs=1e-6)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng, truth, levels = np.random.default_rng(0), 1600.0, np.array([1350, 1500, 1650])
    inside = 0
    for _ in range(300):
        won = rng.binomial(20, 1 / (1 + 10 ** ((levels - truth) / 400)))
        _, low, high = elo.likeliest([(e, w, 20) for e, w in zip(levels.tolist(), won.tolist(), strict=True)])
        inside += low <= truth <= high
    assert 0.91 <= inside / 300 <= 0.98


def test_points_that_go_one_way_bound_one_side():
    lost, low, high = elo.likeliest([(1350, 0.0, 20)])
    assert (lost, low) == (-math.inf, -math.inf)
    assert high == pytest.approx(1350 - 400 * math.log10(1 / (1 - math.exp(-1.92 / 20)) - 1), abs=1)
    won, low, high = elo.likeliest([(1350, 20.0, 20)])
    assert (won, high) == (math.inf, math.inf)
    assert low > 1350
    assert math.isnan(elo.likeliest([])[0])


def test_the_depth_of_half_the_points():
    assert elo.half_way([(1, 0.9), (2, 0.6), (4, 0.4), (6, 0.1)]) == pytest.approx(3.0)
    assert elo.half_way([(1, 0.9), (2, 0.6)]) == math.inf
    assert elo.half_way([(1, 0.3), (2, 0.2)]) == -math.inf


def test_what_is_played_next():
    levels = (1350, 1500, 1650)
    known = {level: elo.empty() for level in levels}
    assert elo.next_level(known, levels, False, 20, 1600) == 1650
    elo.add(known[1500], {"wins": 5, "draws": 0, "losses": 5})
    assert elo.next_level(known, levels, False, 20, 1600) == 1500
    assert elo.next_level(known, levels, True, 10, 1600) == 1350
    elo.add(known[1350], {"wins": 10, "draws": 0, "losses": 0})
    assert elo.next_level(known, levels, False, 20, 1600) is None
    assert elo.next_level(known, levels, True, 10, 1600) == 1650
    for one in (elo.empty(), {"wins": 0, "draws": 0, "losses": 10, "blocks": 1}):
        assert elo.next_level({1350: one, 1500: elo.empty(), 1650: elo.empty()}, levels, False, 20, 0) == 1350


def test_the_engines_depth_covers_its_pick():
    assert [elo.depth_of(x) for x in (1320, 1350, 1700, 2000, 2850)] == [3, 3, 6, 9, 21]


@pytest.mark.skipif(find_engine("fairy-stockfish") is None, reason="Fairy-Stockfish is not installed")
def test_the_command_plays_what_is_missing(run, monkeypatch, capsys):
    out = run.parent / "out"
    argv = [*("elo", str(run), "--simulations", "0", "--games", "2", "--block", "2", "--workers", "1"), "--json"]
    argv += ["--depths", "1", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", argv)
    elo.main()
    found = json.loads(capsys.readouterr().out)
    assert [(at["checkpoint"], at["minutes"]) for at in found] == [("000000", 0.0), ("000001", 1.5)]
    assert all(elo.points(at["depths"]["1"])[1] == 2 for at in found)
    assert json.loads((out / "elo.json").read_text()) == found
    assert "uci:fairy-stockfish?depth=1" in (out / "elo.md").read_text()

    monkeypatch.setattr(elo.Bench, "_round", lambda *_: pytest.fail("played again"))
    elo.main()
    assert json.loads(capsys.readouterr().out) == found


def test_other_openings_are_another_point(run, tmp_path):
    target = str(run / "checkpoints" / "000001")
    usual = elo.Bench(800, 1, 0, 2, tmp_path / "out")
    usual.point(target)["depths"] = {"1": dict(COUNTS)}
    usual.save()
    short = elo.Bench(800, 1, 0, 2, tmp_path / "out", [2, 3])
    assert short.point(target)["depths"] == {}
    short.save()
    again = elo.Bench(800, 1, 0, 2, tmp_path / "out", [2, 3])
    assert [at["plies"] for at in again.points] == [None, [2, 3]]
    assert again.point(target) is again.points[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "error: nowhere: there is no such checkpoint"),
        (["shipped:connect_four"], "error: shipped:connect_four plays connect_four; this is for chess and minichess"),
    ],
)
def test_wrong_calls_end_with_one_line(words, message, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["elo", *words])
    with pytest.raises(SystemExit, match=message):
        elo.main()


def test_a_table(run):
    bench = elo.Bench(800, 1, 0, 2, None)
    at = bench.point(str(run / "checkpoints" / "000001"))
    at["levels"] = {"1350": dict(COUNTS), "1500": elo.empty()}
    at["depths"] = {"1": dict(COUNTS), "2": {"wins": 1, "draws": 0, "losses": 3, "blocks": 2}}
    bench.save()
    lines = elo.markdown(bench.points).splitlines()
    assert lines[2] == "| 1.5 | 000001 | 800 | usual | 12 | 1541 (1184 to 2063) | 1.5 |"
    assert lines[-3] == "| 000001 | uci:fairy-stockfish?elo=1350&depth=3 | 3 | 0 | 1 | 75.0 | 30.1-95.4 |"

"""The race of seeds and of the baseline, with the trainings and the games themselves replaced."""

import json
import sys

import pytest

from agents import checkpoints
from bench import breakout_curve, breakout_race
from envs.core import InputError
from selfplay.dqn import config
from selfplay.options import FILE, to_json
from tests.agents.dqn.test_player import save

GROWTH = {"pqn": 40.0, "sb3": 0.25}  # points a minute


class Ended:
    """A process that has been and gone."""

    code = 0

    def wait(self):
        return self.code

    def terminate(self):
        pass


@pytest.fixture
def race(tmp_path, monkeypatch, capsys):
    """Runs the command: what it prints. Trainings leave a checkpoint each minute; scores grow evenly."""
    asked = []

    def run(words):
        folder, game, algo, seed, minutes = words[3:]
        asked.append((algo, seed, minutes))
        path = tmp_path / "out" / folder.rsplit("/", 1)[-1]
        path.mkdir(parents=True)
        (path / FILE).write_text(to_json(config.preset(game, algo=algo, seed=int(seed))))
        for minute in range(int(float(minutes)) + 1):
            meta = {"minutes": float(minute), "steps": minute * (60_000 if algo == "pqn" else 3_000), "gamma": 0.99}
            save(path / checkpoints.FOLDER / f"{minute:06d}", seed=minute, meta={**meta, "training_score": None})
        return Ended()

    def scores(spec, game, games, seed):
        card = checkpoints.read_card(spec.partition("?")[0])
        speed = GROWTH["sb3" if "sb3-" in spec else "pqn"]
        return [card.meta["minutes"] * speed + (i % 2) for i in range(games)]

    monkeypatch.setattr(breakout_race.subprocess, "Popen", run)
    monkeypatch.setattr(breakout_curve, "scores", scores)

    def call(*words):
        monkeypatch.setattr(
            sys, "argv", ["race", "--out", str(tmp_path / "out"), "--games", "10", "--few", "4", *words]
        )
        breakout_race.main()
        return capsys.readouterr().out

    call.asked = asked
    return call


def test_seeds_and_the_baseline(race, tmp_path):
    words = ("--minutes", "3", "--seeds", "4", "5", "--sb3-minutes", "4")
    rows = json.loads(race(*words, "--json"))
    assert race.asked == [("pqn", "4", "3.0"), ("pqn", "5", "3.0"), ("sb3", "0", "4.0")]
    assert [(row["algo"], row["seed"], row["score"]) for row in rows] == [
        ("pqn", 4, 120.5),
        ("pqn", 5, 120.5),
        ("sb3", 0, 1.5),
    ]
    assert [row["steps/s"] for row in rows] == pytest.approx([1000, 1000, 50])
    assert rows[0]["minutes to"] == {"30": 1.0, "100": 3.0, "300": None}
    assert [len(at) for at in rows[0]["curve"]] == [3, 3, 3]
    text = race(*words)
    assert "| pqn, seed 5 | 3.0 | 0.0 | 120.5 | 120.1-120.9 | 1,000 | 1.0 | 3.0 | - |" in text
    assert "median score of 2 seeds: 120.5" in text
    assert "steps a second against Stable-Baselines3: 20.0 times" in text
    assert "to 30 points, median: Stable-Baselines3 takes more than 4.0 times as long" in text
    assert len(race.asked) == 3  # nothing was trained again
    assert (tmp_path / "out" / "race.md").exists()


def test_some_minutes_only_and_the_wall_clock(race, tmp_path):
    race("--minutes", "3", "--seeds", "0", "--at", "1", "3")
    (tmp_path / "out" / "pqn-0" / breakout_race.WALL).write_text("210")  # half a minute beside the training clock
    (row,) = json.loads(race("--minutes", "3", "--seeds", "0", "--at", "1", "3", "--json"))
    assert [at[0] for at in row["curve"]] == [1.0, 3.0]
    assert row["wall minutes"] == 3.5
    assert row["minutes to"]["30"] == 1.5


def test_a_training_that_fails_ends_the_race(race, monkeypatch, tmp_path):
    monkeypatch.setattr(Ended, "code", 3)
    monkeypatch.setattr(breakout_race.subprocess, "Popen", lambda words: Ended())
    with pytest.raises(SystemExit, match="ended with code 3"):
        race("--minutes", "1")
    with pytest.raises(InputError, match="ended with code 3"):
        breakout_race.trained(tmp_path / "x", "breakout", "pqn", 0, 1.0)

"""``arena story`` on a run with two tiny checkpoints."""

import json

import pytest
from PIL import Image

from agents import checkpoints
from arena import milestones
from selfplay import options
from selfplay.dqn import config
from tests.agents.dqn.test_player import save

AT_SEVEN = [word for minutes in range(1, 8) for word in ("--at", str(minutes))]


@pytest.fixture
def training(tmp_path):
    folder = tmp_path / "runs" / "a"
    for number, minutes in enumerate((0.0, 1.0)):
        checkpoint = folder / checkpoints.FOLDER / f"{number:06d}"
        save(checkpoint, seed=number, meta={"minutes": minutes, "gamma": 0.99})
    (folder / options.FILE).write_text(options.to_json(config.preset("breakout", seed=3)))
    return folder


def test_what_is_not_recorded_is_played_and_what_is_is_not(run, training, monkeypatch):
    monkeypatch.setattr("arena.view.story.LONGEST", 1)
    monkeypatch.setattr("arena.view.story.LINGER", 1)
    code, out, err = run("story", "runs/a", "--at", "1", "--at", "0", "--games", "1", "-o", "story.png")
    assert code == 0, err
    assert "after 0 minutes: runs/a/checkpoints/000000 plays 1 games" in out
    with Image.open("story.png") as image:
        assert image.size == (1300, 1080)
    assert [entry.minutes for entry in milestones.read(training)] == [0.0, 1.0]
    code, out, err = run("story", "runs/a")
    assert code == 0, err
    assert "plays" not in out
    assert (training / "story.mp4").stat().st_size > 10_000
    assert (training / "story.png").read_bytes() == (training.parents[1] / "story.png").read_bytes()
    code, out, _ = run("matches", "--json")
    assert [row["agents"] for row in json.loads(out)] == [["dqn:a/000001"], ["dqn:a/000000"]]
    code, out, _ = run("story", "runs/a", "--store", "other.db", "--at", "1", "--games", "1", "-o", "again.png")
    assert code == 0
    assert "000001 plays 1 games" in out  # the other store has none


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("story", "runs/a"), "has not recorded any milestones yet; say when with --at"),
        (("story", "runs/a", "--at", "5"), "has no checkpoint of 5 minutes or more"),
        (("story", "runs/a", "--at", "1", "-o", "x.gif"), "x.gif: a story is written as .mp4 or .png"),
        (("story", "runs/b"), "runs/b is not a training run"),
        (("story", "runs/a", *AT_SEVEN), "has room for 6 moments, not 7"),
    ],
)
def test_wrong_words_say_what_is_wrong(run, training, words, message):
    code, _, err = run(*words)
    assert code == 2
    assert message in " ".join(err.split())

"""Stable-Baselines3's own training, for a few seconds: that it runs, is told of, and leaves agents that play."""

import threading
import zipfile

import numpy as np
import pytest
import torch
from stable_baselines3 import DQN

from agents import checkpoints, registry
from envs.core import InputError
from selfplay import options
from selfplay.dqn import config
from selfplay.dqn.sb3 import MODEL, run_sb3
from selfplay.dqn.train import train
from tests.agents.dqn.test_player import ask, frames


@pytest.mark.filterwarnings("ignore:.*Overwriting existing.*", "ignore:.*out of date.*")
def test_it_trains_and_its_checkpoints_play_like_its_own_zip(tmp_path):
    settings = config.preset("breakout", algo="sb3", checkpoint_seconds=2.0)
    reached, told, stop = [], [], threading.Event()

    def tell(progress):
        told.append(progress)
        if progress.updates > 20:
            stop.set()

    def reach(checkpoint, seconds):
        reached.append(checkpoint.name)
        return False

    counters, updates = run_sb3(
        tmp_path, settings, 300.0, stop, reach, tell, 0.1, buffer_size=2_000, learning_starts=200
    )
    assert updates > 20
    assert counters.steps == told[-1].steps >= 200 + 4 * 20
    assert counters.seconds < 300
    assert counters.games > 0  # of five lives: random play loses them in about 180 steps
    assert told[-1].epsilon == pytest.approx(1 - 0.99 * counters.steps / 1e6, abs=1e-3)
    newest = checkpoints.numbered(tmp_path)[-1]
    assert newest.name == reached[-1]
    assert checkpoints.read_card(newest).meta["algo"] == "sb3"
    ours = ask(registry.load(f"{newest}?epsilon=0"), frames(20))
    assert ours == ask(registry.load(f"sb3:{tmp_path / MODEL}?epsilon=0"), frames(20))
    model = DQN.load(tmp_path / MODEL, device="cpu", custom_objects={"buffer_size": 1})
    with torch.no_grad():
        assert [d.action for d in ours] == model.q_net(torch.from_numpy(frames(20))).argmax(dim=1).tolist()
    assert zipfile.is_zipfile(tmp_path / MODEL)
    assert np.isfinite(counters.score)


@pytest.mark.filterwarnings("ignore:.*Overwriting existing.*", "ignore:.*out of date.*")
def test_milestones_are_looked_at_when_they_come(tmp_path):
    """Not only when a checkpoint is due anyway."""
    settings, seen = config.preset("breakout", algo="sb3", checkpoint_seconds=1000.0), []
    train(
        tmp_path / "run",
        settings,
        4.0,
        milestones=[1 / 60, 2 / 60],
        on_milestone=lambda checkpoint, minutes, stopping: seen.append((checkpoint.name, minutes)),
    )
    assert [minutes for _, minutes in seen] == [1 / 60, 2 / 60]
    ages = [checkpoints.read_card(tmp_path / "run" / "checkpoints" / name).meta["minutes"] for name, _ in seen]
    assert ages == pytest.approx([1 / 60, 2 / 60], abs=0.02)
    assert ages[0] < ages[1]


def test_what_it_cannot_do_is_said(tmp_path):
    with pytest.raises(InputError, match="begins by doing nothing; backgammon's first action is FIRE"):
        train(tmp_path / "c", config.preset("backgammon", algo="sb3"), 1)
    with pytest.raises(InputError, match="plays the classic protocol, not 'sticky'"):
        train(tmp_path / "a", config.preset("breakout_sticky", algo="sb3"), 1)
    with pytest.raises(InputError, match="unknown game 'connect_four'"):
        train(tmp_path / "b", config.preset("connect_four", algo="sb3"), 1)
    assert not list(tmp_path.glob(f"*/{options.FILE}")), "the names are free"
    with pytest.raises(InputError, match="'net' means nothing to 'sb3'"):
        config.preset("breakout", algo="sb3", net={"hidden": 8})
    (tmp_path / "b").mkdir(exist_ok=True)
    (tmp_path / "b" / options.FILE).write_text(options.to_json(config.preset("breakout", algo="sb3")))
    with pytest.raises(InputError, match="by Stable-Baselines3, which cannot be resumed"):
        train(tmp_path / "b", None, 1, resuming=True)

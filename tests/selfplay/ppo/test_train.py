"""The loop on Guess, a game small enough to be learned to its optimum in seconds."""

import json
import math
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents import checkpoints
from agents.team.player import load
from envs.core import InputError
from selfplay import files
from selfplay.errors import Diverged
from selfplay.ppo import config, resume
from selfplay.ppo import train as loop
from selfplay.ppo.league import LATEST
from selfplay.ppo.train import train
from selfplay.state import FILE, starts
from tests.processes import eventually
from tests.selfplay.ppo.guess import HEROES, LENGTH, NUMBERS, Guess, spec
from tests.selfplay.ticking import Ticking

COMMON = {
    "games": 32,
    "threads": 2,
    "precision": "float32",
    "bots": 0.0,
    "past": 0.0,
    "win_weight": 1.0,
    "rollout": 8,
    "chunk": 4,
    "batch": 128,
    "learning_rate": 5e-3,
    "final_learning_rate": 1e-3,
    "gamma": 0.9,
    "net": {"hidden": 32},
}


def settings(**changes):
    net = {**COMMON["net"], **changes.pop("net", {})}
    return config.preset("guess", **{**COMMON, **changes, "net": net})


@pytest.fixture
def ticking(monkeypatch):
    """A stretch takes a second."""
    monkeypatch.setattr(loop, "time", Ticking(1))


class Stage:
    def __init__(self, **options):
        self.made, self.options = [], options

    def __call__(self, _, batch):
        self.made.append(Guess(batch, **self.options))
        return spec(), self.made[-1]

    @property
    def right(self):
        return sum(g.right for g in self.made) / sum(g.asked for g in self.made)

    def forget(self):
        for game in self.made:
            game.right = game.asked = 0


def learned(run, seconds, stage, **changes):
    def told(progress):
        if progress.seconds >= 0.8 * seconds and not forgotten:
            forgotten.append(stage.forget())

    forgotten = []
    result = train(run, settings(**changes), seconds, on_progress=told, make_stage=stage)
    assert forgotten
    return result


def test_a_tiny_game_is_learned_to_its_optimum(tmp_path, ticking):
    stage = Stage()
    result = learned(tmp_path / "run", 25, stage)
    assert stage.right > 0.95
    assert sum(game.illegal for game in stage.made) == 0
    assert not result.interrupted
    assert result.steps == 25 * 32 * 2 * HEROES * 8
    net = load(result.checkpoint)[1]
    seen = np.concatenate([np.eye(NUMBERS), np.full((NUMBERS, 1), 0.5)], 1).astype(np.float32)
    logits = net(torch.from_numpy(seen).unsqueeze(0), net.blank(NUMBERS))[0]
    assert logits[0, :, :NUMBERS].argmax(1).tolist() == list(range(NUMBERS))


@pytest.mark.parametrize(("memory", "stretches"), [("gru", 25), pytest.param("lstm", 50, marks=pytest.mark.slow)])
def test_what_was_seen_once_is_remembered(tmp_path, ticking, memory, stretches):
    stage = Stage(hidden=True)
    learned(
        tmp_path / "run", stretches, stage, learning_rate=1e-2, first_entropy=0.003, net={"memory": memory, "cells": 16}
    )
    assert stage.right > 0.85


def test_without_a_memory_it_is_not(tmp_path, ticking):
    stage = Stage(hidden=True)
    learned(tmp_path / "run", 25, stage)
    assert stage.right == pytest.approx((1 + (LENGTH - 1) / NUMBERS) / LENGTH, abs=0.06)


def test_the_same_seed_is_the_same_training(tmp_path, monkeypatch):
    found = []
    for name in "ab":
        monkeypatch.setattr(loop, "time", Ticking(1))
        train(tmp_path / name, settings(past=0.5, checkpoint_seconds=2.0), 8, make_stage=Stage())
        found.append(checkpoints.read(tmp_path / name).tensors)
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    monkeypatch.setattr(loop, "time", Ticking(1))
    train(tmp_path / "c", settings(past=0.5, checkpoint_seconds=2.0, seed=1), 8, make_stage=Stage())
    other = checkpoints.read(tmp_path / "c").tensors
    assert not torch.equal(found[0]["policy.weight"], other["policy.weight"])


class Looking:
    """A training that can be looked into after every stretch."""

    def __init__(self, monkeypatch, look):
        before = loop._Training._stretch

        def stretch(training):
            before(training)
            look(training)

        monkeypatch.setattr(loop._Training, "_stretch", stretch)


def test_truncation_bootstraps_and_termination_does_not(tmp_path, ticking, monkeypatch):
    for truncate in (False, True):
        found = []
        with monkeypatch.context() as patch:
            Looking(patch, lambda t: found.append((t.rollout.ended.copy(), t.rollout.beyond.copy())))  # noqa: B023
            train(tmp_path / str(truncate), settings(), 3, make_stage=Stage(truncate=truncate))
        ended, beyond = found[-1]
        assert ended.sum() == ended.size / LENGTH
        assert (beyond[~ended] == 0).all()
        assert (beyond[ended] != 0).all() == truncate


def test_opponents_change_only_between_games_with_an_empty_memory(tmp_path, ticking, monkeypatch):
    """And what they decide is not learned from."""
    before = []

    def look(training):
        actor = training.actors[0]
        rollout, rows = training.rollout, actor.rows
        frozen = actor.owner.repeat(HEROES, 1).reshape(-1) != LATEST
        if before:
            old, ages = before.pop()
            changed = (old != actor.owner).any(1)
            assert (ages[changed] + rollout.length >= LENGTH).all()
        before.append((actor.owner.copy(), actor._ages.copy()))
        fresh = np.repeat(actor._ages == 0, actor.games.units)
        assert (actor._state[fresh] == 0).all()
        assert (rollout.learns[-1, rows][frozen & ~fresh] == 0).all()
        learns = rollout.learns[:, rows].reshape(rollout.length, -1, 2, HEROES)
        assert learns.any(2).all(), "the learner has a side in every game"
        ended = rollout.ended[:-1, rows].reshape(rollout.length - 1, -1, 2, HEROES)
        assert (learns[1:] == learns[:-1])[~ended].all()
        if training.league.members and training.counters.rollouts > 3:
            assert not learns.all()

    Looking(monkeypatch, look)
    changes = {"past": 1.0, "rollout": 3, "chunk": 3, "net": {"memory": "gru", "cells": 8}, "threads": 1}
    train(tmp_path / "run", settings(**changes), 12, make_stage=Stage())


def test_checkpoints_are_past_selves(tmp_path, ticking):
    states = []
    train(
        tmp_path / "run",
        settings(past=0.5, checkpoint_seconds=5.0, learning_rate=1e-3),
        20,
        make_stage=Stage(),
        on_progress=states.append,
    )
    found = checkpoints.numbered(tmp_path / "run")
    assert [int(folder.name) for folder in found] == list(range(5))
    assert [checkpoints.read_card(folder).meta["steps"] > 0 for folder in found] == [False, True, True, True, True]
    card = checkpoints.read_card(found[-1])
    assert (card.kind, card.game, card.meta["algo"]) == ("team", "guess", "ppo")
    assert states[-1].members == 5
    assert states[-1].wins["past"] > 0.25  # most are drawn
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["steps"] == card.meta["steps"]
    assert set(lines[-1]["wins"]) == {"past"}
    board = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    board.Reload()
    assert {"entropy", "wins/past", "terms/win", "steps_per_second"} <= set(board.Tags()["scalars"])


def test_team_spirit_and_learning_rate_follow_the_time(tmp_path, ticking):
    states, stage = [], Stage()
    train(tmp_path / "run", settings(), 10, make_stage=stage, on_progress=states.append)
    assert [s.team_spirit for s in states] == pytest.approx([0.3 + 0.07 * s.seconds for s in states])
    assert states[0].learning_rate > states[-1].learning_rate
    assert stage.made[0].team_spirit == pytest.approx(states[-2].team_spirit)


def test_resuming_goes_on_where_it_was(tmp_path, ticking, monkeypatch):
    run = tmp_path / "run"
    first = train(run, settings(past=0.5, checkpoint_seconds=3.0), 6, make_stage=Stage())
    kept = files.read_tensors(run / FILE)
    monkeypatch.setattr(loop, "time", Ticking(1))
    seen = []
    Looking(monkeypatch, lambda t: seen.append((t.counters.steps, len(t.league.members), t.learner.updates)))
    second = train(run, None, 9, resuming=True, make_stage=Stage())
    assert second.seconds >= 9 > first.seconds >= 6
    assert seen[0][0] > first.steps
    assert seen[0][1] == len(kept[1]["league"]["members"])
    assert seen[0][2] > kept[1]["updates"]
    assert starts(run) == 2


def test_everything_of_the_state_comes_back(tmp_path, ticking):
    run = tmp_path / "run"
    train(run, settings(past=0.5, checkpoint_seconds=3.0, net={"memory": "gru", "cells": 8}), 7, make_stage=Stage())
    training = loop._Training(run, config.read(run), 10, Stage())
    state = resume.take(training.learner, training.counters, training.league, training.randoms[:1])
    tensors, facts = files.read_tensors(run / FILE)
    assert facts["counters"].pop("starts") + 1 == state.facts["counters"].pop("starts")
    assert state.facts == facts
    assert state.tensors.keys() == tensors.keys()
    assert all(np.array_equal(state.tensors[name], tensors[name]) for name in tensors)
    assert {"net/observed.mean", "net/returned.variance", "optimizer/0/exp_avg", "optimizer/0/step"} <= tensors.keys()


KILLED = """
import sys
from pathlib import Path
from tests.selfplay.ppo.test_train import Stage, settings
from selfplay.ppo.train import train
train(Path(sys.argv[1]), settings(past=0.5, checkpoint_seconds=0.2, save_seconds=0.1), 600, make_stage=Stage())
"""


def start(run):
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(run)])
    eventually(lambda: process.poll() is not None or len(checkpoints.numbered(run)) >= 4, 300)
    assert process.poll() is None
    return process


def test_a_killed_run_is_whole_and_ctrl_c_ends_it_long_before_its_time(tmp_path):
    run = tmp_path / "run"
    process = start(run)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for folder in checkpoints.numbered(run):
        load(folder)
    members = [m[0] for m in files.read_tensors(run / FILE)[1]["league"]["members"]]
    assert members == list(range(len(members)))
    assert len(members) >= len(checkpoints.numbered(run)) - 1
    count = len(checkpoints.numbered(run))
    process = subprocess.Popen([sys.executable, "-c", KILLED.replace("600,", "600, resuming=True,"), str(run)])
    eventually(lambda: process.poll() is not None or len(checkpoints.numbered(run)) >= count + 2, 300)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 0
    facts = files.read_tensors(run / FILE)[1]
    assert facts["counters"]["starts"] == 2
    members = [m[0] for m in facts["league"]["members"]]
    assert members == list(range(len(checkpoints.numbered(run))))


def test_a_loss_that_is_no_number_stops_and_names_the_last_good_checkpoint(tmp_path, ticking, monkeypatch):
    def spoil(training):
        if training.counters.rollouts == 5:
            training.learner.net.policy.bias.data[0] = math.nan

    Looking(monkeypatch, spoil)
    with pytest.raises(Diverged) as error:
        train(tmp_path / "run", settings(checkpoint_seconds=2.0), 100, make_stage=Stage())
    good = checkpoints.numbered(tmp_path / "run")[-1]
    assert str(error.value).endswith(f"updates. The last good checkpoint is {good}")
    load(good)


def test_an_exploiter_plays_nobody_else_and_begins_as_its_victim(tmp_path, ticking, monkeypatch):
    ignorant = settings(learning_rate=1e-6, final_learning_rate=1e-6)  # else nothing would be left to exploit
    victim = train(tmp_path / "run", ignorant, 3, make_stage=Stage()).checkpoint
    seen = []

    def look(training):
        opponents = set(training.actors[0].owner.reshape(-1).tolist())
        (member,) = training.league.members
        seen.append((opponents, member.wins / max(member.games, 1)))

    Looking(monkeypatch, look)
    asked = config.exploiter("guess", str(victim), **{k: v for k, v in COMMON.items() if k != "net"})
    assert asked.net == settings().net
    result = train(tmp_path / "against", asked, 15, make_stage=Stage())
    assert all(opponents == {LATEST, 0} for opponents, _ in seen)
    assert seen[-1][1] > 0.75
    assert result.wins.keys() == {"past"}
    first = checkpoints.read(checkpoints.numbered(tmp_path / "against")[0]).tensors
    assert torch.equal(first["policy.weight"], checkpoints.read(victim).tensors["policy.weight"])
    with pytest.raises(InputError, match="for guess, not for moba_1v1"):
        config.exploiter("moba_1v1", str(victim))


def test_folders_that_cannot_be_used(tmp_path, ticking):
    with pytest.raises(InputError, match="no training run to resume"):
        train(tmp_path / "none", None, 1, resuming=True, make_stage=Stage())
    train(tmp_path / "run", settings(), 1, make_stage=Stage())
    with pytest.raises(InputError, match="already holds a training run"):
        train(tmp_path / "run", settings(), 1, make_stage=Stage())
    with pytest.raises(InputError, match="begun with other settings"):
        train(tmp_path / "run", settings(gamma=0.5), 1, resuming=True, make_stage=Stage())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"games": 0}, "training option 'games' is from 1 to 1.04858e+06, not 0"),
        ({"past": 1.5}, "training option 'past' is from 0 to 1, not 1.5"),
        ({"rollout": 10}, "training option 'chunk' does not divide a rollout of 10: 4"),
        ({"choice": "best"}, "unknown value of training option 'choice': 'best'; choose from: "),
        ({"entropi": 1}, "unknown training option 'entropi'; choose from: "),
    ],
)
def test_senseless_settings(changes, message):
    with pytest.raises(InputError, match=re.escape(message)):
        settings(**changes)


def test_actions_are_legal_in_the_real_game_on_both_sides_with_bots(tmp_path, ticking, monkeypatch):
    """A few stretches of moba_5v5 with every kind of opponent: masks are obeyed, nothing is learned of others."""
    codes = set()

    def look(training):
        rollout = training.rollout
        taken = np.take_along_axis(rollout.mask, rollout.actions[:, :, None], 2)
        assert taken.all()
        assert np.isfinite(rollout.advantages[rollout.learns]).all()
        learns = rollout.learns[:, 12 * 10 :]
        assert learns.shape[1] == 6 * 2
        assert learns.any() == bool(training.duelists) == (training.share < 0.5)
        codes.update(training.actors[0].owner.reshape(-1).tolist())

    Looking(monkeypatch, look)
    asked = config.preset(
        "moba_5v5",
        games=12,
        duels=6,
        dueling=0.5,
        threads=2,
        bots=0.5,
        past=0.5,
        rollout=8,
        chunk=8,
        meetings=1,
        batch=512,
        net={"hidden": 32, "memory": "gru", "cells": 8},
    )
    train(tmp_path / "run", asked, 4)
    assert min(codes) < LATEST
    assert config.read(tmp_path / "run") == asked

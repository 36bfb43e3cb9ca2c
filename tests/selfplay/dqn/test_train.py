"""The loop on Catch, a game small enough to be learned to its optimum in seconds."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents import checkpoints
from envs.core import InputError
from selfplay import files
from selfplay.dqn import config, resume
from selfplay.dqn import train as loop
from selfplay.dqn.train import train
from selfplay.progress import last_facts
from selfplay.state import FILE
from tests.selfplay.dqn.catch import Catch, stage
from tests.selfplay.ticking import Ticking

NET = {"channels": 8, "hidden": 64, "height": 10, "width": 10, "pixel_norm": False}  # so few channels normed say little
COMMON = {
    "games": 32,
    "device": "cpu",
    "precision": "float32",
    "exploration_steps": 24_000,
    "learning_rate": 2e-3,
    "final_learning_rate": 1e-4,
    "warmup_updates": 10,
    "threads": 1,
    "batch": 64,
    "gamma": 0.95,
    "average": 0.9,
}
ROUTES = {
    "pqn": {"rollout": 8, "batch": 32},
    "dqn": {"replay": 20_000, "first_frames": 1_000, "target_updates": 100, "samples_per_step": 4.0},
}


def settings(algo="pqn", **changes):
    net = NET | changes.pop("net", {})
    return config.preset("catch", **{"algo": algo, **COMMON, **ROUTES[algo], **changes, "net": net})


@pytest.fixture
def ticks(monkeypatch):
    """A training of ``n`` seconds is one of ``16 n`` ticks, and saves do not depend on the machine."""
    monkeypatch.setattr(loop, "time", Ticking(1 / 16))


def play(run, games=200):
    """Mean score of the newest checkpoint without random actions."""
    checkpoint = checkpoints.read(run)
    learner = loop.make_learner(config.read(run), 3)
    checkpoints.fill(learner.net, checkpoint)
    catch, scores = Catch(50, seed=1234), []
    seen = catch.reset()
    while len(scores) < games:
        catch.send(learner.greedy(seen.frames)[0])
        seen = catch.recv()
        scores += [ended.score for ended in seen.ended]
    return np.mean(scores)


@pytest.mark.parametrize(
    ("budget", "changes"),
    [
        (1200, {"algo": "pqn"}),
        pytest.param(1200, {"algo": "pqn", "net": {"quantiles": 0}}, marks=pytest.mark.slow),
        (700, {"algo": "dqn"}),
        pytest.param(700, {"algo": "dqn", "net": {"dueling": True, "quantiles": 8}}, marks=pytest.mark.slow),
    ],
    ids=["pqn", "pqn, means", "dqn", "dueling quantiles"],
)
def test_the_optimum_is_learned(tmp_path, ticks, budget, changes):
    run = tmp_path / "run"
    result = train(run, settings(**changes), budget / 16, make_stage=stage)
    assert result.steps == 32 * budget
    assert not result.interrupted
    assert play(run) == 1.0
    assert result.score > 0.7  # with some random actions in it


def weights(run, budget, **changes):
    train(run, settings(**changes), budget, make_stage=stage)
    return files.read_tensors(run / FILE)


@pytest.mark.parametrize("updates", [100, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("algo", ["pqn", "dqn"])
def test_the_same_seed_gives_the_same_updates(tmp_path, ticks, algo, updates):
    """Bit for bit, weights, optimizer and random state."""
    budget = (80 + updates / 2) / 16  # there are at least two a tick
    one, facts = weights(tmp_path / "1", budget, algo=algo)
    two, again = weights(tmp_path / "2", budget, algo=algo)
    other, _ = weights(tmp_path / "3", budget, algo=algo, seed=1)
    assert facts["updates"] == again["updates"] >= updates
    assert facts["random"] == again["random"]
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert not np.array_equal(one["net/body.0.weight"], other["net/body.0.weight"])


def test_shards_add_up_to_the_same_gradient():
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    frames, actions = random.integers(0, 256, (65, 4, 10, 10), dtype=np.uint8), random.integers(0, 3, 65)
    wanted = torch.from_numpy(random.normal(size=65).astype(np.float32))
    learners = [loop.make_learner(settings(threads=threads), 3) for threads in (1, 3)]
    for learner in learners:
        learner.learn(frames, actions, wanted)
    alone, together = ([p.grad for p in learner.net.parameters()] for learner in learners)
    for one, other in zip(alone, together, strict=True):
        torch.testing.assert_close(one, other)
    assert np.allclose(*(learner.greedy(frames)[1] for learner in learners), atol=1e-5)
    learners[1].close()


@pytest.mark.parametrize("algo", ["pqn", "dqn"])
def test_a_resumed_run_forgets_nothing(tmp_path, ticks, algo):
    run = tmp_path / "run"
    train(run, settings(algo), 10, make_stage=stage)
    before, facts = files.read_tensors(run / FILE)
    seen = []
    with pytest.raises(InputError, match="already holds a training run"):
        train(run, settings(algo), 20, make_stage=stage)
    with pytest.raises(InputError, match="begun with other settings"):
        train(run, settings(algo, seed=5), 20, resuming=True, make_stage=stage)

    def first_progress(progress):
        seen.append(progress)

    train(run, None, 10.1, resuming=True, on_progress=first_progress, make_stage=stage)
    after, later = files.read_tensors(run / FILE)
    assert later["updates"] >= facts["updates"] > 20
    for name in ("steps", "games", "head"):
        assert later["counters"][name] >= facts["counters"][name]
    assert later["counters"]["seconds"] >= 10
    assert later["counters"]["starts"] == 2
    if algo == "dqn":
        assert later["counters"]["head"] > facts["counters"]["head"] > 100
    assert set(before) == set(after)
    steps = [json.loads(line)["steps"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(steps)
    board = EventAccumulator(str(run / "tensorboard")).Reload()
    assert {"score", "epsilon", "steps_per_second", "loss"} <= set(board.Tags()["scalars"])


KILLED = """
import sys
from pathlib import Path
from selfplay.dqn.train import train
from tests.selfplay.dqn.catch import stage
from tests.selfplay.dqn.test_train import settings
run = Path(sys.argv[1])
changes = {"save_seconds": 0.05, "checkpoint_seconds": 0.1}
def told(progress):
    if progress.updates > int(sys.argv[2]):
        print("now", flush=True)
train(run, settings("dqn", **changes), 600, resuming=(run / "config.json").exists(), on_progress=told, make_stage=stage)
"""


def test_a_run_killed_twice_goes_on(tmp_path):
    """SIGKILL in the middle: clock, counters, updates and memory are those of the last save, or later."""
    run, updates, seconds = tmp_path / "run", 0, 0.0
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(run), str(updates + 50)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGKILL)
        process.communicate()
        _, facts = files.read_tensors(run / FILE)
        assert facts["updates"] > updates
        assert facts["counters"]["seconds"] > seconds
        updates, seconds = facts["updates"], facts["counters"]["seconds"]
    result = train(run, None, seconds + 2, resuming=True, make_stage=stage)
    assert result.seconds >= seconds
    assert files.read_tensors(run / FILE)[1]["updates"] > updates
    assert files.read_tensors(run / FILE)[1]["counters"]["starts"] == 3


def test_milestones_checkpoints_and_the_best(tmp_path, ticks):
    reached = []

    def celebrate(checkpoint, minutes, stopping):
        card = checkpoints.read_card(checkpoint)
        reached.append((minutes, card.meta["minutes"]))

    run = tmp_path / "run"
    changes = {"checkpoint_seconds": 4.0, "save_seconds": 3.0}
    train(run, settings(**changes), 30, milestones=[0.5, 0.2, 9], on_milestone=celebrate, make_stage=stage)
    assert [minutes for minutes, _ in reached] == [0.2, 0.5]
    assert all(abs(minutes - clock) < 0.01 for minutes, clock in reached)
    train(run, None, 36, resuming=True, milestones=[0.2, 0.5, 0.6], on_milestone=celebrate, make_stage=stage)
    assert [minutes for minutes, _ in reached] == [0.2, 0.5, 0.6]
    cards = [checkpoints.read_card(folder) for folder in checkpoints.numbered(run)]
    assert len(cards) >= 8
    assert cards[0].meta["steps"] == 0
    best = checkpoints.read_card(run / "best")
    scores = [card.meta["training_score"] for card in cards if card.meta["games"] >= 100]
    assert best.meta["training_score"] == max(scores)
    assert (best.kind, best.game, best.net_config["layer_norm"]) == ("dqn", "catch", True)


def test_a_kill_between_best_and_state_does_not_make_the_best_worse(tmp_path, ticks):
    run = tmp_path / "run"
    train(run, settings(), 20, make_stage=stage)
    card = run / "best" / checkpoints.JSON
    facts = json.loads(card.read_text())
    card.write_text(json.dumps({**facts, "meta": {**facts["meta"], "training_score": 1e6}}))
    before = checkpoints.read_card(run / "best").meta["steps"]
    train(run, None, 40, resuming=True, make_stage=stage)
    assert checkpoints.read_card(run / "best").meta["steps"] == before


def test_a_milestone_that_was_cut_short_is_called_again(tmp_path, ticks):
    reached = []

    def celebrate(checkpoint, minutes, stopping):
        reached.append((minutes, stopping()))
        if len(reached) == 1:
            signal.raise_signal(signal.SIGINT)
            assert stopping()

    run = tmp_path / "run"
    result = train(run, settings(), 12, milestones=[0.1, 0.2], on_milestone=celebrate, make_stage=stage)
    assert result.interrupted
    assert reached == [(0.1, False)]
    train(run, None, 12, resuming=True, milestones=[0.1, 0.2], on_milestone=celebrate, make_stage=stage)
    assert reached == [(0.1, False), (0.1, False), (0.2, False)]


def test_a_training_cut_short_at_its_last_milestone_is_not_done(tmp_path, ticks):
    """The clock shows all of the budget, but games are still to be recorded."""
    reached, told = [], []

    def celebrate(checkpoint, minutes, stopping):
        reached.append(minutes)
        if len(reached) == 1:
            signal.raise_signal(signal.SIGINT)

    run, each = tmp_path / "run", {"on_milestone": celebrate, "on_progress": told.append, "make_stage": stage}
    result = train(run, settings(), 12, milestones=[0.2], **each)
    assert (result.interrupted, result.seconds >= 12) == (True, True)
    assert last_facts(run)["milestones_left"] == 1
    result = train(run, None, 12, resuming=True, **each)
    assert (result.interrupted, reached) == (False, [0.2, 0.2])
    assert last_facts(run)["milestones_left"] == 0


def test_ctrl_c_saves(tmp_path, ticks):
    def interrupt(progress):
        signal.raise_signal(signal.SIGINT)

    run = tmp_path / "run"
    result = train(run, settings(), 1000, on_progress=interrupt, make_stage=stage)
    assert result.interrupted
    assert files.read_tensors(run / FILE)[1]["counters"]["steps"] == result.steps > 0


def test_a_loss_that_is_no_number_stops_the_training(tmp_path, ticks):
    with pytest.raises(loop.Diverged, match=r"the loss is .* The last good checkpoint is"):
        train(tmp_path / "run", settings(learning_rate=1e9), 20, make_stage=stage)


@pytest.mark.parametrize("algo", ["pqn", "dqn"])
def test_a_loaded_state_goes_on_bit_for_bit(tmp_path, algo):
    """Weights, averages, target network, optimizer and random numbers: the next updates are the same."""
    random, learners = np.random.default_rng(3), []

    def learn(learner, seed, count):
        source = np.random.default_rng(seed)
        for _ in range(count):
            frames = source.integers(0, 256, (16, 4, 10, 10), dtype=np.uint8)
            wanted = torch.from_numpy(source.normal(size=16).astype(np.float32))
            learner.learn(frames, source.integers(0, 3, 16), wanted)
            learner.take_average()

    one = loop.make_learner(settings(algo), 3)
    learn(one, 0, 5)
    if algo == "dqn":
        one.renew_target()
    learn(one, 1, 5)
    random.random(7)
    counters = resume.Counters(seconds=12.5, steps=99, scores=[1.0, -1.0], milestones=[0.5], head=4, starts=2)
    resume.take(one, counters, random).write(tmp_path)
    two, again = loop.make_learner(settings(algo, seed=8), 3), np.random.default_rng(8)
    assert resume.load(tmp_path, two, again) == counters
    for learner in (one, two):
        learn(learner, 2, 5)
        learners.append(resume.take(learner, counters, random))
    assert again.random(5).tolist() == random.random(5).tolist()
    assert two.steps == one.steps == 15
    assert learners[0].tensors.keys() == learners[1].tensors.keys()
    for name, tensor in learners[0].tensors.items():
        np.testing.assert_array_equal(tensor, learners[1].tensors[name], err_msg=name)


def test_a_run_keeps_its_milestones_and_does_not_make_up_those_it_has_passed(tmp_path, ticks):
    reached = []

    def celebrate(checkpoint, minutes, stopping):
        reached.append(minutes)

    run = tmp_path / "run"
    train(run, settings(), 12, milestones=[0.1, 0.6], on_milestone=celebrate, make_stage=stage)
    train(run, None, 24, resuming=True, on_milestone=celebrate, make_stage=stage)
    assert reached == [0.1]
    train(run, None, 40, resuming=True, on_milestone=celebrate, make_stage=stage)
    assert reached == [0.1, 0.6], "what it was begun with"
    train(run, None, 50, resuming=True, milestones=[0.3, 0.8], on_milestone=celebrate, make_stage=stage)
    assert reached == [0.1, 0.6, 0.8], "minute 0.3 has passed"


def test_nothing_is_saved_of_a_loss_that_is_no_number(tmp_path, ticks):
    run = tmp_path / "run"
    train(run, settings(), 5, make_stage=stage)
    training = loop._Training(run, config.read(run), 10, stage)
    training.learner._loss = torch.tensor(float("nan"))
    before = (run / FILE).read_bytes()
    with pytest.raises(loop.Diverged):
        training._save()
    assert (run / FILE).read_bytes() == before


def test_a_gradient_that_is_not_finite_is_found_out_though_the_loss_was(tmp_path, ticks, monkeypatch):
    monkeypatch.setattr("agents.dqn.learner.nn.utils.clip_grad_norm_", lambda *_: torch.tensor(float("inf")))
    with pytest.raises(loop.Diverged, match="the loss is nan"):
        train(tmp_path / "run", settings(), 20, make_stage=stage)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"net": {"stack": 2}}, r"catch shows \(4, 10, 10\), and no network takes \(2, 10, 10\) of it"),
        ({"device": "cuda"}, "PyTorch finds no such device"),
    ],
)
def test_a_training_that_cannot_begin_leaves_its_name_free(tmp_path, monkeypatch, changes, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=message):
        train(tmp_path / "run", settings(**changes), 5, make_stage=stage)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_is_an_input_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/run cannot be the folder of a run: Not a directory"):
        train(tmp_path / "file" / "run", settings(), 5, make_stage=stage)

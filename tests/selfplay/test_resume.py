import numpy as np
import pytest
import torch

import envs
from agents import networks
from agents.networks import NetConfig
from selfplay import files, resume
from selfplay.config import TrainConfig
from selfplay.learner import Learner
from selfplay.resume import Counters
from selfplay.state import FILE
from selfplay.targets import UNIT
from selfplay.window import Window, rows_of
from tests.selfplay.made import games


def student(optimizer="adamw", channels=8):
    config = TrainConfig(
        game="tic_tac_toe", net=NetConfig(blocks=1, channels=channels, pool_every=0), optimizer=optimizer, batch=16
    )
    game = envs.make("tic_tac_toe")
    return Learner(game, networks.make(game.spec, config.net), config)


def window():
    """Positions with one stone each on otherwise empty boards."""
    found = Window(envs.make("tic_tac_toe").init(1).shape[1], 9)
    game = envs.make("tic_tac_toe")
    states = game.step(game.init(9), np.arange(9, dtype=np.int32))
    played = games([9], max_legal=9, states=states, policy=np.eye(9)[np.arange(9) % 8])
    found.add("c", rows_of(played, TrainConfig())[0], np.full(9, UNIT))
    return found


def learn(learner, positions, steps):
    return [learner.step(positions.sample(learner.generator, 16), 0.3) for _ in range(steps)]


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_resumed_learner_goes_on_bit_for_bit(tmp_path, optimizer):
    undisturbed, positions = student(optimizer), window()
    learn(undisturbed, positions, 7)
    resume.save(tmp_path, undisturbed, Counters(seconds=12.5, games=3, window=["c"]))
    later = learn(undisturbed, positions, 9)

    torch.manual_seed(99)
    resumed = student(optimizer)
    counters = resume.load(tmp_path, resumed)
    assert counters == Counters(seconds=12.5, games=3, window=["c"])
    assert learn(resumed, window(), 9) == later
    assert resumed.steps == undisturbed.steps == 16
    assert resumed.smoothed == undisturbed.smoothed
    assert resumed.generator.bit_generator.state == undisturbed.generator.bit_generator.state
    for name, tensor in undisturbed.net.state_dict().items():
        assert torch.equal(tensor, resumed.net.state_dict()[name])
        assert torch.equal(undisturbed.average[name], resumed.average[name])
    mine, theirs = undisturbed.optimizer.state_dict()["state"], resumed.optimizer.state_dict()["state"]
    assert mine.keys() == theirs.keys()
    for index, slots in mine.items():
        assert slots.keys() == theirs[index].keys()
        assert all(torch.equal(slots[key], theirs[index][key]) for key in slots)


def test_saving_what_was_loaded_gives_the_same_file(tmp_path):
    learner = student()
    learn(learner, window(), 3)
    resume.save(tmp_path, learner, Counters(version=4, retired=["a", "b"]))
    before = (tmp_path / FILE).read_bytes()
    other = student()
    resume.save(tmp_path, other, resume.load(tmp_path, other))
    assert (tmp_path / FILE).read_bytes() == before


def test_a_state_that_does_not_fit_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        resume.load(tmp_path, student())
    resume.save(tmp_path, student(), Counters())
    with pytest.raises(files.Damaged, match=r"resume\.safetensors: does not fit this run"):
        resume.load(tmp_path, student(channels=16))
    with pytest.raises(files.Damaged, match="optimizer 'AdamW' cannot be resumed, only 'SGD' can"):
        resume.load(tmp_path, student("sgd"))
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(files.Damaged, match="truncated or altered"):
        resume.load(tmp_path, student())

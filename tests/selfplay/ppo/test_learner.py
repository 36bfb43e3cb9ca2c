"""One update: the loss by hand, masks, frozen sides, sequences, and threads that change nothing."""

import numpy as np
import pytest
import torch

from agents.team.network import TeamConfig, TeamNetwork
from selfplay.ppo import config
from selfplay.ppo.learner import Batch, Learner, loss
from selfplay.ppo.rollout import Rollout

FEATURES, ACTIONS, LENGTH, ROWS = 3, 4, 4, 6


def settings(**changes):
    return config.preset(
        "guess", **{"precision": "float32", "rollout": LENGTH, "chunk": 2, "batch": 8, "epochs": 1, **changes}
    )


def network(memory="none"):
    torch.manual_seed(0)
    return TeamNetwork(TeamConfig(hidden=8, memory=memory, cells=4), FEATURES, ACTIONS)


def rollout(net, seed=0):
    """Made up, but with the probabilities that the network gives."""
    random, size = np.random.default_rng(seed), net.shape.state_size
    made = Rollout(LENGTH, ROWS, FEATURES, ACTIONS, 2 if size else LENGTH, size)
    made.seen[:] = torch.from_numpy(random.normal(size=made.seen.shape))
    made.mask[:] = True
    made.mask[:, :, 3] = False
    made.actions[:] = random.integers(0, 3, (LENGTH, ROWS))
    made.advantages[:] = random.normal(size=(LENGTH, ROWS))
    made.values[:] = random.normal(size=(LENGTH, ROWS))
    made.logp[:] = -np.log(3)
    made.learns[:] = True
    return made


def batch(**changes):
    made = {
        "seen": torch.zeros(1, 2, FEATURES),
        "mask": torch.tensor([[[True, True, True, False]] * 2]),
        "actions": torch.tensor([[0, 1]]),
        "logp": torch.full((1, 2), float(np.log(1 / 3))),
        "advantages": torch.tensor([[1.0, -1.0]]),
        "targets": torch.tensor([[0.5, 3.0]]),
        "weight": torch.full((1, 2), 0.5),
        "keep": None,
        "state": torch.zeros(2, 0),
    }
    return Batch(**{**made, **changes})


def blank_network():
    net = network()
    for layer in (net.policy, net.value):
        torch.nn.init.zeros_(layer.weight)
    return net


def test_the_loss_by_hand():
    """A network that knows nothing: three legal actions at a third each, a value of 0."""
    whole, parts = loss(blank_network(), batch(), 0.2, 2.0, 0.1)
    policy, value, entropy, kl, clipped = parts.tolist()
    assert policy == pytest.approx(-(1 - 1) / 2, abs=1e-6)
    assert value == pytest.approx((0.5**2 / 2 + (3 - 0.5)) / 2)  # Huber
    assert entropy == pytest.approx(np.log(3), abs=1e-5)
    assert (kl, clipped) == pytest.approx((0, 0), abs=1e-6)
    assert float(whole.detach()) == pytest.approx(policy + 2.0 * value - 0.1 * entropy, abs=1e-5)


def test_a_ratio_beyond_the_clip_range_pulls_no_further():
    """The ratio is 1.5 for both: the gain of the first is cut to 1.2, the loss of the second counts in full."""
    old = torch.full((1, 2), float(np.log(1 / 3 / 1.5)))
    net = blank_network()
    whole, parts = loss(net, batch(logp=old), 0.2, 0.0, 0.0)
    assert parts[0].item() == pytest.approx(-(1.2 - 1.5) / 2, abs=1e-5)
    assert parts[4].item() == 1.0
    weight = torch.tensor([[1.0, 0.0]])  # of the first alone
    whole, _ = loss(net, batch(logp=old, weight=weight), 0.2, 0.0, 0.0)
    assert torch.autograd.grad(whole, net.policy.bias)[0].abs().max() == 0


def test_illegal_actions_have_no_gradient():
    net = network()
    whole, _ = loss(net, batch(), 0.2, 0.0, 0.1)
    gradient = torch.autograd.grad(whole, net.policy.bias)[0]
    assert gradient[3] == 0
    assert gradient[:2].tolist() == pytest.approx([-0.5, 0.5], abs=1e-5)


@pytest.mark.parametrize("memory", ["none", "gru"])
def test_the_frozen_side_is_not_learned_from(memory):
    """Whatever another than the learner has decided leaves no trace in the weights."""
    found = []
    for nonsense in (0.0, 7.0):
        net = network(memory)
        play = rollout(net)
        play.learns[:, ROWS // 2 :] = False
        play.actions[:, ROWS // 2 :] = 2 if nonsense else 1
        for array in (play.seen, play.raw, play.advantages, play.values, play.logp):
            array[:, ROWS // 2 :] = nonsense
        learner = Learner(net, settings(net={"hidden": 8, "memory": memory, "cells": 4}), 1, np.random.default_rng(1))
        learner.learn(play, 0.0)
        found.append(torch.cat([p.detach().reshape(-1) for p in net.parameters()]))
    assert torch.equal(*found)


def test_a_gradient_that_is_not_finite_is_found_out_though_the_losses_were(monkeypatch):
    monkeypatch.setattr("selfplay.ppo.learner.nn.utils.clip_grad_norm_", lambda *_: torch.tensor(float("inf")))
    learner = Learner(network(), settings(), 1, np.random.default_rng(1))
    assert np.isnan(learner.learn(rollout(learner.net), 0.0)).all()


@pytest.mark.parametrize("memory", ["none", "gru", "lstm"])
def test_threads_change_nothing_but_the_last_digits(memory):
    found = []
    for threads in (1, 2, 3):
        net = network(memory)
        learner = Learner(
            net, settings(net={"hidden": 8, "memory": memory, "cells": 4}), threads, np.random.default_rng(1)
        )
        losses = learner.learn(rollout(net), 0.0)
        learner.close()
        assert all(np.isfinite(losses))
        found.append(torch.cat([p.detach().reshape(-1) for p in net.parameters()]))
    assert torch.allclose(found[0], found[1], atol=1e-5)
    assert torch.allclose(found[0], found[2], atol=1e-5)


def test_a_memory_learns_from_whole_sequences_and_forgets_between_games():
    net = network("gru")
    play = rollout(net)
    play.ended[0, 0] = True
    play.states[:] = np.random.default_rng(3).normal(size=play.states.shape)
    learner = Learner(net, settings(net={"hidden": 8, "memory": "gru", "cells": 4}), 1, np.random.default_rng(1))
    assert learner._sequences(play).tolist() == [*range(ROWS), *range(2 * ROWS, 3 * ROWS)]
    play.learns[:2, 1] = False
    assert learner._sequences(play).tolist() == [0, 2, 3, 4, 5, *range(2 * ROWS, 3 * ROWS)]
    places = np.array([[0, 2 * ROWS + 1], [ROWS, 3 * ROWS + 1]])
    made = learner._batch(play, places, play.advantages, play.values, np.float32(3))
    assert torch.equal(made.seen[1, 1], play.seen[3, 1])
    assert made.keep.tolist() == [[True, True], [False, True]]
    assert torch.equal(made.state, torch.from_numpy(play.states[[0, 1], [0, 1]]))


def test_schedules():
    tuned = settings(learning_rate=1.0, final_learning_rate=0.5)
    assert [tuned.between(tuned.learning_rate, tuned.final_learning_rate, s) for s in (0, 0.5, 1, 2)] == [
        *(1.0, 0.75, 0.5, 0.5)
    ]

"""Targets computed by hand."""

import numpy as np
import pytest
import torch

from agents.dqn import targets
from agents.dqn.learner import Learner
from agents.dqn.memory import Memory, Sample
from agents.dqn.network import QConfig, QNetwork, expected

ONE = torch.ones(1)  # the weight of a batch of one


def returns(rewards, values, ends=(), cuts=(), gamma=0.5, lambda_=0.5):
    """Of one game."""
    marks = [np.isin(np.arange(len(rewards)), list(which))[:, None] for which in (ends, cuts)]
    columns = (np.array(column, np.float32)[:, None] for column in (rewards, values))
    rewards, values = columns
    return targets.lambda_returns(rewards, *marks, values, gamma, lambda_)[:, 0].tolist()


def test_lambda_returns_by_hand():
    # R2 = 1 + 0.5 * 8 = 5; R1 = 0 + 0.5 * (0.5 * 5 + 0.5 * 4) = 2.25; R0 = 2 + 0.5 * (0.5 * 2.25 + 0.5 * 6)
    assert returns([2, 0, 1], [6, 4, 8]) == [4.0625, 2.25, 5.0]
    # nothing follows the end: R1 = 0, whatever comes after; R0 = 2 + 0.5 * (0.5 * 0 + 0.5 * 6)
    assert returns([2, 0, 1], [6, 4, 8], ends=[1]) == [3.5, 0.0, 5.0]
    # at a cut the value stands for the rest: R1 = 0 + 0.5 * 4; R0 = 2 + 0.5 * (0.5 * 2 + 0.5 * 6)
    assert returns([2, 0, 1], [6, 4, 8], cuts=[1]) == [4.0, 2.0, 5.0]


def test_lambda_0_is_one_step_and_lambda_1_the_whole_return():
    assert returns([2, 0, 1], [6, 4, 8], lambda_=0) == [5.0, 2.0, 5.0]
    assert returns([2, 0, 1], [6, 4, 8], lambda_=1) == [2 + 0.25 * 5, 0.5 * 5, 5.0]


def drawn(memory, steps):
    """Rewards and discounts by row, of all that can be drawn."""
    rows, _ = memory.draw(np.random.default_rng(0), 100, steps)
    sample = memory.sample(np.random.default_rng(0), 100, steps, 0.5)
    triples = zip(rows.tolist(), sample.rewards.tolist(), sample.discounts.tolist(), strict=True)
    return {row: (reward, discount) for row, reward, discount in triples}


def test_n_step_by_hand():
    memory = Memory(16, 1, height=3, width=3)
    #         row: 0  1  2  3  4  5  6
    rewards = [1, 2, 4, 8, 16, 32, 64]
    ends = [0, 0, 0, 1, 0, 0, 0]
    last = [0, 0, 0, 0, 0, 1, 0]  # the game was stopped after action 4
    first = [1, 0, 0, 0, 0, 0, 1]
    for row in zip(first, rewards, ends, last, strict=True):
        begins, reward, end, over = (np.array([value]) for value in row)
        memory.add(np.zeros((1, 3, 3), np.uint8), begins > 0, np.zeros(1), reward, end > 0, over > 0)
    found = drawn(memory, 3)
    assert found[0] == (1 + 0.5 * 2 + 0.25 * 4, 0.125)
    assert found[1] == (2 + 0.5 * 4 + 0.25 * 8, 0.0)  # the third action ends it
    assert found[3] == (8, 0.0)
    assert set(found) == {0, 1, 2, 3}


def test_n_step_goes_no_further_than_where_a_game_was_stopped():
    memory = Memory(16, 1, height=3, width=3)
    for t in range(9):
        flags = [np.array([value]) for value in (t in (0, 3), False, t == 2)]
        memory.add(np.zeros((1, 3, 3), np.uint8), flags[0], np.zeros(1), np.ones(1), flags[1], flags[2])
    assert drawn(memory, 4) == {0: (1.5, 0.25), 1: (1.0, 0.5), 3: (1.875, 0.0625), 4: (1.875, 0.0625)}


def test_double_and_plain_targets_by_hand():
    rewards, discounts = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, 0.5, 0.0])
    target = torch.tensor([[10.0, 20.0], [6.0, 4.0], [100.0, 100.0]])
    learning = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    assert targets.bootstrap(rewards, discounts, target, target).tolist() == [11.0, 5.0, 3.0]
    assert targets.bootstrap(rewards, discounts, target, learning).tolist() == [6.0, 4.0, 3.0]


def test_quantile_targets_keep_the_distribution():
    rewards, discounts = torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.0])
    after = torch.tensor([[[0.0, 4.0], [3.0, 3.0]], [[9.0, 9.0], [9.0, 9.0]]])
    found = targets.bootstrap(rewards, discounts, after, expected(after))
    assert found.tolist() == [[2.5, 2.5], [2.0, 2.0]]  # action 1 has the higher mean


def test_quantile_loss_by_hand():
    outputs = torch.tensor([[[0.0, 2.0]]])  # one action, quantiles at 0.25 and 0.75
    found = targets.loss(outputs, torch.tensor([0]), torch.tensor([[1.0, 1.0]]), ONE)
    # errors 1 and -1: 0.25 * 0.5 and |0.75 - 1| * 0.5, each the same for both target quantiles
    assert found.item() == pytest.approx(0.125 + 0.125)
    two = torch.tensor([0.5, 0.5])  # one return each: 0.25 * 4.5 + 0.75 * 2.5, and 0.25 * 0.5 + 0.25 * 0.5
    sure = targets.loss(outputs.expand(2, 1, 2), torch.tensor([0, 0]), torch.tensor([5.0, 1.0]), two)
    assert sure.item() == pytest.approx((3.0 + 0.25) / 2)


def test_quantile_loss_is_least_at_the_quantiles():
    """Of a uniform return in 0..8: 0.5 + 7 * level; without Huber's rounding it would be 8 * level."""
    random = torch.Generator().manual_seed(0)
    returns = torch.rand(4000, generator=random) * 8
    predicted = torch.zeros(1, 1, 4, requires_grad=True)
    actions, weights = torch.zeros(4000, dtype=torch.long), torch.full((4000,), 1 / 4000)
    optimizer = torch.optim.Adam([predicted], 0.05)
    for _ in range(600):
        optimizer.zero_grad()
        targets.loss(predicted.expand(4000, 1, 4), actions, returns, weights).backward()
        optimizer.step()
    assert predicted.flatten().tolist() == pytest.approx([1.375, 3.125, 4.875, 6.625], abs=0.15)


@pytest.mark.parametrize("double", [False, True])
def test_the_learner_uses_its_networks_as_dqn_says(double):
    shape = QConfig(channels=2, hidden=8, height=10, width=9)
    torch.manual_seed(0)
    learner = Learner(QNetwork(shape, 3), with_target=True, precision="float32")
    with torch.no_grad():
        for parameter in learner.net.parameters():  # now the two networks differ
            parameter.add_(torch.randn(parameter.shape) * 0.3)
    random = np.random.default_rng(0)
    frames, after = random.integers(0, 256, (2, 16, 4, 10, 9), dtype=np.uint8)
    rewards, discounts = random.normal(size=(2, 16)).astype(np.float32)
    actions = random.integers(0, 3, 16)
    q = learner.outputs(learner.net, frames).numpy()
    ours, theirs = (learner.outputs(net, after).numpy() for net in (learner.net, learner.target))
    chosen = (ours if double else theirs).argmax(axis=1)
    errors = np.abs(rewards + discounts * theirs[np.arange(16), chosen] - q[np.arange(16), actions])
    wanted = np.where(errors < 1, errors**2 / 2, errors - 0.5).mean()
    learner.learn_sample(Sample(frames, actions, rewards, discounts, after), double)
    assert learner.last_loss == pytest.approx(wanted, rel=1e-5)

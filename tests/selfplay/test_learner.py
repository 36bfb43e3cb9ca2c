import math
from collections import deque

import numpy as np
import pytest
import torch

import envs
from agents import networks
from agents.networks import PLIES, Heads, NetConfig
from selfplay.chunks import pack, unpack
from selfplay.config import TrainConfig
from selfplay.errors import Diverged
from selfplay.learner import Learner, draw_symmetries, learning_rate, losses, make_batch
from selfplay.window import Rows

TINY = NetConfig(blocks=1, channels=8, pool_every=0)


def some_rows(game, n=16, seed=0):
    """Positions of random play with random targets; the reply is an action that is legal now."""
    rng = np.random.default_rng(seed)
    states = game.init(n)
    for ply in range(int(rng.integers(3, 6))):
        legal = game.legal(states)
        actions = np.array([rng.choice(np.flatnonzero(row)) for row in legal], np.int32)
        after = game.step(states, actions)
        states = np.where(np.isnan(game.outcome(after))[:, None], after, states)
        states = states if ply else after
    legal = game.legal(states)
    policy = rng.random(legal.shape) * legal
    return Rows(
        states=states,
        policy=pack(policy / policy.sum(axis=1, keepdims=True), legal, game.spec.max_legal),
        value=rng.dirichlet([1, 1, 1], n).astype(np.float32),
        replies=np.array([rng.choice(np.flatnonzero(row)) for row in legal], np.int32),
        plies_left=rng.integers(1, 40, len(legal)).astype(np.float32),
    )


def learner(game="tic_tac_toe", **changes):
    rules = envs.make(game)
    config = TrainConfig(game=game, net=TINY, **changes)
    torch.manual_seed(0)
    return Learner(rules, networks.make(rules.spec, config.net), config)


@pytest.mark.parametrize("game", ["tic_tac_toe", "connect_four", "othello"])
def test_a_turned_position_has_its_policy_and_reply_turned_with_it(game):
    rules = envs.make(game)
    rows = some_rows(rules)
    policy = unpack(rows.policy, rules.legal(rows.states))
    for k in range(rules.spec.num_symmetries):
        every = np.full(len(rows), k, np.int8)
        states, batch = rules.symmetry(rows.states, every), make_batch(rules, rows, every)
        assert np.array_equal(batch.observations.numpy(), rules.observe(states))
        assert np.array_equal(batch.legal.numpy(), rules.legal(states))
        assert (batch.policy[~batch.legal] == 0).all()
        for i in range(len(rows)):
            before, after = rows.states[i : i + 1], states[i : i + 1]
            for action in np.flatnonzero(rules.legal(before)[0]):
                # playing the action and turning the board must equal turning the board and playing the image's action
                played = rules.symmetry(rules.step(before, np.array([action], np.int32)), np.array([k], np.int8))
                there = int(rules.action_symmetry[k, action])
                assert np.array_equal(rules.step(after, np.array([there], np.int32)), played)
                assert batch.policy[i, there] == policy[i, action]
                if action == rows.replies[i]:
                    assert batch.replies[i] == there
        assert np.array_equal(batch.value.numpy(), rows.value)


def test_symmetries_are_drawn_where_they_hold():
    rules, random = envs.make("chess"), np.random.default_rng(0)
    castles, free = (rules.from_fen(f"r3k3/8/8/8/8/8/8/4K3 w {rights} - 0 1") for rights in ("q", "-"))
    states = np.stack([castles, free] * 100)
    drawn = draw_symmetries(rules, states, random)
    assert not drawn[::2].any()
    assert 30 < drawn[1::2].sum() < 70
    every = draw_symmetries(envs.make("othello"), envs.make("othello").init(200), random)
    assert set(every.tolist()) == set(range(8))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_learns_what_a_processor_learns():
    changes = {"precision": "float32", "optimizer": "sgd", "learning_rate": 0.01}
    one, two = (learner("connect_four", device=device, **changes) for device in ("cpu", "cuda"))
    rules = envs.make("connect_four")
    for seed in range(5):
        steps = [each.step(some_rows(rules, seed=seed), 0.0) for each in (one, two)]
        assert steps[0].policy_loss == pytest.approx(steps[1].policy_loss, rel=1e-2)
    for name, average in one.average.items():
        assert torch.allclose(average, two.average[name].cpu(), rtol=1e-2, atol=1e-3), name


def test_no_reply_stays_no_reply():
    rules = envs.make("connect_four")
    rows = some_rows(rules)
    rows.replies[:] = -1
    assert set(make_batch(rules, rows, np.ones(len(rows), np.int8)).replies.tolist()) == {-1}


class Fixed(torch.nn.Module):
    """A network that says the same about everything."""

    def __init__(self, logits, wdl, reply=None, plies_left=None):
        super().__init__()
        self.words = [None if x is None else torch.tensor([x]) for x in (logits, wdl, reply)]
        self.plies_left = plies_left

    def heads(self, observations):
        n = len(observations)
        left = None if self.plies_left is None else torch.full((n,), self.plies_left / PLIES)
        return Heads(*[None if x is None else x.expand(n, -1) for x in self.words], left)


def told(net, game, rows):
    batch = make_batch(game, rows, np.zeros(len(rows), np.int8))
    return losses(net.heads(batch.observations), batch)


def test_losses_by_hand():
    game = envs.make("tic_tac_toe")
    states = game.init(2)
    states[1:] = game.step(game.step(states[1:], np.array([0], np.int32)), np.array([1], np.int32))
    policy = np.zeros((2, 9))
    policy[0, [0, 8]] = 0.5
    policy[1, 8] = 1.0
    rows = Rows(
        states,
        pack(policy, game.legal(states), 9),
        value=np.array([[1, 0, 0], [0, 0.5, 0.5]], np.float32),
        replies=np.array([3, -1], np.int32),
        plies_left=np.array([10, np.nan], np.float32),
    )
    logits = [math.log(2.0)] * 1 + [0.0] * 8  # action 0 is twice as likely as each other
    net = Fixed(logits, [math.log(2.0), 0.0, 0.0], reply=[0.0] * 9)
    found = told(net, game, rows)
    first = -0.5 * math.log(2 / 10) - 0.5 * math.log(1 / 10)
    second = -math.log(1 / 7)  # actions 0 and 1 are taken: their logits do not count
    assert found.policy.item() == pytest.approx((first + second) / 2)
    assert found.value.item() == pytest.approx((-math.log(0.5) - math.log(0.25)) / 2)
    assert found.reply.item() == pytest.approx(math.log(9))
    assert found.plies_left.item() == 0.0
    timed = told(Fixed(logits, [0.0] * 3, plies_left=14.0), game, rows)
    assert timed.plies_left.item() == pytest.approx(0.5 * (4 / 20) ** 2)  # the length of the other game is not known
    rows.replies[0] = -1
    assert told(Fixed(logits, [0.0] * 3, reply=[0.0] * 9), game, rows).reply.item() == 0.0
    assert told(Fixed(logits, [0.0] * 3), game, rows).reply.item() == 0.0


def test_the_learning_rate_warms_up_holds_and_falls():
    config = TrainConfig(learning_rate=1.0, final_learning_rate=0.1, warmup_steps=10, decay=0.5)
    assert learning_rate(config, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(config, 4, 0.0) == pytest.approx(0.5)
    assert learning_rate(config, 10, 0.5) == 1.0
    assert learning_rate(config, 10, 0.75) == pytest.approx(0.55)
    assert learning_rate(config, 10, 1.0) == pytest.approx(0.1)
    assert learning_rate(config, 10, 1.5) == pytest.approx(0.1)


def test_bfloat16_learns_nearly_the_same():
    """Weights stay float32; one step of each goes nearly the same way."""
    exact, near = learner("connect_four", precision="float32"), learner("connect_four", precision="bfloat16")
    rows = some_rows(exact.game, 64)
    one, other = exact.step(rows, 0.0), near.step(rows, 0.0)
    assert all(tensor.dtype == torch.float32 for tensor in near.net.parameters())
    assert one.policy_loss == pytest.approx(other.policy_loss, rel=0.01)
    assert 0 < abs(one.gradient_norm - other.gradient_norm) < 0.1 * one.gradient_norm


def test_learning_one_batch_by_heart():
    student = learner(learning_rate=0.01, warmup_steps=0, decay=0.0, surprise=0.0)
    game = student.game
    state = game.step(game.init(1), np.array([4], np.int32))  # the centre: every symmetry maps it to itself
    policy = np.zeros((8, 9))
    policy[:, [0, 2, 6, 8]] = 0.25
    states = np.repeat(state, 8, axis=0)
    rows = Rows(
        states,
        pack(policy, game.legal(states), 9),
        np.tile(np.float32([0.125, 0.75, 0.125]), (8, 1)),
        np.full(8, -1, np.int32),
        np.full(8, np.nan, np.float32),
    )
    steps = [student.step(rows, 0.0) for _ in range(120)]
    assert steps[0].policy_loss == pytest.approx(math.log(8), abs=1e-5)  # an untrained network knows nothing
    assert steps[0].value_loss == pytest.approx(math.log(3), abs=1e-5)
    entropy = -0.75 * math.log(0.75) - 0.25 * math.log(0.125)
    assert steps[-1].policy_loss == pytest.approx(math.log(4), abs=0.05)
    assert steps[-1].value_loss == pytest.approx(entropy, abs=0.05)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_average_follows_the_weights(optimizer):
    student = learner(optimizer=optimizer, learning_rate=0.05, warmup_steps=0, average=0.9)
    name = "policy.weight"
    expected = student.average[name].clone()
    for step in range(1, 30):
        student.step(some_rows(student.game, seed=step), 0.0)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * student.net.state_dict()[name]
        assert torch.allclose(student.average[name], expected, atol=1e-6)
    assert student.average["stem.norm.num_batches_tracked"] == 29


def test_what_is_not_a_number_stops_before_it_reaches_the_weights():
    student = learner()
    rows = some_rows(student.game)
    student.step(rows, 0.0)
    before = {name: tensor.clone() for name, tensor in student.net.state_dict().items() if "norm" not in name}
    rows.value[3] = np.nan
    with pytest.raises(Diverged, match="step 1: the loss is nan"):
        student.step(rows, 0.0)
    assert all(torch.equal(student.net.state_dict()[name], tensor) for name, tensor in before.items())
    assert all(torch.isfinite(tensor).all() for tensor in student.average.values())


def test_a_loss_far_above_ignorance_stops():
    student = learner("connect_four", learning_rate=30.0, final_learning_rate=30.0, warmup_steps=0, diverged=2.0)
    batches = [some_rows(student.game, seed=seed) for seed in range(30)]
    with pytest.raises(Diverged, match="step"):
        deque((student.step(batches[step % 30], 0.0) for step in range(300)), maxlen=0)
    assert all(torch.isfinite(tensor).all() for tensor in student.net.state_dict().values())

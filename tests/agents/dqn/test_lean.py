"""The lean forward pass against the network itself."""

import numpy as np
import pytest
import torch

from agents.dqn import targets
from agents.dqn.lean import Lean, blocks, fits
from agents.dqn.learner import Learner
from agents.dqn.network import QConfig, QNetwork
from agents.dqn.norm import norm_relu
from agents.precision import in_half

SHAPES = {
    "plain": QConfig(channels=16, hidden=128),
    "pqn": QConfig(layer_norm=True),
    "pixels": QConfig(layer_norm=True, pixel_norm=True),
    "rainbow": QConfig(channels=16, hidden=64, layer_norm=True, dueling=True, quantiles=5),
    "other": QConfig(channels=16, hidden=64, stack=2, height=52, width=60),
}
N = 24


def drawn(shape, seed=0):
    """Frames, actions and wanted values."""
    random = np.random.default_rng(seed)
    frames = random.integers(0, 256, (N, shape.stack, shape.height, shape.width), dtype=np.uint8)
    wanted = random.normal(size=(N, shape.quantiles) if shape.quantiles else N).astype(np.float32)
    return frames, random.integers(0, 4, N), torch.from_numpy(wanted)


def network(shape):
    """With norms' weights that are not all ones."""
    torch.manual_seed(0)
    net = QNetwork(shape, 4)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
    return net


def test_blocks_hold_their_pixels_together():
    frames = np.random.default_rng(0).integers(0, 256, (3, 2, 8, 12), dtype=np.uint8)
    found = blocks(frames)
    assert found.shape == (3, 2, 3, 32)
    for y, x, c, dy, dx in np.ndindex(2, 3, 2, 4, 4):
        np.testing.assert_array_equal(found[:, y, x, 16 * c + 4 * dy + dx], frames[:, c, 4 * y + dy, 4 * x + dx])


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_outputs_and_gradients_are_the_networks(shape, half):
    """To the last digits in float32."""
    net = network(shape)
    frames, actions, wanted = drawn(shape)
    wanted = 3 * wanted  # errors that rounding cannot hide
    output = net(torch.from_numpy(frames))
    lean = Lean(net, half)
    assert fits(shape)
    found = lean(frames)
    assert (found.dtype, found.shape) == (torch.float32, output.shape)
    assert (found - output).abs().max() < (0.02 if half else 1e-5) * output.abs().max()
    chosen, weights = torch.from_numpy(actions), torch.full((N,), 1 / N)
    true = torch.autograd.grad(targets.loss(output, chosen, wanted, weights), list(net.parameters()))
    halves = [slice(0, N // 3), slice(N // 3, N)]
    parts = [
        torch.autograd.grad(
            targets.loss(lean(frames[half]), chosen[half], wanted[half], weights[half]),
            lean.leaves,
        )
        for half in halves
    ]
    for (name, parameter), one, two in zip(net.named_parameters(), true, lean.gradients(parts), strict=True):
        assert (two.dtype, two.shape) == (torch.float32, parameter.shape), name
        assert torch.cosine_similarity(one.flatten(), two.flatten(), dim=0) > (0.98 if half else 0.99999), name
        assert two.norm() / one.norm() == pytest.approx(1, abs=0.05 if half else 1e-3), name


@pytest.mark.parametrize(("kind", "rounding"), [(torch.bfloat16, 2**-8), (torch.float32, 2**-20)])
@pytest.mark.parametrize("size", [(5, 7, 3), (512,)])
def test_a_norm_and_its_relu_in_one(size, kind, rounding):
    """Against float64: as near as the type allows, and no layer norm of zeros divides by zero."""
    torch.manual_seed(0)
    x, gradient = (torch.randn(6, *size).to(kind) for _ in range(2))
    x[3] = 0
    weight, bias = torch.rand(size) + 0.5, torch.randn(size)
    leaves = [x.clone().requires_grad_(), weight.requires_grad_(), bias.requires_grad_()]
    found = norm_relu(*leaves, 1e-5)
    got = torch.autograd.grad(found, leaves, gradient)
    exact = [leaf.detach().double().requires_grad_() for leaf in leaves]
    true = torch.relu(torch.nn.functional.layer_norm(exact[0], size, *exact[1:], 1e-5))
    wanted = torch.autograd.grad(true, exact, gradient.double())
    torch.testing.assert_close(found.double(), true, rtol=rounding, atol=1e-6)
    torch.testing.assert_close(
        got[0].double()[[0, 1, 2, 4, 5]], wanted[0][[0, 1, 2, 4, 5]], rtol=3 * rounding, atol=3 * rounding
    )
    torch.testing.assert_close(got[1].double(), wanted[1], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(got[2].double(), wanted[2], rtol=1e-4, atol=1e-4)
    x[1, ..., 0] = torch.nan
    assert norm_relu(x, weight, bias, 1e-5)[1].isnan().all()


def test_a_learner_knows_when_weights_have_changed():
    """By a step of the optimizer, by loading, by copying in place."""
    shape = QConfig(channels=8, hidden=64, layer_norm=True)
    learner = Learner(network(shape), precision="bfloat16", learning_rate=0.01, with_target=True, shards=2)
    frames, actions, wanted = drawn(shape)

    def error(net):
        with torch.no_grad():
            return float((learner.outputs(net, frames) - net(torch.from_numpy(frames))).abs().max())

    assert error(learner.net) < 0.05
    before = learner.outputs(learner.net, frames)
    learner.learn(frames, actions, wanted)
    assert (learner.outputs(learner.net, frames) - before).abs().max() > 0.1
    assert error(learner.net) < 0.05
    learner.renew_target()
    assert torch.equal(learner.outputs(learner.target, frames), learner.outputs(learner.net, frames))
    learner.net.load_state_dict(network(shape).state_dict())
    assert torch.equal(learner.outputs(learner.net, frames), before)
    learner.close()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_lean_learner_learns_what_the_usual_way_teaches(shape):
    """Gradients too have to reach the optimizer as they are meant: a fused one takes them as they lie in memory."""
    learner = Learner(network(shape), precision="float32", adam_epsilon=1e-2, shards=2)
    net = network(shape)
    optimizer = torch.optim.Adam(net.parameters(), 2.5e-4, eps=1e-2)
    for seed in range(4):
        frames, actions, wanted = drawn(shape, seed)
        learner.learn(frames, actions, wanted)
        optimizer.zero_grad()
        targets.loss(
            net(torch.from_numpy(frames)), torch.from_numpy(actions), wanted, torch.full((N,), 1 / N)
        ).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimizer.step()
    start = network(shape)
    for (name, one), two, begin in zip(
        learner.net.named_parameters(), net.parameters(), start.parameters(), strict=True
    ):
        assert (one - two).norm() < 0.01 * (two - begin).norm(), name
    learner.close()


@pytest.mark.parametrize(("height", "lean"), [(84, True), (86, False), (20, False)])
def test_only_what_fits_is_lean(height, lean):
    assert fits(QConfig(height=height)) == lean
    learner = Learner(QNetwork(QConfig(channels=4, hidden=8, height=height), 4), precision="bfloat16")
    frames = np.random.default_rng(0).integers(0, 256, (3, 4, height, 84), dtype=np.uint8)
    assert learner.greedy(frames)[1].shape == (3,)
    assert in_half("bfloat16", learner.device)
    assert not in_half("float32", learner.device)


@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_the_same_updates_bit_for_bit(precision):
    """Whatever the shards' threads do when."""
    shape, found = QConfig(channels=8, hidden=64, layer_norm=True), []
    for _ in range(2):
        learner = Learner(network(shape), precision=precision, shards=2)
        for seed in range(5):
            learner.learn(*drawn(shape, seed))
        found.append([parameter.detach().clone() for parameter in learner.net.parameters()])
        learner.close()
    assert all(torch.equal(one, two) for one, two in zip(*found, strict=True))

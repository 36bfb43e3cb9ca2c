"""Convolutions by minimal filtering are convolutions, and so are their gradients."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from agents import convolution
from agents.networks import Net, NetConfig


def answers(convolve, x, weight, pull):
    x, weight = x.clone().requires_grad_(), weight.clone().requires_grad_()
    y = convolve(x, weight)
    y.backward(pull)
    return y.detach(), x.grad, weight.grad


@pytest.mark.parametrize("n", [1, 3, 200])
@pytest.mark.parametrize("board", [(3, 3), (6, 7), (5, 5), (7, 4), (8, 8), (9, 3), (10, 13)])
def test_results_and_gradients_are_those_of_a_convolution(board, n):
    torch.manual_seed(n)
    x, weight, pull = torch.randn(n, 16, *board), torch.randn(24, 16, 3, 3), torch.randn(n, 24, *board)
    found = answers(convolution.convolve, x, weight, pull)
    double = (part.double() for part in (x, weight, pull))
    exact = answers(lambda x, weight: functional.conv2d(x, weight, padding=1), *double)
    for mine, true in zip(found, exact, strict=True):
        assert mine.shape == true.shape
        assert (mine - true).abs().max() < 5e-5 * true.abs().max()


@pytest.mark.parametrize(
    ("board", "taps", "bound"),
    [((21, 21), 2, 1e-5), ((9, 9), 3, 2e-4), ((10, 13), 3, 1e-5), ((6, 9), 2, 1e-5), ((3, 2), 2, 1e-5)],
)
@pytest.mark.parametrize("parts", [1, 2])
def test_without_padding(board, taps, parts, bound):
    """A cell's channels lie in memory as rows of a block; nine points for 7 outputs cost digits."""
    torch.manual_seed(0)
    height, width = board
    cells, weight = torch.rand(5, height, parts, width, 16 // parts), torch.randn(24, 16, taps, taps)
    pull = torch.randn(5, height - taps + 1, width - taps + 1, 24)
    found = answers(convolution.convolve_inside, cells, weight, pull)

    def usual(cells, weight):
        x = cells.permute(0, 2, 4, 1, 3).reshape(5, 16, *board)
        return functional.conv2d(x, weight).permute(0, 2, 3, 1)

    exact = answers(usual, cells.double(), weight.double(), pull.double())
    for mine, true in zip(found, exact, strict=True):
        assert mine.shape == true.shape
        assert (mine - true).abs().max() < bound * true.abs().max()


def test_bytes_are_numbers():
    cells, weight = torch.randint(0, 256, (3, 5, 1, 5, 16), dtype=torch.uint8), torch.randn(8, 16, 2, 2)
    found = convolution.convolve_inside(cells, weight.requires_grad_())
    torch.testing.assert_close(found, convolution.convolve_inside(cells.float(), weight), rtol=0, atol=0)
    found.sum().backward()
    assert weight.grad.isfinite().all()


def test_it_does_not_matter_how_things_lie_in_memory():
    torch.manual_seed(0)
    x, weight, pull = torch.randn(5, 16, 6, 7), torch.randn(16, 16, 3, 3), torch.randn(5, 16, 6, 7)
    usual = answers(convolution.convolve, x, weight, pull)
    last = [part.contiguous(memory_format=torch.channels_last) for part in (x, weight, pull)]
    other = answers(convolution.convolve, *last)
    for mine, same in zip(usual, other, strict=True):
        np.testing.assert_array_equal(mine.numpy(), same.numpy())


def test_a_first_layers_input_needs_no_gradient():
    x, weight = torch.randn(2, 16, 4, 4), torch.randn(8, 16, 3, 3, requires_grad=True)
    convolution.convolve(x, weight).sum().backward()
    assert x.grad is None
    assert weight.grad is not None


def test_it_serves_wide_layers_in_float32_on_the_processor():
    x, weight = torch.zeros(1, 16, 4, 4), torch.zeros(8, 16, 3, 3)
    assert convolution.serves(x, weight)
    assert not convolution.serves(x, weight[:, :, :1, :1])
    assert not convolution.serves(x[:, :8], weight[:, :8])
    assert not convolution.serves(x.double(), weight.double())
    with torch.autocast("cpu", torch.bfloat16):
        assert not convolution.serves(x, weight)


def test_a_network_learns_the_same_with_it(monkeypatch):
    """One pass forwards and back through the whole network, as without it but for a few cells where a ReLU's input is
    so near 0 that rounding decides."""
    board = torch.randint(0, 2, (32, 3, 6, 7), generator=torch.Generator().manual_seed(0)).float()
    found = []
    for serves in (convolution.serves, lambda x, weight: False):
        monkeypatch.setattr(convolution, "serves", serves)
        torch.manual_seed(0)
        net = Net((3, 6, 7), 7, NetConfig(blocks=3, channels=32)).train()
        torch.nn.init.normal_(net.value.weight)
        policy, wdl = net(board)
        (policy.square().sum() + wdl[:, 0].sum()).backward()
        found.append([wdl.detach(), *(p.grad for p in net.parameters())])
    for mine, usual in zip(*found, strict=True):
        assert (mine - usual).norm() <= 0.03 * usual.norm() + 1e-5

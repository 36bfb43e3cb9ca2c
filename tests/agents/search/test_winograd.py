import numpy as np
import pytest
import torch

import envs
from agents.networks import Net, NetConfig, folded
from agents.search.winograd import WinogradNet
from agents.tiles import FOURS, WHOLE, cut, gather, matrices, spread
from envs.kernels import njit

from ..nets import make, opinionated


def planes(n, shape, seed=0):
    return np.random.default_rng(seed).integers(0, 2, (n, *shape), np.uint8)


@pytest.mark.parametrize("board", [(3, 3), (6, 7), (8, 8), (4, 4), (5, 5), (7, 7), (5, 9), (1, 2)], ids=str)
@pytest.mark.parametrize("n", [1, 7, 32])
def test_it_computes_what_the_network_computes(board, n):
    net = opinionated(Net((3, *board), 5, NetConfig(blocks=2, channels=24, pool_every=2, pool_channels=5)))
    observations = planes(n, (3, *board))
    with torch.inference_mode():
        ours = WinogradNet(folded(net))(observations)
        theirs = net.double()(torch.from_numpy(observations).double())
    for our, their in zip(ours, theirs, strict=True):
        assert our.shape == their.shape
        assert (our.double() - their).abs().max() < 5e-5 * their.abs().max()


@pytest.mark.parametrize("pool_every", [0, 1, 2, 3])
def test_plain_and_pooling_blocks_in_any_order(pool_every):
    net = opinionated(Net((2, 6, 7), 7, NetConfig(blocks=3, channels=16, pool_every=pool_every, pool_channels=8)))
    observations = planes(9, (2, 6, 7))
    with torch.inference_mode():
        ours = WinogradNet(folded(net))(observations)
        theirs = net.double()(torch.from_numpy(observations).double())
    for our, their in zip(ours, theirs, strict=True):
        assert (our.double() - their).abs().max() < 5e-5 * their.abs().max()


@pytest.mark.parametrize("game", ["chess", "minichess"])
@pytest.mark.parametrize("n", [1, 9])
def test_moves_by_their_squares(game, n):
    rules = envs.make(game)
    net = make(rules, NetConfig(blocks=1, channels=16, pool_channels=4, move_keys=8))
    observations = planes(n, rules.spec.observation_shape)
    with torch.inference_mode():
        ours = WinogradNet(folded(net))(observations)
        theirs = net.double()(torch.from_numpy(observations).double())
    for our, their in zip(ours, theirs, strict=True):
        assert (our.double() - their).abs().max() < 5e-5 * their.abs().max()


@pytest.mark.parametrize("board", [(5, 5), (7, 7), (8, 8)], ids=str)
def test_the_error_is_far_below_that_of_bfloat16(board):
    net = opinionated(Net((2, *board), 65, NetConfig(blocks=6, channels=64, pool_channels=16)))
    observations = planes(16, (2, *board))
    with torch.inference_mode():
        flat = folded(net)
        exact = net.double()(torch.from_numpy(observations).double())[0]
        ours = WinogradNet(flat)(observations)[0].double()
        rounded = flat.bfloat16()(torch.from_numpy(observations).bfloat16())[0].double()
    assert (ours - exact).abs().max() < (rounded - exact).abs().max() / 100


def test_nothing_stays_behind_in_the_scratch_memory():
    network = WinogradNet(folded(opinionated(Net((2, 6, 7), 7, NetConfig(blocks=2, channels=16)))))
    one, other = planes(4, (2, 6, 7), 1), planes(4, (2, 6, 7), 2)
    with torch.inference_mode():
        first = network(one)
        network(other)
        again = network(one)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_the_filters_of_4x4_tiles_are_polynomials_at_their_points():
    """Toom-Cook: rows of G are (1, x, x^2) at 0, 1, -1, 2, -2, each over prod(x - other points), and at infinity."""
    points = [0, 1, -1, 2, -2]
    for row, x in zip(FOURS, points, strict=False):
        scale = abs(np.prod([x - other for other in points if other != x]))
        assert np.abs(row) == pytest.approx(np.abs([1 / scale, x / scale, x * x / scale]))
    assert FOURS[5] == pytest.approx([0, 0, 1])


@pytest.mark.parametrize("cells", range(1, WHOLE + 1))
def test_the_transforms_correlate(cells):
    random = np.random.default_rng(cells)
    surroundings, taps = random.standard_normal(cells + 2), random.standard_normal(3)
    into, out, filters = matrices(cells)
    assert out @ (filters @ taps * (into @ surroundings)) == pytest.approx(np.correlate(surroundings, taps))


@pytest.mark.parametrize("cells", range(1, WHOLE + 1))
def test_points_come_in_pairs_that_differ_in_signs(cells):
    """On which the kernels rely."""
    into, out, _ = matrices(cells)
    signs = (-1.0) ** np.arange(cells + 2)
    for k in range((cells + 2) // 2):
        assert into[2 * k + 1] * signs[0] == pytest.approx(into[2 * k] * signs)
        assert out[:, 2 * k + 1] == pytest.approx(out[:, 2 * k] * signs[:cells])


@njit
def compiled(planes, lines, v, m, gathered, cells, rows, columns):
    spread(planes, lines, v, 0, rows, columns)
    gather(m, gathered, cells, 0, rows, columns)


@pytest.mark.parametrize("size", [3, WHOLE + 1])
def test_numba_chooses_the_transforms_that_python_does(size):
    """A whole board, and one that is cut: the same from the compiled choice and from the interpreted one."""
    random, channels = np.random.default_rng(size), 8
    rows, columns = cut(size, size)
    points, tiles = len(rows.filters) ** 2, rows.tiles * columns.tiles
    planes = random.standard_normal((rows.room, columns.room, channels), np.float32)
    m = random.standard_normal((points + 1, 1, tiles * channels), np.float32)
    m[points] = 0
    found = []
    for way in (compiled, compiled.py_func):
        lines = np.zeros((len(rows.filters) + 1, columns.room, channels), np.float32)
        v = np.zeros((points + 1, tiles, channels), np.float32)
        gathered = np.zeros((columns.cells + 1, WHOLE + 2, tiles * channels), np.float32)
        cells = np.zeros((rows.cells + 1, columns.cells + 1, tiles * channels), np.float32)
        way(planes, lines, v, m, gathered, cells, rows, columns)
        found.append((v[:points], cells[: rows.cells, : columns.cells]))
    for ours, theirs in zip(*found, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)
        assert np.abs(ours).max() > 0.1

"""3x3 convolutions on small boards by Winograd's minimal filtering: 2.6 times fewer multiplications on 6x7, 4 on 8x8.

F(4x4, 3x3) of Lavin and Gray (arXiv 1509.09308, section 4): the board is cut into 4x4 tiles, each tile's 6x6
surroundings are transformed, the convolution becomes 36 plain matrix products over channels, and an inverse transform
gives the tile. The products run at the speed of the processor's matrix library; the transforms between two layers and
everything else that happens there (bias, residual sum, ReLU, global pool) are one pass of a compiled kernel while the
position lies in the first-level cache. Errors are about 1e-5 of an activation's size, a few hundred times smaller
than bfloat16's.

Names: n positions, board H x W, TH x TW tiles, T = TH * TW, C channels. Everything is float32 and C-contiguous.
Kernels index the channel axis with the bare loop variable, without an offset: only then does the compiler use vector
instructions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from agents.networks import Block, ConvNorm, MovePolicy, Net
from envs.kernels import njit

Floats = NDArray[np.float32]

# Filter transform G for the points 0, 1, -1, 2, -2 and infinity; the kernels write out its companions B^T and A^T.
FILTER = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
FEWEST_ROWS = 8  # with fewer rows a matrix product may add up in another order; see `evaluators.NetworkEvaluator`
ZERO, TWO, FOUR, FIVE, EIGHT = (np.float32(x) for x in (0, 2, 4, 5, 8))


@njit(cache=True, nogil=True, fastmath={"contract", "nnan", "nsz"})
def _spread(padded: Floats, lines: Floats, v: Floats, b: int) -> None:
    """Input transform B^T d B of position ``b``: its padded board [4TH+2, 4TW+2, C] -> v [36, n*T, C].

    ``lines`` is scratch [6, 4TW+2, C]."""
    rows, columns, channels = padded.shape
    flat, flat_lines = padded.reshape(rows, columns * channels), lines.reshape(6, columns * channels)
    high, wide = rows // 4, columns // 4
    for ti in range(high):
        r = 4 * ti
        for c in range(columns * channels):
            d0, d1, d2 = flat[r, c], flat[r + 1, c], flat[r + 2, c]
            d3, d4, d5 = flat[r + 3, c], flat[r + 4, c], flat[r + 5, c]
            p, q, s, u = d4 - FOUR * d2, d3 - FOUR * d1, d4 - d2, TWO * (d3 - d1)
            flat_lines[0, c] = FOUR * d0 - FIVE * d2 + d4
            flat_lines[1, c] = p + q
            flat_lines[2, c] = p - q
            flat_lines[3, c] = s + u
            flat_lines[4, c] = s - u
            flat_lines[5, c] = FOUR * d1 - FIVE * d3 + d5
        for tj in range(wide):
            w = 4 * tj
            k = (b * high + ti) * wide + tj
            for i in range(6):
                for c in range(channels):
                    d0, d1, d2 = lines[i, w, c], lines[i, w + 1, c], lines[i, w + 2, c]
                    d3, d4, d5 = lines[i, w + 3, c], lines[i, w + 4, c], lines[i, w + 5, c]
                    p, q, s, u = d4 - FOUR * d2, d3 - FOUR * d1, d4 - d2, TWO * (d3 - d1)
                    v[i, k, c] = FOUR * d0 - FIVE * d2 + d4
                    v[6 + i, k, c] = p + q
                    v[12 + i, k, c] = p - q
                    v[18 + i, k, c] = s + u
                    v[24 + i, k, c] = s - u
                    v[30 + i, k, c] = FOUR * d1 - FIVE * d3 + d5


@njit(cache=True, nogil=True, fastmath={"contract", "nnan", "nsz"})
def _enter(planes: NDArray[np.uint8], padded: Floats, lines: Floats, v: Floats) -> None:
    """Observations uint8[n, planes, H, W] -> v, the first layer's transformed input."""
    n, channels, height, width = planes.shape
    for b in range(n):
        for c in range(channels):
            for h in range(height):
                for w in range(width):
                    padded[h + 1, w + 1, c] = planes[b, c, h, w]
        _spread(padded, lines, v, b)


@njit(cache=True, nogil=True, fastmath={"contract", "nnan", "nsz"})
def _between(
    m: Floats,  # [36, n, T*C]: the products of the layer that ends here
    bias: Floats,  # [C]: its folded batch norm
    ends: bool,  # it ends a block: its result joins the residual stream; else it goes to the next layer only
    stream: Floats,  # [n, H, W, C]: the residual stream, updated in place
    pool: Floats,  # [2P, C - P]: from mean and maximum of the last P channels to a bias of the others; P may be 0
    pool_bias: Floats,  # [C - P]
    columns: Floats,  # scratch [4, 6, T*C]
    cells: Floats,  # scratch [4, 4, T, C]
    follows: bool,  # whether a layer follows; if so, its input's
    padded: Floats,  # scratch [4TH+2, 4TW+2, C'], zero around the board,
    lines: Floats,  # scratch [6, 4TW+2, C'],
    v: Floats,  # [36, n*T, C']: and its transformed input
) -> None:
    """From the products of one layer to the transformed input of the next, position by position."""
    n, height, width, channels = stream.shape
    wide, size = (width + 3) // 4, columns.shape[2]
    joined = cells.reshape(4, 4, size)
    extra = np.empty(pool_bias.shape[0], np.float32)
    kept, pooled = extra.shape[0], pool.shape[0] // 2
    for b in range(n):
        for i in range(6):  # the output transform A^T m A
            for c in range(size):
                m0, m1, m2 = m[i, b, c], m[6 + i, b, c], m[12 + i, b, c]
                m3, m4, m5 = m[18 + i, b, c], m[24 + i, b, c], m[30 + i, b, c]
                s, d, s2, d2 = m1 + m2, m1 - m2, m3 + m4, m3 - m4
                columns[0, i, c] = m0 + s + s2
                columns[1, i, c] = d + TWO * d2
                columns[2, i, c] = s + FOUR * s2
                columns[3, i, c] = d + EIGHT * d2 + m5
        for j in range(4):
            for c in range(size):
                m0, m1, m2 = columns[j, 0, c], columns[j, 1, c], columns[j, 2, c]
                m3, m4, m5 = columns[j, 3, c], columns[j, 4, c], columns[j, 5, c]
                s, d, s2, d2 = m1 + m2, m1 - m2, m3 + m4, m3 - m4
                joined[0, j, c] = m0 + s + s2
                joined[1, j, c] = d + TWO * d2
                joined[2, j, c] = s + FOUR * s2
                joined[3, j, c] = d + EIGHT * d2 + m5
        if ends:
            for h in range(height):
                for w in range(width):
                    i, j, t = h % 4, w % 4, h // 4 * wide + w // 4
                    for c in range(channels):
                        stream[b, h, w, c] = max(cells[i, j, t, c] + bias[c] + stream[b, h, w, c], ZERO)
                    if follows:
                        for c in range(channels):
                            padded[h + 1, w + 1, c] = stream[b, h, w, c]
        else:
            for c in range(kept):
                extra[c] = bias[c] + pool_bias[c]
            for g in range(pooled):
                total, top = ZERO, ZERO
                for h in range(height):
                    for w in range(width):
                        x = max(cells[h % 4, w % 4, h // 4 * wide + w // 4, kept + g] + bias[kept + g], ZERO)
                        total += x
                        top = max(top, x)
                mean = total / np.float32(height * width)
                for c in range(kept):
                    extra[c] += mean * pool[g, c] + top * pool[pooled + g, c]
            for h in range(height):
                for w in range(width):
                    i, j, t = h % 4, w % 4, h // 4 * wide + w // 4
                    for c in range(kept):
                        padded[h + 1, w + 1, c] = max(cells[i, j, t, c] + extra[c], ZERO)
        if follows:
            _spread(padded, lines, v, b)


@dataclass(frozen=True, slots=True)
class _Layer:
    inputs: int  # channels
    filters: Tensor  # [36, C', C], transformed; C' >= inputs, zero above
    bias: Floats  # [C]
    ends: bool
    pool: Floats
    pool_bias: Floats


@dataclass(frozen=True, slots=True)
class _Input:
    """Where a layer's input of C' channels is made."""

    padded: Floats
    lines: Floats
    v: Tensor
    v_array: Floats  # the same memory


@dataclass(frozen=True, slots=True)
class _Output:
    """Where the layers' products go and the result is made."""

    m: Tensor
    m_array: Floats  # [36, n, T*C], the same memory
    columns: Floats
    cells: Floats


class WinogradNet:
    """A folded network for inference on the CPU. Keeps its scratch memory: not safe for use by several threads."""

    def __init__(self, net: Net) -> None:
        _, self._height, self._width = net.observation_shape
        self._channels, self._num_actions = net.config.channels, net.num_actions
        self._layers = [_layer(net.stem, ends=True)]
        for block in net.tower:
            assert isinstance(block, Block)
            self._layers += [_layer(block.first, ends=False, pool=block.bias), _layer(block.second, ends=True)]
        cells = self._height * self._width
        self._policy = _Moves(net.policy) if isinstance(net.policy, MovePolicy) else _Everywhere(net, cells)
        self._value = (_pointwise(net.value_conv), _linear(net.value_hidden, cells), _linear(net.value))
        self._scratch: dict[int, tuple[dict[int, _Input], _Output]] = {}

    def __call__(self, planes: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
        """uint8[n, planes, H, W] -> policy logits [n, A] and win/draw/loss logits [n, 3]."""
        n = len(planes)
        features = self._tower(planes)
        spare = max(0, FEWEST_ROWS - n)
        logits = self._policy(features, n)
        (conv, hidden, value) = self._value
        x = torch.addmm(conv[0], features, conv[1]).relu_().view(n, -1)
        x = torch.addmm(hidden[0], functional.pad(x, (0, 0, 0, spare)), hidden[1]).relu_()
        return logits[:n, : self._num_actions], torch.addmm(value[0], x, value[1])[:n, :3]

    def _tower(self, planes: NDArray[np.uint8]) -> Tensor:
        """uint8[n, planes, H, W] -> the output of stem and blocks, float32[n * H * W, C]."""
        n = len(planes)
        if n not in self._scratch:
            self._scratch[n] = self._make_scratch(n)
        inputs, out = self._scratch[n]
        stream = np.zeros((n, self._height, self._width, self._channels), np.float32)
        into = inputs[self._layers[0].inputs]
        _enter(planes, into.padded, into.lines, into.v_array)
        for layer, after in zip(self._layers, [*self._layers[1:], None], strict=True):
            torch.bmm(into.v, layer.filters, out=out.m)
            if after is not None:
                into = inputs[after.inputs]
            _between(
                out.m_array,
                layer.bias,
                layer.ends,
                stream,
                layer.pool,
                layer.pool_bias,
                out.columns,
                out.cells,
                after is not None,
                into.padded,
                into.lines,
                into.v_array,
            )
        return torch.from_numpy(stream).view(-1, self._channels)

    def _make_scratch(self, n: int) -> tuple[dict[int, _Input], _Output]:
        high, wide, channels = -(-self._height // 4), -(-self._width // 4), self._channels
        tiles = high * wide
        inputs = {}
        for count, c in {(layer.inputs, layer.filters.shape[1]) for layer in self._layers}:
            padded = np.zeros((4 * high + 2, 4 * wide + 2, c), np.float32)
            v = torch.zeros(36, n * tiles, c)
            inputs[count] = _Input(padded, np.zeros((6, 4 * wide + 2, c), np.float32), v, v.numpy())
        m = torch.zeros(36, n * tiles, channels)
        columns = np.zeros((4, 6, tiles * channels), np.float32)
        cells = np.zeros((4, 4, tiles, channels), np.float32)
        return inputs, _Output(m, m.numpy().reshape(36, n, tiles * channels), columns, cells)


class _Everywhere:
    """The linear policy on features float32[n * cells, C]; [n, A] and maybe more."""

    def __init__(self, net: Net, cells: int) -> None:
        assert net.policy_conv is not None
        assert isinstance(net.policy, nn.Linear)
        self._conv, self._linear = _pointwise(net.policy_conv), _linear(net.policy, cells)

    def __call__(self, features: Tensor, n: int) -> Tensor:
        x = torch.addmm(self._conv[0], features, self._conv[1]).relu_().view(n, -1)
        x = functional.pad(x, (0, 0, 0, max(0, FEWEST_ROWS - n)))
        return torch.addmm(self._linear[0], x, self._linear[1])


class _Moves:
    """`networks.MovePolicy` on features float32[n * cells, C]."""

    def __init__(self, policy: MovePolicy) -> None:
        self._query, self._key, self._kind = (_pointwise(part) for part in (policy.query, policy.key, policy.kind))
        self._scale = policy.query.out_channels**-0.5
        self._bias, self._pairs, self._special = policy.bias.detach(), policy.pairs, policy.special
        self._ends = policy.ends

    def __call__(self, features: Tensor, n: int) -> Tensor:
        q, k, kind = (torch.addmm(bias, features, w) for bias, w in (self._query, self._key, self._kind))
        d = q.shape[1]
        products = torch.bmm(q.mul_(self._scale).view(n, -1, d), k.view(n, -1, d).transpose(1, 2))
        logits = products.view(n, -1).index_select(1, self._pairs).add_(self._bias)
        further = kind.view(n, -1, kind.shape[1]).transpose(1, 2).reshape(n, -1).index_select(1, self._ends)
        return logits.index_add_(1, self._special, further)


def _layer(module: ConvNorm, *, ends: bool, pool: nn.Linear | None = None) -> _Layer:
    """A folded convolution: filters transformed (G g G^T), their input channels filled up with zeros."""
    weight = module.conv.weight.double().numpy()  # [C, C', 3, 3]
    assert module.conv.bias is not None, "fold the network first"
    bias = module.conv.bias.numpy().copy()
    filters = np.zeros((36, _round_up(weight.shape[1]), weight.shape[0]), np.float32)
    filters[:, : weight.shape[1]] = np.einsum("ai,bj,ocij->baco", FILTER, FILTER, weight).reshape(36, -1, len(bias))
    if pool is None:
        pool_weight, pool_bias = np.zeros((0, len(bias)), np.float32), np.zeros(len(bias), np.float32)
    else:
        pool_weight, pool_bias = pool.weight.numpy().T.copy(), pool.bias.numpy().copy()
    return _Layer(weight.shape[1], torch.from_numpy(filters), bias, ends, pool_weight, pool_bias)


Affine = tuple[Tensor, Tensor]  # bias [out], weight [in, out], for torch.addmm


def _pointwise(module: ConvNorm | nn.Conv2d) -> Affine:
    """A folded 1x1 convolution as a matrix product over channels."""
    conv = module.conv if isinstance(module, ConvNorm) else module
    assert conv.bias is not None, "fold the network first"
    return conv.bias.detach().clone(), conv.weight.detach()[:, :, 0, 0].T.contiguous()


def _linear(module: nn.Linear, cells: int = 1) -> Affine:
    """A linear layer: inputs reordered from [C, cells] to [cells, C], outputs filled up with zeros (and inputs, where
    the layer before has filled up its outputs)."""
    outputs, inputs = module.weight.shape
    weight = module.weight.view(outputs, inputs // cells, cells).transpose(1, 2).reshape(outputs, inputs).T
    rows = 0 if cells > 1 else _round_up(inputs) - inputs
    columns = _round_up(outputs) - outputs
    return functional.pad(module.bias, (0, columns)), functional.pad(weight, (0, columns, 0, rows))


def _round_up(channels: int) -> int:
    """Matrix products over and into multiples of 8 channels add up in one order whatever the number of rows."""
    return -(-channels // 8) * 8

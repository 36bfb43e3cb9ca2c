"""3x3 convolutions on small boards by Winograd's minimal filtering: 5.2 times fewer multiplications on 6x7, 4 on 8x8.

Lavin and Gray (arXiv 1509.09308, section 4): the board is cut into tiles (`agents.tiles`), each tile's
surroundings are transformed, the convolution becomes plain matrix products over channels, one for each point of a tile
(two more than cells along each axis), and an inverse transform gives the tile. The products run at the speed of the
processor's matrix library; the transforms between two layers and everything else that happens there (bias, residual
sum, ReLU, global pool) are one pass of a compiled kernel while the position lies in the first-level cache. Errors are
about 1e-5 of an activation's size, a few hundred times smaller than bfloat16's.

Names: n positions, board H x W, T tiles, PH and PW points along each axis of a tile, P = PH * PW, C channels.
Everything is float32 and C-contiguous. Kernels index the channel axis with the bare loop variable, without an offset:
only then does the compiler use vector instructions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from agents.networks import Block, ConvNorm, MovePolicy, Net
from agents.tiles import FAST, WHOLE, Axis, Floats, cut, gather, spread
from envs.kernels import njit

FEWEST_ROWS = 8  # with fewer rows a matrix product may add up in another order; see `evaluators.NetworkEvaluator`
ZERO = np.float32(0)


@njit(cache=True, nogil=True, fastmath=FAST)
def _enter(planes: NDArray[np.uint8], padded: Floats, lines: Floats, v: Floats, rows: Axis, columns: Axis) -> None:
    """Observations uint8[n, planes, H, W] -> v, the first layer's transformed input."""
    n, channels, height, width = planes.shape
    for b in range(n):
        for c in range(channels):
            for h in range(height):
                for w in range(width):
                    padded[h + rows.border, w + columns.border, c] = planes[b, c, h, w]
        spread(padded, lines, v, b, rows, columns)


@njit(cache=True, nogil=True, fastmath=FAST)
def _between(
    m: Floats,  # [P + 1, n, T*C]: the products of the layer that ends here, and zeros
    bias: Floats,  # [C]: its folded batch norm
    ends: bool,  # it ends a block: its result joins the residual stream; else it goes to the next layer only
    stream: Floats,  # [n, H, W, C]: the residual stream, updated in place
    pool: Floats,  # [2G, C - G]: from mean and maximum of the last G channels to a bias of the others; G may be 0
    pool_bias: Floats,  # [C - G]
    gathered: Floats,  # scratch of `tiles.gather`
    joined: Floats,  # scratch [.., .., T*C]
    cells: Floats,  # [.., .., T, C], the same memory
    follows: bool,  # whether a layer follows; if so, its input's
    padded: Floats,  # scratch, zero around the board,
    lines: Floats,  # scratch of `tiles.spread`,
    v: Floats,  # [P + 1, n*T, C']: and its transformed input
    rows: Axis,
    columns: Axis,
) -> None:
    """From the products of one layer to the transformed input of the next, position by position."""
    n, height, width, channels = stream.shape
    extra = np.empty(pool_bias.shape[0], np.float32)
    kept, pooled = extra.shape[0], pool.shape[0] // 2
    total, top, base = np.empty(pooled, np.float32), np.empty(pooled, np.float32), bias[kept:]
    for b in range(n):
        gather(m, gathered, joined, b, rows, columns)
        if ends:
            for h in range(height):
                for w in range(width):
                    i, j, t = rows.cell[h], columns.cell[w], rows.tile[h] * columns.tiles + columns.tile[w]
                    r, s = h + rows.border, w + columns.border
                    for c in range(channels):
                        stream[b, h, w, c] = max(cells[i, j, t, c] + bias[c] + stream[b, h, w, c], ZERO)
                    if follows:
                        for c in range(channels):
                            padded[r, s, c] = stream[b, h, w, c]
        else:
            for c in range(kept):
                extra[c] = bias[c] + pool_bias[c]
            total[:], top[:] = ZERO, ZERO
            for h in range(height):
                for w in range(width):
                    i, j, t = rows.cell[h], columns.cell[w], rows.tile[h] * columns.tiles + columns.tile[w]
                    seen = cells[i, j, t, kept:]
                    for g in range(pooled):
                        x = max(seen[g] + base[g], ZERO)
                        total[g] += x
                        top[g] = max(top[g], x)
            for g in range(pooled):
                mean, most = total[g] / np.float32(height * width), top[g]
                for c in range(kept):
                    extra[c] += mean * pool[g, c] + most * pool[pooled + g, c]
            for h in range(height):
                for w in range(width):
                    i, j, t = rows.cell[h], columns.cell[w], rows.tile[h] * columns.tiles + columns.tile[w]
                    r, s = h + rows.border, w + columns.border
                    for c in range(kept):
                        padded[r, s, c] = max(cells[i, j, t, c] + extra[c], ZERO)
        if follows:
            spread(padded, lines, v, b, rows, columns)


@dataclass(frozen=True, slots=True)
class _Layer:
    inputs: int  # channels
    filters: Tensor  # [P, C', C], transformed; C' >= inputs, zero above
    bias: Floats  # [C]
    ends: bool
    pool: Floats
    pool_bias: Floats


@dataclass(frozen=True, slots=True)
class _Input:
    """Where a layer's input of C' channels is made."""

    padded: Floats
    lines: Floats
    v: Floats
    points: Tensor  # [P, n*T, C'], the same memory


@dataclass(frozen=True, slots=True)
class _Output:
    """Where the layers' products go and the result is made."""

    products: Tensor  # [P, n*T, C]
    m: Floats  # the same memory
    lines: Floats
    joined: Floats
    cells: Floats  # the same memory


class WinogradNet:
    """A folded network for inference on the CPU. Keeps its scratch memory: not safe for use by several threads."""

    def __init__(self, net: Net) -> None:
        _, self._height, self._width = net.observation_shape
        self._channels, self._num_actions = net.config.channels, net.num_actions
        self._rows, self._columns = axes = cut(self._height, self._width)
        self._layers = [_layer(net.stem, axes, ends=True)]
        for block in net.tower:
            assert isinstance(block, Block)
            self._layers.append(_layer(block.first, axes, ends=False, pool=block.bias))
            self._layers.append(_layer(block.second, axes, ends=True))
        cells = self._height * self._width
        self._policy = _Moves(net.policy) if isinstance(net.policy, MovePolicy) else _Everywhere(net, cells)
        self._value = (_pointwise(net.value_conv), _linear(net.value_hidden, cells), _linear(net.value))
        self._scratch: dict[int, tuple[dict[int, _Input], _Output]] = {}

    @property
    def row_bytes(self) -> int:
        """Of a position's transformed input and products in one layer."""
        tiles = self._rows.tiles * self._columns.tiles
        return 2 * 4 * len(self._rows.filters) * len(self._columns.filters) * tiles * self._channels

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
        _enter(planes, into.padded, into.lines, into.v, self._rows, self._columns)
        for layer, after in zip(self._layers, [*self._layers[1:], None], strict=True):
            torch.bmm(into.points, layer.filters, out=out.products)
            if after is not None:
                into = inputs[after.inputs]
            _between(
                out.m,
                layer.bias,
                layer.ends,
                stream,
                layer.pool,
                layer.pool_bias,
                out.lines,
                out.joined,
                out.cells,
                after is not None,
                into.padded,
                into.lines,
                into.v,
                self._rows,
                self._columns,
            )
        return torch.from_numpy(stream).view(-1, self._channels)

    def _make_scratch(self, n: int) -> tuple[dict[int, _Input], _Output]:
        rows, columns, channels = self._rows, self._columns, self._channels
        points, tiles = len(rows.filters) * len(columns.filters), rows.tiles * columns.tiles
        inputs = {}
        for count, c in {(layer.inputs, layer.filters.shape[1]) for layer in self._layers}:
            padded = np.zeros((rows.room, columns.room, c), np.float32)
            lines = np.zeros((len(rows.filters) + 1, columns.room, c), np.float32)
            v = torch.zeros(points + 1, n * tiles, c)
            inputs[count] = _Input(padded, lines, v.numpy(), v[:points])
        m = torch.zeros(points + 1, n * tiles, channels)
        high, wide = (side.cells + side.cells % 2 for side in (rows, columns))
        lines = np.zeros((wide, WHOLE + 2, tiles * channels), np.float32)
        joined = np.zeros((high, wide, tiles * channels), np.float32)
        cells = joined.reshape(*joined.shape[:2], tiles, channels)
        return inputs, _Output(m[:points], m.numpy().reshape(points + 1, n, tiles * channels), lines, joined, cells)


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


def _layer(module: ConvNorm, axes: tuple[Axis, Axis], *, ends: bool, pool: nn.Linear | None = None) -> _Layer:
    """A folded convolution: filters transformed (G g G^T), their input channels filled up with zeros."""
    weight = module.conv.weight.double().numpy()  # [C, C', 3, 3]
    assert module.conv.bias is not None, "fold the network first"
    bias = module.conv.bias.numpy().copy()
    rows, columns = axes
    transformed = np.einsum("ai,bj,ocij->baco", rows.filters, columns.filters, weight)
    transformed = transformed.reshape(-1, weight.shape[1], len(bias))
    filters = np.zeros((len(transformed), _round_up(weight.shape[1]), len(bias)), np.float32)
    filters[:, : weight.shape[1]] = transformed
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

"""Convolutions in training by Winograd's minimal filtering, with gradients: down to a fifth of the products.

What `agents.search.winograd` does for networks that play, for networks that learn in float32 on a processor. With Y the
output, d the input and g the filters (Lavin and Gray, arXiv 1509.09308, equation 8), everything is linear:

    V = S d S^T      U = G g G^T      M = V . U (over channels, point by point)      Y = R M R^T

so gradients go back through the transposes: dM = R^T dY R, dU = V^T . dM, dV = dM . U^T, dd = S^T dV S, dg = G^T dU G.
S and R are the transforms of a whole axis with all its tiles, so that two kernels do for every board: `_spread` goes
from cells to points, `_gather` from points to cells.

Filters of 3x3 are those of board games. Filters of 2x2 are larger ones with a stride of half their size, as the Nature
DQN has them: a block of stride x stride pixels is a cell, and its pixels are the cell's channels.

Names: n positions, board H x W, I x J points along its axes, P of them in each of T tiles, C channels; a cell's
channels lie in memory as ``parts`` rows of a block, each ``C / parts`` long.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.tiles import FAST, FOURS, WHOLE, matrices
from envs.kernels import njit

Floats = NDArray[np.float32]

PIECE_BYTES = 5 << 17  # of one piece's points in one layer
FEWEST_CHANNELS = 16  # of the input: thinner products are not worth the transforms


class Tile(NamedTuple):
    """Transforms of one tile with m outputs, for filters of r taps, which read k = m + r - 1 inputs at k points."""

    into: NDArray[np.float64]  # [k, k]: B^T
    out: NDArray[np.float64]  # [m, k]: A^T
    filters: NDArray[np.float64]  # [k, r]: G


# With the points 0, 1, -1, (2, -2) and infinity: rows of B^T with few numbers, and small ones.
OF_FOUR = Tile(  # F(4, 3)
    np.array(
        [
            [4, 0, -5, 0, 1, 0],
            [0, -4, -4, 1, 1, 0],
            [0, 4, -4, -1, 1, 0],
            [0, -2, -1, 2, 1, 0],
            [0, 2, -1, -2, 1, 0],
            [0, 4, 0, -5, 0, 1],
        ]
    ),
    np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]),
    FOURS,
)
OF_FOUR_PAIRS = Tile(  # F(4, 2)
    np.array([[2, -1, -2, 1, 0], [0, -2, -1, 1, 0], [0, 2, -3, 1, 0], [0, -1, 0, 1, 0], [0, 2, -1, -2, 1]]),
    np.array([[1, 1, 1, 1, 0], [0, 1, -1, 2, 0], [0, 1, 1, 4, 0], [0, 1, -1, 8, 1]]),
    np.array([[1 / 2, 0], [-1 / 2, -1 / 2], [-1 / 6, 1 / 6], [1 / 6, 1 / 3], [0, 1]]),
)
OF_THREE_PAIRS = Tile(  # F(3, 2)
    np.array([[-1, 0, 1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]]),
    np.array([[1, 1, 1, 0], [0, 1, -1, 0], [0, 1, 1, 1]]),
    np.array([[-1, 0], [1 / 2, 1 / 2], [1 / 2, -1 / 2], [0, 1]]),
)


class Band(NamedTuple):
    """A matrix whose rows are zero but for a few neighbours."""

    first: NDArray[np.int64]  # column of a row's first number
    numbers: Floats  # [rows, multiple of 4]: from there on


class Plan(NamedTuple):
    """How boards of one size are transformed. Pairs are for rows and columns of the board."""

    filters: Tensor  # [P, r * r]: G for both axes at once
    spread: tuple[Band, Band]  # S
    spread_back: tuple[Band, Band]  # S^T
    gather: tuple[Band, Band]  # R
    gather_back: tuple[Band, Band]  # R^T
    place: NDArray[np.int64]  # [I, J]: where a point is among all: first by its place in the tile, then by the tile
    cells: tuple[int, int]  # of the output


@lru_cache
def plan(height: int, width: int, taps: int = 3, padding: int = 1) -> Plan:
    """For filters of ``taps`` x ``taps``, 3 or 2."""
    cells = height + 2 * padding - taps + 1, width + 2 * padding - taps + 1
    tiles = _tiles(cells, taps)
    (s0, r0), (s1, r1) = (_axis(side, tile, padding) for side, tile in zip((height, width), tiles, strict=True))
    g0, g1 = (tile.filters for tile in tiles)
    p0, p1, t1 = len(g0), len(g1), len(s1) // len(g1)
    i, j = np.arange(len(s0))[:, None], np.arange(len(s1))[None]
    point, tile = (i % p0) * p1 + j % p1, (i // p0) * t1 + j // p1
    return Plan(
        filters=torch.from_numpy(np.kron(g0, g1)).float(),
        spread=(_band(s0), _band(s1)),
        spread_back=(_band(s0.T), _band(s1.T)),
        gather=(_band(r0), _band(r1)),
        gather_back=(_band(r0.T), _band(r1.T)),
        place=point * (len(s0) // p0 * t1) + tile,
        cells=cells,
    )


def _tiles(cells: tuple[int, int], taps: int) -> tuple[Tile, Tile]:
    """For outputs of so many cells."""
    if taps == 3 and max(cells) <= WHOLE:
        return Tile(*matrices(cells[0])), Tile(*matrices(cells[1]))
    if taps == 3:
        return OF_FOUR, OF_FOUR
    of = [OF_THREE_PAIRS if side % 4 else OF_FOUR_PAIRS for side in cells]
    return of[0], of[1]


def _axis(cells: int, tile: Tile, padding: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """S [I, H] and R [H', I] for one axis."""
    (size, points), taps = tile.out.shape, tile.filters.shape[1]
    outputs = cells + 2 * padding - taps + 1
    tiles = -(-outputs // size)
    spread, gather = np.zeros((points * tiles, size * tiles + taps - 1)), np.zeros((size * tiles, points * tiles))
    for t in range(tiles):
        spread[points * t :][:points, size * t :][:, :points] = tile.into
        gather[size * t :][:size, points * t :][:, :points] = tile.out
    return spread[:, padding : padding + cells], gather[:outputs]


def _band(matrix: NDArray[np.float64]) -> Band:
    first = (matrix != 0).argmax(1)
    length = int((matrix.shape[1] - (matrix != 0)[:, ::-1].argmax(1) - first).max())
    numbers = np.zeros((len(matrix), -(-length // 4) * 4), np.float32)
    for row, start, whole in zip(numbers, first, matrix, strict=True):
        part = whole[start : start + len(row)]
        row[: len(part)] = part
    return Band(first, numbers)


@njit(cache=True, nogil=True, fastmath=FAST)
def _product(a: Band, x: Floats, y: Floats) -> None:
    """y [I, m] = a @ x; x [K, m] of any type. Four numbers of a row at a time."""
    last, f = len(x) - 1, np.float32
    for i in range(len(y)):
        start = a.first[i]
        for k in range(0, a.numbers.shape[1], 4):
            k0, k1 = min(start + k, last), min(start + k + 1, last)
            k2, k3 = min(start + k + 2, last), min(start + k + 3, last)
            a0, a1, a2, a3 = a.numbers[i, k], a.numbers[i, k + 1], a.numbers[i, k + 2], a.numbers[i, k + 3]
            if k == 0:
                for c in range(x.shape[1]):
                    y[i, c] = a0 * f(x[k0, c]) + a1 * f(x[k1, c]) + a2 * f(x[k2, c]) + a3 * f(x[k3, c])
            elif a0 != 0 or a1 != 0 or a2 != 0 or a3 != 0:
                for c in range(x.shape[1]):
                    y[i, c] += a0 * f(x[k0, c]) + a1 * f(x[k1, c]) + a2 * f(x[k2, c]) + a3 * f(x[k3, c])


@njit(cache=True, nogil=True, fastmath=FAST)
def _spread(x: NDArray[Any], rows: Band, columns: Band, place: NDArray[np.int64], out: Floats) -> None:
    """x [n, H, parts, W, C] -> out [I * J, n, parts * C]: ``rows @ x @ columns.T``, each point at its place."""
    n, height, parts, width, channels = x.shape
    high, wide = place.shape
    boards = x.reshape(n, height, parts * width * channels)
    flat, points = np.empty((high, parts * width * channels), np.float32), np.empty((wide, channels), np.float32)
    lines = flat.reshape(high, parts, width, channels)
    for b in range(n):
        _product(rows, boards[b], flat)
        for i in range(high):
            for part in range(parts):
                _product(columns, lines[i, part], points)
                for j in range(wide):
                    p = place[i, j]
                    for c in range(channels):
                        out[p, b, part * channels + c] = points[j, c]


@njit(cache=True, nogil=True, fastmath=FAST)
def _gather(m: Floats, rows: Band, columns: Band, place: NDArray[np.int64], out: Floats) -> None:
    """m [I * J, n, parts * C] -> out [n, H, parts, W, C]: ``rows @ m @ columns.T``."""
    n, height, parts, width, channels = out.shape
    high, wide = place.shape
    boards = out.reshape(n, height, parts * width * channels)
    flat, points = np.empty((high, parts * width * channels), np.float32), np.empty((wide, channels), np.float32)
    lines = flat.reshape(high, parts, width, channels)
    for b in range(n):
        for i in range(high):
            for part in range(parts):
                for j in range(wide):
                    p = place[i, j]
                    for c in range(channels):
                        points[j, c] = m[p, b, part * channels + c]
                _product(columns, points, lines[i, part])
        _product(rows, flat, boards[b])


class _Convolution(torch.autograd.Function):
    """Piece by piece, as many positions at once as leave what is made of them in the processor's cache: reading a
    piece's points back from memory takes longer than making them again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, padding: int) -> Tensor:
        """[n, H, parts, W, C / parts], [C', C, k, k] -> [n, H', W', C']."""
        outputs, inputs, taps = weight.shape[:3]
        how = plan(x.shape[1], x.shape[3], taps, padding)
        u = (how.filters @ weight.permute(2, 3, 1, 0).reshape(taps * taps, -1)).view(-1, inputs, outputs)
        y = torch.empty(len(x), how.cells[0], 1, how.cells[1], outputs)
        for piece, out in _pieces(how, x, y):
            v = _to_points(piece, how.spread, how)
            _to_cells(torch.bmm(v, u), how.gather, how, out)
        ctx.save_for_backward(x, u)
        ctx.how, ctx.taps = how, taps
        return y.squeeze(2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, None]:
        x, u = ctx.saved_tensors
        how: Plan = ctx.how
        dy, du = gradients[0].contiguous().unsqueeze(2), torch.zeros_like(u)
        dx = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        for piece, below, out in _pieces(how, x, dy, x if dx is None else dx):
            dm = _to_points(below, how.gather_back, how)
            du.baddbmm_(_to_points(piece, how.spread, how).transpose(1, 2), dm)
            if dx is not None:
                _to_cells(torch.bmm(dm, u.transpose(1, 2)), how.spread_back, how, out)
        dw = (how.filters.T @ du.view(len(u), -1)).view(ctx.taps, ctx.taps, *u.shape[1:]).permute(3, 2, 0, 1)
        return dx, dw, None


def _pieces(how: Plan, *boards: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The same positions of each of ``boards`` [n, H, parts, W, ..]."""
    widest = max(part.shape[2] * part.shape[4] for part in boards)
    size = max(1, PIECE_BYTES // (4 * how.place.size * widest))
    return zip(*(torch.split(part, size) for part in boards), strict=True)


def _to_points(cells: Tensor, axes: tuple[Band, Band], how: Plan) -> Tensor:
    """[n, H, parts, W, C / parts] -> [P, T * n, C]."""
    n, channels = len(cells), cells.shape[2] * cells.shape[4]
    out = torch.empty(how.place.size, n, channels)
    _spread(cells.numpy(), *axes, how.place, out.numpy())
    return out.view(len(how.filters), -1, channels)


def _to_cells(points: Tensor, axes: tuple[Band, Band], how: Plan, out: Tensor) -> None:
    """[P, T * n, C] -> ``out`` [n, H, parts, W, C / parts]."""
    _gather(points.view(how.place.size, len(out), -1).numpy(), *axes, how.place, out.numpy())


def convolve(x: Tensor, weight: Tensor) -> Tensor:
    """``F.conv2d(x, weight, padding=1)`` for float32 [n, C, H, W] on the processor and filters [C', C, 3, 3]; the
    result is channels last in memory."""
    cells = x.permute(0, 2, 3, 1).contiguous().unsqueeze(2)
    return _Convolution.apply(cells, weight, 1).permute(0, 3, 1, 2)  # type: ignore[no-any-return, no-untyped-call]


def convolve_inside(cells: Tensor, weight: Tensor) -> Tensor:
    """A convolution without padding: [n, H, parts, W, C / parts], [C', C, k, k], k 3 or 2 -> [n, H', W', C'].

    Everything in one piece in memory, on the processor; cells float32, or bytes, which have no gradient."""
    return _Convolution.apply(cells, weight, 0)  # type: ignore[no-any-return, no-untyped-call]


def serves(x: Tensor, weight: Tensor) -> bool:
    """Whether `convolve` is for these, and likely the quicker way."""
    return (
        weight.shape[1] >= FEWEST_CHANNELS
        and weight.shape[2:] == (3, 3)
        and x.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
    )

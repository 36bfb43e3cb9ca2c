"""3x3 convolutions in training by Winograd's minimal filtering, with gradients: at most a quarter of the products.

What `agents.search.winograd` does for networks that play, for networks that learn in float32 on a processor. With Y the
output, d the input and g the filters (Lavin and Gray, arXiv 1509.09308, equation 8), everything is linear:

    V = S d S^T      U = G g G^T      M = V . U (over channels, point by point)      Y = R M R^T

so gradients go back through the transposes: dM = R^T dY R, dU = V^T . dM, dV = dM . U^T, dd = S^T dV S, dg = G^T dU G.
S and R are the transforms of a whole axis with all its tiles, so that two kernels do for every board: `_spread` goes
from cells to points, `_gather` from points to cells.

Names: n positions, board H x W, I x J points along its axes, P of them in each of T tiles, C channels.
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
Matrices = tuple[Floats, Floats]  # for rows and columns of the board; see `_by_fours`

PIECE_BYTES = 5 << 17  # of one piece's points in one layer
FEWEST_CHANNELS = 16  # of the input: thinner products are not worth the transforms
INTO_FOURS = np.array(  # B^T of 4x4 tiles
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
OUT_OF_FOURS = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])  # A^T


class Plan(NamedTuple):
    """How boards of one size are transformed."""

    filters: Tensor  # [P, 9]: G for both axes at once
    spread: Matrices  # S
    spread_back: Matrices  # S^T
    gather: Matrices  # R
    gather_back: Matrices  # R^T
    place: NDArray[np.int64]  # [I, J]: where a point is among all: first by its place in the tile, then by the tile


@lru_cache
def plan(height: int, width: int) -> Plan:
    whole = max(height, width) <= WHOLE
    (s0, r0, g0, t0), (s1, r1, g1, t1) = _axis(height, whole), _axis(width, whole)
    p0, p1 = len(g0), len(g1)
    i, j = np.arange(len(s0))[:, None], np.arange(len(s1))[None]
    point, tile = (i % p0) * p1 + j % p1, (i // p0) * t1 + j // p1
    return Plan(
        filters=torch.from_numpy(np.kron(g0, g1)).float(),
        spread=(_by_fours(s0), _by_fours(s1)),
        spread_back=(_by_fours(s0.T), _by_fours(s1.T)),
        gather=(_by_fours(r0), _by_fours(r1)),
        gather_back=(_by_fours(r0.T), _by_fours(r1.T)),
        place=point * (t0 * t1) + tile,
    )


def _axis(cells: int, whole: bool) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], int]:
    """S [I, H], R [H, I] and a tile's G [points, 3] for one axis, and its number of tiles."""
    if whole:
        into, out, filters = matrices(cells)
        return into[:, 1:-1], out, filters, 1
    tiles = -(-cells // 4)
    spread, gather = np.zeros((6 * tiles, 4 * tiles + 2)), np.zeros((4 * tiles, 6 * tiles))
    for t in range(tiles):
        spread[6 * t : 6 * t + 6, 4 * t : 4 * t + 6] = INTO_FOURS
        gather[4 * t : 4 * t + 4, 6 * t : 6 * t + 6] = OUT_OF_FOURS
    return spread[:, 1 : cells + 1], gather[:cells], FOURS, tiles


def _by_fours(matrix: NDArray[Any]) -> Floats:
    """With zeros to the right, up to a multiple of 4 columns: kernels take four at a time."""
    filled = np.zeros((matrix.shape[0], -(-matrix.shape[1] // 4) * 4), np.float32)
    filled[:, : matrix.shape[1]] = matrix
    return filled


@njit(cache=True, nogil=True, fastmath=FAST)
def _product(a: Floats, x: Floats, y: Floats) -> None:
    """y [I, m] = a @ x, x [K, m]; ``a`` [I, K or more] as `_by_fours` leaves it, four columns at a time."""
    last = len(x) - 1
    for i in range(len(a)):
        for k in range(0, a.shape[1], 4):
            k0, k1, k2, k3 = k, min(k + 1, last), min(k + 2, last), min(k + 3, last)
            a0, a1, a2, a3 = a[i, k], a[i, k + 1], a[i, k + 2], a[i, k + 3]
            if k == 0:
                for c in range(x.shape[1]):
                    y[i, c] = a0 * x[k0, c] + a1 * x[k1, c] + a2 * x[k2, c] + a3 * x[k3, c]
            elif a0 != 0 or a1 != 0 or a2 != 0 or a3 != 0:
                for c in range(x.shape[1]):
                    y[i, c] += a0 * x[k0, c] + a1 * x[k1, c] + a2 * x[k2, c] + a3 * x[k3, c]


@njit(cache=True, nogil=True, fastmath=FAST)
def _spread(x: Floats, rows: Floats, columns: Floats, place: NDArray[np.int64], out: Floats) -> None:
    """x [n, H, W, C] -> out [I * J, n, C]: ``rows @ x @ columns.T``, each point at its place."""
    n, height, width, channels = x.shape
    high, wide = place.shape
    boards = x.reshape(n, height, width * channels)
    lines, points = np.empty((high, width, channels), np.float32), np.empty((wide, channels), np.float32)
    for b in range(n):
        _product(rows, boards[b], lines.reshape(high, width * channels))
        for i in range(high):
            _product(columns, lines[i], points)
            for j in range(wide):
                p = place[i, j]
                for c in range(channels):
                    out[p, b, c] = points[j, c]


@njit(cache=True, nogil=True, fastmath=FAST)
def _gather(m: Floats, rows: Floats, columns: Floats, place: NDArray[np.int64], out: Floats) -> None:
    """m [I * J, n, C] -> out [n, H, W, C]: ``rows @ m @ columns.T``."""
    n, height, width, channels = out.shape
    high, wide = place.shape
    boards = out.reshape(n, height, width * channels)
    lines, points = np.empty((high, width, channels), np.float32), np.empty((wide, channels), np.float32)
    for b in range(n):
        for i in range(high):
            for j in range(wide):
                p = place[i, j]
                for c in range(channels):
                    points[j, c] = m[p, b, c]
            _product(columns, points, lines[i])
        _product(rows, lines.reshape(high, width * channels), boards[b])


class _Convolution(torch.autograd.Function):
    """Piece by piece, as many positions at once as leave what is made of them in the processor's cache: reading a
    piece's points back from memory takes longer than making them again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        how, (outputs, inputs) = plan(*x.shape[2:]), weight.shape[:2]
        cells = x.permute(0, 2, 3, 1).contiguous()
        u = (how.filters @ weight.permute(2, 3, 1, 0).reshape(9, -1)).view(-1, inputs, outputs)
        y = torch.empty(*cells.shape[:3], outputs)
        for piece, out in _pieces(how, cells, y):
            v = _to_points(piece, how.spread, how)
            _to_cells(torch.bmm(v, u), how.gather, how, out)
        ctx.save_for_backward(cells, u)
        return y.permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor]:
        cells, u = ctx.saved_tensors
        how = plan(*cells.shape[1:3])
        dy, du = gradients[0].permute(0, 2, 3, 1).contiguous(), torch.zeros_like(u)
        dx = torch.empty_like(cells) if ctx.needs_input_grad[0] else None
        for piece, below, out in _pieces(how, cells, dy, cells if dx is None else dx):
            dm = _to_points(below, how.gather_back, how)
            du.baddbmm_(_to_points(piece, how.spread, how).transpose(1, 2), dm)
            if dx is not None:
                _to_cells(torch.bmm(dm, u.transpose(1, 2)), how.spread_back, how, out)
        dw = (how.filters.T @ du.view(len(u), -1)).view(3, 3, *u.shape[1:]).permute(3, 2, 0, 1)
        return None if dx is None else dx.permute(0, 3, 1, 2), dw


def _pieces(how: Plan, *boards: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The same positions of each of ``boards`` [n, H, W, ..]."""
    widest = max(part.shape[3] for part in boards)
    size = max(1, PIECE_BYTES // (4 * how.place.size * widest))
    return zip(*(torch.split(part, size) for part in boards), strict=True)


def _to_points(cells: Tensor, matrices: Matrices, how: Plan) -> Tensor:
    """[n, H, W, C] -> [P, T * n, C]."""
    n, channels = cells.shape[0], cells.shape[3]
    out = torch.empty(how.place.size, n, channels)
    _spread(cells.numpy(), *matrices, how.place, out.numpy())
    return out.view(len(how.filters), -1, channels)


def _to_cells(points: Tensor, matrices: Matrices, how: Plan, out: Tensor) -> None:
    """[P, T * n, C] -> ``out`` [n, H, W, C]."""
    m = points.view(how.place.size, len(out), out.shape[3])
    _gather(m.numpy(), *matrices, how.place, out.numpy())


def convolve(x: Tensor, weight: Tensor) -> Tensor:
    """``F.conv2d(x, weight, padding=1)`` for float32 [n, C', H, W] on the processor and filters [C, C', 3, 3]; the
    result is channels last in memory."""
    return _Convolution.apply(x, weight)  # type: ignore[no-any-return, no-untyped-call]


def serves(x: Tensor, weight: Tensor) -> bool:
    """Whether `convolve` is for these, and likely the quicker way."""
    return (
        weight.shape[1] >= FEWEST_CHANNELS
        and weight.shape[2:] == (3, 3)
        and x.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
    )

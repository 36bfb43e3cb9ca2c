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
def _spread(x: Floats, rows: Floats, columns: Floats, place: NDArray[np.int64], out: Floats) -> None:
    """x [n, H, W, C] -> out [I * J, n, C]: ``rows @ x @ columns.T``, each point at its place."""
    n, height, width, channels = x.shape
    boards = x.reshape(n, height, width * channels)
    lines = np.empty((len(rows), width, channels), np.float32)
    flat = lines.reshape(len(rows), width * channels)
    for b in range(n):
        board = boards[b]
        for i in range(len(rows)):
            for k in range(0, rows.shape[1], 4):
                h0, h1, h2, h3 = k, min(k + 1, height - 1), min(k + 2, height - 1), min(k + 3, height - 1)
                a0, a1, a2, a3 = rows[i, k], rows[i, k + 1], rows[i, k + 2], rows[i, k + 3]
                if k == 0:
                    for c in range(width * channels):
                        flat[i, c] = a0 * board[h0, c] + a1 * board[h1, c] + a2 * board[h2, c] + a3 * board[h3, c]
                elif a0 != 0 or a1 != 0 or a2 != 0 or a3 != 0:
                    for c in range(width * channels):
                        flat[i, c] += a0 * board[h0, c] + a1 * board[h1, c] + a2 * board[h2, c] + a3 * board[h3, c]
        for i in range(len(rows)):
            for j in range(len(columns)):
                p = place[i, j]
                for k in range(0, columns.shape[1], 4):
                    w0, w1, w2, w3 = k, min(k + 1, width - 1), min(k + 2, width - 1), min(k + 3, width - 1)
                    a0, a1, a2, a3 = columns[j, k], columns[j, k + 1], columns[j, k + 2], columns[j, k + 3]
                    if k == 0:
                        for c in range(channels):
                            out[p, b, c] = (
                                a0 * lines[i, w0, c]
                                + a1 * lines[i, w1, c]
                                + a2 * lines[i, w2, c]
                                + a3 * lines[i, w3, c]
                            )
                    elif a0 != 0 or a1 != 0 or a2 != 0 or a3 != 0:
                        for c in range(channels):
                            out[p, b, c] += (
                                a0 * lines[i, w0, c]
                                + a1 * lines[i, w1, c]
                                + a2 * lines[i, w2, c]
                                + a3 * lines[i, w3, c]
                            )


@njit(cache=True, nogil=True, fastmath=FAST)
def _gather(m: Floats, rows: Floats, columns: Floats, place: NDArray[np.int64], out: Floats) -> None:
    """m [I * J, n, C] -> out [n, H, W, C]: ``rows @ m @ columns.T``."""
    n, height, width, channels = out.shape
    high, wide = place.shape
    boards = out.reshape(n, height, width * channels)
    lines = np.empty((high, width, channels), np.float32)
    flat = lines.reshape(high, width * channels)
    for b in range(n):
        for i in range(high):
            for w in range(width):
                for k in range(0, columns.shape[1], 4):
                    p0, p1 = place[i, k], place[i, min(k + 1, wide - 1)]
                    p2, p3 = place[i, min(k + 2, wide - 1)], place[i, min(k + 3, wide - 1)]
                    a0, a1, a2, a3 = columns[w, k], columns[w, k + 1], columns[w, k + 2], columns[w, k + 3]
                    if k == 0:
                        for c in range(channels):
                            lines[i, w, c] = a0 * m[p0, b, c] + a1 * m[p1, b, c] + a2 * m[p2, b, c] + a3 * m[p3, b, c]
                    elif a0 != 0 or a1 != 0 or a2 != 0 or a3 != 0:
                        for c in range(channels):
                            lines[i, w, c] += a0 * m[p0, b, c] + a1 * m[p1, b, c] + a2 * m[p2, b, c] + a3 * m[p3, b, c]
        board = boards[b]
        for h in range(height):
            for k in range(0, rows.shape[1], 4):
                i0, i1, i2, i3 = k, min(k + 1, high - 1), min(k + 2, high - 1), min(k + 3, high - 1)
                a0, a1, a2, a3 = rows[h, k], rows[h, k + 1], rows[h, k + 2], rows[h, k + 3]
                if k == 0:
                    for c in range(width * channels):
                        board[h, c] = a0 * flat[i0, c] + a1 * flat[i1, c] + a2 * flat[i2, c] + a3 * flat[i3, c]
                elif a0 != 0 or a1 != 0 or a2 != 0 or a3 != 0:
                    for c in range(width * channels):
                        board[h, c] += a0 * flat[i0, c] + a1 * flat[i1, c] + a2 * flat[i2, c] + a3 * flat[i3, c]


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

"""The two ways in which a board is cut for Winograd's filtering, and their transforms, compiled.

A tile's transforms read its surroundings and the filter, as polynomials, at some points, multiply there and go back
(Toom and Cook; Winograd's form is the transpose). The larger a tile, the fewer multiplications: 36 for each of 4 tiles
of 4x4 that cover 6x7, or 72 for one of 6x7. But every point has filters of its own to read, and errors grow.

- A board of up to 7x7 is **one tile**, and what lies around it is zero. Points come in pairs x, -x, with a 0 if they
  are odd in number: a transform at -x differs from the one at x in the sign of every second term, so a pair costs
  what a point does.
- Larger boards are cut into tiles of **4x4**, F(4x4, 3x3), with the points 0, 1, -1, 2, -2 and infinity, whose
  transforms are cheap. (The products of 8x8 as one tile take a fifth less time for 64 positions at once, and more than
  twice as much for one.)

Names as in `winograd`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.core import types
from numba.extending import overload
from numpy.typing import NDArray

Floats = NDArray[np.float32]
FAST = {"contract", "nnan", "nsz"}
TWO, FOUR, FIVE, EIGHT = (np.float32(x) for x in (2, 4, 5, 8))
WHOLE = 7  # cells along each dimension of the largest board that is one tile
FOURS = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24  # G of 4x4 tiles

# By number. For 5, 7, 8 and 9 those with the smallest error of all sets of 1/4, 1/3, ..., 3, 4 (root mean square,
# random boards and filters): 3e-7, 9e-7, 2e-6 and 4e-6 of an activation's size. No game has a board for the others.
POINTS = {
    3: (1.0,),
    4: (1 / 2, 2.0),
    5: (4 / 5, 3.0),
    6: (1 / 2, 1.0, 2.0),
    7: (1 / 2, 5 / 4, 3.0),
    8: (1 / 4, 3 / 4, 4 / 3, 4.0),
    9: (2 / 5, 4 / 5, 3 / 2, 4.0),
}


class Fours(NamedTuple):
    """One dimension of a board that is cut into tiles of 4x4."""

    cells: int  # of a tile
    tiles: int
    border: int  # cells before the board that the transforms read
    room: int  # cells that they read in all
    filters: NDArray[np.float64]  # [points, 3]: filter transform G
    tile: NDArray[np.int64]  # [H or W]: where the tiles have a cell of the board: in this one,
    cell: NDArray[np.int64]  # there


class Whole(NamedTuple):
    """One dimension of a board that is one tile."""

    cells: int
    tiles: int
    border: int
    room: int
    filters: NDArray[np.float64]
    tile: NDArray[np.int64]
    cell: NDArray[np.int64]
    into: Floats  # [pairs, WHOLE]: input transform B^T at a pair's first point
    out: Floats  # [cells, or one more, 5]: output transform A^T, likewise


Axis = Fours | Whole


def cut(height: int, width: int) -> tuple[Axis, Axis]:
    if max(height, width) <= WHOLE:
        return _whole(height), _whole(width)
    return _fours(height), _fours(width)


def _fours(cells: int) -> Fours:
    tiles = -(-cells // 4)
    return Fours(4, tiles, 1, 4 * tiles + 2, FOURS, np.arange(cells) // 4, np.arange(cells) % 4)


def _whole(cells: int) -> Whole:
    surroundings, result, filters = matrices(cells)
    pairs = -(-(cells + 2) // 2)
    into = np.zeros((pairs, WHOLE), np.float32)
    into[:, :cells] = surroundings[::2, 1:-1]  # without the zeros around the board
    filters[1::2] *= -1  # since then the first term is an odd one, which the kernels take for an even one
    out = np.zeros((cells + cells % 2, 5), np.float32)
    out[:cells, :pairs] = result[:, ::2]
    return Whole(cells, 1, 0, WHOLE, filters, np.zeros(cells, np.int64), np.arange(cells), into, out)


def matrices(cells: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """B^T [cells + 2, cells + 2], A^T [cells, cells + 2] and G [cells + 2, 3] of Lavin and Gray: the correlation of d
    with g is A^T ((G g) * (B^T d)). Rows of B^T and columns of A^T add up to 1 (absolute values), G makes up for it."""
    points = cells + 2
    x = np.array([sign * p for p in POINTS[points] for sign in (1, -1)] + [0.0] * (points % 2))
    powers = np.vander(x, increasing=True)
    surroundings, result = np.linalg.inv(powers).T, powers[:, :cells].T
    rows, columns = np.abs(surroundings).sum(1, keepdims=True), np.abs(result).sum(0)
    return surroundings / rows, result / columns, powers[:, :3] * rows * columns[:, None]


def spread(x: Floats, lines: Floats, v: Floats, b: int, rows: Axis, columns: Axis) -> None:
    """Input transform of position ``b``. In compiled code numba chooses by the axes' type; see `_spread`."""
    if isinstance(rows, Whole) and isinstance(columns, Whole):
        _spread_whole(x, lines, v, b, rows, columns)
    elif isinstance(rows, Fours) and isinstance(columns, Fours):
        _spread_fours(x, lines, v, b, rows, columns)


def gather(m: Floats, lines: Floats, cells: Floats, b: int, rows: Axis, columns: Axis) -> None:
    """Output transform of position ``b``, likewise."""
    if isinstance(rows, Whole) and isinstance(columns, Whole):
        _gather_whole(m, lines, cells, b, rows, columns)
    elif isinstance(rows, Fours) and isinstance(columns, Fours):
        _gather_fours(m, lines, cells, b, rows, columns)


@overload(spread, jit_options={"fastmath": FAST}, strict=False)  # annotations may differ
def _spread(x: Any, lines: Any, v: Any, b: Any, rows: types.Type, columns: Any) -> Callable[..., None]:
    return _spread_whole if _is_whole(rows) else _spread_fours


@overload(gather, jit_options={"fastmath": FAST}, strict=False)
def _gather(m: Any, lines: Any, cells: Any, b: Any, rows: types.Type, columns: Any) -> Callable[..., None]:
    return _gather_whole if _is_whole(rows) else _gather_fours


def _is_whole(rows: types.Type) -> bool:
    return isinstance(rows, types.NamedTuple) and rows.instance_class is Whole


def _spread_whole(x: Floats, lines: Floats, v: Floats, b: int, rows: Whole, columns: Whole) -> None:
    """Its board [WHOLE, WHOLE, C], zero beyond H and W -> v [P + 1, n, C].

    ``lines`` is scratch [PH + 1, WHOLE, C]. Where points are odd in number the last pair has only one: what is written
    for the other is not read."""
    channels, high, wide = x.shape[2], rows.cells + 2, columns.cells + 2
    flat = x.reshape(WHOLE, WHOLE * channels)
    flat_lines = lines.reshape(lines.shape[0], WHOLE * channels)
    for k in range(len(rows.into)):
        a0, a1, a2, a3 = rows.into[k, 0], rows.into[k, 1], rows.into[k, 2], rows.into[k, 3]
        a4, a5, a6 = rows.into[k, 4], rows.into[k, 5], rows.into[k, 6]
        i, j = 2 * k, 2 * k + 1
        for c in range(WHOLE * channels):
            even = a0 * flat[0, c] + a2 * flat[2, c] + a4 * flat[4, c] + a6 * flat[6, c]
            odd = a1 * flat[1, c] + a3 * flat[3, c] + a5 * flat[5, c]
            flat_lines[i, c], flat_lines[j, c] = even + odd, even - odd
    for p in range(high):
        for k in range(len(columns.into)):
            a0, a1, a2, a3 = columns.into[k, 0], columns.into[k, 1], columns.into[k, 2], columns.into[k, 3]
            a4, a5, a6 = columns.into[k, 4], columns.into[k, 5], columns.into[k, 6]
            i = 2 * k * high + p
            j = i + high if i + high < high * wide else high * wide
            for c in range(channels):
                even = a0 * lines[p, 0, c] + a2 * lines[p, 2, c] + a4 * lines[p, 4, c] + a6 * lines[p, 6, c]
                odd = a1 * lines[p, 1, c] + a3 * lines[p, 3, c] + a5 * lines[p, 5, c]
                v[i, b, c], v[j, b, c] = even + odd, even - odd


def _gather_whole(m: Floats, lines: Floats, cells: Floats, b: int, rows: Whole, columns: Whole) -> None:
    """m [P + 1, n, C], the last row zero -> cells [H, W, C], or one more each.

    ``lines`` is scratch [W, or one more, WHOLE + 2, C], zero beyond PH."""
    channels, high = m.shape[2], rows.cells + 2
    out, at = columns.out, np.empty(WHOLE + 2, np.int64)
    for p in range(high):
        for q in range(WHOLE + 2):  # where m has point q of the columns and p of the rows; its zeros if there is none
            at[q] = min(q * high + p, m.shape[0] - 1)
        i0, i1, i2, i3, i4, i5, i6, i7, i8 = at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7], at[8]
        for w in range(0, columns.cells, 2):
            u = w + 1
            e0, e1, e2, e3, e4 = out[w, 0], out[w, 1], out[w, 2], out[w, 3], out[w, 4]
            o0, o1, o2, o3 = out[u, 0], out[u, 1], out[u, 2], out[u, 3]
            for c in range(channels):
                m0, m1, m2, m3, m4 = m[i0, b, c], m[i1, b, c], m[i2, b, c], m[i3, b, c], m[i4, b, c]
                m5, m6, m7, m8 = m[i5, b, c], m[i6, b, c], m[i7, b, c], m[i8, b, c]
                lines[w, p, c] = e0 * (m0 + m1) + e1 * (m2 + m3) + e2 * (m4 + m5) + e3 * (m6 + m7) + e4 * m8
                lines[u, p, c] = o0 * (m0 - m1) + o1 * (m2 - m3) + o2 * (m4 - m5) + o3 * (m6 - m7)
    out = rows.out
    for w in range(columns.cells):
        for h in range(0, rows.cells, 2):
            g = h + 1
            e0, e1, e2, e3, e4 = out[h, 0], out[h, 1], out[h, 2], out[h, 3], out[h, 4]
            o0, o1, o2, o3 = out[g, 0], out[g, 1], out[g, 2], out[g, 3]
            for c in range(channels):
                m0, m1, m2, m3, m4 = lines[w, 0, c], lines[w, 1, c], lines[w, 2, c], lines[w, 3, c], lines[w, 4, c]
                m5, m6, m7, m8 = lines[w, 5, c], lines[w, 6, c], lines[w, 7, c], lines[w, 8, c]
                cells[h, w, c] = e0 * (m0 + m1) + e1 * (m2 + m3) + e2 * (m4 + m5) + e3 * (m6 + m7) + e4 * m8
                cells[g, w, c] = o0 * (m0 - m1) + o1 * (m2 - m3) + o2 * (m4 - m5) + o3 * (m6 - m7)


def _spread_fours(x: Floats, lines: Floats, v: Floats, b: int, rows: Fours, columns: Fours) -> None:
    """Its board [4TH+2, 4TW+2, C], zero around it -> v [36 + 1, n*T, C].

    ``lines`` is scratch [6 + 1, 4TW+2, C]."""
    _, room, channels = x.shape
    flat = x.reshape(x.shape[0], room * channels)
    flat_lines = lines.reshape(lines.shape[0], room * channels)
    for ti in range(rows.tiles):
        r = 4 * ti
        for c in range(room * channels):
            d0, d1, d2 = flat[r, c], flat[r + 1, c], flat[r + 2, c]
            d3, d4, d5 = flat[r + 3, c], flat[r + 4, c], flat[r + 5, c]
            p, q, s, u = d4 - FOUR * d2, d3 - FOUR * d1, d4 - d2, TWO * (d3 - d1)
            flat_lines[0, c] = FOUR * d0 - FIVE * d2 + d4
            flat_lines[1, c] = p + q
            flat_lines[2, c] = p - q
            flat_lines[3, c] = s + u
            flat_lines[4, c] = s - u
            flat_lines[5, c] = FOUR * d1 - FIVE * d3 + d5
        for tj in range(columns.tiles):
            w = 4 * tj
            k = (b * rows.tiles + ti) * columns.tiles + tj
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


def _gather_fours(m: Floats, lines: Floats, cells: Floats, b: int, rows: Fours, columns: Fours) -> None:
    """m [36 + 1, n, T*C] -> cells [4, 4, T*C].

    ``lines`` is scratch [4, 6, T*C]."""
    size = m.shape[2]
    for i in range(6):
        for c in range(size):
            m0, m1, m2 = m[i, b, c], m[6 + i, b, c], m[12 + i, b, c]
            m3, m4, m5 = m[18 + i, b, c], m[24 + i, b, c], m[30 + i, b, c]
            s, d, s2, d2 = m1 + m2, m1 - m2, m3 + m4, m3 - m4
            lines[0, i, c] = m0 + s + s2
            lines[1, i, c] = d + TWO * d2
            lines[2, i, c] = s + FOUR * s2
            lines[3, i, c] = d + EIGHT * d2 + m5
    for j in range(4):
        for c in range(size):
            m0, m1, m2 = lines[j, 0, c], lines[j, 1, c], lines[j, 2, c]
            m3, m4, m5 = lines[j, 3, c], lines[j, 4, c], lines[j, 5, c]
            s, d, s2, d2 = m1 + m2, m1 - m2, m3 + m4, m3 - m4
            cells[0, j, c] = m0 + s + s2
            cells[1, j, c] = d + TWO * d2
            cells[2, j, c] = s + FOUR * s2
            cells[3, j, c] = d + EIGHT * d2 + m5

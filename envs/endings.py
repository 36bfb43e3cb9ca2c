"""What the searches for results of endings share: results, and bounds of them in a table. All are the mover's view."""

from __future__ import annotations

import numpy as np

from envs.kernels import njit

U = np.uint64
UNKNOWN = 2
# as plain literals these make numba compile a second search, and what calls it crashes when it comes from the cache
LOSS, WIN = np.int64(-1), np.int64(1)


@njit(cache=True, nogil=True)
def bounds(entry: np.uint64) -> tuple[int, int]:
    """The least and the greatest result that a table's word leaves possible."""
    return int(np.int64((entry >> U(2)) & U(3))) - 1, int(np.int64(entry & U(3))) - 1


@njit(cache=True, nogil=True)
def learned(
    tag: np.uint64, lower: int, upper: int, floor: int | np.int64, ceiling: int | np.int64, best: int
) -> np.uint64:
    """The word ``tag << 4 | lower + 1 << 2 | upper + 1`` once a search between ``floor`` and ``ceiling`` has found
    ``best`` (fail-soft) where ``lower`` and ``upper`` were known."""
    if best > floor:
        lower = best
    if best < ceiling:
        upper = best
    return (tag << U(4)) | (U(lower + 1) << U(2)) | U(upper + 1)

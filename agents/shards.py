"""A batch in parts, which threads work on side by side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")


def sharded(pool: ThreadPoolExecutor | None, parts: int, work: Callable[[slice], T], n: int) -> list[T]:
    """``work`` on ``n`` rows, in ``parts`` of them if there is a pool for all but the first; the results in order."""
    cuts = [n * i // parts for i in range(parts + 1)]
    first, *others = (slice(a, b) for a, b in pairwise(cuts) if a < b)
    if pool is None or not others:
        return [work(slice(0, n))]
    waiting = [pool.submit(work, rows) for rows in others]
    return [work(first), *(future.result() for future in waiting)]

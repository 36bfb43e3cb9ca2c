"""Remembers what an evaluator has said, up to the board's symmetries.

Every position is turned to its canonical image, the one whose key is least among the symmetric images'. Positions that
are images of each other share one entry, and the evaluator is asked only about canonical images, each once. As a
consequence any network becomes exactly symmetric: the answer for an image is the image of the answer. (A position
that is its own image by a symmetry gets the mean of the equivalent logits. With more than two equivalents the sum may
round differently between images; everything else is exact, and a remembered answer equals a fresh one bit for bit.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.search.evaluators import WDL, Evaluator, Logits
from envs.core import BoardGame, InputError, States
from envs.kernels import njit

WAYS = 4  # entries a key may be in; the one not used for the longest time gives way

Keys = NDArray[np.uint64]
Table = NDArray[np.void]


@njit(cache=True, nogil=True)
def _canonical(images: Keys, keys: Keys, which: NDArray[np.int8]) -> None:
    """Fills ``keys[i]`` with the least of ``images[:, i]`` and ``which[i]`` with the first image that has it."""
    for i in range(len(keys)):
        keys[i], which[i] = images[0, i], 0
        for k in range(1, len(images)):
            if images[k, i] < keys[i]:
                keys[i], which[i] = images[k, i], k


@njit(cache=True, nogil=True)
def _turned(
    legal: NDArray[np.bool_], rows: NDArray[np.int64], which: NDArray[np.int8], origin: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """bool[u, A]: what is legal in the canonical images of the ``rows``; ``origin`` as in `_answer`."""
    out = np.empty((len(rows), legal.shape[1]), np.bool_)
    for u in range(len(rows)):
        i = rows[u]
        k = which[i]
        for c in range(legal.shape[1]):
            out[u, c] = legal[i, origin[k, c]]
    return out


@njit(cache=True, nogil=True)
def _look_up(keys: Keys, table: Table, now: np.uint32, entry: NDArray[np.int64], asked: NDArray[np.int64]) -> int:
    """Fills ``entry[i]`` with the row of ``table`` that holds ``keys[i]``, or with -1 - u if it holds none and
    ``keys[i]`` is the u-th different such key; ``asked[u]`` is the first i that has it. Returns the number of these
    keys."""
    buckets = np.uint64(len(table) // WAYS - 1)
    size = 16
    while size < 2 * len(keys):
        size *= 2
    seen = np.full(size, -1, np.int64)  # open addressing: u, by key
    unique = 0
    for i in range(len(keys)):
        first = np.int64(keys[i] & buckets) * WAYS
        found = False
        for e in range(first, first + WAYS):
            if table[e].used != 0 and table[e].key == keys[i]:
                entry[i], table[e].used, found = e, now, True
                break
        if found:
            continue
        at = np.int64((keys[i] >> np.uint64(32)) & np.uint64(size - 1))
        while seen[at] >= 0 and keys[asked[seen[at]]] != keys[i]:
            at = (at + 1) & (size - 1)
        if seen[at] < 0:
            seen[at], asked[unique] = unique, i
            unique += 1
        entry[i] = -1 - seen[at]
    return unique


@njit(cache=True, nogil=True)
def _answer(
    keys: Keys,  # [n] of the canonical images
    images: Keys,  # [S, n] of all images
    legal: NDArray[np.bool_],  # [n, A]
    origin: NDArray[np.int32],  # [S, A]: action c of the image under k is action origin[k, c] of the position
    entry: NDArray[np.int64],
    asked: NDArray[np.int64],
    table: Table,
    values: NDArray[np.float32],  # an entry's logits of legal actions, ascending by canonical action, and its results
    new_logits: Logits,  # the evaluator's, for the canonical images of the rows ``asked``
    new_wdl: WDL,
    now: np.uint32,
    logits: Logits,  # out, zero before
    wdl: WDL,  # out
) -> None:
    """Answers all rows, then remembers what is new."""
    last = values.shape[1] - 3
    for i in range(len(keys)):
        e = entry[i]
        equivalents = np.float32(0)
        for k in range(len(images)):
            if images[k, i] != keys[i]:
                continue
            equivalents += np.float32(1)
            j = 0
            for c in range(legal.shape[1]):
                a = origin[k, c]
                if legal[i, a]:
                    logits[i, a] += values[e, j] if e >= 0 else new_logits[-1 - e, c]
                    j += 1
        if equivalents > 1:
            for a in range(legal.shape[1]):
                logits[i, a] /= equivalents
        for r in range(3):
            wdl[i, r] = values[e, last + r] if e >= 0 else new_wdl[-1 - e, r]
    buckets = np.uint64(len(table) // WAYS - 1)
    for u in range(len(new_logits)):
        i = asked[u]
        first = np.int64(keys[i] & buckets) * WAYS
        e = first
        for other in range(first + 1, first + WAYS):
            if table[other].used < table[e].used:
                e = other
        table[e].key, table[e].used = keys[i], now
        k = 0
        while images[k, i] != keys[i]:
            k += 1
        j = 0
        for c in range(legal.shape[1]):
            if legal[i, origin[k, c]]:
                values[e, j] = new_logits[u, c]
                j += 1
        for r in range(3):
            values[e, last + r] = new_wdl[u, r]


class CachedEvaluator:
    """Asks ``inner`` only about canonical positions it does not remember, each once.

    ``capacity``: entries, rounded up to a power of two; each takes 12 + 4 * (max_legal + 3) bytes (Connect Four: 52,
    so 2**18 entries take 14 MB), and nothing grows after the start. Counters, since the start:

    - ``requests``: positions asked for
    - ``hits``: answered from memory
    - ``evaluations``: positions ``inner`` was asked about; what is missing to ``requests`` was twice in one batch
    """

    def __init__(self, game: BoardGame, inner: Evaluator, capacity: int = 1 << 18) -> None:
        if capacity < 1:
            raise InputError(f"an evaluation cache has room for at least 1 entry, not {capacity}")
        rows = max(WAYS, 1 << (capacity - 1).bit_length())
        self._game, self._inner = game, inner
        self._table: Table = np.zeros(rows, np.dtype([("key", np.uint64), ("used", np.uint32)]))
        self._values = np.zeros((rows, game.spec.max_legal + 3), np.float32)
        self._origin = np.argsort(game.action_symmetry, axis=1).astype(np.int32)
        self._now = 0
        self.requests = self.hits = self.evaluations = 0

    @property
    def nbytes(self) -> int:
        return self._table.nbytes + self._values.nbytes

    def clear(self) -> None:
        """Forgets all answers, as new weights require. The counters go on."""
        self._table["used"] = 0
        self._now = 0

    def __call__(self, states: States, legal: NDArray[np.bool_]) -> tuple[Logits, WDL]:
        n = len(states)
        images = np.stack([self._game.key(self._image(states, k)) for k in range(len(self._origin))])
        keys, which = np.empty(n, np.uint64), np.empty(n, np.int8)
        _canonical(images, keys, which)
        entry, asked = np.empty(n, np.int64), np.empty(n, np.int64)
        self._now += 1
        now = np.uint32(self._now)
        unique = _look_up(keys, self._table, now, entry, asked)
        rows = asked[:unique]
        self.requests += n
        self.hits += int((entry >= 0).sum())
        self.evaluations += unique
        if unique:
            new_legal = _turned(legal, rows, which, self._origin)
            new_logits, new_wdl = self._inner(self._game.symmetry(states[rows], which[rows]), new_legal)
        else:
            new_logits, new_wdl = np.zeros((0, legal.shape[1]), np.float32), np.zeros((0, 3), np.float32)
        logits, wdl = np.zeros(legal.shape, np.float32), np.empty((n, 3), np.float32)
        _answer(
            keys,
            images,
            legal,
            self._origin,
            entry,
            asked,
            self._table,
            self._values,
            new_logits,
            new_wdl,
            now,
            logits,
            wdl,
        )
        return logits, wdl

    def _image(self, states: States, k: int) -> States:
        return self._game.symmetry(states, np.full(len(states), k, np.int8)) if k else states

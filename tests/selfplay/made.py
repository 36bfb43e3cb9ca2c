"""Games made by hand, for tests."""

import numpy as np

from agents.search.tree import UNKNOWN
from selfplay.chunks import Games

TYPES = {
    "states": np.uint64,
    "movers": np.int8,
    "plies": np.int16,
    "actions": np.int32,
    "policy": np.float16,
    "wdl": np.float16,
    "surprise": np.float16,
    "proven": np.int8,
    "full": np.bool_,
    "versions": np.int32,
    "results": np.int8,
    "lengths": np.int32,
    "ended": np.int8,
}


def games(lengths, max_legal=7, **columns):
    """`Games` with these lengths, movers taking turns, and plain values in all columns not given."""
    n = sum(lengths)
    plies = np.concatenate([np.arange(length) for length in lengths])
    columns = {
        "states": np.arange(2 * n).reshape(n, 2),
        "movers": plies % 2,
        "plies": plies,
        "actions": np.arange(n) % max_legal,
        "policy": np.full((n, max_legal), 1 / max_legal),
        "wdl": np.full((n, 3), 1 / 3),
        "surprise": np.zeros(n),
        "proven": np.full(n, UNKNOWN),
        "full": np.ones(n),
        "versions": np.zeros(n),
        "results": np.ones(n),
        "lengths": lengths,
        "ended": np.zeros(len(lengths)),
        **columns,
    }
    return Games(**{name: np.asarray(column, TYPES[name]) for name, column in columns.items()})

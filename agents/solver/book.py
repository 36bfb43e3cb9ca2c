"""The opening book: exact scores of early Connect Four positions, one entry for a position and its mirror image.

The file holds two tensors in the safetensors format: ``keys``, uint64[n], ascending
(`agents.solver.kernels.canonical`), and ``scores``, int8[n]. In memory a book is a dictionary.

``python -m agents.solver.make_book`` makes such a file, which takes about eight hours on one core for 7 plies. Exact
scores are the same whoever finds them, so for the one that ships they were looked up in the database of Markus Thill's
BitBully (bitbully-databases 0.0.2, MIT licence) instead; ``make_book --check 100`` solves some of it afresh and
compares.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from envs.core import InputError

Book = dict[int, int]
SHIPPED = Path(__file__).parent / "book.safetensors"


def load(path: Path) -> Book:
    """Reads a book. Raises `InputError` naming the file if it is missing or not a book."""
    try:
        tensors = load_file(path)
        keys, scores = tensors["keys"], tensors["scores"]
    except (OSError, SafetensorError, KeyError) as error:
        raise InputError(f"{path}: not an opening book of the solver: {error}") from None
    return dict(zip(keys.tolist(), scores.tolist(), strict=True))


def save(book: Book, path: Path) -> None:
    """Writes a book; the file is complete or as it was before."""
    keys = np.array(sorted(book), np.uint64)
    scores = np.array([book[key] for key in keys.tolist()], np.int8)
    beside = path.with_suffix(".new")
    save_file({"keys": keys, "scores": scores}, beside)
    os.replace(beside, path)


@cache
def shipped() -> Book:
    """The book that comes with the package; one shared dictionary, not to be written to."""
    return load(SHIPPED)

"""Files that exist whole or not at all: the stages of a run talk through them, and any may be killed at any time.

A file of tensors is one safetensors file whose header carries a JSON value beside the tensors, so that numbers and
facts about them cannot come apart.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from envs.core import InputError

Tensors = dict[str, NDArray[Any]]
PARTIAL = ".partial"  # suffix of a file being written; one that is found later was cut off and is worth nothing


class Damaged(InputError):
    """A file is truncated, altered, or not what its name says. The message begins with the file."""


def write(path: Path, content: bytes) -> None:
    """Replaces ``path`` atomically: readers see the old content or the new, also after the power has failed."""
    partial = path.with_name(path.name + PARTIAL)
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_tensors(path: Path, tensors: Mapping[str, NDArray[Any]], facts: Any) -> None:
    """Writes tensors, and ``facts`` that JSON can hold, atomically."""
    whole = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    write(path, safetensors.numpy.save(whole, metadata={"facts": json.dumps(facts)}))


def read_tensors(path: Path) -> tuple[Tensors, Any]:
    """The inverse of `write_tensors`. Raises `Damaged`; `FileNotFoundError` when there is no such file."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["facts"])  # noqa: SIM118
    except (safetensors.SafetensorError, TypeError, KeyError, json.JSONDecodeError) as error:
        raise Damaged(f"{path}: truncated or altered ({error})") from None


def remove_partial(folder: Path) -> None:
    """Deletes what a killed process had half written in ``folder``."""
    for partial in folder.glob(f"*{PARTIAL}"):
        partial.unlink()

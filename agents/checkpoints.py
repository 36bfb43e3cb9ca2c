"""Checkpoints on disk: a folder with ``checkpoint.json`` (what it is) and ``model.safetensors`` (the numbers).

A checkpoint appears under its name complete or not at all: it is written beside that name, flushed to the disk and
renamed. Nothing is ever unpickled, and the tensors are held against the hash in the JSON, so a torn or altered file is
an error that names itself. The layout of a training run: ``RUN/checkpoints/000123/``, numbered by age. Names that need
no PyTorch are in `agents.cards`, and here too.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from agents.cards import (
    BEST,
    FOLDER,
    JSON,
    SCHEMA,
    SHIPPED,
    TENSORS,
    Card,
    CheckpointDamaged,
    CheckpointError,
    CheckpointMismatch,
    CheckpointMissing,
    label,
    link_best,
    next_numbered,
    numbered,
    read_card,
    require,
    resolve,
    shipped,
)

__all__ = [
    "BEST",
    "FOLDER",
    "JSON",
    "SHIPPED",
    "TENSORS",
    "Card",
    "Checkpoint",
    "CheckpointDamaged",
    "CheckpointError",
    "CheckpointMismatch",
    "CheckpointMissing",
    "build",
    "fill",
    "label",
    "link_best",
    "next_numbered",
    "numbered",
    "read",
    "read_card",
    "require",
    "resolve",
    "rows",
    "save",
    "shipped",
]


M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    card: Card
    tensors: dict[str, Tensor]


def save(
    folder: Path,
    *,
    kind: str,
    game: str,
    game_version: int,
    net_config: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    meta: Mapping[str, Any],
) -> None:
    """Writes a checkpoint so that a crash at any moment leaves either no ``folder`` or a whole one.

    A folder that exists is replaced: moved aside, then removed (a crash in between leaves none, never half of one)."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(f".{folder.name}.*"):  # of a process that was killed here before
        shutil.rmtree(leftover)
    blob = safetensors.torch.save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    text = json.dumps(
        {
            "schema": SCHEMA,
            "kind": kind,
            "game": game,
            "game_version": game_version,
            "net_config": dict(net_config),
            "sha256": hashlib.sha256(blob).hexdigest(),
            "meta": dict(meta),
        },
        indent=1,
    )
    fresh = folder.parent / f".{folder.name}.new"
    fresh.mkdir()
    _write(fresh / TENSORS, blob)
    _write(fresh / JSON, text.encode())
    _sync_folder(fresh)
    if folder.exists():
        old = folder.parent / f".{folder.name}.old"
        folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old)
    else:
        fresh.rename(folder)
    _sync_folder(folder.parent)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(target: str | Path) -> Checkpoint:
    """A whole checkpoint, its tensors checked against their hash. Raises a `CheckpointError`."""
    card = read_card(target)
    file = card.folder / TENSORS
    try:
        blob = file.read_bytes()
    except FileNotFoundError:
        raise CheckpointMissing(file, "the checkpoint's tensors are missing") from None
    except OSError as error:
        raise CheckpointDamaged(file, f"cannot be read: {error}") from None
    if hashlib.sha256(blob).hexdigest() != card.sha256:
        raise CheckpointDamaged(file, f"truncated or altered: {len(blob)} bytes whose hash is not the one in {JSON}")
    try:
        return Checkpoint(card, safetensors.torch.load(blob))
    except (safetensors.SafetensorError, LookupError, ValueError, RuntimeError) as error:  # the others: exotic types
        raise CheckpointDamaged(file, f"not a safetensors file with tensors of usual types: {error}") from None


def build(make: Callable[[], M], checkpoint: Checkpoint) -> M:
    """The module that ``make`` makes, with the checkpoint's tensors. It takes memory only once they are known to fit:
    what a card asks for may be a stranger's. Raises `CheckpointMismatch`."""
    with torch.device("meta"):
        module = make()
    _compare(module, checkpoint)
    tables = {name: buffer for name, buffer in module.named_buffers() if not buffer.is_meta}  # made of facts, not saved
    module.to_empty(device="cpu")
    module.load_state_dict(checkpoint.tensors)
    for name, table in tables.items():
        module.get_buffer(name).copy_(table)
    return module


def fill(module: nn.Module, checkpoint: Checkpoint) -> None:
    """Copies the tensors into a module. Raises `CheckpointMismatch`."""
    _compare(module, checkpoint)
    module.load_state_dict(checkpoint.tensors)


def rows(checkpoint: Checkpoint, name: str) -> int:
    """The first dimension of a tensor; 0 where it has none or is missing."""
    tensor = checkpoint.tensors.get(name)
    return 0 if tensor is None or not tensor.dim() else tensor.shape[0]


def _compare(module: nn.Module, checkpoint: Checkpoint) -> None:
    """Raises `CheckpointMismatch`, naming the first tensor that does not fit."""
    file = checkpoint.card.folder / TENSORS
    wanted = module.state_dict()
    for name in sorted(wanted.keys() | checkpoint.tensors.keys()):
        if name not in checkpoint.tensors:
            raise CheckpointMismatch(file, f"tensor {name!r} is missing: net_config asks for another network")
        if name not in wanted:
            raise CheckpointMismatch(file, f"tensor {name!r} has no place: net_config asks for another network")
        have, want = checkpoint.tensors[name], wanted[name]
        if have.shape != want.shape:
            raise CheckpointMismatch(file, f"tensor {name!r} has shape {tuple(have.shape)}, not {tuple(want.shape)}")
        if have.dtype != want.dtype:
            raise CheckpointMismatch(file, f"tensor {name!r} has type {have.dtype}, not {want.dtype}")
        if have.is_floating_point() and not torch.isfinite(have).all():
            raise CheckpointMismatch(file, f"tensor {name!r} holds NaN or infinity")

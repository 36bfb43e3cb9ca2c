"""Checkpoints on disk: a folder with ``checkpoint.json`` (what it is) and ``model.safetensors`` (the numbers).

A checkpoint appears under its name complete or not at all: it is written beside that name, flushed to the disk and
renamed. Nothing is ever unpickled, and the tensors are held against the hash in the JSON, so a torn or altered file is
an error that names itself. The layout of a training run: ``RUN/checkpoints/000123/``, numbered by age.

What a person may type for one (`resolve`): the checkpoint's own folder, ``RUN`` or ``RUN/latest`` for the newest of a
run, and ``shipped:connect_four`` for the one that comes with the package.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from envs.core import GameSpec, InputError, unknown

SCHEMA = 1
JSON, TENSORS = "checkpoint.json", "model.safetensors"
FOLDER = "checkpoints"  # of a run
SHIPPED = Path(__file__).parent / "shipped"
_FIELDS: dict[str, type] = {
    "schema": int,
    "kind": str,
    "game": str,
    "game_version": int,
    "net_config": dict,
    "sha256": str,
    "meta": dict,
}


class CheckpointError(InputError):
    """A checkpoint cannot be used. The message begins with the file and says why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class CheckpointMissing(CheckpointError):
    """There is no such checkpoint, or a file of it is missing."""


class CheckpointDamaged(CheckpointError):
    """A file is truncated, altered, or not what its name says."""


class CheckpointMismatch(CheckpointError):
    """A sound checkpoint, but of another schema, kind, game or network."""


@dataclass(frozen=True, slots=True)
class Card:
    """``checkpoint.json``: everything but the numbers."""

    folder: Path
    kind: str  # the agent kind that plays it, e.g. "alphazero"
    game: str
    game_version: int
    net_config: Mapping[str, Any]
    sha256: str  # of the file model.safetensors
    meta: Mapping[str, Any]  # free: training minutes, steps, the machine, measured strength ...


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


def numbered(run: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    found = (run / FOLDER).glob("[0-9]*")
    return sorted((p for p in found if p.name.isdecimal() and (p / JSON).is_file()), key=lambda p: int(p.name))


def shipped() -> list[str]:
    """The names that ``shipped:NAME`` takes."""
    return sorted(file.parent.name for file in SHIPPED.glob(f"*/{JSON}"))


def resolve(target: str | Path) -> Path:
    """The checkpoint folder that ``target`` means, see above. Raises `CheckpointMissing` or `InputError`."""
    text = str(target)
    if text.startswith("shipped:"):
        name = text.removeprefix("shipped:")
        if name not in shipped():
            raise unknown("shipped checkpoint", name, shipped())
        return SHIPPED / name
    path = Path(text).expanduser()
    if (path / JSON).is_file():
        return path
    run = path.parent if path.name == "latest" else path
    newest = numbered(run)
    if newest:
        return newest[-1]
    if not path.exists() and run == path:
        raise CheckpointMissing(path, "there is no such checkpoint")
    raise CheckpointMissing(path, f"neither a checkpoint (no {JSON}) nor a training run with a finished checkpoint")


def read_card(target: str | Path) -> Card:
    """What a checkpoint is, without reading its tensors. Raises a `CheckpointError`."""
    folder = resolve(target)
    file = folder / JSON
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointDamaged(file, f"cannot be read: {error}") from None
    except json.JSONDecodeError as error:
        raise CheckpointDamaged(file, f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise CheckpointDamaged(file, "not a JSON object")
    if fields.get("schema") != SCHEMA:
        raise CheckpointMismatch(file, f"schema {fields.get('schema')!r}, but this version reads schema {SCHEMA}")
    for name, wanted in _FIELDS.items():
        if type(fields.get(name)) is not wanted:
            raise CheckpointDamaged(file, f"field {name!r} is missing or not of type {wanted.__name__}")
    return Card(folder, **{name: fields[name] for name in _FIELDS if name != "schema"})


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
    except safetensors.SafetensorError as error:
        raise CheckpointDamaged(file, f"not a safetensors file: {error}") from None


def require(card: Card, kind: str, spec: GameSpec) -> None:
    """Raises `CheckpointMismatch` unless the checkpoint is of this kind and for this game in this version."""
    file = card.folder / JSON
    if card.kind != kind:
        raise CheckpointMismatch(file, f"a checkpoint of kind {card.kind!r}, not {kind!r}")
    if (card.game, card.game_version) != (spec.id, spec.version):
        raise CheckpointMismatch(
            file, f"for {card.game} version {card.game_version}, not for {spec.id} version {spec.version}"
        )


def fill(module: nn.Module, checkpoint: Checkpoint) -> None:
    """Copies the tensors into a module. Raises `CheckpointMismatch`, naming the first that does not fit."""
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
    module.load_state_dict(checkpoint.tensors)

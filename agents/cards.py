"""What checkpoints are, without their numbers: where they lie and what ``checkpoint.json`` says. Imports no PyTorch.

What a person may type for one (`resolve`): the checkpoint's own folder; ``RUN`` for the newest of a run, or the best
that has passed its gate if it has one; ``RUN/latest`` for the newest in any case; and ``shipped:connect_four`` for the
one that comes with the package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from envs.core import GameSpec, InputError, unknown

SCHEMA = 1
JSON, TENSORS = "checkpoint.json", "model.safetensors"
FOLDER = "checkpoints"  # of a run
BEST = "best"  # beside them, where a training keeps its best one apart
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


def numbered(run: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    found = (run / FOLDER).glob("[0-9]*")
    return sorted((p for p in found if p.name.isdecimal() and (p / JSON).is_file()), key=lambda p: int(p.name))


def next_numbered(run: Path) -> Path:
    """Where the next checkpoint of a run goes."""
    existing = numbered(run)
    return run / FOLDER / f"{int(existing[-1].name) + 1 if existing else 0:06d}"


def link_best(folder: Path) -> None:
    """Makes a numbered checkpoint the one that its run stands for: ``RUN/best`` links to it from now on."""
    link = folder.parent.parent / BEST
    fresh = link.with_name(f".{BEST}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path(FOLDER) / folder.name)
    fresh.replace(link)


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
    try:
        return _found(Path(text).expanduser())
    except (OSError, RuntimeError) as error:  # the second: no such user
        why = error.strerror if isinstance(error, OSError) else error
        raise CheckpointMissing(Path(text), f"cannot be read: {why}") from None


def _found(path: Path) -> Path:
    """As `resolve`; raises OSError too."""
    if (path / JSON).is_file():
        return path
    run = path.parent if path.name == "latest" else path
    if run == path and (path / BEST).is_symlink() and (path / BEST / JSON).is_file():
        return path / (path / BEST).readlink()
    newest = numbered(run)
    if newest:
        return newest[-1]
    if not path.exists() and run == path:
        raise CheckpointMissing(path, "there is no such checkpoint")
    raise CheckpointMissing(path, f"neither a checkpoint (no {JSON}) nor a training run with a finished checkpoint")


def label(folder: Path) -> str:
    """What tells a checkpoint from its neighbours: ``run/000123``, ``run/best``, ``shipped:breakout``, or its name."""
    folder = folder.resolve()
    if folder.parent == SHIPPED.resolve():
        return f"shipped:{folder.name}"
    if folder.parent.name == FOLDER:
        return f"{folder.parent.parent.name}/{folder.name}"
    return f"{folder.parent.name}/{folder.name}" if folder.name == BEST else folder.name


def read_card(target: str | Path) -> Card:
    """What a checkpoint is, without reading its tensors. Raises a `CheckpointError`."""
    folder = resolve(target)
    file = folder / JSON
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointDamaged(file, f"cannot be read: {error}") from None
    except (ValueError, RecursionError) as error:
        raise CheckpointDamaged(file, f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise CheckpointDamaged(file, "not a JSON object")
    if fields.get("schema") != SCHEMA:
        raise CheckpointMismatch(file, f"schema {fields.get('schema')!r}, but this version reads schema {SCHEMA}")
    for name, wanted in _FIELDS.items():
        if type(fields.get(name)) is not wanted:
            raise CheckpointDamaged(file, f"field {name!r} is missing or not of type {wanted.__name__}")
    return Card(folder, **{name: fields[name] for name in _FIELDS if name != "schema"})


def require(card: Card, kind: str, spec: GameSpec) -> None:
    """Raises `CheckpointMismatch` unless the checkpoint is of this kind and for this game in this version."""
    file = card.folder / JSON
    if card.kind != kind:
        raise CheckpointMismatch(file, f"a checkpoint of kind {card.kind!r}, not {kind!r}")
    if (card.game, card.game_version) != (spec.id, spec.version):
        raise CheckpointMismatch(
            file, f"for {card.game} version {card.game_version}, not for {spec.id} version {spec.version}"
        )

"""Dataclasses of options from dictionaries that people or files gave: unknown names and wrong types are errors."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from envs.core import InputError, unknown
from selfplay import files

FILE = "config.json"  # of a run: what was asked for
T = TypeVar("T")


def build(kind: Any, values: Any, what: str) -> Any:
    """``values`` (by name) as the dataclass ``kind``. ``what`` names an option in errors. Raises `InputError`."""
    if isinstance(values, kind):
        return values
    if not isinstance(values, Mapping):
        raise InputError(f"{what}s are a dictionary, not {values!r}")
    hints = typing.get_type_hints(kind)
    for name in values:
        if name not in hints:
            raise unknown(what, name, hints)
    return kind(**{name: _value(hints[name], value, f"{what} {name!r}") for name, value in values.items()})


def read(kind: Any, run: Path, what: str) -> Any:
    """The settings that a training keeps in its folder, as `build` makes them. Raises `InputError`."""
    file = run / FILE
    try:
        return build(kind, json.loads(file.read_text(encoding="utf-8")), what)
    except FileNotFoundError:
        raise InputError(f"{run} is not a training run: it has no {FILE}") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{file}: not JSON: {error}") from None
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def to_json(settings: Any) -> str:
    """The inverse of `build`, as text."""
    return json.dumps(dataclasses.asdict(settings), indent=1) + "\n"


def in_force(run: Path, settings: T | None, resuming: bool, read: Callable[[Path], T]) -> T:
    """The settings of a training in the folder ``run``: those it was begun with, else ``settings``, which are kept
    there from now on. Raises `InputError`: a run to resume that is none, or the other way round, or other settings."""
    file = run / FILE
    if not file.exists():
        if settings is None:
            raise InputError(f"there is no training run to resume in {run}")
        make_folder(run)
        files.write(file, to_json(settings).encode())
        return settings
    if not resuming:
        raise InputError(f"{run} already holds a training run; resume it or name another folder")
    stored = read(run)
    if settings is not None and settings != stored:
        raise InputError(f"{run} was begun with other settings, which cannot change; see {file}")
    return stored


def make_folder(run: Path) -> None:
    """Raises `InputError` where there can be none."""
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{run} cannot be the folder of a run: {error.strerror}") from None


def overlaid(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``changes``, both by name. A group of options that is changed by a dictionary keeps what it does
    not name."""
    merged = dict(base)
    for name, value in changes.items():
        before = merged.get(name)
        if dataclasses.is_dataclass(before) and not isinstance(before, type):
            before = dataclasses.asdict(before)
        merged[name] = value
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            merged[name] = {**before, **value}
    return merged


def _value(hint: Any, value: Any, what: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return build(hint, value, f"{what}: option")
    if typing.get_origin(hint) is typing.Literal:
        if value not in typing.get_args(hint):
            raise unknown(f"value of {what}:", value, typing.get_args(hint))
        return value
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is float and number:
        return float(value)
    if type(value) is not hint:
        raise InputError(f"{what} is of type {hint.__name__}, not {value!r}")
    return value

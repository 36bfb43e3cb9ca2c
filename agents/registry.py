"""Finds agents by their text specs and checks the options in them."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import pkgutil
import types
import typing
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from agents.core import Agent, AgentKind
from envs.core import InputError, unknown


@cache
def kinds() -> dict[str, AgentKind]:
    """Every kind of agent, by id."""
    modules = [m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if m.name not in ("core", "registry")]
    tables = [getattr(importlib.import_module(f"agents.{name}"), "AGENTS", {}) for name in sorted(modules)]
    return {kind.id: kind for table in tables for kind in table.values()}


def find(name: str) -> AgentKind | None:
    """The kind of that id. The usual case, a module of the same name, does not import the others (and PyTorch)."""
    if name.isidentifier() and name not in ("core", "registry") and importlib.util.find_spec(f"agents.{name}"):
        table = getattr(importlib.import_module(f"agents.{name}"), "AGENTS", {})
        if name in table:
            kind: AgentKind = table[name]
            return kind
    return kinds().get(name)


def _is_checkpoint(name: str) -> bool:
    try:
        return "/" in name or name.startswith((".", "~", "shipped:")) or Path(name).exists()
    except (OSError, ValueError):  # too long for a name, or with a character that none has
        return False


def parse(spec: str) -> tuple[AgentKind, str, Any]:
    """Splits ``kind[:target][?key=value&...]`` into kind, target and checked options. Raises `InputError`."""
    body, _, query = spec.partition("?")
    name, _, target = body.partition(":")
    kind = find(name)
    if kind is None and _is_checkpoint(body):  # it names the kind that plays it
        from agents import cards

        card = cards.read_card(body)
        kind, target = find(card.kind), body
        if kind is None:
            raise cards.CheckpointMismatch(card.folder, f"of kind {card.kind!r}, which is not known here")
    if kind is None:
        raise unknown("agent", body, [*kinds(), "a checkpoint's path"])
    if target and kind.target == "none":
        raise InputError(f"agent {kind.id!r} is all of its name, and {body!r} says more; see {kind.example!r}")
    return kind, target, _options(kind, query)


def pinned(spec: str) -> str:
    """The spec that goes on meaning the same checkpoint while the run it names goes on: ``RUN?a=1`` becomes
    ``RUN/checkpoints/000123?a=1``, behind its kind if that was named. Other specs are returned as they are. Raises
    `InputError`."""
    body, mark, query = spec.partition("?")
    name, _, target = body.partition(":")
    kind = find(name)
    if kind is None and _is_checkpoint(body):
        target = body
    elif kind is None or kind.target != "checkpoint":
        return spec
    if not target or target.startswith("shipped:"):
        return spec
    from agents import cards

    return f"{body.removesuffix(target)}{cards.resolve(target)}{mark}{query}"


def _options(kind: AgentKind, query: str) -> Any:
    hints = typing.get_type_hints(kind.options)
    values: dict[str, Any] = {}
    for key, text in parse_qsl(query, keep_blank_values=True):
        if key not in hints:
            raise unknown(f"option of agent {kind.id!r}:", key, hints)
        values[key] = _convert(kind.id, key, text, hints[key])
    try:
        return kind.options(**values)
    except ValueError as error:  # an options class may check ranges in __post_init__
        raise InputError(f"agent {kind.id!r}: {error}") from None


def _convert(kind_id: str, key: str, text: str, hint: Any) -> Any:
    """``text`` as the option's declared type: int, float, bool, str, a Literal of strings, or one of these or None."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        if text.lower() == "none":
            return None
        (hint,) = [h for h in typing.get_args(hint) if h is not type(None)]
    if typing.get_origin(hint) is typing.Literal:
        if text not in typing.get_args(hint):
            raise unknown(f"value of option {key!r} of agent {kind_id!r}:", text, typing.get_args(hint))
        return text
    if hint is bool:
        if text.lower() not in ("true", "false", "1", "0"):
            raise InputError(f"option {key!r} of agent {kind_id!r} takes true or false, not {text!r}")
        return text.lower() in ("true", "1")
    try:
        return hint(text)
    except ValueError:
        raise InputError(f"option {key!r} of agent {kind_id!r} takes {hint.__name__}, not {text!r}") from None


def load(spec: str) -> Agent:
    """The agent a text spec stands for. Raises `InputError` with the valid choices when it stands for none."""
    kind, target, options = parse(spec)
    return kind.make(target, options)


def game_of(spec: str) -> str | None:
    """The game of the checkpoint that a spec names; None where it names none, or one that cannot be read."""
    from agents import cards

    with suppress(InputError):
        kind, target, _ = parse(spec)
        return cards.read_card(target).game if kind.target == "checkpoint" else None
    return None


def rating(spec: str) -> float | None:
    """The Elo that a spec promises, such as that of an engine's level; None for most."""
    kind, _, options = parse(spec)
    return kind.rating(options)


def thinks(spec: str) -> float:
    """Seconds a move that the spec asks for; 0 for most, and for what is no spec."""
    with suppress(InputError):
        kind, _, options = parse(spec)
        return kind.thinks(options)
    return 0.0


def trusted(spec: str) -> str:
    """The spec with ``trust=true``, if its kind has such an option and the spec does not say. Raises `InputError`."""
    kind = parse(spec)[0]
    query = spec.partition("?")[2]
    if "trust" not in kind.fields() or "trust" in dict(parse_qsl(query, keep_blank_values=True)):
        return spec
    return f"{spec}{'&' if query else '?'}trust=true"


def refuse_foreign(specs: Iterable[str], where: str) -> None:
    """Raises `InputError` if loading one of these specs, which nobody has typed, would run other people's code.

    ``where``: the file that names them. Specs that cannot be loaded at all are passed over."""
    for spec in specs:
        with suppress(InputError):
            kind, target, options = parse(spec)
            if (what := kind.runs(target, options)) is not None:
                break
    else:
        return
    raise InputError(f"{where} asks for {spec}, which runs {what}; add --trust if you know it")


def describe(kind_id: str, options: Any, defaults: Any) -> str:
    """The shortest spec that gives these options: ``mcts?simulations=50``. Good as an agent's name."""
    changed = [f"{k}={v}" for k, v in asdict(options).items() if v != getattr(defaults, k)]
    return kind_id + ("?" + "&".join(changed) if changed else "")


def fingerprint(kind_id: str, options: Any, *content: bytes) -> str:
    """16 hex digits over kind, options and the content of the agent's files."""
    digest = hashlib.sha256(json.dumps([kind_id, asdict(options)], sort_keys=True).encode())
    for part in content:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]

"""Checks a record against the rules, and on request against the agents."""

from __future__ import annotations

from dataclasses import dataclass

from arena.records import MatchRecord


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold. ``ply``: index into the record's actions, or None for the record as a whole."""

    ply: int | None
    message: str


def verify(record: MatchRecord) -> list[Finding]:
    """Replays the actions through the rules; an empty list: everything holds. Raises `InputError`: unknown game."""
    raise NotImplementedError


def ask_again(record: MatchRecord) -> list[Finding]:
    """Loads the agents and asks for every move again: where they decide otherwise now. Deterministic agents should not."""
    raise NotImplementedError

"""How much a match is worth watching, judged from what the agents thought while they played."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from arena.records import MatchRecord


@dataclass(frozen=True, slots=True)
class Interest:
    """``score`` >= 0, more is better; ``reason``: a phrase that says why ("decided at ply 31 of 36")."""

    score: float
    reason: str


def interest(record: MatchRecord) -> Interest:
    raise NotImplementedError


def most_interesting(records: Iterable[MatchRecord]) -> tuple[MatchRecord, Interest] | None:
    raise NotImplementedError

"""Every match ever played, in one SQLite file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from arena.records import MatchRecord
from envs.core import InputError


class StoreError(InputError):
    """The file cannot be used as a store: not one, too new, read-only, or its disk is full. The message is one line."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which matches; fields that are None do not restrict."""

    ladder: str | None = None
    game: str | None = None
    agent: str | None = None  # a name or a fingerprint, in any seat
    faults: bool | None = None  # True: only games that ended by a fault; False: none of those
    limit: int | None = None
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class MatchRow:
    """What a list of matches shows; the whole record is `Store.record(id)`."""

    id: str
    ladder: str | None
    game: str
    agents: tuple[str, ...]  # names by seat
    fingerprints: tuple[str, ...]
    returns: tuple[float, ...]
    plies: int
    termination: str
    fault: str | None
    started: str
    seconds: float


class Store:
    """Opens (and creates) a store. ``read_only`` never writes, and never waits for a ladder that does. Raises `StoreError`."""

    def __init__(self, path: str | Path, read_only: bool = False) -> None:
        raise NotImplementedError

    def add(self, records: Iterable[MatchRecord], ladder: str | None = None) -> int:
        """Saves games in one transaction; those already there stay as they are. Returns how many were new."""
        raise NotImplementedError

    def matches(self, query: Query = Query()) -> list[MatchRow]:
        raise NotImplementedError

    def records(self, query: Query = Query()) -> Iterator[MatchRecord]:
        raise NotImplementedError

    def record(self, id_or_prefix: str) -> MatchRecord:
        """One match by its id or a unique beginning of it. Raises `InputError`: none, or several."""
        raise NotImplementedError

    def latest(self, query: Query = Query()) -> MatchRecord | None:
        """The match that was added last."""
        raise NotImplementedError

    def ladders(self) -> list[str]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

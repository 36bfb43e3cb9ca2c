"""Every match ever played, in one SQLite file.

Processes write one after the other, any number read meanwhile: the file is in WAL mode, where readers neither wait nor
are waited for.
Every commit is flushed to the disk (synchronous=FULL), so what `Store.add` has returned from survives a power cut.
Matches are told apart by their ids alone: adding one twice is the same as adding it once.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Row, Select, create_engine, event, or_, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from arena.records import MatchRecord, line_hash, pack, unpack
from arena.tables import APPLICATION, MIGRATIONS, VERSION, agents, ladders, matches, metadata
from envs.core import InputError, unknown

_PATIENCE = 30.0  # seconds to wait for another process that writes
_REASONS = {  # SQLite's primary result codes
    sqlite3.SQLITE_BUSY: "another program has been writing to it for too long",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_NOTADB: "it is not an SQLite database",
}


class StoreError(InputError):
    """The file cannot be used as a store: not one, too new, read-only, or its disk is full. The message is one line."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which matches; fields that are None do not restrict."""

    ladder: str | None = None
    game: str | None = None
    agent: str | None = None  # a name, spec or fingerprint, in any seat
    faults: bool = False  # only games that ended by a fault
    limit: int | None = None
    newest_first: bool = True

    def on(self, columns: tuple[Any, ...]) -> Select[Any]:
        """The columns of the matches asked for."""
        c = matches.c
        chosen = select(*columns)
        for column, value in ((c.ladder, self.ladder), (c.game, self.game)):
            if value is not None:
                chosen = chosen.where(column == value)
        if self.agent is not None:
            a = agents.c
            known = select(a.fingerprint).where(or_(*(x == self.agent for x in (a.name, a.spec, a.fingerprint))))
            chosen = chosen.where(or_(c.first.in_(known), c.second.in_(known)))
        if self.faults:
            chosen = chosen.where(c.fault.is_not(None))
        return chosen.order_by(c.number.desc() if self.newest_first else c.number).limit(self.limit)


EVERYTHING = Query()


@dataclass(frozen=True, slots=True)
class MatchRow:
    """What a list of matches shows; the whole record is `Store.record(id)`."""

    number: int  # in the order of saving
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
    """Opens a store and brings an older one up to date; makes a new one unless ``read_only``. Raises `StoreError`."""

    def __init__(self, path: str | Path, read_only: bool = False) -> None:
        self.path = Path(path)
        if read_only and not self.path.exists():
            raise StoreError(f"{self.path}: there is no such file")
        self._engine = create_engine(
            "sqlite://", creator=self._connect, isolation_level="AUTOCOMMIT", poolclass=QueuePool
        )
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise
        if read_only:
            event.listen(self._engine, "checkout", lambda dbapi, *_: dbapi.execute("PRAGMA query_only=ON"))

    def _connect(self) -> sqlite3.Connection:
        uri = f"file:{quote(os.fsencode(self.path.absolute()))}"
        db = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("PRAGMA synchronous=FULL")
        return db

    def _prepare(self) -> None:
        """Makes sure that the file is a store of this version."""
        with self.reading() as db:
            db.exec_driver_sql("BEGIN")  # one moment: another process may be making it
            try:
                version = self._version(db)
            finally:
                db.exec_driver_sql("ROLLBACK")
            if version == VERSION:
                return
            db.exec_driver_sql("PRAGMA journal_mode=WAL")
        with self.writing() as db:  # another process may have done the same in the meantime, so look again
            version = self._version(db)
            if version == 0:
                metadata.create_all(db)
            for older in range(version, VERSION) if version else ():
                MIGRATIONS[older](db)
            db.exec_driver_sql(f"PRAGMA application_id={APPLICATION}")
            db.exec_driver_sql(f"PRAGMA user_version={VERSION}")

    def _version(self, db: Connection) -> int:
        """The store's version, 0 for an empty file. Raises `StoreError` for any other file."""
        application = db.exec_driver_sql("PRAGMA application_id").scalar_one()
        version = int(db.exec_driver_sql("PRAGMA user_version").scalar_one())
        tables = db.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        if application == 0 and version == 0 and tables == 0:
            return 0
        if application != APPLICATION:
            raise StoreError(f"{self.path}: it is an SQLite database of another program")
        if version > VERSION:
            raise StoreError(
                f"{self.path}: it is a store of version {version}, made by a newer program; this one knows {VERSION}"
            )
        return version

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's errors as a `StoreError` in plain words."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            original = error.orig if isinstance(error, DBAPIError) else error
            code = getattr(original, "sqlite_errorcode", None)
            if code is None or code & 0xFF not in _REASONS:
                raise
            raise StoreError(f"{self.path}: {_REASONS[code & 0xFF]}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for queries; each sees the newest state."""
        with self._translated(), self._engine.connect() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that alone may write; on the disk when the block is left, undone if by an exception."""
        with self._translated(), self._engine.connect() as db:
            db.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield db
                db.exec_driver_sql("COMMIT")
            except BaseException:
                with suppress(DBAPIError):  # a full disk makes SQLite roll back by itself
                    db.exec_driver_sql("ROLLBACK")
                raise

    @contextmanager
    def alone(self, ladder: str) -> Iterator[None]:
        """While it lasts this process alone plays the ladder. Raises `InputError`: another one does."""
        file = self.path.with_name(f"{self.path.name}-lock")  # a byte of it for each ladder
        place = int.from_bytes(hashlib.blake2b(ladder.encode(), digest_size=7).digest(), "big")
        try:
            held = file.open("ab")
        except OSError as error:
            raise StoreError(f"{file} cannot be written: {error.strerror}") from None
        with held:
            try:
                fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except (BlockingIOError, PermissionError):
                told = "which plays the games of agents that have entered since, too"
                raise InputError(f"ladder {ladder!r} is being played by another process, {told}") from None
            except OSError as error:  # a network's file system without locks
                raise StoreError(f"{file} cannot be locked: {error.strerror}") from None
            yield

    def add(self, records: Iterable[MatchRecord], ladder: str | None = None) -> int:
        """Saves games in one transaction and returns how many were new. Those already there stay as they are.

        Only a game that ended by a fault of the host gives way to one of the same id.
        """
        kept = list(records)
        if not kept:
            return 0
        players = {agent.fingerprint: agent for record in kept for agent in record.agents}
        with self.writing() as db:
            db.execute(
                insert(agents).on_conflict_do_nothing(),
                [{"fingerprint": a.fingerprint, "name": a.name, "spec": a.spec} for a in players.values()],
            )
            return db.execute(_KEEP_OR_REPLACE_SPOILT, [_row(record, ladder) for record in kept]).rowcount

    def matches(self, query: Query = EVERYTHING) -> list[MatchRow]:
        """The rows of a list of matches."""
        one, two, c = agents.alias(), agents.alias(), matches.c
        columns = (
            *(c.number, c.id, c.ladder, c.game, c.first, c.second, c.result),
            *(c.plies, c.termination, c.fault, c.started, c.seconds),
            one.c.name.label("first_name"),
            two.c.name.label("second_name"),
        )
        joined = matches.join(one, c.first == one.c.fingerprint).outerjoin(two, c.second == two.c.fingerprint)
        with self.reading() as db:
            return [_match_row(row) for row in db.execute(query.on(columns).select_from(joined))]

    def records(
        self, query: Query = EVERYTHING, on_damage: Callable[[str, str], None] | None = None
    ) -> Iterator[MatchRecord]:
        """The matches themselves, read as they are asked for. A damaged one raises `InputError`, unless ``on_damage``
        is there to be told of it, by its id and in words."""
        columns = (matches.c.id, matches.c.record)
        with self.reading() as db:
            for id_, blob in db.execute(query.on(columns).execution_options(yield_per=100)):
                try:
                    record = self._unpacked(id_, blob)
                except InputError as error:
                    if on_damage is None:
                        raise
                    on_damage(id_, str(error))
                else:
                    yield record

    def _unpacked(self, match: str, blob: bytes) -> MatchRecord:
        try:
            return unpack(blob)
        except InputError as error:
            raise InputError(f"{self.path}, match {match}: {error}") from None

    def record(self, id_or_prefix: str) -> MatchRecord:
        """One match by its id or a unique beginning of it. Raises `InputError`: none, or several."""
        c = matches.c
        chosen = select(c.id, c.record).where(c.id.startswith(id_or_prefix, autoescape=True)).order_by(c.id).limit(4)
        with self.reading() as db:
            found = db.execute(chosen).all()
        exact = [entry for entry in found if entry[0] == id_or_prefix]
        if not found:
            raise InputError(f"{self.path} has no match {id_or_prefix!r}")
        if len(found) > 1 and not exact:
            several = ", ".join(id_ for id_, _ in found[:3]) + (", ..." if len(found) > 3 else "")
            raise InputError(f"{id_or_prefix!r} could be any of the matches {several}")
        return self._unpacked(*(exact or found)[0])

    def latest(self, query: Query = EVERYTHING) -> MatchRecord | None:
        """The match that was saved last."""
        return next(self.records(replace(query, limit=1, newest_first=True)), None)

    def ladders(self) -> list[str]:
        """The names of all ladders, the newest first."""
        with self.reading() as db:
            return list(db.scalars(select(ladders.c.name).order_by(ladders.c.created.desc(), ladders.c.name)))

    def games(self) -> list[str]:
        """The ids of all games that have been played."""
        with self.reading() as db:
            return list(db.scalars(select(matches.c.game).distinct().order_by(matches.c.game)))

    def agents(self) -> list[str]:
        """The names of all agents that have played."""
        with self.reading() as db:
            return list(db.scalars(select(agents.c.name).distinct().order_by(agents.c.name)))

    def require(self, query: Query) -> None:
        """Raises `InputError` if the ladder, the game or the agent asked for is not in here at all."""
        for what, value, alone, there in (
            ("ladder", query.ladder, Query(ladder=query.ladder, limit=1), self.ladders),
            ("game", query.game, Query(game=query.game, limit=1), self.games),
            ("agent", query.agent, Query(agent=query.agent, limit=1), self.agents),
        ):
            if value is None or self.matches(alone):
                continue
            if value not in (known := there()):  # a ladder may be there without matches
                raise unknown(f"{what} in {self.path}:", value, known)

    def close(self) -> None:
        """Closes the file; calling it twice does no harm."""
        self._engine.dispose()


_insert = insert(matches)
_KEEP_OR_REPLACE_SPOILT = _insert.on_conflict_do_update(
    index_elements=[matches.c.id],
    set_={c.name: _insert.excluded[c.name] for c in matches.c if c.name not in ("number", "id")},
    where=matches.c.fault == "host",
)


def _row(record: MatchRecord, ladder: str | None) -> dict[str, Any]:
    return {
        "id": record.id,
        "ladder": ladder,
        "game": record.game,
        "first": record.agents[0].fingerprint,
        "second": record.agents[1].fingerprint if len(record.agents) > 1 else None,
        "result": record.returns[0],
        "plies": len(record.actions),
        "termination": record.termination,
        "fault": record.fault.kind if record.fault else None,
        "started": record.started,
        "seconds": record.seconds,
        "line": line_hash(record),
        "record": pack(record),
    }


def _match_row(row: Row[Any]) -> MatchRow:
    seats = 1 if row.second is None else 2
    return MatchRow(
        number=row.number,
        id=row.id,
        ladder=row.ladder,
        game=row.game,
        agents=(row.first_name, row.second_name)[:seats],
        fingerprints=(row.first, row.second)[:seats],
        returns=(row.result, 0.0 - row.result)[:seats],
        plies=row.plies,
        termination=row.termination,
        fault=row.fault,
        started=row.started,
        seconds=row.seconds,
    )

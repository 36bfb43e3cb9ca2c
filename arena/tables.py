"""The tables of a store, and how stores of older versions are brought up to date."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    select,
    text,
)

from arena.records import line_hash, unpack
from envs.core import InputError

APPLICATION = int.from_bytes(b"AREN", "big")  # SQLite's application_id: tells a store from other programs' databases
VERSION = 2  # SQLite's user_version

metadata = MetaData()

agents = Table(
    "agents",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("spec", Text, nullable=False),
)

ladders = Table(
    "ladders",
    metadata,
    Column("name", Text, primary_key=True),
    Column("config", Text, nullable=False),  # JSON of a LadderConfig
    Column("created", Text, nullable=False),
)

entrants = Table(
    "entrants",
    metadata,
    Column("ladder", Text, ForeignKey("ladders.name"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 0, 1, ... in the order of entering
    Column("wave", Integer, nullable=False),
    Column("fingerprint", Text, ForeignKey("agents.fingerprint"), nullable=False),
    Column("spec", Text, nullable=False),  # may differ from the one under which another ladder knows this agent
    UniqueConstraint("ladder", "fingerprint"),
)

rounds = Table(
    "rounds",
    metadata,
    Column("ladder", Text, ForeignKey("ladders.name"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("pairings", Text, nullable=False),  # JSON: [[entrant, entrant, first pair, pairs], ...]
)

matches = Table(
    "matches",
    metadata,
    Column("number", Integer, primary_key=True),  # in the order of saving
    Column("id", Text, nullable=False, unique=True),
    Column("ladder", Text, ForeignKey("ladders.name")),
    Column("game", Text, nullable=False),
    Column("first", Text, ForeignKey("agents.fingerprint"), nullable=False),
    Column("second", Text, ForeignKey("agents.fingerprint")),  # null in games of one seat
    Column("result", Float, nullable=False),  # of the first seat; in games of two the second has its opposite
    Column("plies", Integer, nullable=False),
    Column("termination", Text, nullable=False),
    Column("fault", Text),
    Column("started", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("line", Integer, nullable=False),  # `line_hash`: equal for duplicates
    Column("record", LargeBinary, nullable=False),  # `pack`
    Index("matches_by_ladder", "ladder"),
    Index("matches_by_first", "first"),
    Index("matches_by_second", "second"),
)


def _add_lines(db: Connection) -> None:
    """1 -> 2: duplicates are found by a hash of the actions instead of not at all."""
    db.execute(text("ALTER TABLE matches ADD COLUMN line INTEGER NOT NULL DEFAULT 0"))
    for (number,) in db.execute(select(matches.c.number)).all():
        blob = db.execute(select(matches.c.record).where(matches.c.number == number)).scalar_one()
        with suppress(InputError):  # a damaged match, of which others will tell
            db.execute(matches.update().where(matches.c.number == number).values(line=line_hash(unpack(blob))))


MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: _add_lines}
"""What to do with a store of that version to make it one of the next."""

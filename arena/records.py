"""The record of a match: all that is needed to replay it exactly, and what both sides thought while they played.

One shape serves every family of games:

* board: two seats, one action a ply, returns 1, 0 or -1 each;
* score: one seat, ``seed`` starts the emulator, ``returns`` holds the raw score of the whole game;
* team: two seats (a policy per side); a step in which ``n`` units act is ``n`` entries of ``actions``, the units of
  seat 0 first and each side in the game's own order of units, those that cannot act included as action 0, so that entry
  ``step * n + unit`` is found without an index; ``analysis`` has one entry an action, as everywhere, but what a side
  thought stands with its first unit and None with the others.

In a file a record is one JSON object (`to_json`, `from_json`); in the store the text is deflated (`pack`, `unpack`).
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar, get_args

from agents.core import Decision
from envs.core import InputError

SCHEMA = 1
LARGEST = 1 << 28  # bytes of a record as text
LIKELIEST = 8  # actions of a policy that are kept

Termination = Literal["rules", "truncated", "adjudicated", "fault"]
FaultKind = Literal["crash", "hang", "illegal", "time", "host"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AgentRef:
    """Who sat in a seat."""

    spec: str  # what `agents.load` was given
    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a game ended before its rules did. ``host``: the arena's own machine failed, so the game says nothing."""

    kind: FaultKind
    seat: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Ply:
    """What the mover thought before one action; from the mover's view."""

    value: float | None = None
    visits: tuple[tuple[int, int], ...] = ()  # (action, visits), most visited first
    pv: tuple[int, ...] = ()
    ms: float | None = None
    policy: tuple[tuple[int, float], ...] = ()  # (action, probability) of the likeliest, where there are no visits

    @classmethod
    def of(cls, decision: Decision, ms: float) -> Ply:
        """Keeps a decision's reasons, rounded to what a reader can see; ``ms`` where it does not tell its own time."""
        value = decision.value
        own = decision.ms
        visits = _descending(decision.visits or {})
        policy = [] if visits else _descending(decision.policy or {})[:LIKELIEST]
        return cls(
            value=round(float(value), 4) if value is not None and math.isfinite(value) else None,
            visits=tuple((int(action), int(count)) for action, count in visits),
            pv=tuple(map(int, decision.pv)) if decision.pv else (),
            ms=round(float(own), 3) if own is not None and math.isfinite(own) else round(ms, 3),
            policy=tuple((int(action), round(float(share), 4)) for action, share in policy if share >= 0.001),
        )


def _descending(weights: Mapping[int, float]) -> list[tuple[int, float]]:
    """(action, weight), the heaviest first, of equal ones the lowest action; without those of no weight."""
    return sorted(((a, w) for a, w in weights.items() if w > 0), key=lambda item: (-item[1], item[0]))


@dataclass(frozen=True, slots=True)
class MatchRecord:
    """One finished game of any family."""

    id: str  # deterministic within a schedule, so that a ladder knows which games it has
    game: str
    game_version: int
    seed: int
    agents: tuple[AgentRef, ...]  # by seat
    opening: tuple[int, ...]  # actions made before the agents took over
    actions: tuple[int, ...]  # all of them, the opening included
    analysis: tuple[Ply | None, ...]  # one entry an action, None in the opening; may be empty
    returns: tuple[float, ...]  # by seat; board games: 1, 0, -1
    termination: Termination
    fault: Fault | None
    started: str  # ISO 8601, UTC
    seconds: float
    versions: dict[str, str]  # of arena and the libraries that decide the outcome
    options: dict[str, Any] = field(default_factory=dict)  # of the game, as JSON has them; empty: its usual ones
    schema: int = SCHEMA

    @property
    def counts(self) -> bool:
        """Whether the result says something about the agents: all but games that the arena's own machine spoilt."""
        return self.fault is None or self.fault.kind != "host"


def line_hash(record: MatchRecord) -> int:
    """A signed 64-bit hash of who sat where and of every action: equal for games that are duplicates of each other.

    Such games tell no more than one of them does; signed, because that is what SQLite's integers are.
    """
    told = [record.game, [agent.fingerprint for agent in record.agents], record.actions]
    text = json.dumps([*told, record.options] if record.options else told)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def to_json(record: MatchRecord) -> str:
    """The record as one line of JSON; fields that say nothing are left out of ``analysis``."""
    return json.dumps(
        {
            "schema": record.schema,
            "id": record.id,
            "game": record.game,
            "game_version": record.game_version,
            "seed": record.seed,
            "agents": [{"spec": a.spec, "name": a.name, "fingerprint": a.fingerprint} for a in record.agents],
            "opening": record.opening,
            "actions": record.actions,
            "analysis": [None if ply is None else _ply_out(ply) for ply in record.analysis],
            "returns": record.returns,
            "termination": record.termination,
            "fault": record.fault and {f: getattr(record.fault, f) for f in ("kind", "seat", "message")},
            "started": record.started,
            "seconds": record.seconds,
            "versions": record.versions,
            **({"options": record.options} if record.options else {}),
        },
        separators=(",", ":"),
        allow_nan=False,
    )


def from_json(text: str) -> MatchRecord:
    """The record in a JSON text. Raises `InputError`: not JSON, another schema, a field missing or of a wrong type."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a match record: {error}") from None
    if not isinstance(data, dict) or "schema" not in data:
        raise InputError("not a match record: it has no schema number")
    if data["schema"] != SCHEMA:
        raise InputError(f"match record of schema {data['schema']!r}; this version reads schema {SCHEMA}")
    try:
        record = MatchRecord(
            id=_as(str, data["id"]),
            game=_as(str, data["game"]),
            game_version=_as(int, data["game_version"]),
            seed=_as(int, data["seed"]),
            agents=_each(_agent_in, data["agents"]),
            opening=_ints(data["opening"]),
            actions=_ints(data["actions"]),
            analysis=_each(_ply_in, data["analysis"]),
            returns=_each(_number, data["returns"]),
            termination=_one_of(Termination, data["termination"]),
            fault=None if data["fault"] is None else _fault_in(data["fault"]),
            started=_as(str, data["started"]),
            seconds=_number(data["seconds"]),
            versions={_as(str, k): _as(str, v) for k, v in _as(dict, data["versions"]).items()},
            options=_as(dict, data.get("options", {})),
        )
        datetime.fromisoformat(record.started)
        _require_seats(record)
        return record
    except KeyError as error:
        raise InputError(f"not a match record: {error.args[0]!r} is missing") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"not a match record: {error}") from None


def pack(record: MatchRecord) -> bytes:
    """The record's JSON, deflated."""
    return zlib.compress(to_json(record).encode(), 6)


def unpack(blob: bytes) -> MatchRecord:
    """The record of a packed one. Raises `InputError` for damaged bytes."""
    try:
        inflating = zlib.decompressobj()
        text = inflating.decompress(blob, LARGEST).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"damaged match record: {error}") from None
    if not inflating.eof:
        whole = len(text) < LARGEST
        raise InputError(f"damaged match record: {'cut off' if whole else f'more than {LARGEST >> 20} MB'}")
    return from_json(text)


def _require_seats(record: MatchRecord) -> None:
    """Raises `ValueError` unless there are one or two seats, a result for each, no fault of another, and a seed."""
    seats = len(record.agents)
    if not 0 <= record.seed < 1 << 63:
        raise ValueError(f"a seed is from 0 to 2**63 - 1, not {record.seed}")
    if not 1 <= seats <= 2 or len(record.returns) != seats:
        raise ValueError(f"{seats} agents with {len(record.returns)} results")
    if record.fault is not None and record.fault.seat is not None and not 0 <= record.fault.seat < seats:
        raise ValueError(f"a fault of seat {record.fault.seat}, of {seats}")


def _ply_out(ply: Ply) -> dict[str, Any]:
    fields = {"value": ply.value, "visits": ply.visits, "pv": ply.pv, "ms": ply.ms, "policy": ply.policy}
    return {key: field for key, field in fields.items() if field is not None and field != ()}


def _ply_in(data: Any) -> Ply | None:
    if data is None:
        return None
    return Ply(
        value=None if (value := _as(dict, data).get("value")) is None else _number(value),
        visits=tuple((_as(int, action), _as(int, count)) for action, count in data.get("visits", ())),
        pv=_ints(data.get("pv", [])),
        ms=None if (ms := data.get("ms")) is None else _number(ms),
        policy=tuple((_as(int, action), _number(share)) for action, share in data.get("policy", ())),
    )


def _agent_in(data: Any) -> AgentRef:
    return AgentRef(*(_as(str, _as(dict, data)[field]) for field in ("spec", "name", "fingerprint")))


def _fault_in(data: Any) -> Fault:
    seat = _as(dict, data)["seat"]
    return Fault(_one_of(FaultKind, data["kind"]), None if seat is None else _as(int, seat), _as(str, data["message"]))


def _as(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{value!r:.60} is not of type {kind.__name__}")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r:.60} is not a number")
    if not math.isfinite(value):
        raise ValueError(f"{value} is no finite number")
    return float(value)


def _one_of(literal: Any, value: Any) -> Any:
    if value not in get_args(literal):
        raise ValueError(f"{value!r:.60} is none of {', '.join(get_args(literal))}")
    return value


def _each(read: Callable[[Any], T], values: Any) -> tuple[T, ...]:
    return tuple(read(value) for value in _as(list, values))


def _ints(values: Sequence[Any]) -> tuple[int, ...]:
    return _each(lambda value: _as(int, value), values)

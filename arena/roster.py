"""What a store keeps of a ladder besides its games: the config, who has entered, and what has been planned."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

import envs
from arena.adjudication import Adjudication
from arena.duplicates import Points, duplicates
from arena.families import for_points, for_teams
from arena.openings import Opening, Placed, after, default_plies, largest_book
from arena.records import AgentRef
from arena.runner import DEFAULT_LIMITS, Limits
from arena.schedule import Pairing, pair_number
from arena.store import Store
from arena.tables import agents, entrants, ladders, matches, rounds
from arena.tally import Tally, tally
from envs.core import InputError, unknown

ScheduleKind = Literal["round_robin", "gauntlet", "adaptive"]


@dataclass(frozen=True, slots=True)
class LadderConfig:
    """Decides, with the entrants, every game of a ladder.

    Later ``limits`` and ``anchors`` may change and ``pairs`` may grow."""

    game: str
    schedule: ScheduleKind = "round_robin"
    pairs: int = 10  # mirrored pairs per couple of agents; adaptive: half the pairs an agent plays, on average;
    # in games for points: the seeds that every agent plays
    plies: tuple[int, int] | None = None  # random openings' length, least and most; None: `default_plies`
    seed: int = 0
    limits: Limits = DEFAULT_LIMITS
    openings: tuple[Opening, ...] = ()  # these, in this order, instead of random ones
    anchors: tuple[tuple[str, float], ...] = ()  # fingerprints of agents whose Elo is given: the scale of all others
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # of a team game, as JSON has them

    def __post_init__(self) -> None:
        if self.schedule not in get_args(ScheduleKind):
            raise unknown("schedule", self.schedule, get_args(ScheduleKind))
        if self.pairs < 1:
            raise InputError(f"a ladder needs at least 1 mirrored pair, not {self.pairs}")


@dataclass(frozen=True, slots=True)
class Entrant:
    """An agent of a ladder. ``wave``: agents that entered together; a gauntlet plays no games within a wave."""

    number: int
    wave: int
    label: str  # its name, made unique within the ladder
    ref: AgentRef


def read_config(store: Store, name: str) -> LadderConfig | None:
    """The config of a ladder, None if there is none. Raises `InputError` if its game has changed since."""
    with store.reading() as db:
        text = db.scalars(select(ladders.c.config).where(ladders.c.name == name)).one_or_none()
    if text is None:
        return None
    fields: dict[str, Any] = json.loads(text)
    version, now = fields.pop("game_version"), envs.spec(fields["game"]).version
    if version != now:
        raise InputError(
            f"ladder {name!r} was played by version {version} of {fields['game']}; its rules are {now} now"
        )
    limits = fields["limits"]
    if limits.get("adjudicate") is not None:
        limits["adjudicate"] = Adjudication(**limits["adjudicate"])
    tuples = {
        "plies": tuple(fields["plies"]),
        "openings": tuple(map(_opening, fields.get("openings", ()))),
        "anchors": tuple((fingerprint, elo) for fingerprint, elo in fields.get("anchors", ())),
    }
    return LadderConfig(**{**fields, **tuples, "limits": Limits(**limits)})


def _opening(stored: list[Any]) -> Opening:
    """Actions, or a FEN and actions."""
    return Placed(stored[0], tuple(stored[1])) if isinstance(next(iter(stored), 0), str) else tuple(stored)


def configure(store: Store, name: str, config: LadderConfig) -> LadderConfig:
    """Makes a ladder, or changes what may change. Returns the config with its openings' length.

    Raises `InputError` if the ladder was made with another one."""
    spec = envs.spec(config.game)
    if config.options and not for_teams(config.game):
        raise InputError(f"options are for team games; {config.game} has none: {', '.join(config.options)}")
    if for_points(config.game):
        _check_for_points(config)
        config = dataclasses.replace(config, plies=(0, 0))
    elif for_teams(config.game):
        if config.openings or config.limits.adjudicate is not None:
            raise InputError(
                f"games of {config.game} begin as their seeds say and end by their rules; "
                "a ladder of it has no openings and adjudicates none"
            )
        envs.team_game(config.game).start([], config.options).close()  # raises for options it lacks
        config = dataclasses.replace(config, plies=(0, 0))
    else:
        config = dataclasses.replace(config, plies=config.plies or default_plies(spec))
        if config.openings:
            after(envs.make(config.game), config.openings)  # raises where one cannot be played
        else:
            largest_book(envs.make(config.game), 1, config.plies)  # raises where there are no such openings
    old = read_config(store, name)
    if old is not None:
        for field in ("game", "schedule", "plies", "seed", "options"):
            was, now = getattr(old, field), getattr(config, field)
            if was != now:
                raise InputError(f"ladder {name!r} was made with {field} {was}, not {now}: choose another name")
        if config.openings != old.openings:
            raise InputError(f"ladder {name!r} was made with other openings: choose another name")
        if config.pairs < old.pairs:
            raise InputError(f"ladder {name!r} was made with {old.pairs} pairs, which cannot become {config.pairs}")
        config = dataclasses.replace(config, options=old.options)  # games' ids depend on how they are written down
    if config != old:
        fields = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
        fields["openings"] = [(o.fen, o.actions) if isinstance(o, Placed) else o for o in config.openings]
        fields |= {"limits": dataclasses.asdict(config.limits), "options": dict(config.options)}
        text = json.dumps({**fields, "game_version": spec.version})
        created = datetime.now(UTC).isoformat(timespec="seconds")
        upsert = insert(ladders).on_conflict_do_update(index_elements=[ladders.c.name], set_={"config": text})
        with store.writing() as db:
            db.execute(upsert, {"name": name, "config": text, "created": created})
    return config


def forget(store: Store, name: str) -> None:
    """Removes a ladder that has no games; does nothing to one that has some."""
    with store.writing() as db:
        if db.execute(select(matches.c.id).where(matches.c.ladder == name).limit(1)).first() is None:
            for table, column in ((rounds, rounds.c.ladder), (entrants, entrants.c.ladder), (ladders, ladders.c.name)):
                db.execute(delete(table).where(column == name))


def _check_for_points(config: LadderConfig) -> None:
    if config.limits.adjudicate is not None:
        raise InputError(f"games of {config.game} end by their rules; a ladder of it adjudicates none")
    if config.schedule != "round_robin" or config.openings:
        what = "openings" if config.openings else f"schedule {config.schedule!r}"
        raise InputError(f"in {config.game} every agent plays the same seeds, so a ladder of it has no {what}")


def read_entrants(store: Store, name: str) -> list[Entrant]:
    """All agents of a ladder by their numbers."""
    e, a = entrants.c, agents.c
    query = select(e.number, e.wave, e.spec, a.name, a.fingerprint).join_from(entrants, agents)
    with store.reading() as db:
        found = db.execute(query.where(e.ladder == name).order_by(e.number)).all()
    names = Counter(row.name for row in found)
    return [
        Entrant(
            number=row.number,
            wave=row.wave,
            label=row.name if names[row.name] == 1 else f"{row.name} ({row.fingerprint[:6]})",
            ref=AgentRef(row.spec, row.name, row.fingerprint),
        )
        for row in found
    ]


def add_wave(store: Store, name: str, refs: Sequence[AgentRef]) -> None:
    """Enters agents together; those already in the ladder stay what they are."""
    with store.writing() as db:
        query = select(entrants.c.fingerprint, entrants.c.wave).where(entrants.c.ladder == name)
        known = {row.fingerprint: row.wave for row in db.execute(query)}
        wave = max(known.values(), default=-1) + 1
        for ref in refs:
            if ref.fingerprint not in known:
                agent = {"fingerprint": ref.fingerprint, "name": ref.name, "spec": ref.spec}
                db.execute(insert(agents).on_conflict_do_nothing(), agent)
                place = {"ladder": name, "number": len(known), "wave": wave}
                db.execute(insert(entrants), {**place, "fingerprint": ref.fingerprint, "spec": ref.spec})
                known[ref.fingerprint] = wave


def read_rounds(store: Store, name: str) -> list[list[Pairing]]:
    """What has been planned, round by round."""
    query = select(rounds.c.pairings).where(rounds.c.ladder == name).order_by(rounds.c.number)
    with store.reading() as db:
        return [[Pairing(*numbers) for numbers in json.loads(text)] for text in db.scalars(query)]


def add_round(store: Store, name: str, number: int, pairings: Sequence[Pairing]) -> None:
    """Plans round ``number``; does nothing if there is one (another process runs the same ladder)."""
    text = json.dumps([[p.a, p.b, p.start, p.pairs] for p in pairings])
    with store.writing() as db:
        db.execute(insert(rounds).on_conflict_do_nothing(), {"ladder": name, "number": number, "pairings": text})


def read_ids(store: Store, name: str) -> set[str]:
    """The ids of the games that have been played and count."""
    m = matches.c
    with store.reading() as db:
        return set(db.scalars(select(m.id).where(m.ladder == name, m.fault.is_distinct_from("host"))))


def read_points(store: Store, name: str) -> dict[str, list[float]]:
    """The scores of a ladder's games for points that count, by the agents' fingerprints."""
    m = matches.c
    query = select(m.first, m.result).where(m.ladder == name, m.second.is_(None), m.fault.is_distinct_from("host"))
    found: dict[str, list[float]] = {}
    with store.reading() as db:
        for row in db.execute(query.order_by(m.id)):
            found.setdefault(row.first, []).append(row.result)
    return found


def read_tally(store: Store, name: str) -> Tally:
    """All games that count, for `arena.ratings.fit`; agents are entrants' numbers."""
    m = matches.c
    number = {entrant.ref.fingerprint: entrant.number for entrant in read_entrants(store, name)}
    query = select(m.id, m.first, m.second, m.result, m.line).where(m.ladder == name, m.fault.is_distinct_from("host"))
    with store.reading() as db:
        found = db.execute(query.order_by(m.id)).all()
    found = [row for row in found if {row.first, row.second} - {None} <= number.keys()]  # others have entered since
    if found and found[0].second is None:
        games = [Points(number[row.first], pair_number(row.id), row.result, row.line) for row in found]
        return duplicates(len(number), games)
    return tally(
        len(number),
        np.array([number[row.first] for row in found], np.int64),
        np.array([number[row.second] for row in found], np.int64),
        np.array([row.result for row in found], np.int64),
        np.array([pair_number(row.id) for row in found], np.int64),
        np.array([row.line for row in found], np.int64),
    )

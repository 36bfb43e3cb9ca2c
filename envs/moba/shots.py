"""A game as people watch it: after every decision the map's tokens, what the units have, and what has just happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from envs.core import COLOURS, InputError, Scenery, TeamEvent, TeamShot, TokenKind
from envs.moba import pictures
from envs.moba import tables as t
from envs.moba import world as wd
from envs.moba.play import Play
from envs.picture import Circle, Picture, Polyline, Rect, Shape

STATS = ("level", "health", "most", "gold", "items", "kills", "deaths", "last hits")
CREEP, NEUTRAL, TOWER, ANCIENT, GHOST, HERO = range(6)  # kinds; HERO + role
_SEES = tuple(float(r) * pictures.SCALE for r in (t.SIGHT_CREEP, t.SIGHT_BUILDING, t.SIGHT_HERO))
KINDS = (
    TokenKind("creep", "disc", 3.2, sight=_SEES[0]),
    TokenKind("neutral", "disc", 4.0),
    TokenKind("tower", "square", 8.0, sight=_SEES[1]),
    TokenKind("ancient", "square", 13.0, sight=_SEES[1]),
    TokenKind("last seen", "ring", 8.0),
    *(
        TokenKind(name, "disc", 9.0, label, _SEES[2])
        for name, label in zip(t.ROLES, ("Gu", "Fi", "Mk", "Ma", "He"), strict=True)
    ),
)
_LANES = ("top", "middle", "bottom")  # as west names them; east's lane l is west's 2 - l
_EVERYONE = 0b111


def scenery(heroes: Literal[1, 5]) -> Scenery:
    """The ground, the lanes and the fountains."""
    shapes: list[Shape] = [Rect(0, 0, pictures.SIZE, pictures.SIZE, pictures.GROUND)]
    lanes = range(3) if wd.SIZES[heroes].lanes == 3 else (1,)
    for lane in lanes:
        points = tuple(pictures.place(0, *point) for point in t.LANES[lane])
        shapes.append(Polyline(points, "", pictures.LANE, 16))
    for s in range(2):
        x, y = pictures.place(s, *t.FOUNTAIN)
        shapes.append(Circle(x, y, float(t.FOUNTAIN_RADIUS) * pictures.SCALE, COLOURS[s], opacity=0.2))
    title = f"The map of MOBA {heroes}v{heroes}"
    picture = Picture(title, pictures.SIZE, pictures.SIZE, tuple(shapes))
    return Scenery(picture, KINDS, (*COLOURS, pictures.CAMP))


def film(heroes: Literal[1, 5], seed: int, actions: Sequence[int], options: Mapping[str, Any]) -> Iterator[TeamShot]:
    """See `envs.core.TeamGame.film`."""
    units, row = 2 * heroes, np.zeros(1, np.int64)
    if len(actions) % units:
        raise InputError(f"{len(actions)} actions are no whole number of decisions of {units} units")
    play = Play(heroes, [seed], options)
    try:
        before = play.games.worlds[0].copy()
        yield shot(before, before)
        for decision in range(len(actions) // units):
            if play.over[0]:
                raise InputError(f"decision {decision} after the end of the game")
            joint = np.array(actions[decision * units : (decision + 1) * units], np.int64)
            play.step(row, joint[None])
            now = play.games.worlds[0].copy()
            yield shot(now, before)
            before = now
    finally:
        play.close()


def shot(world: Any, before: Any) -> TeamShot:
    """A moment, and what has happened since the one before."""
    return TeamShot(
        decision=pictures.decision(world),
        text=partial(pictures.to_text, world),
        gauges=gauges(world),
        stats=stats(world),
        events=tuple(events(world, before)),
        labels=tuple(
            f"{side}_{i} {t.ROLES[role]}"
            for side, roles in zip(pictures.SIDES, world["role"].tolist(), strict=True)
            for i, role in enumerate(roles)
        ),
        tokens=np.array(list(tokens(world)), np.uint8).reshape(-1, 7),
    )


def gauges(world: Any) -> dict[str, tuple[float, float]]:
    """Of either side: the heroes' health in percent, gold that was earned and experience, each hero's on average."""
    spent = np.concatenate([[0], np.cumsum(t.PRICE[:-1])])[world["items"]]
    found = {
        "health": 100 * np.maximum(world["hp"], 0) / world["max_hp"],
        "gold": world["gold"] + spent,
        "experience": world["xp"],
    }
    return {name: (round(float(part[0].mean()), 1), round(float(part[1].mean()), 1)) for name, part in found.items()}


def stats(world: Any) -> NDArray[np.int64]:
    """int64[U, S], columns as in STATS."""
    names = ("level", "hp", "max_hp", "gold", "items", "kills", "deaths", "last_hits")
    return np.stack([np.ceil(np.maximum(world[name], 0)).reshape(-1) for name in names], axis=1).astype(np.int64)


def events(world: Any, before: Any) -> Iterator[TeamEvent]:
    """Heroes and buildings that have fallen."""
    size = wd.SIZES[world["hp"].shape[1]]
    for s in range(2):
        for i in np.flatnonzero(world["deaths"][s] > before["deaths"][s]).tolist():
            killers = np.flatnonzero(world["kills"][1 - s] > before["kills"][1 - s]).tolist()
            by = " and ".join(f"{pictures.SIDES[1 - s]}_{k}" for k in killers)
            name = f"{pictures.SIDES[s]}_{i} ({t.ROLES[int(world['role'][s, i])]})"
            yield TeamEvent(1 - s, f"{name} falls" + (f" to {by}" if by else ""))
        for j in np.flatnonzero((world["bhp"][s] <= 0) & (before["bhp"][s] > 0)).tolist():
            what = "ancient"
            if j < size.buildings - 1:
                lane = (j // 2 if s == 0 else size.lanes - 1 - j // 2) if size.lanes == 3 else 1
                what = f"{('outer', 'inner')[j % 2]} {_LANES[lane]} tower"
            yield TeamEvent(1 - s, f"{pictures.SIDES[s]}'s {what} falls")


def tokens(world: Any) -> Iterator[tuple[int, ...]]:
    """Rows of `envs.core.TeamShot.tokens`, the lowest layer first."""
    size = wd.SIZES[world["hp"].shape[1]]
    for s in range(2):
        own, foe = 1 << s, 1 << (1 - s)
        for j in range(size.buildings):
            place, kind = (world["bx"][s, j], world["by"][s, j]), ANCIENT if j == size.buildings - 1 else TOWER
            health, known = (float(world[name][s, j] / world["bmax"][s, j]) for name in ("bhp", "bknown"))
            same = health == known
            if health > 0:
                yield _token(kind, s, s, place, health, 0, _EVERYONE if same else _EVERYONE ^ foe)
            if not same and known > 0:
                yield _token(kind, s, s, place, known, 0, foe)
        for k in range(size.neutrals):
            place = (world["nx"][s, k], world["ny"][s, k])
            seers = {float(world["nhp"][s, k]): 4}  # by the health that they know of
            for side in range(2):
                known = float(world["nknown"][side, s, k])
                seers[known] = seers.get(known, 0) | 1 << side
            for health, sees in seers.items():
                if health > 0:
                    yield _token(NEUTRAL, 2, s, place, health / float(t.NEUTRAL_HP), 0, sees)
        for lane in range(size.lanes):
            for k in range(t.LANE_CREEPS):
                if world["chp"][s, lane, k] > 0:
                    place = (world["cx"][s, lane, k], world["cy"][s, lane, k])
                    sees = own | 4 | (foe if world["cseen"][s, lane, k] else 0)
                    yield _token(CREEP, s, s, place, world["chp"][s, lane, k] / world["cmax"][s, lane, k], 0, sees)
    for s in range(2):
        own, foe = 1 << s, 1 << (1 - s)
        for i in range(size.heroes):
            if world["hp"][s, i] <= 0:
                continue
            seen, place = bool(world["seen"][s, i]), (world["x"][s, i], world["y"][s, i])
            if not seen:
                yield _token(GHOST, s, s, (world["last_x"][s, i], world["last_y"][s, i]), 0, 0, foe)
            health, mana = (float(world[n][s, i] / world[f"max_{n}"][s, i]) for n in ("hp", "mana"))
            kind = HERO + int(world["role"][s, i])
            yield _token(kind, s, s, place, health, max(mana, 0.004), own | 4 | (foe if seen else 0))


def _token(
    kind: int, owner: int, frame: int, place: tuple[float, float], health: float, mana: float, sees: int
) -> tuple[int, ...]:
    x, y = (min(max(round(at / pictures.SIZE * 255), 0), 255) for at in pictures.place(frame, *place))
    parts = (min(max(int(np.ceil(part * 255)), 0), 255) for part in (health, mana))
    return (kind, owner, x, y, *parts, sees)

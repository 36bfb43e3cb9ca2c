"""What a game looks like: as shapes for pictures and video, and in characters for a terminal."""

from __future__ import annotations

from typing import Any

from envs.core import COLOURS
from envs.moba import tables as t
from envs.moba import world as wd
from envs.picture import Circle, Picture, Polyline, Rect, Shape, Text

GROUND, LANE, CAMP, INK, MANA = "#e9e4d3", "#d6ccb0", "#8a7a4f", "#20242a", "#7a5ea8"
SIZE = 480.0
SCALE = SIZE / 48
SIDES = ("west", "east")


def decision(world: Any) -> int:
    """How many there have been, the one that the end has cut short included."""
    return -(-int(world["tick"]) // t.TICKS)


def place(s: int, x: float, y: float) -> tuple[float, float]:
    """Picture coordinates of a point in side ``s``'s frame."""
    sign = 1 if s == 0 else -1
    return SIZE / 2 + sign * float(x) * SCALE, SIZE / 2 - sign * float(y) * SCALE


def _bar(x: float, y: float, width: float, part: float, fill: str) -> list[Shape]:
    return [
        Rect(x - width / 2, y, width, 3, "#000000", opacity=0.35),
        Rect(x - width / 2, y, max(width * min(part, 1.0), 0.5), 3, fill),
    ]


def _hidden(world: Any, s: int, fog: int | None, seen: bool) -> bool:
    return fog is not None and s != fog and not seen


def picture(world: Any, fog: int | None = None) -> Picture:
    """One game (`envs.moba.world`). With ``fog`` only what side 0 or 1 sees; ghosts mark heroes it has seen before."""
    size = wd.SIZES[world["hp"].shape[1]]
    shapes: list[Shape] = [Rect(0, 0, SIZE, SIZE, GROUND)]
    for lane in range(size.lanes):
        points = t.LANES[lane if size.lanes == 3 else 1]
        shapes.append(Polyline(tuple(place(0, *p) for p in points), "", LANE, 16))
    for s in range(2):
        shapes.append(Circle(*place(s, *t.FOUNTAIN), float(t.FOUNTAIN_RADIUS) * SCALE, COLOURS[s], opacity=0.2))
        for j in range(size.buildings):
            hp = float(world["bhp" if fog in (None, s) else "bknown"][s, j])
            if hp > 0:
                x, y = place(s, world["bx"][s, j], world["by"][s, j])
                r = 13 if j == size.buildings - 1 else 8
                shapes.append(Rect(x - r, y - r, 2 * r, 2 * r, COLOURS[s], radius=3))
                shapes += _bar(x, y + r + 2, 2 * r, hp / float(world["bmax"][s, j]), INK)
        for k in range(size.neutrals):
            known = world["nhp"][s, k] if fog is None else world["nknown"][fog, s, k]
            if known > 0:
                shapes.append(Circle(*place(s, world["nx"][s, k], world["ny"][s, k]), 4, CAMP))
        for lane in range(size.lanes):
            for k in range(t.LANE_CREEPS):
                if world["chp"][s, lane, k] > 0 and not _hidden(world, s, fog, bool(world["cseen"][s, lane, k])):
                    x, y = place(s, world["cx"][s, lane, k], world["cy"][s, lane, k])
                    shapes.append(Circle(x, y, 3.2, COLOURS[s]))
    for s in range(2):
        for i in range(size.heroes):
            if world["hp"][s, i] > 0:
                shapes += _hero(world, s, i, fog)
    return Picture(f"{t.ROLES[int(world['role'][0, 0])]} and others", SIZE, SIZE, tuple(shapes))


def _hero(world: Any, s: int, i: int, fog: int | None) -> list[Shape]:
    letter = t.ROLES[int(world["role"][s, i])][:2]
    if _hidden(world, s, fog, bool(world["seen"][s, i])):
        x, y = place(s, world["last_x"][s, i], world["last_y"][s, i])
        return [Circle(x, y, 8, COLOURS[s], ring=1.5, opacity=0.5)]
    x, y = place(s, world["x"][s, i], world["y"][s, i])
    return [
        Circle(x, y, 9, "#ffffff"),
        Circle(x, y, 8, COLOURS[s]),
        Text(x, y, letter, 8, "#ffffff"),
        *_bar(x, y - 15, 20, float(world["hp"][s, i] / world["max_hp"][s, i]), COLOURS[s]),
        *_bar(x, y - 11, 20, float(world["mana"][s, i] / world["max_mana"][s, i]), MANA),
    ]


def to_text(world: Any, fog: int | None = None) -> str:
    """The map in 48 x 24 characters and a line for each hero. West is lower case and below, east upper case."""
    size = wd.SIZES[world["hp"].shape[1]]
    grid = [["."] * 48 for _ in range(24)]

    def put(s: int, x: float, y: float, mark: str) -> None:
        px, py = place(s, x, y)
        column, row = min(max(int(px / SCALE), 0), 47), min(max(int(py / SCALE / 2), 0), 23)
        grid[row][column] = mark.lower() if s == 0 else mark.upper()

    for s in range(2):
        for k in range(size.neutrals):
            if (world["nhp"][s, k] if fog is None else world["nknown"][fog, s, k]) > 0:
                put(s, world["nx"][s, k], world["ny"][s, k], "%")
        for lane in range(size.lanes):
            for k in range(t.LANE_CREEPS):
                if world["chp"][s, lane, k] > 0 and not _hidden(world, s, fog, bool(world["cseen"][s, lane, k])):
                    put(s, world["cx"][s, lane, k], world["cy"][s, lane, k], "o")
        for j in range(size.buildings):
            if world["bhp"][s, j] > 0:
                put(s, world["bx"][s, j], world["by"][s, j], "a" if j == size.buildings - 1 else "t")
        for i in range(size.heroes):
            if world["hp"][s, i] > 0 and not _hidden(world, s, fog, bool(world["seen"][s, i])):
                mark = str(i + 1) if s == 0 else "!@#$&"[i]
                put(s, world["x"][s, i], world["y"][s, i], mark)
    lines = ["".join(row) for row in grid]
    kills = ":".join(str(side.sum()) for side in world["kills"])
    lines.append(f"decision {decision(world)}   kills {kills}")
    for s in range(2):
        for i in range(size.heroes):
            mark = str(i + 1) if s == 0 else "!@#$&"[i]
            lines.append(f"{mark} {SIDES[s]}_{i} {_facts(world, s, i, fog)}")
    return "\n".join(lines)


def _facts(world: Any, s: int, i: int, fog: int | None) -> str:
    """What a side may know of a hero: of a foe not what it owns, and that it is dead even where it is not in sight."""
    role, foe = f"{t.ROLES[int(world['role'][s, i])]:<9}", fog not in (None, s)
    if foe and world["hp"][s, i] <= 0:
        return f"{role} dead"
    if _hidden(world, s, fog, bool(world["seen"][s, i])):
        return f"{role} not in sight"
    body = f"level {world['level'][s, i]:>2}  hp {world['hp'][s, i]:5.0f}/{world['max_hp'][s, i]:.0f}"
    if foe:
        return f"{role} {body}"
    won = "/".join(str(world[name][s, i]) for name in ("kills", "deaths", "last_hits"))
    return f"{role} {body}  gold {world['gold'][s, i]:4.0f}  items {world['items'][s, i]}  {won}"

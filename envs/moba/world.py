"""The state of games as one structured array: a row is a game, a field is an array over its units.

Every field with two sides has the side first and holds what belongs to that side **in that side's own frame**
(`envs.moba.tables`), and no rule tells the sides apart. So the mirrored game is the same row with every such field
reversed along its first axis (`mirrored`), bit for bit. The distance of own unit ``p`` from foe ``q`` is ``|p + q|``.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.moba import tables as t

World = NDArray[np.void]  # [B]
Game = Any  # a row of it; kernels reach its fields as attributes, which NumPy's types cannot say

RUNNING, WEST_WON, EAST_WON, DRAWN = 0, 1, 2, 3  # field ``over``
IDLE, WALK, HIT_HERO, HIT_CREEP, HIT_NEUTRAL, HIT_BUILDING, CASTING, RECALLING = range(8)  # field ``order``


class Size(NamedTuple):
    """How many units a game has, for each side."""

    heroes: int
    lanes: int
    camps: int

    @property
    def buildings(self) -> int:
        return 2 * self.lanes + 1

    @property
    def neutrals(self) -> int:
        return self.camps * t.CAMP_SIZE


SIZES = {1: Size(1, 1, 1), 5: Size(5, 3, 3)}  # by heroes a side

f4, i2, i4, u1, u8 = np.float32, np.int16, np.int32, np.uint8, np.uint64


@cache
def dtype(heroes: int) -> np.dtype[Any]:
    """The fields of one game. Times are ticks still to go; what has no health is dead or not there."""
    size = SIZES[heroes]
    h, c, b, n = (2, heroes), (2, size.lanes, t.LANE_CREEPS), (2, size.buildings), (2, size.neutrals)
    fields: list[tuple[Any, ...]] = [
        ("key", u8, (2,)),  # source of chance, a key a side
        ("seed", u8),
        ("tick", i4),
        ("wave", i4),  # waves that have set out
        ("wave_in", i4),  # ticks
        ("over", u1),
        # heroes
        *[(name, f4, h) for name in ("x", "y", "hp", "mana", "gold", "xp")],
        *[(name, f4, h) for name in ("max_hp", "max_mana", "damage", "reach", "speed", "spell")],
        *[(name, i4, h) for name in ("role", "level", "items", "respawn", "ready", "stun", "slow", "rage", "shield")],
        *[(name, i4, h) for name in ("recall", "aggro", "struck_by", "struck_at", "order", "target", "lane")],
        *[(name, i4, h) for name in ("kills", "deaths", "last_hits")],
        ("cooldown", i4, (*h, t.NUM_ABILITIES)),
        # creeps
        *[(name, f4, c) for name in ("cx", "cy", "chp", "cmax", "cdamage")],
        *[(name, i2, c) for name in ("cranged", "cleg", "cready", "ckind", "ctarget")],
        # buildings: outer and inner tower of each lane, then the ancient
        *[(name, f4, b) for name in ("bhp", "bmax", "bx", "by")],
        *[(name, i4, b) for name in ("bready", "bkind", "btarget")],
        # neutrals, by the side whose half they live in
        *[(name, f4, n) for name in ("nx", "ny", "nhp")],
        *[(name, i4, n) for name in ("nready", "nrespawn")],
        # what the *other* side knows of this side's units: seen now, and the last sight of them
        *[(name, u1, h) for name in ("seen",)],
        *[(name, f4, h) for name in ("last_x", "last_y", "last_hp")],
        *[(name, i4, h) for name in ("age", "last_level")],
        ("cseen", u1, c),
        ("bknown", f4, b),  # health at the last sight
        ("nknown", f4, (2, *n)),  # [who knows, owner, k]
        # whom a hero's next action would mean, or -1: see envs.moba.orders.scout
        *[(name, i4, h) for name in ("weakest", "nearest", "camp", "siege")],
        ("cast_on", i4, (*h, t.NUM_ABILITIES)),
        # sums over one tick, before anything is applied
        *[(name, f4, h) for name in ("walk_x", "walk_y", "hurt", "mend")],
        *[(name, i4, h) for name in ("add_stun", "add_slow", "add_rage", "add_shield")],
        *[(name, f4, (*h, heroes)) for name in ("hurt_by",)],  # [side, hero, foe hero]
        *[(name, f4, c) for name in ("cwalk_x", "cwalk_y", "churt", "cbest")],
        ("cstriker", i2, c),  # the foe hero whose hit was the hardest, and cbest how hard
        ("bhurt", f4, b),
        ("nhurt", f4, (*n, 2)),  # [owner, k, by a foe of the owner]
        ("nbest", f4, (*n, 2)),
        ("nstriker", i4, (*n, 2)),
        # what a decision paid, before weights: see envs.moba.rewards
        *[(name, f4, h) for name in ("got_xp", "got_gold", "was_hp", "was_mana")],
        *[(name, i4, h) for name in ("got_kills", "got_deaths", "got_hits")],
        *[(name, f4, (2,)) for name in ("got_towers", "was_ancient")],
    ]
    return np.dtype(fields, align=True)


def blank(batch: int, heroes: int) -> World:
    """Games of nothing but zeros, [batch]."""
    return np.zeros((batch,), dtype(heroes))


_NO_SIDES = ("seed", "tick", "wave", "wave_in", "over")


def mirrored(worlds: World) -> World:
    """The same games with the sides swapped, and the map turned with them."""
    result = worlds.copy()
    for name in worlds.dtype.names or ():
        if name == "nknown":
            result[name] = worlds[name][:, ::-1, ::-1]
        elif name not in _NO_SIDES:
            result[name] = worlds[name][:, ::-1]
    swap = np.array([RUNNING, EAST_WON, WEST_WON, DRAWN], np.uint8)
    result["over"] = swap[worlds["over"]]
    return result

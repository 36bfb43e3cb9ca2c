"""One tick, and one decision of several: all units act on the same moment, then everything happens at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.kernels import njit
from envs.moba import heroes, minions, orders, paying
from envs.moba import tables as t
from envs.moba import world as wd
from envs.moba.start import at_fountain, place_neutral, strengthen
from envs.moba.world import Game

F = np.float32
EDGE = F(23.5)
HOME2 = t.FOUNTAIN_RADIUS * t.FOUNTAIN_RADIUS


@njit(cache=True, nogil=True)
def clear(w: Game) -> None:
    """Empties the sums of the tick before."""
    w.walk_x[:], w.walk_y[:], w.hurt[:], w.mend[:], w.hurt_by[:] = F(0), F(0), F(0), F(0), F(0)
    w.add_stun[:], w.add_slow[:], w.add_rage[:], w.add_shield[:] = 0, 0, 0, 0
    w.cwalk_x[:], w.cwalk_y[:], w.churt[:], w.cbest[:] = F(0), F(0), F(0), F(0)
    w.bhurt[:], w.nhurt[:], w.nbest[:] = F(0), F(0), F(0)


@njit(cache=True, nogil=True)
def at_home(w: Game, s: int, i: int) -> bool:
    return bool(orders.apart2(w.x[s, i], w.y[s, i], t.FOUNTAIN[0], t.FOUNTAIN[1]) <= HOME2)


@njit(cache=True, nogil=True)
def besieged(w: Game, s: int, j: int) -> bool:
    """Whether a foe's creep is near enough to building ``j`` for it to be hurt in full."""
    foe, range2 = 1 - s, t.BACKDOOR_RANGE * t.BACKDOOR_RANGE
    for lane in range(w.chp.shape[1]):
        for k in range(w.chp.shape[2]):
            if (
                w.chp[foe, lane, k] > 0
                and orders.away2(w.bx[s, j], w.by[s, j], w.cx[foe, lane, k], w.cy[foe, lane, k]) <= range2
            ):
                return True
    return False


@njit(cache=True, nogil=True)
def fountains(w: Game, s: int) -> None:
    """A fountain burns the foes that come near."""
    for j in range(w.hp.shape[1]):
        if w.hp[1 - s, j] > 0 and orders.away2(t.FOUNTAIN[0], t.FOUNTAIN[1], w.x[1 - s, j], w.y[1 - s, j]) <= HOME2:
            w.hurt[1 - s, j] += t.FOUNTAIN_HARM * w.max_hp[1 - s, j]


@njit(cache=True, nogil=True)
def settle_hero(w: Game, s: int, i: int) -> None:
    """Applies the tick's sums to a hero."""
    for slot in range(t.NUM_ABILITIES):
        w.cooldown[s, i, slot] = max(w.cooldown[s, i, slot] - 1, 0)
    if w.hp[s, i] <= 0:
        w.respawn[s, i] -= 1
        if w.respawn[s, i] <= 0:
            at_fountain(w, s, i)
        return
    harm = paying.harm(w, s, i)
    role, best = w.role[s, i], F(0)
    for j in range(w.hp.shape[1]):
        if w.hurt_by[s, i, j] > best:
            best, w.struck_by[s, i], w.struck_at[s, i] = w.hurt_by[s, i, j], j, w.tick
    if w.hp[s, i] <= harm:
        w.hp[s, i] = w.mana[s, i] = F(0)
        w.respawn[s, i] = t.RESPAWN + t.RESPAWN_LEVEL * w.level[s, i]
        w.stun[s, i] = w.slow[s, i] = w.rage[s, i] = w.shield[s, i] = w.recall[s, i] = w.aggro[s, i] = 0
        w.order[s, i], w.struck_by[s, i] = wd.IDLE, -1
        return
    heal, power = t.ROLE[role, t.HP_REGEN], t.ROLE[role, t.MANA_REGEN]
    if at_home(w, s, i):
        heal += t.FOUNTAIN_HEAL * w.max_hp[s, i]
        power += t.FOUNTAIN_HEAL * w.max_mana[s, i]
    w.hp[s, i] = min(w.hp[s, i] - harm + heal, w.max_hp[s, i])
    w.mana[s, i] = min(w.mana[s, i] + power, w.max_mana[s, i])
    w.x[s, i] = min(max(w.x[s, i] + w.walk_x[s, i], -EDGE), EDGE)
    w.y[s, i] = min(max(w.y[s, i] + w.walk_y[s, i], -EDGE), EDGE)
    w.ready[s, i] = max(w.ready[s, i] - 1, 0)
    w.aggro[s, i] = max(w.aggro[s, i] - 1, 0)
    w.stun[s, i] = max(w.stun[s, i] - 1, w.add_stun[s, i])
    w.slow[s, i] = max(w.slow[s, i] - 1, w.add_slow[s, i])
    w.rage[s, i] = max(w.rage[s, i] - 1, w.add_rage[s, i])
    w.shield[s, i] = max(w.shield[s, i] - 1, w.add_shield[s, i])
    if w.hurt[s, i] > 0 or w.stun[s, i] > 0:
        w.recall[s, i] = 0
    elif w.recall[s, i] >= t.RECALL_TICKS:
        w.recall[s, i], w.order[s, i] = 0, wd.IDLE
        w.x[s, i], w.y[s, i] = t.FOUNTAIN[0], t.FOUNTAIN[1]


@njit(cache=True, nogil=True)
def grow(w: Game, s: int, i: int) -> None:
    """Levels and items that are due."""
    w.gold[s, i] += t.GOLD_TICK
    while w.level[s, i] < t.MAX_LEVEL and w.xp[s, i] >= t.LEVEL_XP[w.level[s, i]]:
        w.level[s, i] += 1
        strengthen(w, s, i)
    if w.hp[s, i] > 0 and at_home(w, s, i):
        while w.items[s, i] < t.MAX_ITEMS and w.gold[s, i] >= t.PRICE[w.items[s, i]]:
            w.gold[s, i] -= t.PRICE[w.items[s, i]]
            w.items[s, i] += 1
            strengthen(w, s, i)


@njit(cache=True, nogil=True)
def settle_others(w: Game, s: int) -> None:
    for lane in range(w.chp.shape[1]):
        for k in range(w.chp.shape[2]):
            if w.chp[s, lane, k] > 0:
                w.chp[s, lane, k] = max(w.chp[s, lane, k] - w.churt[s, lane, k], F(0))
                w.cx[s, lane, k] += w.cwalk_x[s, lane, k]
                w.cy[s, lane, k] += w.cwalk_y[s, lane, k]
                if w.cready[s, lane, k] > 0:
                    w.cready[s, lane, k] -= 1
    for j in range(w.bhp.shape[1]):
        if w.bhp[s, j] > 0:
            w.bhp[s, j] = max(w.bhp[s, j] - w.bhurt[s, j], F(0))
            w.bready[s, j] = max(w.bready[s, j] - 1, 0)
    for k in range(w.nhp.shape[1]):
        w.nready[s, k] = max(w.nready[s, k] - 1, 0)
        if w.nhp[s, k] > 0:
            w.nhp[s, k] = max(w.nhp[s, k] - (w.nhurt[s, k, 0] + w.nhurt[s, k, 1]), F(0))
            if w.nhp[s, k] == 0:
                w.nrespawn[s, k] = t.NEUTRAL_RESPAWN
        else:
            w.nrespawn[s, k] -= 1
            if w.nrespawn[s, k] <= 0:
                place_neutral(w, s, k)


@njit(cache=True, nogil=True)
def tick(w: Game, choose: bool) -> None:
    """One tick; ``choose``: creeps and towers look for new targets."""
    clear(w)
    minions.wave(w)
    if choose:  # before anyone acts: whom a tower shoots depends on what heroes did before this tick
        minions.choose(w)
    for s in range(2):
        for i in range(w.hp.shape[1]):
            if w.hp[s, i] > 0 and w.stun[s, i] == 0:
                heroes.act(w, s, i)
        for lane in range(w.chp.shape[1]):
            for k in range(w.chp.shape[2]):
                if w.chp[s, lane, k] > 0:
                    minions.creep(w, s, lane, k)
        for j in range(w.bhp.shape[1]):
            if w.bhp[s, j] > 0:
                minions.building(w, s, j)
        fountains(w, s)
    minions.neutrals(w)
    for s in range(2):
        for j in range(w.bhp.shape[1]):
            if w.bhurt[s, j] > 0:
                w.bhurt[s, j] *= F(1) + t.SIEGE * F(w.tick)
                if not besieged(w, s, j):
                    w.bhurt[s, j] *= t.BACKDOOR
            if w.tick >= t.CRUMBLE_FROM[w.hp.shape[1]] and orders.attackable(w, s, j):
                w.bhurt[s, j] += t.CRUMBLE
    paying.deaths(w, 0)
    paying.deaths(w, 1)
    for s in range(2):
        for i in range(w.hp.shape[1]):
            settle_hero(w, s, i)
            grow(w, s, i)
        settle_others(w, s)
    w.tick += 1
    fallen = (1 if w.bhp[0, -1] <= 0 else 0) + (2 if w.bhp[1, -1] <= 0 else 0)
    if fallen:
        w.over = wd.DRAWN if fallen == 3 else wd.EAST_WON if fallen == 1 else wd.WEST_WON


@njit(cache=True, nogil=True)
def decide(w: Game, actions: NDArray[np.int64]) -> None:
    """One decision: int[2 * heroes] actions, west's first, then ticks until the next or the end."""
    h = w.hp.shape[1]
    w.got_xp[:], w.got_gold[:], w.got_towers[:] = F(0), F(0), F(0)
    w.got_kills[:], w.got_deaths[:], w.got_hits[:] = 0, 0, 0
    for s in range(2):
        w.was_ancient[s] = w.bhp[s, -1] / t.ANCIENT_HP
        for i in range(h):
            w.was_hp[s, i] = w.hp[s, i] / w.max_hp[s, i]
            w.was_mana[s, i] = w.mana[s, i] / w.max_mana[s, i]
            orders.give(w, s, i, actions[s * h + i])
    for count in range(t.TICKS):
        if w.over == wd.RUNNING:
            tick(w, count == 0)

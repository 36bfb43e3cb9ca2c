"""What nobody commands: creeps, towers and neutrals in a tick. They read its beginning and write only sums."""

from __future__ import annotations

import numpy as np

from envs.kernels import njit
from envs.moba import tables as t
from envs.moba.orders import apart2, attackable, away2
from envs.moba.start import facing_lane, lane_row
from envs.moba.world import Game

F = np.float32
NOTHING, A_CREEP, A_HERO, A_BUILDING = 0, 1, 2, 3  # fields ``ckind`` and ``bkind``
SEES2 = t.CREEP_SEES * t.CREEP_SEES
TOWER2 = t.TOWER_RANGE * t.TOWER_RANGE
RANGED2, MELEE2 = t.CREEP_RANGE_RANGED * t.CREEP_RANGE_RANGED, t.CREEP_RANGE * t.CREEP_RANGE


@njit(cache=True, nogil=True)
def wave(w: Game) -> None:
    """Sends a wave down every lane once its time has come; the later, the larger and the stronger."""
    if w.wave_in > 0:
        w.wave_in -= 1
        return
    w.wave_in = t.WAVE_EVERY - 1
    growth = F(1) + t.WAVE_GROWTH * F(w.wave)
    size = min(t.WAVE_SIZE + w.wave // t.WAVE_LARGER_EVERY, t.WAVE_LARGEST)
    w.wave += 1
    for s in range(2):
        for lane in range(w.chp.shape[1]):
            born, path = 0, t.LANES[lane_row(w, lane)]
            for k in range(w.chp.shape[2]):
                if born == size:
                    break
                if w.chp[s, lane, k] > 0:
                    continue
                ranged = 1 if born % 4 == 3 else 0
                w.cmax[s, lane, k] = w.chp[s, lane, k] = (t.CREEP_HP_RANGED if ranged else t.CREEP_HP) * growth
                w.cdamage[s, lane, k] = (t.CREEP_DAMAGE_RANGED if ranged else t.CREEP_DAMAGE) * growth
                w.cx[s, lane, k] = path[0, 0] + F(0.5) * F(born % 3 - 1)
                w.cy[s, lane, k] = path[0, 1] + F(0.5) * F(born // 3 - 1)
                w.cranged[s, lane, k], w.cleg[s, lane, k] = ranged, 1
                w.cready[s, lane, k] = w.ckind[s, lane, k] = 0
                born += 1


@njit(cache=True, nogil=True)
def choose_for_creep(w: Game, s: int, lane: int, k: int) -> None:
    """The nearest creep of the facing wave, else the nearest hero, else the building that stands in the way."""
    foe, other = 1 - s, facing_lane(w, lane)
    x, y, best = w.cx[s, lane, k], w.cy[s, lane, k], SEES2
    w.ckind[s, lane, k] = NOTHING
    for j in range(w.chp.shape[2]):
        if w.chp[foe, other, j] > 0:
            d2 = away2(x, y, w.cx[foe, other, j], w.cy[foe, other, j])
            if d2 < best:
                best, w.ckind[s, lane, k], w.ctarget[s, lane, k] = d2, A_CREEP, j
    if w.ckind[s, lane, k] != NOTHING:
        return
    for j in range(w.hp.shape[1]):
        if w.hp[foe, j] > 0:
            d2 = away2(x, y, w.x[foe, j], w.y[foe, j])
            if d2 < best:
                best, w.ckind[s, lane, k], w.ctarget[s, lane, k] = d2, A_HERO, j
    if w.ckind[s, lane, k] != NOTHING:
        return
    for place in range(3):
        j = w.bhp.shape[1] - 1 if place == 2 else 2 * other + place
        if attackable(w, foe, j):
            d2 = away2(x, y, w.bx[foe, j], w.by[foe, j])
            if d2 < best:
                best, w.ckind[s, lane, k], w.ctarget[s, lane, k] = d2, A_BUILDING, j


@njit(cache=True, nogil=True)
def creep(w: Game, s: int, lane: int, k: int) -> None:
    foe, other = 1 - s, facing_lane(w, lane)
    x, y = w.cx[s, lane, k], w.cy[s, lane, k]
    kind, j = w.ckind[s, lane, k], w.ctarget[s, lane, k]
    if kind == A_CREEP and w.chp[foe, other, j] > 0:
        tx, ty = -w.cx[foe, other, j], -w.cy[foe, other, j]
    elif kind == A_HERO and w.hp[foe, j] > 0:
        tx, ty = -w.x[foe, j], -w.y[foe, j]
    elif kind == A_BUILDING and w.bhp[foe, j] > 0:
        tx, ty = -w.bx[foe, j], -w.by[foe, j]
    else:
        kind = NOTHING
        leg = w.cleg[s, lane, k]
        corner = t.LANES[lane_row(w, lane), leg]
        tx, ty = corner[0], corner[1]
    dx, dy = tx - x, ty - y
    d2 = dx * dx + dy * dy
    if kind == NOTHING:
        if d2 < F(1) and w.cleg[s, lane, k] < 2:
            w.cleg[s, lane, k] += 1
    elif d2 <= (RANGED2 if w.cranged[s, lane, k] else MELEE2):
        if w.cready[s, lane, k] == 0:
            w.cready[s, lane, k] = t.CREEP_PERIOD
            damage = w.cdamage[s, lane, k]
            if kind == A_CREEP:
                w.churt[foe, other, j] += damage
            elif kind == A_HERO:
                w.hurt[foe, j] += damage
            else:
                w.bhurt[foe, j] += damage
        return
    length = np.sqrt(d2)
    if length > t.CREEP_SPEED:
        scale = t.CREEP_SPEED / length
        dx, dy = dx * scale, dy * scale
    w.cwalk_x[s, lane, k], w.cwalk_y[s, lane, k] = dx, dy


@njit(cache=True, nogil=True)
def choose_for_building(w: Game, s: int, j: int) -> None:
    """A foe hero that lately hit a hero near the building, else the nearest creep, else the nearest hero."""
    foe, x, y = 1 - s, w.bx[s, j], w.by[s, j]
    best, w.bkind[s, j] = TOWER2, NOTHING
    for i in range(w.hp.shape[1]):
        if w.hp[foe, i] > 0 and w.aggro[foe, i] > 0:
            d2 = away2(x, y, w.x[foe, i], w.y[foe, i])
            if d2 < best:
                best, w.bkind[s, j], w.btarget[s, j] = d2, A_HERO, i
    if w.bkind[s, j] != NOTHING:
        return
    for lane in range(w.chp.shape[1]):
        for k in range(w.chp.shape[2]):
            if w.chp[foe, lane, k] > 0:
                d2 = away2(x, y, w.cx[foe, lane, k], w.cy[foe, lane, k])
                if d2 < best:
                    best, w.bkind[s, j], w.btarget[s, j] = d2, A_CREEP, lane * t.LANE_CREEPS + k
    if w.bkind[s, j] != NOTHING:
        return
    for i in range(w.hp.shape[1]):
        if w.hp[foe, i] > 0:
            d2 = away2(x, y, w.x[foe, i], w.y[foe, i])
            if d2 < best:
                best, w.bkind[s, j], w.btarget[s, j] = d2, A_HERO, i


@njit(cache=True, nogil=True)
def choose(w: Game) -> None:
    """New targets for all creeps and buildings."""
    for s in range(2):
        for lane in range(w.chp.shape[1]):
            for k in range(w.chp.shape[2]):
                if w.chp[s, lane, k] > 0:
                    choose_for_creep(w, s, lane, k)
        for j in range(w.bhp.shape[1]):
            if w.bhp[s, j] > 0:
                choose_for_building(w, s, j)


@njit(cache=True, nogil=True)
def building(w: Game, s: int, j: int) -> None:
    if w.bready[s, j] > 0:
        return
    foe, target = 1 - s, w.btarget[s, j]
    lane, k = target // t.LANE_CREEPS, target % t.LANE_CREEPS
    if w.bkind[s, j] == A_HERO and w.hp[foe, target] > 0:
        w.hurt[foe, target] += t.TOWER_DAMAGE
        w.bready[s, j] = t.TOWER_PERIOD
    elif w.bkind[s, j] == A_CREEP and w.chp[foe, lane, k] > 0:
        w.churt[foe, lane, k] += t.TOWER_DAMAGE
        w.bready[s, j] = t.TOWER_PERIOD


@njit(cache=True, nogil=True)
def neutrals(w: Game) -> None:
    """Each strikes the nearest hero in range; of two equally near, the one of the side in whose half it lives.

    Two passes, so that a hero's own neutrals are summed before the foe's, whichever side it is on."""
    for apart in range(2):
        for s in range(2):
            side = s if apart == 0 else 1 - s
            for k in range(w.nhp.shape[1]):
                if w.nhp[s, k] <= 0 or w.nready[s, k] > 0:
                    continue
                best, own, found = t.NEUTRAL_RANGE * t.NEUTRAL_RANGE, 0, -1
                for i in range(w.hp.shape[1]):
                    if w.hp[s, i] > 0:
                        d2 = apart2(w.nx[s, k], w.ny[s, k], w.x[s, i], w.y[s, i])
                        if d2 < best:
                            best, own, found = d2, 0, i
                for i in range(w.hp.shape[1]):
                    if w.hp[1 - s, i] > 0:
                        d2 = away2(w.nx[s, k], w.ny[s, k], w.x[1 - s, i], w.y[1 - s, i])
                        if d2 < best:
                            best, own, found = d2, 1, i
                if found >= 0 and own == apart:
                    w.hurt[side, found] += t.NEUTRAL_DAMAGE
                    w.nready[s, k] = t.NEUTRAL_PERIOD

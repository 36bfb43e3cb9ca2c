"""Observations of every hero and the state for critics, written into buffers in the order of `envs.moba.features`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.kernels import njit
from envs.moba import features
from envs.moba import tables as t
from envs.moba.orders import FAR, apart2, attackable, away2
from envs.moba.tick import at_home
from envs.moba.world import Game

F = np.float32
ONE, ZERO = F(1), F(0)
TOWER2 = (t.TOWER_RANGE + ONE) * (t.TOWER_RANGE + ONE)
BACKDOOR2 = t.BACKDOOR_RANGE * t.BACKDOOR_RANGE
SELF, CLOCK, ALLY, FOE = len(features.SELF), len(features.CLOCK), len(features.ALLY), len(features.FOE)
UNIT, LANE = len(features.UNIT), len(features.LANE)


@njit(cache=True, nogil=True)
def near(d: np.float32) -> np.float32:
    """An offset squeezed into (-1, 1)."""
    return d / (F(6) + abs(d))


@njit(cache=True, nogil=True)
def part(amount: float, of: float) -> np.float32:
    return min(max(F(amount) / F(of), -ONE), ONE)


@njit(cache=True, nogil=True)
def write_self(w: Game, s: int, i: int, out: NDArray[np.float32]) -> None:
    h = w.hp.shape[1]
    out[i] = ONE
    out[5 + w.role[s, i]] = ONE
    p, level = 10, w.level[s, i]
    out[p] = ONE if w.hp[s, i] > 0 else ZERO
    out[p + 1] = w.hp[s, i] / w.max_hp[s, i]
    out[p + 2] = part(w.hp[s, i], 1500)
    out[p + 3] = w.mana[s, i] / w.max_mana[s, i]
    out[p + 4] = part(level, t.MAX_LEVEL)
    if level < t.MAX_LEVEL:
        have = w.xp[s, i] - t.LEVEL_XP[level - 1]
        out[p + 5] = part(have, t.LEVEL_XP[level] - t.LEVEL_XP[level - 1])
    out[p + 6] = part(w.gold[s, i], 600)
    out[p + 7] = part(w.items[s, i], t.MAX_ITEMS)
    out[p + 8] = ONE if w.ready[s, i] == 0 else ZERO
    for slot in range(t.NUM_ABILITIES):
        out[p + 9 + slot] = part(w.cooldown[s, i, slot], 140)
        out[p + 12 + slot] = ONE if w.cast_on[s, i, slot] > -2 else ZERO
    out[p + 15], out[p + 16] = part(w.stun[s, i], 8), part(w.slow[s, i], 16)
    out[p + 17], out[p + 18] = part(w.rage[s, i], 24), part(w.shield[s, i], 16)
    out[p + 19], out[p + 20] = part(w.recall[s, i], t.RECALL_TICKS), part(w.respawn[s, i], 110)
    out[p + 21], out[p + 22] = w.x[s, i] / t.HALF, w.y[s, i] / t.HALF
    out[p + 23], out[p + 24] = part(w.damage[s, i], 150), part(w.reach[s, i], 8)
    out[p + 25] = w.speed[s, i]
    out[p + 26], out[p + 27] = near(t.FOUNTAIN[0] - w.x[s, i]), near(t.FOUNTAIN[1] - w.y[s, i])
    out[p + 28 + (w.lane[s, i] if h == 5 else 1)] = ONE
    out[p + 31] = ONE if at_home(w, s, i) else ZERO
    out[p + 32] = max(w.was_hp[s, i] - out[p + 1], ZERO)


@njit(cache=True, nogil=True)
def write_clock(w: Game, s: int, out: NDArray[np.float32]) -> None:
    out[0], out[1], out[2] = part(w.tick, 6000), part(w.wave_in, t.WAVE_EVERY), part(w.wave, 40)
    for i in range(w.hp.shape[1]):
        out[3] += F(w.deaths[1 - s, i])
        out[4] += F(w.deaths[s, i])
    out[3], out[4] = out[3] / (ONE + out[3]), out[4] / (ONE + out[4])
    for j in range(w.bhp.shape[1] - 1):
        out[5] += ONE / F(6) if w.bhp[s, j] > 0 else ZERO
        out[6] += ONE / F(6) if w.bhp[1 - s, j] > 0 else ZERO


@njit(cache=True, nogil=True)
def able(w: Game, s: int, i: int) -> np.float32:
    """The part of a hero's abilities that is not cooling down."""
    count = 0
    for slot in range(t.NUM_ABILITIES):
        count += 1 if w.cooldown[s, i, slot] == 0 else 0
    return F(count) / F(t.NUM_ABILITIES)


@njit(cache=True, nogil=True)
def write_heroes(w: Game, s: int, i: int, allies: NDArray[np.float32], foes: NDArray[np.float32]) -> None:
    foe, x, y, place = 1 - s, w.x[s, i], w.y[s, i], 0
    for j in range(w.hp.shape[1]):
        if j == i:
            continue
        out = allies[place * ALLY :]
        place += 1
        out[8 + w.role[s, j]] = ONE
        out[5] = part(w.level[s, j], t.MAX_LEVEL)
        if w.hp[s, j] > 0:
            out[0], out[1], out[2] = ONE, near(w.x[s, j] - x), near(w.y[s, j] - y)
            out[3], out[4] = w.hp[s, j] / w.max_hp[s, j], w.mana[s, j] / w.max_mana[s, j]
            out[6], out[7] = part(w.stun[s, j], 8), able(w, s, j)
    for j in range(w.hp.shape[1]):
        out = foes[j * FOE :]
        out[13 + w.role[foe, j]] = ONE
        out[7] = part(w.last_level[foe, j], t.MAX_LEVEL)
        if w.hp[foe, j] <= 0:
            continue
        dx, dy = -w.last_x[foe, j] - x, -w.last_y[foe, j] - y
        distance = np.sqrt(dx * dx + dy * dy)
        out[0], out[2], out[3], out[9] = ONE, near(dx), near(dy), near(distance)
        out[4] = part(w.age[foe, j], 100)
        out[6] = part(w.last_hp[foe, j], 1500)
        if w.seen[foe, j] != 0:
            out[1] = ONE
            out[5], out[8] = w.hp[foe, j] / w.max_hp[foe, j], w.mana[foe, j] / w.max_mana[foe, j]
            out[10] = ONE if distance <= w.reach[s, i] else ZERO
            out[11], out[12] = part(w.stun[foe, j], 8), ONE if w.aggro[foe, j] > 0 else ZERO


@njit(cache=True, nogil=True)
def write_creeps(w: Game, s: int, i: int, out: NDArray[np.float32]) -> None:
    """The weakest and the nearest creep of the foe, the nearest own."""
    foe, x, y = 1 - s, w.x[s, i], w.y[s, i]
    for which in range(2):
        found, p = w.weakest[s, i] if which == 0 else w.nearest[s, i], 5 * which
        if found >= 0:
            lane, k = found // t.LANE_CREEPS, found % t.LANE_CREEPS
            dx, dy, hp = -w.cx[foe, lane, k] - x, -w.cy[foe, lane, k] - y, w.chp[foe, lane, k]
            out[p], out[p + 1], out[p + 2] = ONE, near(dx), near(dy)
            if which == 0:
                out[p + 3] = part(hp, F(4) * w.damage[s, i])
                out[p + 4] = ONE if hp <= w.damage[s, i] * (ONE - t.SPREAD / F(2)) else ZERO
            else:
                out[p + 3] = part(hp, 400)
                out[p + 4] = near(np.sqrt(dx * dx + dy * dy))
    best, lane, k = FAR, -1, 0
    for at in range(w.chp.shape[1]):
        for c in range(w.chp.shape[2]):
            if w.chp[s, at, c] > 0:
                d2 = apart2(x, y, w.cx[s, at, c], w.cy[s, at, c])
                if d2 < best:
                    best, lane, k = d2, at, c
    if lane >= 0:
        out[10], out[11], out[12] = ONE, near(w.cx[s, lane, k] - x), near(w.cy[s, lane, k] - y)
        out[13] = part(w.chp[s, lane, k], 400)


@njit(cache=True, nogil=True)
def write_lanes(w: Game, s: int, out: NDArray[np.float32], all_seen: bool) -> None:
    """For each lane how many creeps there are and how far the foremost have come, from -1 (home) to 1."""
    lanes, foe = w.chp.shape[1], 1 - s
    for lane in range(lanes):
        other, p = lanes - 1 - lane, (lane if lanes == 3 else 1) * LANE
        front, foe_front = -ONE, ONE
        for k in range(w.chp.shape[2]):
            if w.chp[s, lane, k] > 0:
                out[p] += F(0.125)
                front = max(front, (w.cx[s, lane, k] + w.cy[s, lane, k]) / F(40))
            if w.chp[foe, other, k] > 0 and (all_seen or w.cseen[foe, other, k] != 0):
                out[p + 1] += F(0.125)
                foe_front = min(foe_front, -(w.cx[foe, other, k] + w.cy[foe, other, k]) / F(40))
        out[p], out[p + 1] = min(out[p], ONE), min(out[p + 1], ONE)
        out[p + 2], out[p + 3] = min(front, ONE), max(foe_front, -ONE)


@njit(cache=True, nogil=True)
def write_buildings(w: Game, s: int, out: NDArray[np.float32], all_known: bool) -> None:
    """Health of the own buildings, then of the foe's; each side's in its own order."""
    last = w.bhp.shape[1] - 1
    for j in range(last + 1):
        place = 6 if j == last else j if last == 6 else 2 + j
        out[place] = w.bhp[s, j] / w.bmax[s, j]
        out[7 + place] = (w.bhp[1 - s, j] if all_known else w.bknown[1 - s, j]) / w.bmax[1 - s, j]


@njit(cache=True, nogil=True)
def write_places(w: Game, s: int, i: int, out: NDArray[np.float32]) -> None:
    """The building to attack, the danger from buildings, the nearest shelter and camp."""
    foe, x, y = 1 - s, w.x[s, i], w.y[s, i]
    best, j = FAR, -1
    for b in range(w.bhp.shape[1]):
        if attackable(w, foe, b):
            d2 = away2(x, y, w.bx[foe, b], w.by[foe, b])
            if d2 < best:
                best, j = d2, b
        if w.bhp[foe, b] > 0 and away2(x, y, w.bx[foe, b], w.by[foe, b]) <= TOWER2:
            out[6] = ONE
            for lane in range(w.chp.shape[1]):
                for k in range(w.chp.shape[2]):
                    if (
                        w.chp[s, lane, k] > 0
                        and away2(w.cx[s, lane, k], w.cy[s, lane, k], w.bx[foe, b], w.by[foe, b]) <= TOWER2
                    ):
                        out[7] += F(0.125)
            out[7] = min(out[7], ONE)
    if j >= 0:
        dx, dy = -w.bx[foe, j] - x, -w.by[foe, j] - y
        out[0] = ONE if w.siege[s, i] >= 0 else ZERO
        out[1], out[2], out[3] = near(dx), near(dy), w.bknown[foe, j] / w.bmax[foe, j]
        for lane in range(w.chp.shape[1]):
            for k in range(w.chp.shape[2]):
                if (
                    w.chp[s, lane, k] > 0
                    and away2(w.cx[s, lane, k], w.cy[s, lane, k], w.bx[foe, j], w.by[foe, j]) <= BACKDOOR2
                ):
                    out[4] = ONE
        out[5] = near(np.sqrt(best))
    best, j = FAR, -1
    for b in range(w.bhp.shape[1]):
        if w.bhp[s, b] > 0:
            d2 = apart2(x, y, w.bx[s, b], w.by[s, b])
            if d2 < best:
                best, j = d2, b
    if j >= 0:
        out[8], out[9] = near(w.bx[s, j] - x), near(w.by[s, j] - y)
        out[10] = w.bhp[s, j] / w.bmax[s, j]
    found = w.camp[s, i]
    if found >= 0:
        owner, k, sign = s, found, ONE
        if found >= w.nhp.shape[1]:
            owner, k, sign = foe, found - w.nhp.shape[1], -ONE
        out[11], out[12], out[13] = ONE, near(sign * w.nx[owner, k] - x), near(sign * w.ny[owner, k] - y)
        out[14] = w.nknown[s, owner, k] / t.NEUTRAL_HP


@njit(cache=True, nogil=True)
def observe(w: Game, out: NDArray[np.float32]) -> None:
    """Fills float32[2 * heroes, NUM_FEATURES]: the game as each hero knows it."""
    h = w.hp.shape[1]
    out[:] = ZERO
    for s in range(2):
        for i in range(h):
            own, p = out[s * h + i], SELF + CLOCK
            write_self(w, s, i, own)
            write_heroes(w, s, i, own[p:], own[p + 4 * ALLY :])
            p += 4 * ALLY + 5 * FOE
            if w.hp[s, i] > 0:
                write_creeps(w, s, i, own[p:])
                write_places(w, s, i, own[p + 14 + 3 * LANE + 14 :])
            if i == 0:  # what all of a side know alike
                write_clock(w, s, own[SELF:])
                write_lanes(w, s, own[p + 14 :], False)
                write_buildings(w, s, own[p + 14 + 3 * LANE :], False)
            else:
                first = out[s * h]
                own[SELF : SELF + CLOCK] = first[SELF : SELF + CLOCK]
                own[p + 14 : p + 28 + 3 * LANE] = first[p + 14 : p + 28 + 3 * LANE]


@njit(cache=True, nogil=True)
def full_state(w: Game, s: int, out: NDArray[np.float32]) -> None:
    """float32[STATE_SIZE]: everything, in the frame of side ``s``."""
    out[:] = ZERO
    for relation in range(2):
        side, sign = (s, ONE) if relation == 0 else (1 - s, -ONE)
        for i in range(w.hp.shape[1]):
            unit = out[(5 * relation + i) * UNIT :]
            unit[11 + w.role[side, i]] = ONE
            unit[5], unit[6] = part(w.level[side, i], t.MAX_LEVEL), part(w.gold[side, i], 600)
            unit[7], unit[8] = part(w.items[side, i], t.MAX_ITEMS), part(w.respawn[side, i], 110)
            if w.hp[side, i] > 0:
                unit[0], unit[1], unit[2] = ONE, sign * w.x[side, i] / t.HALF, sign * w.y[side, i] / t.HALF
                unit[3], unit[4] = w.hp[side, i] / w.max_hp[side, i], w.mana[side, i] / w.max_mana[side, i]
                unit[9], unit[10] = able(w, side, i), part(w.stun[side, i], 8)
    p = 10 * UNIT
    write_lanes(w, s, out[p:], True)
    p += 3 * LANE
    write_buildings(w, s, out[p:], True)
    p += 14
    out[p], out[p + 1], out[p + 2] = part(w.tick, 6000), part(w.wave_in, t.WAVE_EVERY), part(w.wave, 40)
    own, foes = ZERO, ZERO
    for i in range(w.hp.shape[1]):
        own += F(w.deaths[1 - s, i])
        foes += F(w.deaths[s, i])
    out[p + 3] = near(own - foes)

"""What heroes do in a tick: walk, attack, cast, recall. Everything reads the tick's beginning and writes only sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.kernels import njit
from envs.moba import tables as t
from envs.moba import world as wd
from envs.moba.orders import apart2, away2
from envs.moba.start import chance
from envs.moba.world import Game

F = np.float32


@njit(cache=True, nogil=True)
def hit_hero(w: Game, foe: int, j: int, amount: np.float32) -> None:
    w.hurt[foe, j] += amount


@njit(cache=True, nogil=True)
def hero_hits_creep(w: Game, s: int, i: int, lane: int, k: int, amount: np.float32) -> None:
    foe = 1 - s
    w.churt[foe, lane, k] += amount
    if amount > w.cbest[foe, lane, k]:  # the hardest hit of the tick is the last hit, should it be one
        w.cbest[foe, lane, k], w.cstriker[foe, lane, k] = amount, i


@njit(cache=True, nogil=True)
def walk(w: Game, s: int, i: int, dx: np.float32, dy: np.float32, length: np.float32) -> None:
    """Means to go along the unit vector (dx, dy) at full speed, but no farther than ``length``."""
    step = min(w.speed[s, i] * (t.SLOWED if w.slow[s, i] > 0 else F(1)), length)
    w.walk_x[s, i], w.walk_y[s, i] = dx * step, dy * step


@njit(cache=True, nogil=True)
def swing(w: Game, s: int, i: int) -> np.float32:
    """The damage of an attack, or 0 while the hero is not ready for the next."""
    if w.ready[s, i] > 0:
        return F(0)
    w.ready[s, i] = t.PERIOD_RAGED if w.rage[s, i] > 0 else t.PERIOD
    damage: np.float32 = w.damage[s, i] * (F(1) + t.SPREAD * (chance(w.key[s], w.tick, i) - F(0.5)))
    return damage


@njit(cache=True, nogil=True)
def attack(w: Game, s: int, i: int, order: int, target: int) -> None:
    """Walks up to the target until it is in reach, and strikes it whenever ready."""
    foe, x, y = 1 - s, w.x[s, i], w.y[s, i]
    lane, k, owner, same = 0, 0, 0, False
    if order == wd.HIT_HERO:
        gone, tx, ty = w.hp[foe, target] <= 0, w.x[foe, target], w.y[foe, target]
    elif order == wd.HIT_CREEP:
        lane, k = target // t.LANE_CREEPS, target % t.LANE_CREEPS
        gone, tx, ty = w.chp[foe, lane, k] <= 0, w.cx[foe, lane, k], w.cy[foe, lane, k]
    elif order == wd.HIT_NEUTRAL:
        same = target < w.nhp.shape[1]
        owner, k = (s, target) if same else (foe, target - w.nhp.shape[1])
        gone, tx, ty = w.nhp[owner, k] <= 0, w.nx[owner, k], w.ny[owner, k]
    else:
        gone, tx, ty = w.bhp[foe, target] <= 0, w.bx[foe, target], w.by[foe, target]
    if gone:
        return
    if not same:  # into the hero's own frame
        tx, ty = -tx, -ty
    dx, dy = tx - x, ty - y
    length = np.sqrt(dx * dx + dy * dy)
    if length > w.reach[s, i]:
        walk(w, s, i, dx / length, dy / length, length - w.reach[s, i] * F(0.9))
        return
    damage = swing(w, s, i)
    if damage == 0:
        return
    if order == wd.HIT_HERO:
        hit_hero(w, foe, target, damage)
        w.hurt_by[foe, target, i] += damage
        w.aggro[s, i] = t.AGGRO
    elif order == wd.HIT_CREEP:
        hero_hits_creep(w, s, i, lane, k, damage)
    elif order == wd.HIT_NEUTRAL:
        by = 0 if same else 1
        w.nhurt[owner, k, by] += damage
        if damage > w.nbest[owner, k, by]:
            w.nbest[owner, k, by], w.nstriker[owner, k, by] = damage, i
    else:
        w.bhurt[foe, target] += damage


@njit(cache=True, nogil=True)
def spell_hero(w: Game, s: int, i: int, j: int, ability: NDArray[np.float32], harm: np.float32) -> None:
    """An ability's harm and what comes with it, on a foe hero."""
    foe = 1 - s
    hit_hero(w, foe, j, harm)
    w.hurt_by[foe, j, i] += harm
    w.add_stun[foe, j] = max(w.add_stun[foe, j], int(ability[t.STUN]))
    w.add_slow[foe, j] = max(w.add_slow[foe, j], int(ability[t.SLOW]))
    w.aggro[s, i] = t.AGGRO


@njit(cache=True, nogil=True)
def cast(w: Game, s: int, i: int, slot: int, target: int) -> None:
    ability = t.ABILITY[w.role[s, i], slot]
    kind, steps, foe = int(ability[t.KIND]), F(w.level[s, i] - 1), 1 - s
    harm = (ability[t.HARM] + ability[t.HARM_LEVEL] * steps) * w.spell[s, i]
    heal = (ability[t.HEAL] + ability[t.HEAL_LEVEL] * steps) * w.spell[s, i]
    w.cooldown[s, i, slot] = int(ability[t.COOLDOWN])
    w.mana[s, i] -= ability[t.COST]
    x, y = w.x[s, i], w.y[s, i]
    if kind == t.ENEMY:
        if target < 10:
            spell_hero(w, s, i, target, ability, harm)
        else:
            hero_hits_creep(w, s, i, (target - 10) // t.LANE_CREEPS, (target - 10) % t.LANE_CREEPS, harm)
    elif kind == t.BLAST or kind == t.AROUND:
        if kind == t.BLAST and target < 10:
            x, y = -w.x[foe, target], -w.y[foe, target]
        elif kind == t.BLAST:
            lane, k = (target - 10) // t.LANE_CREEPS, (target - 10) % t.LANE_CREEPS
            x, y = -w.cx[foe, lane, k], -w.cy[foe, lane, k]
        radius2 = ability[t.RADIUS] * ability[t.RADIUS]
        for j in range(w.hp.shape[1]):
            if w.hp[foe, j] > 0 and away2(x, y, w.x[foe, j], w.y[foe, j]) <= radius2:
                spell_hero(w, s, i, j, ability, harm)
        for lane in range(w.chp.shape[1]):
            for k in range(w.chp.shape[2]):
                if w.chp[foe, lane, k] > 0 and away2(x, y, w.cx[foe, lane, k], w.cy[foe, lane, k]) <= radius2:
                    hero_hits_creep(w, s, i, lane, k, harm)
    else:
        reach2 = ability[t.REACH] * ability[t.REACH]
        for j in range(w.hp.shape[1]):
            chosen = j == i if kind == t.SELF else j == target
            if kind == t.ALLIES:
                chosen = apart2(x, y, w.x[s, j], w.y[s, j]) <= reach2
            if chosen and w.hp[s, j] > 0:
                w.mend[s, j] += heal
                w.add_rage[s, j] = max(w.add_rage[s, j], int(ability[t.RAGE]))
                w.add_shield[s, j] = max(w.add_shield[s, j], int(ability[t.SHIELD]))


@njit(cache=True, nogil=True)
def act(w: Game, s: int, i: int) -> None:
    """One tick of hero ``i`` of side ``s``, which is alive and not stunned."""
    order, target = w.order[s, i], w.target[s, i]
    if order == wd.WALK:
        walk(w, s, i, t.DIRECTIONS[target, 0], t.DIRECTIONS[target, 1], F(1))
    elif wd.HIT_HERO <= order <= wd.HIT_BUILDING:
        attack(w, s, i, order, target)
    elif order % 10 == wd.CASTING:
        cast(w, s, i, order // 10, target)
        w.order[s, i] = wd.IDLE
    elif order == wd.RECALLING:
        w.recall[s, i] += 1

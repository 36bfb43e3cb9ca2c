"""What an action may be and whom it means: the mask of legal actions, and each hero's order for the coming ticks.

Targets are found once a decision, from what the side sees; a tie goes to the lower index.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.kernels import njit
from envs.moba import tables as t
from envs.moba import world as wd
from envs.moba.world import Game

F = np.float32
ACQUIRE2 = t.ACQUIRE * t.ACQUIRE
FAR = F(1e9)


@njit(cache=True, nogil=True)
def away2(ax: np.float32, ay: np.float32, bx: np.float32, by: np.float32) -> np.float32:
    """Squared distance of an own unit from a foe, each in its own side's frame."""
    dx, dy = ax + bx, ay + by
    return dx * dx + dy * dy


@njit(cache=True, nogil=True)
def apart2(ax: np.float32, ay: np.float32, bx: np.float32, by: np.float32) -> np.float32:
    """Squared distance of two units given in the same frame."""
    dx, dy = ax - bx, ay - by
    return dx * dx + dy * dy


@njit(cache=True, nogil=True)
def attackable(w: Game, s: int, j: int) -> bool:
    """Whether building ``j`` of side ``s`` stands and those before it in its lane have fallen."""
    if w.bhp[s, j] <= 0:
        return False
    ancient = w.bhp.shape[1] - 1
    if j == ancient:
        fallen = 0
        for inner in range(1, ancient, 2):
            fallen += 1 if w.bhp[s, inner] <= 0 else 0
        return fallen > 0
    return j % 2 == 0 or w.bhp[s, j - 1] <= 0


@njit(cache=True, nogil=True)
def find_creep(w: Game, s: int, i: int, weakest: bool) -> int:
    """Foe's creep ``lane * LANE_CREEPS + slot`` that is the nearest, or the weakest of those in reach; or -1."""
    foe = 1 - s
    best, found = FAR, -1
    reach = w.reach[s, i] + F(1.5)
    near2, x, y = reach * reach, w.x[s, i], w.y[s, i]
    for lane in range(w.chp.shape[1]):
        for k in range(w.chp.shape[2]):
            if w.chp[foe, lane, k] <= 0 or w.cseen[foe, lane, k] == 0:
                continue
            d2 = away2(x, y, w.cx[foe, lane, k], w.cy[foe, lane, k])
            if d2 > ACQUIRE2:
                continue
            value = d2
            if weakest:  # out of reach: after all that are within, by distance
                value = w.chp[foe, lane, k] if d2 <= near2 else F(1e6) + d2
            if value < best:
                best, found = value, lane * t.LANE_CREEPS + k
    return found


@njit(cache=True, nogil=True)
def find_neutral(w: Game, s: int, i: int) -> int:
    """``owner * neutrals + k`` of the nearest neutral that the side sees or -1; ``owner`` 0 is the side itself."""
    best, found = ACQUIRE2, -1
    for owner in range(2):
        o = s if owner == 0 else 1 - s
        for k in range(w.nhp.shape[1]):
            if w.nhp[o, k] > 0 and w.nknown[s, o, k] > 0:
                if owner == 0:
                    d2 = apart2(w.x[s, i], w.y[s, i], w.nx[o, k], w.ny[o, k])
                else:
                    d2 = away2(w.x[s, i], w.y[s, i], w.nx[o, k], w.ny[o, k])
                if d2 < best and d2 <= t.SIGHT_HERO * t.SIGHT_HERO:
                    best, found = d2, owner * w.nhp.shape[1] + k
    return found


@njit(cache=True, nogil=True)
def find_building(w: Game, s: int, i: int) -> int:
    best, found = ACQUIRE2, -1
    for j in range(w.bhp.shape[1]):
        if attackable(w, 1 - s, j):
            d2 = away2(w.x[s, i], w.y[s, i], w.bx[1 - s, j], w.by[1 - s, j])
            if d2 < best:
                best, found = d2, j
    return found


@njit(cache=True, nogil=True)
def sees_hero(w: Game, s: int, i: int, j: int, reach2: np.float32) -> bool:
    foe = 1 - s
    if w.hp[foe, j] <= 0 or w.seen[foe, j] == 0:
        return False
    return bool(away2(w.x[s, i], w.y[s, i], w.x[foe, j], w.y[foe, j]) <= reach2)


@njit(cache=True, nogil=True)
def find_cast(w: Game, s: int, i: int, slot: int) -> int:
    """Whom an ability would be used on, once ``nearest`` is known.

    -2: nobody, so it may not be used; -1: no one in particular; a foe's hero; 10 + a foe's creep; for `tables.ALLY` and
    `tables.ALLIES` an own hero.
    """
    ability = t.ABILITY[w.role[s, i], slot]
    kind = int(ability[t.KIND])
    if kind < 0 or w.level[s, i] < ability[t.FROM] or w.cooldown[s, i, slot] > 0 or w.mana[s, i] < ability[t.COST]:
        return -2
    heroes, reach2 = w.hp.shape[1], ability[t.REACH] * ability[t.REACH]
    if kind == t.SELF:
        return -1
    if kind == t.ALLY or kind == t.ALLIES:
        best, found = FAR, -2
        for j in range(heroes):
            if w.hp[s, j] > 0 and apart2(w.x[s, i], w.y[s, i], w.x[s, j], w.y[s, j]) <= reach2:
                part = w.hp[s, j] / w.max_hp[s, j]
                if part < best:
                    best, found = part, j
        return found
    best, found = FAR, -2
    for j in range(heroes):
        if sees_hero(w, s, i, j, reach2) and w.hp[1 - s, j] < best:
            best, found = w.hp[1 - s, j], j
    if found == -2:
        creep = w.nearest[s, i]
        if creep >= 0:
            lane, k = creep // t.LANE_CREEPS, creep % t.LANE_CREEPS
            if away2(w.x[s, i], w.y[s, i], w.cx[1 - s, lane, k], w.cy[1 - s, lane, k]) <= reach2:
                found = 10 + creep
    return found


@njit(cache=True, nogil=True)
def scout(w: Game) -> None:
    """Finds whom every living hero's next action would mean; masks, observations and orders are made of it."""
    for s in range(2):
        for i in range(w.hp.shape[1]):
            if w.hp[s, i] <= 0:
                w.weakest[s, i] = w.nearest[s, i] = w.camp[s, i] = w.siege[s, i] = -1
                w.cast_on[s, i] = -2
                continue
            w.weakest[s, i], w.nearest[s, i] = find_creep(w, s, i, True), find_creep(w, s, i, False)
            w.camp[s, i], w.siege[s, i] = find_neutral(w, s, i), find_building(w, s, i)
            for slot in range(t.NUM_ABILITIES):
                w.cast_on[s, i, slot] = find_cast(w, s, i, slot)


@njit(cache=True, nogil=True)
def legal(w: Game, s: int, i: int, mask: NDArray[np.bool_]) -> None:
    """Fills bool[A]. A dead or stunned hero can only wait."""
    mask[:] = False
    mask[t.WAIT] = True
    if w.hp[s, i] <= 0 or w.stun[s, i] > 0 or w.over != wd.RUNNING:
        return
    mask[t.MOVE : t.MOVE + 8] = True
    for j in range(w.hp.shape[1]):
        mask[t.HERO + j] = sees_hero(w, s, i, j, ACQUIRE2)
    mask[t.LAST_HIT] = mask[t.CREEP] = w.nearest[s, i] >= 0
    mask[t.NEUTRAL] = w.camp[s, i] >= 0
    mask[t.BUILDING] = w.siege[s, i] >= 0
    for slot in range(t.NUM_ABILITIES):
        mask[t.CAST + slot] = w.cast_on[s, i, slot] > -2
    mask[t.RECALL] = True


@njit(cache=True, nogil=True)
def give(w: Game, s: int, i: int, action: int) -> None:
    """Turns an action into an order; what is illegal is an order to wait."""
    order, target = wd.IDLE, -1
    if w.hp[s, i] <= 0 or w.stun[s, i] > 0 or action <= t.WAIT or action >= t.NUM_ACTIONS:
        pass
    elif action < t.HERO:
        order, target = wd.WALK, action - t.MOVE
    elif action < t.LAST_HIT:
        if action - t.HERO < w.hp.shape[1] and sees_hero(w, s, i, action - t.HERO, ACQUIRE2):
            order, target = wd.HIT_HERO, action - t.HERO
    elif action == t.LAST_HIT or action == t.CREEP:
        target = w.weakest[s, i] if action == t.LAST_HIT else w.nearest[s, i]
        order = wd.HIT_CREEP if target >= 0 else wd.IDLE
    elif action == t.NEUTRAL:
        target = w.camp[s, i]
        order = wd.HIT_NEUTRAL if target >= 0 else wd.IDLE
    elif action == t.BUILDING:
        target = w.siege[s, i]
        order = wd.HIT_BUILDING if target >= 0 else wd.IDLE
    elif action < t.RECALL:
        if w.cast_on[s, i, action - t.CAST] > -2:
            order, target = wd.CASTING + 10 * (action - t.CAST), w.cast_on[s, i, action - t.CAST]
    else:
        order = wd.RECALLING
    if order != wd.RECALLING:
        w.recall[s, i] = 0
    w.order[s, i], w.target[s, i] = order, target

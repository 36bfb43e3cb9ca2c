"""What a tick's deaths pay, in gold and experience; read from the tick's beginning, before anything is applied."""

from __future__ import annotations

import numpy as np

from envs.kernels import njit
from envs.moba import tables as t
from envs.moba.orders import apart2, away2
from envs.moba.world import Game

F = np.float32
SHARE2 = t.SHARE * t.SHARE
CREDIT = 20  # ticks for which a hero's hit counts as the kill when something else deals the last blow


@njit(cache=True, nogil=True)
def pay(w: Game, s: int, i: int, gold: np.float32, xp: np.float32) -> None:
    w.gold[s, i] += gold
    w.xp[s, i] += xp
    w.got_gold[s, i] += gold
    w.got_xp[s, i] += xp


@njit(cache=True, nogil=True)
def share(w: Game, s: int, x: np.float32, y: np.float32, same: bool, amount: np.float32) -> None:
    """Experience in equal parts to the living heroes of side ``s`` near (x, y), which is in its frame if ``same``."""
    if not same:
        x, y = -x, -y
    count = 0
    for i in range(w.hp.shape[1]):
        if w.hp[s, i] > 0 and apart2(w.x[s, i], w.y[s, i], x, y) <= SHARE2:
            count += 1
    if count == 0:
        return
    for i in range(w.hp.shape[1]):
        if w.hp[s, i] > 0 and apart2(w.x[s, i], w.y[s, i], x, y) <= SHARE2:
            pay(w, s, i, F(0), amount / F(count))


@njit(cache=True, nogil=True)
def harm(w: Game, s: int, i: int) -> np.float32:
    """What a tick takes from a hero after its shield and its healing."""
    hurt: np.float32 = w.hurt[s, i] * (t.SHIELDED if w.shield[s, i] > 0 else F(1)) - w.mend[s, i]
    return hurt


@njit(cache=True, nogil=True)
def hero_died(w: Game, foe: int, j: int) -> None:
    s, killer, best = 1 - foe, -1, F(0)
    for i in range(w.hp.shape[1]):
        if w.hurt_by[foe, j, i] > best:
            killer, best = i, w.hurt_by[foe, j, i]
    if killer < 0 and w.struck_by[foe, j] >= 0 and w.tick - w.struck_at[foe, j] <= CREDIT:
        killer = w.struck_by[foe, j]
    steps = F(w.level[foe, j])
    if killer >= 0:
        pay(w, s, killer, t.GOLD_HERO + t.GOLD_HERO_LEVEL * steps, F(0))
        w.kills[s, killer] += 1
        w.got_kills[s, killer] += 1
        for i in range(w.hp.shape[1]):
            if i != killer and w.hp[s, i] > 0 and away2(w.x[s, i], w.y[s, i], w.x[foe, j], w.y[foe, j]) <= SHARE2:
                pay(w, s, i, t.GOLD_ASSIST, F(0))
    share(w, s, w.x[foe, j], w.y[foe, j], False, t.XP_HERO + t.XP_HERO_LEVEL * steps)
    w.deaths[foe, j] += 1
    w.got_deaths[foe, j] += 1


@njit(cache=True, nogil=True)
def last_hit(w: Game, s: int, i: int, gold: np.float32) -> None:
    pay(w, s, i, gold, F(0))
    w.last_hits[s, i] += 1
    w.got_hits[s, i] += 1


@njit(cache=True, nogil=True)
def deaths(w: Game, s: int) -> None:
    """Pays side ``s`` for everything that dies in this tick."""
    foe = 1 - s
    for lane in range(w.chp.shape[1]):
        for k in range(w.chp.shape[2]):
            if w.chp[foe, lane, k] > 0 and w.chp[foe, lane, k] <= w.churt[foe, lane, k]:
                share(w, s, w.cx[foe, lane, k], w.cy[foe, lane, k], False, t.XP_CREEP)
                if w.cbest[foe, lane, k] > 0:
                    last_hit(w, s, w.cstriker[foe, lane, k], t.GOLD_CREEP)
    for j in range(w.hp.shape[1]):
        if w.hp[foe, j] > 0 and w.hp[foe, j] <= harm(w, foe, j):
            hero_died(w, foe, j)
    for relation in range(2):  # the side's own neutrals first
        owner = s if relation == 0 else foe
        for k in range(w.nhp.shape[1]):
            if w.nhp[owner, k] > 0 and w.nhp[owner, k] <= w.nhurt[owner, k, 0] + w.nhurt[owner, k, 1]:
                mine, theirs = w.nbest[owner, k, relation], w.nbest[owner, k, 1 - relation]
                if mine > theirs or (mine == theirs and relation == 0):
                    share(w, s, w.nx[owner, k], w.ny[owner, k], relation == 0, t.XP_NEUTRAL)
                    last_hit(w, s, w.nstriker[owner, k, relation], t.GOLD_NEUTRAL)
    for j in range(w.bhp.shape[1]):
        if w.bhp[foe, j] > 0 and w.bhp[foe, j] <= w.bhurt[foe, j]:
            w.got_towers[s] += F(1) if j % 2 == 0 else F(1.33)
            for i in range(w.hp.shape[1]):
                pay(w, s, i, t.GOLD_TOWER, F(0))

"""Puts one game at its beginning, and turns levels and items into a hero's strength."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.bits import draw
from envs.kernels import njit
from envs.moba import tables as t
from envs.moba.world import Game, World

U = np.uint64
F = np.float32
_S40 = U(40)
_UNIT = F(2.0**-24)
ANY_ROLE = -1  # in a line-up: drawn anew for each game


@njit(cache=True, nogil=True)
def chance(key: np.uint64, when: int, who: int) -> np.float32:
    """Uniform in [0, 1), a hash of its arguments: no draw depends on how many went before it."""
    return F(draw(draw(key, U(when)), U(who)) >> _S40) * _UNIT


@njit(cache=True, nogil=True)
def lane_row(w: Game, lane: int) -> int:
    """The row of `tables.LANES` and `tables.TOWERS` that is a game's lane ``lane``."""
    return lane if w.bhp.shape[1] > 3 else 1


@njit(cache=True, nogil=True)
def facing_lane(w: Game, lane: int) -> int:
    """What the other side calls this lane."""
    lanes: int = w.chp.shape[1]
    return lanes - 1 - lane


@njit(cache=True, nogil=True)
def strengthen(w: Game, s: int, i: int) -> None:
    """Recomputes what follows from role, level and items; a gain in health or mana is a gain at once."""
    role, steps = w.role[s, i], F(w.level[s, i] - 1)
    base = t.ROLE[role]
    hp = base[t.MAX_HP] + base[t.HP_LEVEL] * steps
    mana = base[t.MAX_MANA] + base[t.MANA_LEVEL] * steps
    damage = base[t.DAMAGE] + base[t.DAMAGE_LEVEL] * steps
    speed, spell = base[t.SPEED], F(1)
    for item in range(w.items[s, i]):
        gain = t.BUILD[role, item]
        hp += gain[t.ITEM_HP]
        damage += gain[t.ITEM_DAMAGE]
        mana += gain[t.ITEM_MANA]
        speed += gain[t.ITEM_SPEED]
        spell += gain[t.ITEM_SPELL]
    if w.hp[s, i] > 0:
        w.hp[s, i] += hp - w.max_hp[s, i]
        w.mana[s, i] += mana - w.max_mana[s, i]
    w.max_hp[s, i], w.max_mana[s, i] = hp, mana
    w.damage[s, i], w.speed[s, i], w.spell[s, i] = damage, speed, spell
    w.reach[s, i] = base[t.RANGE]


@njit(cache=True, nogil=True)
def at_fountain(w: Game, s: int, i: int) -> None:
    """Puts a hero on its fountain, in full health."""
    w.x[s, i] = t.FOUNTAIN[0] + F(0.6) * F(i % 3)
    w.y[s, i] = t.FOUNTAIN[1] + F(0.6) * F(i // 3)
    w.hp[s, i], w.mana[s, i] = w.max_hp[s, i], w.max_mana[s, i]


@njit(cache=True, nogil=True)
def start(
    worlds: World,
    b: int,
    blank: World,
    seed: np.uint64,
    swap: int,
    lineup: NDArray[np.int64],
    level: int,
    level_to: int,
    jitter: int,
) -> None:
    """Game ``b`` from its seed; ``blank`` is a game of nothing but zeros, [1].

    ``swap`` gives each side the other's luck; ``lineup`` int64[2, heroes] holds roles or ANY_ROLE; the start level is
    drawn from ``level``..``level_to``, the same for both sides; the first wave is delayed by at most ``jitter`` ticks
    and by whole decisions, within which nobody may take the place of a fallen creep that somebody aims at.
    """
    worlds[b] = blank[0]
    w = worlds[b]
    w.seed = seed
    for s in range(2):
        w.key[s] = draw(seed, U(s ^ swap))
    w.wave_in = t.WAVE_FIRST + t.TICKS * int(chance(seed, 2, 0) * F(jitter // t.TICKS + 1))
    first = level + int(chance(seed, 2, 1) * F(level_to - level + 1))
    for s in range(2):
        for i in range(w.hp.shape[1]):
            role = lineup[s, i]
            if role == ANY_ROLE:
                role = int(chance(w.key[s], 0, 1000 + i) * F(len(t.ROLE)))
            w.role[s, i], w.level[s, i] = role, first
            w.xp[s, i] = t.LEVEL_XP[first - 1]
            strengthen(w, s, i)
            at_fountain(w, s, i)
            w.last_x[s, i], w.last_y[s, i], w.last_level[s, i] = w.x[s, i], w.y[s, i], first
            w.last_hp[s, i] = w.max_hp[s, i]
            w.lane[s, i] = i * 3 // 5 if w.hp.shape[1] == 5 else 0
            w.struck_by[s, i] = -1
        for j in range(w.bhp.shape[1]):
            lane, row = j // 2, lane_row(w, j // 2)
            if j == w.bhp.shape[1] - 1:
                w.bx[s, j], w.by[s, j], w.bmax[s, j] = t.ANCIENT[0], t.ANCIENT[1], t.ANCIENT_HP
            else:
                w.bx[s, j], w.by[s, j] = t.TOWERS[row, j - 2 * lane, 0], t.TOWERS[row, j - 2 * lane, 1]
                w.bmax[s, j] = t.INNER_HP if j % 2 else t.TOWER_HP
            w.bhp[s, j] = w.bknown[s, j] = w.bmax[s, j]
            w.btarget[s, j] = -1
        for k in range(w.nhp.shape[1]):
            place_neutral(w, s, k)
            w.nknown[0, s, k] = w.nknown[1, s, k] = w.nhp[s, k]


@njit(cache=True, nogil=True)
def place_neutral(w: Game, s: int, k: int) -> None:
    camp = k // t.CAMP_SIZE
    w.nx[s, k] = t.CAMPS[camp, 0] + F(1.2) * F(k - camp * t.CAMP_SIZE)
    w.ny[s, k] = t.CAMPS[camp, 1]
    w.nhp[s, k] = t.NEUTRAL_HP

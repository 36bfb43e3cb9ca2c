"""What a side knows of the other: whatever one of its units sees now, and the last sight of the rest."""

from __future__ import annotations

import numpy as np

from envs.kernels import njit
from envs.moba import tables as t
from envs.moba.orders import apart2
from envs.moba.world import Game

F = np.float32
HERO2, CREEP2 = t.SIGHT_HERO * t.SIGHT_HERO, t.SIGHT_CREEP * t.SIGHT_CREEP
BUILDING2 = t.SIGHT_BUILDING * t.SIGHT_BUILDING
OLD = 255  # decisions; sights do not grow older than that


@njit(cache=True, nogil=True)
def sees(w: Game, s: int, x: np.float32, y: np.float32, same: bool) -> bool:
    """Whether a unit of side ``s`` sees the point, given in its own frame (``same``) or in the foe's."""
    if not same:
        x, y = -x, -y
    for i in range(w.hp.shape[1]):
        if w.hp[s, i] > 0 and apart2(w.x[s, i], w.y[s, i], x, y) <= HERO2:
            return True
    for j in range(w.bhp.shape[1]):
        if w.bhp[s, j] > 0 and apart2(w.bx[s, j], w.by[s, j], x, y) <= BUILDING2:
            return True
    for lane in range(w.chp.shape[1]):
        for k in range(w.chp.shape[2]):
            if w.chp[s, lane, k] > 0 and apart2(w.cx[s, lane, k], w.cy[s, lane, k], x, y) <= CREEP2:
                return True
    return False


@njit(cache=True, nogil=True)
def look(w: Game, fog: bool) -> None:
    """Brings what both sides know up to date, once a decision; without ``fog`` they see everything."""
    for s in range(2):
        foe = 1 - s
        for j in range(w.hp.shape[1]):
            seen = w.hp[foe, j] > 0 and (not fog or sees(w, s, w.x[foe, j], w.y[foe, j], False))
            w.seen[foe, j] = seen
            w.age[foe, j] = min(w.age[foe, j] + 1, OLD)
            if seen:
                w.age[foe, j] = 0
                w.last_x[foe, j], w.last_y[foe, j] = w.x[foe, j], w.y[foe, j]
                w.last_hp[foe, j] = w.hp[foe, j]
                w.last_level[foe, j] = w.level[foe, j]
        for lane in range(w.chp.shape[1]):
            for k in range(w.chp.shape[2]):
                alive = w.chp[foe, lane, k] > 0
                w.cseen[foe, lane, k] = alive and (not fog or sees(w, s, w.cx[foe, lane, k], w.cy[foe, lane, k], False))
        for j in range(w.bhp.shape[1]):
            if w.bhp[foe, j] != w.bknown[foe, j] and (
                not fog or w.bhp[foe, j] <= 0 or sees(w, s, w.bx[foe, j], w.by[foe, j], False)
            ):
                w.bknown[foe, j] = w.bhp[foe, j]
        for owner in range(2):
            for k in range(w.nhp.shape[1]):
                if w.nhp[owner, k] != w.nknown[s, owner, k] and (
                    not fog or sees(w, s, w.nx[owner, k], w.ny[owner, k], owner == s)
                ):
                    w.nknown[s, owner, k] = w.nhp[owner, k]

"""Reads an observation as a player would: where things are, what is dangerous, which way to go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.kernels import njit
from envs.moba import tables as t
from envs.moba.features import ALLY, AT, FOE

F = np.float32
Seen = NDArray[np.float32]  # [NUM_FEATURES]
Mask = NDArray[np.bool_]  # [NUM_ACTIONS]

SELF_HP, SELF_HP_AMOUNT, SELF_LEVEL, SELF_GOLD = AT["self_hp"], AT["self_hp_amount"], AT["self_level"], AT["self_gold"]
SELF_MANA, SELF_ITEMS, SELF_RECALL, SELF_SLOT = AT["self_mana"], AT["self_items"], AT["self_recall"], AT["self_slot_0"]
SELF_X, SELF_Y, SELF_LANE, AT_HOME = AT["self_x"], AT["self_y"], AT["self_lane_0"], AT["self_at_home"]
SELF_ROLE, DAMAGE, HURT = AT["self_role_guardian"], AT["self_damage"], AT["self_hurt"]
FOES, FOE_SIZE, ALLIES, ALLY_SIZE, ALLY_LEVEL = AT["foe0_alive"], len(FOE), AT["ally0_alive"], len(ALLY), 5
FOE_SEEN, FOE_HP_AMOUNT, FOE_DISTANCE, FOE_REACH = 1, 6, 9, 10
LANES, FOE_CREEPS, FRONT, FOE_FRONT = AT["lane0_creeps"], 1, 2, 3
KILLABLE, WEAKEST, NEAREST = AT["weakest_killable"], AT["weakest_here"], AT["nearest_here"]
NEAREST_DISTANCE = AT["nearest_distance"]
OPEN, SIEGE_DISTANCE, SIEGE_HP = AT["siege_open"], AT["siege_distance"], AT["siege_hp"]
IN_RANGE, COVER = AT["danger_in_range"], AT["danger_cover"]
HOME_DX, HOME_DY = AT["self_home_dx"], AT["self_home_dy"]
CAMP, TICK = AT["camp_here"], AT["tick"]
BUILDINGS, FOE_BUILDINGS = AT["building_0"], AT["foe_building_0"]


@njit(cache=True, nogil=True)
def distance(value: np.float32) -> np.float32:
    """Undoes `envs.moba.observe.near`: map units."""
    return F(F(6) * value / (F(1.0001) - abs(value)))


@njit(cache=True, nogil=True)
def step(dx: np.float32, dy: np.float32) -> int:
    """The action that walks in about that direction."""
    best, found = F(-1e9), 0
    for k in range(8):
        along = dx * t.DIRECTIONS[k, 0] + dy * t.DIRECTIONS[k, 1]
        if along > best:
            best, found = along, k
    return t.MOVE + found


@njit(cache=True, nogil=True)
def homewards(seen: Seen) -> int:
    return step(distance(seen[HOME_DX]), distance(seen[HOME_DY]))


@njit(cache=True, nogil=True)
def own_role(seen: Seen) -> int:
    role = 0
    while role < len(t.ROLES) - 1 and seen[SELF_ROLE + role] == 0:
        role += 1
    return role


@njit(cache=True, nogil=True)
def own_slot(seen: Seen) -> int:
    slot = 0
    while slot < 4 and seen[SELF_SLOT + slot] == 0:
        slot += 1
    return slot


@njit(cache=True, nogil=True)
def max_hp(seen: Seen) -> np.float32:
    amount: np.float32 = seen[SELF_HP_AMOUNT] * F(1500) / max(seen[SELF_HP], F(0.01))
    return amount


@njit(cache=True, nogil=True)
def own_lane(seen: Seen) -> int:
    for lane in range(3):
        if seen[SELF_LANE + lane] > 0:
            return lane
    return 1


@njit(cache=True, nogil=True)
def towards_point(seen: Seen, x: np.float32, y: np.float32) -> int:
    return step(x - seen[SELF_X] * t.HALF, y - seen[SELF_Y] * t.HALF)


@njit(cache=True, nogil=True)
def onwards(seen: Seen, lane: int) -> int:
    """The way along a lane towards the foe; from elsewhere, to the lane first."""
    x, y = seen[SELF_X] * t.HALF, seen[SELF_Y] * t.HALF
    corner, end = t.LANES[lane, 1], t.LANES[lane, 2]
    passed = x + y > F(-1.5) if lane == 1 else (y > F(16.5) if lane == 0 else x > F(16.5))
    if passed:
        return step(end[0] - x, end[1] - y)
    return step(corner[0] - x, corner[1] - y)


@njit(cache=True, nogil=True)
def progress(seen: Seen) -> np.float32:
    """How far the hero is along any lane, as `envs.moba.features.LANE` measures creeps."""
    return F((seen[SELF_X] + seen[SELF_Y]) * t.HALF / F(40))


@njit(cache=True, nogil=True)
def post(seen: Seen, lane: int) -> np.float32:
    """Where a lane's outermost own tower stands, or the ancient, as `progress` counts."""
    for place in range(2):
        if seen[BUILDINGS + 2 * lane + place] > 0:
            return F((t.TOWERS[lane, place, 0] + t.TOWERS[lane, place, 1]) / F(40))
    return F((t.ANCIENT[0] + t.ANCIENT[1]) / F(40))


@njit(cache=True, nogil=True)
def nearest_foe(seen: Seen) -> np.float32:
    """Distance of the nearest hero in sight, or 99."""
    best = F(99)
    for j in range(5):
        at = FOES + j * FOE_SIZE
        if seen[at + FOE_SEEN] > 0:
            best = min(best, distance(seen[at + FOE_DISTANCE]))
    return best


@njit(cache=True, nogil=True)
def weakest_foe(seen: Seen, mask: Mask) -> int:
    """The slot of the hero that may be attacked and has the least health, or -1."""
    best, found = F(2), -1
    for j in range(5):
        if mask[t.HERO + j] and seen[FOES + j * FOE_SIZE + FOE_HP_AMOUNT] < best:
            best, found = seen[FOES + j * FOE_SIZE + FOE_HP_AMOUNT], j
    return found


@njit(cache=True, nogil=True)
def strength(seen: Seen, radius: np.float32) -> np.float32:
    """Health (in 1500s) of the own heroes near, this one included, less that of the foe's in sight."""
    total: np.float32 = seen[SELF_HP_AMOUNT] * (F(0.5) + seen[SELF_LEVEL])
    for k in range(4):
        at = ALLIES + k * ALLY_SIZE
        if seen[at] > 0:
            dx, dy = distance(seen[at + 1]), distance(seen[at + 2])
            if dx * dx + dy * dy <= radius * radius:
                total += seen[at + 3] * F(0.4) * (F(0.5) + seen[at + 5])
    for j in range(5):
        at = FOES + j * FOE_SIZE
        if seen[at + FOE_SEEN] > 0:
            total -= seen[at + FOE_HP_AMOUNT] * (F(0.5) + seen[at + 7])
    return total


@njit(cache=True, nogil=True)
def surplus(seen: Seen) -> np.float32:
    """Own heroes alive less the foe's, over the heroes of a side."""
    size, alive, foes = 1, 1, 0
    for k in range(4):
        size += 1 if seen[ALLIES + k * ALLY_SIZE + ALLY_LEVEL] > 0 else 0
        alive += 1 if seen[ALLIES + k * ALLY_SIZE] > 0 else 0
    for j in range(5):
        foes += 1 if seen[FOES + j * FOE_SIZE] > 0 else 0
    return F(alive - foes) / F(size)


@njit(cache=True, nogil=True)
def friends_near(seen: Seen, radius: np.float32) -> int:
    count = 0
    for k in range(4):
        at = ALLIES + k * ALLY_SIZE
        if seen[at] > 0:
            dx, dy = distance(seen[at + 1]), distance(seen[at + 2])
            count += 1 if dx * dx + dy * dy <= radius * radius else 0
    return count

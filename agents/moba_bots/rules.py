"""What bots do, rule by rule. A rule gives a legal action or `PASS`, and then the next one is asked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.moba_bots import reading as r
from agents.moba_bots import tempers as p
from agents.moba_bots.reading import Mask, Seen
from envs.kernels import njit
from envs.moba import tables as t

F = np.float32
PASS = -1  # nothing to do here
GROUP = 3  # heroes of a side, the first, that go together where it groups; the others keep their lanes
Temper = NDArray[np.float32]  # [NUM_TEMPERS], a row of `tempers.TEMPERS`
Ability = NDArray[np.float32]  # a row of `envs.moba.tables.ABILITY`


@njit(cache=True, nogil=True)
def push(seen: Seen, mask: Mask, lane: int) -> int:
    """Attacks creeps, with abilities while no hero is about, the open building, the hero in reach or any building; else
    walks on."""
    gap, role = r.distance(seen[r.NEAREST_DISTANCE]), r.own_role(seen)
    if mask[t.CREEP] and gap < F(6.5):
        for slot in range(t.NUM_ABILITIES):
            ability = t.ABILITY[role, slot]
            around = ability[t.KIND] == t.BLAST or ability[t.KIND] == t.AROUND
            if mask[t.CAST + slot] and around and gap < ability[t.REACH] and r.nearest_foe(seen) > F(12):
                return t.CAST + slot
        return t.CREEP
    if mask[t.BUILDING] and seen[r.OPEN] > 0:
        return t.BUILDING
    foe = r.weakest_foe(seen, mask)
    if foe >= 0 and seen[r.FOES + foe * r.FOE_SIZE + r.FOE_REACH] > 0:
        return t.HERO + foe
    if mask[t.BUILDING]:
        return t.BUILDING
    return r.onwards(seen, lane)


@njit(cache=True, nogil=True)
def finish(seen: Seen, mask: Mask, temper: Temper) -> int:
    """Goes for the weakest hero in sight when what can be done to it at once is about what it has left."""
    foe = r.weakest_foe(seen, mask)
    if foe < 0 or temper[p.FINISH] == 0:
        return PASS
    at, role = r.FOES + foe * r.FOE_SIZE, r.own_role(seen)
    left, gap = seen[at + r.FOE_HP_AMOUNT] * F(1500), r.distance(seen[at + r.FOE_DISTANCE])
    if temper[p.GREED] == 0 and seen[r.IN_RANGE] > 0 and seen[r.COVER] < temper[p.COVER]:
        return PASS
    could, best, most = F(2.5) * seen[r.DAMAGE] * F(150), PASS, F(0)
    for slot in range(t.NUM_ABILITIES):
        ability = t.ABILITY[role, slot]
        kind = int(ability[t.KIND])
        if mask[t.CAST + slot] and (kind == t.ENEMY or kind == t.BLAST or kind == t.AROUND):
            harm = ability[t.HARM] + ability[t.HARM_LEVEL] * (seen[r.SELF_LEVEL] * F(10) - F(1))
            could += harm
            if gap <= ability[t.REACH] and harm > most:
                most, best = harm, t.CAST + slot
    could *= temper[p.FINISH] * (F(1) + F(0.7) * F(r.friends_near(seen, F(8))))
    if left > could or gap > F(7.5):
        return PASS
    return best if best != PASS else t.HERO + foe


@njit(cache=True, nogil=True)
def siege(seen: Seen, mask: Mask, temper: Temper) -> int:
    """Attacks a building that falls before the hero would, even if its tower shoots all the while."""
    if not mask[t.BUILDING] or temper[p.SIEGE] == 0:
        return PASS
    tick = seen[r.TICK] * F(6000)
    blow = seen[r.DAMAGE] * F(150) * F(t.TICKS / t.PERIOD) * (F(1) + t.SIEGE * tick)
    blow *= F(1) + F(r.friends_near(seen, F(7)))
    if seen[r.OPEN] == 0:
        blow *= t.BACKDOOR
    needed = seen[r.SIEGE_HP] * t.INNER_HP / blow + r.distance(seen[r.SIEGE_DISTANCE]) / F(1.4)
    shot = F(0) if seen[r.COVER] > F(0.1) else t.TOWER_DAMAGE
    if r.nearest_foe(seen) < F(9):
        shot += F(25)
    left = seen[r.SELF_HP_AMOUNT] * F(1500) - F(0.15) * r.max_hp(seen)
    return t.BUILDING if left > shot * needed * temper[p.SIEGE] else PASS


@njit(cache=True, nogil=True)
def survive(seen: Seen, mask: Mask, temper: Temper) -> int:
    """Goes home when hurt, by recall where nobody is near, and stays there until healed."""
    if seen[r.AT_HOME] > 0 and (seen[r.SELF_HP] < temper[p.HEALED] or seen[r.SELF_MANA] < F(0.6)):
        return t.WAIT
    if seen[r.SELF_RECALL] > 0 and mask[t.RECALL]:
        return t.RECALL
    alone = r.nearest_foe(seen) > F(12) and seen[r.HURT] < F(0.05)
    low = F(0.15) if r.surplus(seen) >= temper[p.STORM] else temper[p.LOW_ALONE] if alone else temper[p.LOW]
    if seen[r.SELF_HP] >= low:
        return PASS
    safe = r.nearest_foe(seen) > F(10) and seen[r.IN_RANGE] == 0 and seen[r.HURT] == 0
    if safe and not mask[t.CREEP] and mask[t.RECALL]:
        return t.RECALL
    return r.homewards(seen)


@njit(cache=True, nogil=True)
def wave_is_worth(seen: Seen, mask: Mask, ability: Ability, foe_near: np.float32, temper: Temper) -> bool:
    """Whether an ability that harms may go into the foe's wave."""
    around = ability[t.KIND] != t.ENEMY
    if not mask[t.CREEP] or temper[p.SHOVES] > 1 or not (around or ability[t.HARM] > 50):
        return False
    if around and ability[t.COOLDOWN] < 60 and seen[r.SELF_MANA] > F(0.75):
        return True
    reached = r.distance(seen[r.NEAREST_DISTANCE]) < ability[t.REACH]
    spare = F(0.1) if r.surplus(seen) >= temper[p.STORM] else temper[p.SHOVES] if around else temper[p.SHOVES] + F(0.3)
    if foe_near < F(12):
        spare += temper[p.SAVES]
    return bool(reached and seen[r.SELF_MANA] > spare)


@njit(cache=True, nogil=True)
def cast(seen: Seen, mask: Mask, temper: Temper) -> int:
    """Abilities: on heroes at once, healing when it is needed, on creeps only with mana to spare."""
    role, foe_near, lowest = r.own_role(seen), r.nearest_foe(seen), seen[r.SELF_HP]
    for k in range(4):
        at = r.ALLIES + k * r.ALLY_SIZE
        if seen[at] > 0 and abs(r.distance(seen[at + 1])) < F(6) and abs(r.distance(seen[at + 2])) < F(6):
            lowest = min(lowest, seen[at + 3])
    for slot in range(t.NUM_ABILITIES - 1, -1, -1):
        if not mask[t.CAST + slot]:
            continue
        ability = t.ABILITY[role, slot]
        kind = int(ability[t.KIND])
        if kind == t.ALLY or kind == t.ALLIES:
            useful = lowest < F(0.7) and (foe_near < F(8) or ability[t.HEAL] > 0)
        else:
            useful = foe_near < (F(5) if kind == t.SELF else ability[t.REACH])
        if useful and temper[p.CASTS] > 0:
            return t.CAST + slot
        if kind < t.ALLY and wave_is_worth(seen, mask, ability, foe_near, temper):
            return t.CAST + slot
    return PASS


@njit(cache=True, nogil=True)
def fight(seen: Seen, mask: Mask, temper: Temper) -> int:
    """Attacks the weakest hero in sight while its side is the stronger here, and gives way while it is not."""
    foe = r.weakest_foe(seen, mask)
    if foe < 0:
        return PASS
    edge = r.strength(seen, F(9))
    if edge > temper[p.COURAGE] and (seen[r.IN_RANGE] == 0 or seen[r.COVER] >= temper[p.COVER]):
        return t.HERO + foe
    if edge < -temper[p.FEAR] and r.nearest_foe(seen) < F(7):
        return r.homewards(seen)
    return PASS


@njit(cache=True, nogil=True)
def shop(seen: Seen, mask: Mask, temper: Temper) -> int:
    """Recalls in a quiet moment when the next item can be paid."""
    items = int(seen[r.SELF_ITEMS] * t.MAX_ITEMS + F(0.5))
    if temper[p.SHOPS] == 0 or items >= t.MAX_ITEMS or seen[r.AT_HOME] > 0 or r.surplus(seen) >= temper[p.STORM]:
        return PASS
    quiet = r.nearest_foe(seen) > F(10) and not mask[t.CREEP] and seen[r.IN_RANGE] == 0 and seen[r.HURT] == 0
    if quiet and mask[t.RECALL] and seen[r.SELF_GOLD] * F(600) >= t.PRICE[items]:
        return t.RECALL
    return PASS


@njit(cache=True, nogil=True)
def forage(seen: Seen, mask: Mask, temper: Temper) -> int:
    """Neutrals: the near ones, and while its lane is quiet early on the way to a camp."""
    if seen[r.SELF_LEVEL] > temper[p.FORAGES] or r.surplus(seen) >= temper[p.STORM]:
        return PASS
    if mask[t.NEUTRAL]:
        return t.NEUTRAL
    if seen[r.LANES + r.own_lane(seen) * 4] == 0 and r.progress(seen) < F(0.1):
        camp = t.CAMPS[0 if seen[r.SELF_LANE + 2] == 0 else 1]
        if abs(camp[0] - seen[r.SELF_X] * t.HALF) + abs(camp[1] - seen[r.SELF_Y] * t.HALF) > F(4):
            return r.towards_point(seen, camp[0], camp[1])
    return PASS


@njit(cache=True, nogil=True)
def hold(seen: Seen, lane: int, temper: Temper) -> int:
    """Keeps up with the own creeps, a little behind; without any, waits before its outermost tower."""
    place = seen[r.LANES + lane * 4 + r.FRONT] - temper[p.BEHIND]
    if seen[r.LANES + lane * 4] == 0:
        place = r.post(seen, lane)
    ahead = r.progress(seen) - place
    if ahead > F(0.05):
        return r.homewards(seen)
    return r.onwards(seen, lane) if ahead < F(-0.03) else t.WAIT


@njit(cache=True, nogil=True)
def farm(seen: Seen, mask: Mask, lane: int, temper: Temper) -> int:
    """Strikes creeps for the last hit, buildings under cover, and otherwise keeps up with its own creeps."""
    if mask[t.LAST_HIT] and seen[r.KILLABLE] > 0:
        return t.LAST_HIT
    if mask[t.BUILDING] and seen[r.OPEN] > 0 and (seen[r.COVER] >= temper[p.COVER] or seen[r.IN_RANGE] == 0):
        return t.BUILDING
    gap = r.distance(seen[r.NEAREST_DISTANCE])
    if mask[t.CREEP] and r.progress(seen) - seen[r.LANES + lane * 4 + r.FRONT] < F(0.12):
        return t.LAST_HIT if gap < F(6.5) else t.CREEP
    if mask[t.CREEP] and gap < F(5.5) and seen[r.SELF_HP] > F(0.5):
        return t.LAST_HIT
    return hold(seen, lane, temper)


@njit(cache=True, nogil=True)
def threatened(seen: Seen, lane: int) -> bool:
    """Whether the foe's creeps stand at the lane's outermost own building."""
    at = r.LANES + lane * 4
    return bool(seen[at + r.FOE_CREEPS] > 0 and seen[at + r.FOE_FRONT] < r.post(seen, lane) + F(0.1))


@njit(cache=True, nogil=True)
def meeting(seen: Seen) -> int:
    """The lane that a whole side agrees on, from the shared view: where its creeps are farthest on, and rather where
    the foe's towers have suffered."""
    best, found = F(-9), 1
    for lane in range(3):
        at, other = r.LANES + lane * 4, 2 - lane
        left = seen[r.FOE_BUILDINGS + 2 * other] + seen[r.FOE_BUILDINGS + 2 * other + 1]
        worth = (seen[at + r.FRONT] if seen[at] > 0 else F(0)) - F(0.3) * left
        if worth > best:
            best, found = worth, lane
    return found


@njit(cache=True, nogil=True)
def lane_of(seen: Seen, temper: Temper) -> int:
    """Where a hero belongs now: in its own lane, or with the group if it is of it and its own lane is safe."""
    own = r.own_lane(seen)
    grouped = seen[r.ALLIES + r.ALLY_LEVEL] > 0 and seen[r.TICK] * F(6000) > temper[p.GROUPS]  # > 0: is not alone
    return meeting(seen) if grouped and r.own_slot(seen) < GROUP and not threatened(seen, own) else own


@njit(cache=True, nogil=True)
def decide(seen: Seen, mask: Mask, temper: Temper) -> int:
    """The first rule that has something to say, from the most pressing to the everyday one."""
    action = finish(seen, mask, temper)
    if action == PASS:
        action = siege(seen, mask, temper)
    if action == PASS:
        action = cast(seen, mask, temper)
    if action == PASS:
        action = survive(seen, mask, temper)
    if action == PASS:
        action = fight(seen, mask, temper)
    if action == PASS and r.nearest_foe(seen) < temper[p.SHUNS] and r.strength(seen, F(8)) < F(0.3):
        action = r.homewards(seen)
    if action == PASS and seen[r.IN_RANGE] > 0 and seen[r.COVER] < temper[p.COVER]:
        action = r.homewards(seen)
    lane = lane_of(seen, temper)
    if action == PASS and lane == r.own_lane(seen):
        action = forage(seen, mask, temper)
    if action == PASS:
        action = shop(seen, mask, temper)
    return action if action != PASS else farm(seen, mask, lane, temper)

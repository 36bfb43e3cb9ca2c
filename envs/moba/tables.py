"""The numbers of the game: map, roles, abilities, items, creeps and buildings. All of them are constants in kernels.

Positions are in a side's own frame: offsets from the map's centre, turned so that its base is bottom left. East's
frame is west's turned by 180 degrees, which is a change of sign and so exact in floating point. Lengths are in map
units, times in ticks, speeds in units a tick.
"""

from __future__ import annotations

import numpy as np

F = np.float32

TICKS = 4  # a decision
MAX_CYCLES = {1: 800, 5: 1500}  # decisions until truncation, by heroes a side
HALF = F(24.0)  # the map reaches from -HALF to HALF in x and y
SIGHT_HERO, SIGHT_CREEP, SIGHT_BUILDING = F(9.0), F(6.0), F(10.0)
SHARE = F(10.0)  # experience of what dies is shared by foes within this distance
ACQUIRE = F(9.0)  # how far a hero may be sent to attack something
MAX_LEVEL = 10
LEVEL_XP = np.array([60 * n + 15 * n * (n - 1) for n in range(MAX_LEVEL)], F)  # [level - 1]: experience it needs

# --- the map -----------------------------------------------------------------------------------------------------
FOUNTAIN = np.array([-21.5, -21.5], F)
FOUNTAIN_RADIUS = F(4.0)
ANCIENT = np.array([-17.5, -17.5], F)
# [lane, point, xy]; a side's lane l is the other side's lane 2 - l. With a single lane it is the middle one.
LANES = np.array(
    [
        [[-19, -16], [-19, 19], [16, 19]],
        [[-17, -17], [0, 0], [17, 17]],
        [[-16, -19], [19, -19], [19, 16]],
    ],
    F,
)
TOWERS = np.array(  # [lane, outer or inner, xy]
    [[[-19, 3], [-19, -8]], [[-5, -5], [-11.5, -11.5]], [[3, -19], [-8, -19]]], F
)
CAMPS = np.array([[-9, 5], [5, -9], [-14, 11]], F)  # a single lane has only the first
CAMP_SIZE = 2
_D = np.sqrt(0.5)
DIRECTIONS = np.array(
    [[1, 0], [_D, _D], [0, 1], [-_D, _D], [-1, 0], [-_D, -_D], [0, -1], [_D, -_D]], F
)  # east, north-east, ... counter-clockwise

# --- actions -----------------------------------------------------------------------------------------------------
WAIT, MOVE, HERO, LAST_HIT, CREEP, NEUTRAL, BUILDING, CAST, RECALL = 0, 1, 9, 14, 15, 16, 17, 18, 21
NUM_ACTIONS = 22
ACTIONS = (
    *("wait", "e", "ne", "n", "nw", "w", "sw", "s", "se"),
    *("hero1", "hero2", "hero3", "hero4", "hero5"),
    *("lasthit", "creep", "neutral", "building", "ability1", "ability2", "ability3", "recall"),
)

# --- heroes ------------------------------------------------------------------------------------------------------
ROLES = ("guardian", "fighter", "marksman", "mage", "healer")
MAX_HP, HP_LEVEL, MAX_MANA, MANA_LEVEL, DAMAGE, DAMAGE_LEVEL, RANGE, SPEED, HP_REGEN, MANA_REGEN = range(10)
ROLE = np.array(  # [role, stat]
    [
        [560, 58, 180, 12, 22, 2.5, 1.6, 0.36, 0.40, 0.20],
        [500, 50, 160, 12, 27, 3.2, 1.6, 0.39, 0.35, 0.18],
        [400, 38, 160, 12, 25, 3.4, 5.5, 0.36, 0.25, 0.18],
        [390, 36, 260, 22, 20, 2.2, 5.0, 0.35, 0.25, 0.35],
        [420, 40, 260, 20, 18, 2.0, 4.5, 0.36, 0.30, 0.35],
    ],
    F,
)
PERIOD, PERIOD_RAGED = 5, 3  # ticks between two attacks
SPREAD = F(0.2)  # an attack hits for damage * (1 +- SPREAD / 2)
SLOWED = F(0.6)  # of the usual speed
SHIELDED = F(0.55)  # of the damage
AGGRO = 8  # ticks for which towers remember who hit a hero
RECALL_TICKS = 12
RESPAWN, RESPAWN_LEVEL = 20, 9  # ticks: RESPAWN + RESPAWN_LEVEL * level
FOUNTAIN_HEAL, FOUNTAIN_HARM = F(0.04), F(0.06)  # of all health, a tick

# kind; range; radius; damage; damage a level; heal; heal a level; stun; slow; rage; shield; cooldown; mana; from level
ENEMY, BLAST, AROUND, ALLY, ALLIES, SELF = range(6)
NO_ABILITY = [-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 99]
KIND, REACH, RADIUS, HARM, HARM_LEVEL, HEAL, HEAL_LEVEL, STUN, SLOW, RAGE, SHIELD, COOLDOWN, COST, FROM = range(14)
ABILITY = np.array(  # [role, slot, column]
    [
        [  # guardian: slam, bulwark
            [AROUND, 3, 3, 40, 7, 0, 0, 5, 0, 0, 0, 44, 50, 1],
            [ALLIES, 5, 5, 0, 0, 0, 0, 0, 0, 0, 16, 72, 55, 1],
            NO_ABILITY,
        ],
        [  # fighter: cleave, frenzy, execute
            [AROUND, 2.6, 2.6, 45, 9, 0, 0, 0, 8, 0, 0, 36, 40, 1],
            [SELF, 0, 0, 0, 0, 25, 5, 0, 0, 20, 0, 64, 40, 1],
            [ENEMY, 2.5, 0, 120, 16, 0, 0, 3, 0, 0, 0, 120, 80, 4],
        ],
        [  # marksman: volley, focus
            [BLAST, 7, 2.5, 48, 9, 0, 0, 0, 8, 0, 0, 40, 45, 1],
            [SELF, 0, 0, 0, 0, 0, 0, 0, 0, 24, 0, 64, 40, 1],
            NO_ABILITY,
        ],
        [  # mage: bolt, frost, meteor
            [ENEMY, 6.5, 0, 62, 11, 0, 0, 0, 0, 0, 0, 32, 50, 1],
            [AROUND, 4, 4, 36, 6, 0, 0, 0, 14, 0, 0, 52, 60, 1],
            [BLAST, 7.5, 3.2, 130, 18, 0, 0, 2, 0, 0, 0, 140, 110, 4],
        ],
        [  # healer: mend, hex, sanctuary
            [ALLY, 6.5, 0, 0, 0, 75, 14, 0, 0, 0, 0, 36, 50, 1],
            [ENEMY, 6, 0, 25, 4, 0, 0, 6, 0, 0, 0, 60, 60, 1],
            [ALLIES, 6.5, 6.5, 0, 0, 110, 16, 0, 0, 0, 10, 140, 110, 4],
        ],
    ],
    F,
)
NUM_ABILITIES = 3

# --- items: bought in this order, by themselves, as soon as the hero stands at its fountain with the gold -------------
MAX_ITEMS = 6
PRICE = np.array([120, 160, 200, 260, 320, 400, 1e9], F)  # [items owned]
ITEM_HP, ITEM_DAMAGE, ITEM_MANA, ITEM_SPEED, ITEM_SPELL = range(5)
_BOOTS, _BLADE, _PLATE, _TOME = [0, 0, 0, 0.05, 0], [40, 14, 0, 0, 0], [180, 3, 0, 0, 0], [50, 2, 70, 0, 0.25]
BUILD = np.array(  # [role, item, gain]
    [
        [_BOOTS, _PLATE, _PLATE, _BLADE, _PLATE, _TOME],
        [_BOOTS, _BLADE, _PLATE, _BLADE, _BLADE, _PLATE],
        [_BOOTS, _BLADE, _BLADE, _PLATE, _BLADE, _BLADE],
        [_BOOTS, _TOME, _TOME, _PLATE, _TOME, _BLADE],
        [_BOOTS, _TOME, _PLATE, _TOME, _PLATE, _TOME],
    ],
    F,
)

# --- creeps, neutrals, buildings -----------------------------------------------------------------------------------
LANE_CREEPS = 12  # at most, a lane and side
WAVE_EVERY, WAVE_FIRST, WAVE_SIZE, WAVE_LARGER_EVERY, WAVE_LARGEST = 100, 12, 4, 6, 8  # ticks, creeps, waves
WAVE_GROWTH = F(0.06)  # of a creep's health and damage, a wave
CREEP_HP, CREEP_HP_RANGED, CREEP_DAMAGE, CREEP_DAMAGE_RANGED = F(170), F(110), F(7), F(10)
CREEP_RANGE, CREEP_RANGE_RANGED, CREEP_SPEED, CREEP_SEES, CREEP_PERIOD = F(1.2), F(4.0), F(0.32), F(5.0), 4
NEUTRAL_HP, NEUTRAL_DAMAGE, NEUTRAL_RANGE, NEUTRAL_PERIOD, NEUTRAL_RESPAWN = F(260), F(14), F(3.0), 5, 240
TOWER_HP, INNER_HP, ANCIENT_HP = F(800), F(1000), F(1500)
TOWER_RANGE, TOWER_DAMAGE, TOWER_PERIOD = F(6.5), F(48), 4
BACKDOOR, BACKDOOR_RANGE = F(0.2), F(7.5)  # of the damage to a building without a foe's creep in range
SIEGE = F(0.0004)  # buildings take this much more damage for each tick of the game
# From this tick on, by heroes a side, buildings that may be attacked crumble on both sides alike, so that every game
# ends, and won by whoever has done more harm to the other's.
CRUMBLE_FROM = np.array([0, 1200, 0, 0, 0, 2800], np.int64)
CRUMBLE = F(4)  # health lost a tick

# --- what is paid ------------------------------------------------------------------------------------------------
XP_CREEP, XP_NEUTRAL, XP_HERO, XP_HERO_LEVEL = F(20), F(30), F(60), F(15)
GOLD_CREEP, GOLD_NEUTRAL, GOLD_HERO, GOLD_HERO_LEVEL, GOLD_ASSIST, GOLD_TOWER = F(22), F(28), F(90), F(10), F(30), F(60)
GOLD_TICK = F(0.25)

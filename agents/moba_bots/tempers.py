"""What tells the better bots apart: numbers that the rules in `agents.moba_bots.rules` go by, a row a bot."""

from __future__ import annotations

import numpy as np

F = np.float32

# columns
LOW = 0  # share of health below which it goes home while a hero of the foe is about,
LOW_ALONE = 1  # and while none is
HEALED = 2  # stays at the fountain until it has this share
CASTS = 3  # 1: uses abilities on heroes
SHOVES = 4  # casts at creeps with more than this share of its mana, while no hero is about; above 1: never
COURAGE = 5  # attacks heroes while its side is stronger by this much here
FEAR = 6  # gives way while its side is weaker by this much
COVER = 7  # creeps (in eights) that it wants with it within a tower's range
FINISH = 8  # goes for a hero with less health than this times what it can do at once
GREED = 9  # 1: also under a tower
SIEGE = 10  # attacks a building as long as this times the harm expected leaves it alive; 0: only under cover
BEHIND = 11  # how far it stays behind its foremost creeps
SHOPS = 12  # 1: recalls in a quiet moment for the next item
GROUPS = 13  # ticks after which the first heroes of a side go together, where it is farthest on
FORAGES = 14  # takes neutrals up to this level (in tenths)
SHUNS = 15  # walks away from heroes nearer than this unless its side is stronger by 0.3
STORM = 16  # once so much more of its side is alive than of the foe's (in sides), it stays on, hurt as it is
SAVES = 17  # casts at creeps only with so much more mana while a hero is about
NUM_TEMPERS = 18

NEVER = 1e9
TEMPERS = np.array(
    [
        [0.35, 0.30, 0.9, 0, 0.5, NEVER, NEVER, 0.1, 0, 0, 0, 0.0, 0, NEVER, 0, 0, NEVER, 1],  # farmer
        [0.20, 0.20, 0.7, 1, 0.48, -2.0, 9, 0, 0, 0, 0, -0.03, 1, NEVER, 0, 0, NEVER, 1],  # brawler
        [0.5, 0.2, 0.77, 1, 0.3, -2, 7, 0.18, 0.76, 1, 0.73, 0.06, 1, 800, 0.3, 1.2, 0.76, 0.39],  # captain
        [0.35, 0.35, 0.9, 1, 0.3, NEVER, NEVER, 0.1, 0, 0, 1, 0.04, 1, NEVER, 0.4, 2, NEVER, 1],  # raider
    ],
    F,
)

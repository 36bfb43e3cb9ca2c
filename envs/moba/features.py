"""The names and places of the numbers in an observation and in a state.

Both are float32 in [-1, 1] in the observer's own frame. Distances along an axis pass through ``d / (6 + |d|)``, which
is fine near the hero and still tells far from farther. An observation is made of what the hero's side knows and of
nothing else.
"""

from __future__ import annotations

from envs.moba import tables as t

_roles = tuple(f"role_{name}" for name in t.ROLES)
SELF = (
    *(f"slot_{i}" for i in range(5)),
    *_roles,
    *("alive", "hp", "hp_amount", "mana", "level", "xp", "gold", "items", "ready"),
    *("cooldown_0", "cooldown_1", "cooldown_2", "able_0", "able_1", "able_2"),
    *("stun", "slow", "rage", "shield", "recall", "respawn", "x", "y", "damage", "reach", "speed"),
    *("home_dx", "home_dy", "lane_0", "lane_1", "lane_2", "at_home", "hurt"),
)
CLOCK = ("tick", "wave_in", "wave", "kills", "foe_kills", "towers", "foe_towers")
ALLY = ("alive", "dx", "dy", "hp", "mana", "level", "stun", "able", *_roles)
FOE = (
    *("alive", "seen", "dx", "dy", "age", "hp", "hp_amount", "level", "mana", "distance"),
    *("in_reach", "stun", "aggro", *_roles),
)
WEAKEST = ("here", "dx", "dy", "hits", "killable")  # the creep that the action lasthit means
NEAREST = ("here", "dx", "dy", "hp", "distance")  # the creep that the action creep means
OWN_CREEP = ("here", "dx", "dy", "hp")
LANE = ("creeps", "foe_creeps", "front", "foe_front")
SIEGE = ("here", "dx", "dy", "hp", "open", "distance")  # the nearest building that may be attacked
DANGER = ("in_range", "cover")  # of a foe's building that shoots, and own creeps in its range
SHELTER = ("dx", "dy", "hp")  # the nearest building of one's own
CAMP = ("here", "dx", "dy", "hp")

FIELDS = (
    *(f"self_{n}" for n in SELF),
    *CLOCK,
    *(f"ally{k}_{n}" for k in range(4) for n in ALLY),  # the other slots of the side, in order
    *(f"foe{j}_{n}" for j in range(5) for n in FOE),  # by slot: the actions hero1..hero5
    *(f"weakest_{n}" for n in WEAKEST),
    *(f"nearest_{n}" for n in NEAREST),
    *(f"own_creep_{n}" for n in OWN_CREEP),
    *(f"lane{k}_{n}" for k in range(3) for n in LANE),
    *(f"building_{j}" for j in range(7)),
    *(f"foe_building_{j}" for j in range(7)),
    *(f"siege_{n}" for n in SIEGE),
    *(f"danger_{n}" for n in DANGER),
    *(f"shelter_{n}" for n in SHELTER),
    *(f"camp_{n}" for n in CAMP),
)
AT = {name: place for place, name in enumerate(FIELDS)}
NUM_FEATURES = len(FIELDS)

UNIT = ("alive", "x", "y", "hp", "mana", "level", "gold", "items", "respawn", "able", "stun", *_roles)
STATE_FIELDS = (
    *(f"{side}{i}_{n}" for side in ("own", "foe") for i in range(5) for n in UNIT),
    *(f"lane{k}_{n}" for k in range(3) for n in LANE),
    *(f"{side}_building_{j}" for side in ("own", "foe") for j in range(7)),
    *("tick", "wave_in", "wave", "kills"),
)
STATE_SIZE = len(STATE_FIELDS)

"""Every ability does what its row of the table says, to whom it says, and what that means for them."""

import numpy as np
import pytest

from envs.moba import games as games_module
from envs.moba import tables as t
from envs.moba.games import Games
from envs.moba.setup import Setup

LEVEL = 6
LAST = t.TICKS - 1  # of a decision's ticks are left when an ability, which takes the first, has worked
ABILITIES = [
    (role, slot) for role in range(len(t.ROLES)) for slot in range(t.NUM_ABILITIES) if t.ABILITY[role, slot][0] >= 0
]
MAGE = t.ROLES.index("mage")
ASIDE = (0, -14)
# Where foes stand, in west's frame, by kind of ability, its reach r and its radius d: the first is the weakest in
# reach, the third, which is out of reach, the weakest of all.
FOES = {
    t.ENEMY: lambda r, d: [(r - 0.3, 0), (r - 0.3, 0.5), (r + 0.3, 0), (-1, 0), ASIDE],
    t.BLAST: lambda r, d: [(r - 0.3, 0), (r + d - 0.6, 0), (r + d, 0), (-1, 0), ASIDE],
    t.AROUND: lambda r, d: [(d - 0.3, 0), (0, 0.3 - d), (d + 0.3, 0), (-d - 0.3, 0), ASIDE],
}
HIT = {t.ENEMY: {0}, t.BLAST: {0, 1}, t.AROUND: {0, 1}, t.ALLY: set(), t.ALLIES: set(), t.SELF: set()}
HELPED = {t.ENEMY: set(), t.BLAST: set(), t.AROUND: set(), t.ALLY: {1}, t.ALLIES: {0, 1, 2}, t.SELF: {0}}


def stage(role, level=LEVEL):
    """Five heroes a side of one role in the middle of an empty map, all far from full health."""
    games = Games(1, Setup(heroes=5, lineup=(t.ROLES[role],) * 5, start_level=level, fog=False), autoreset=False)
    games.reset(np.zeros(1, np.uint64))
    world = games.worlds[0]
    world["chp"], world["nhp"], world["nrespawn"], world["wave_in"] = 0, 0, 999, 999
    world["bhp"][:, :-1] = 0
    world["hp"][0] = world["max_hp"][0] * [0.6, 0.4, 0.6, 0.3, 0.6]
    world["hp"][1] = world["max_hp"][1] * [0.5, 0.8, 0.3, 0.8, 0.8]
    return games, world


def place(world, own, foes):
    world["x"][0], world["y"][0] = np.transpose(own)
    world["x"][1], world["y"][1] = -np.transpose(foes)


def decide(games, action):
    """A decision of west's first hero, while all others wait."""
    games_module.fog.look(games.worlds[0], False)
    games_module.show(games.worlds[0], games._step.observations[0], games._step.mask[0])
    assert games._step.mask[0, 0, action]
    games.step(np.array([[action, *[t.WAIT] * 9]]))


@pytest.mark.parametrize(("role", "slot"), ABILITIES, ids=lambda number: str(number))
def test_an_ability_does_what_its_row_says(role, slot):
    row = t.ABILITY[role, slot].tolist()  # its columns as the comment above the table names them
    kind, reach, radius, harm, more_harm, heal, more_heal = row[:7]
    stun, slow, rage, shield, cooldown, cost, _ = row[7:]
    harm, heal = harm + more_harm * (LEVEL - 1), heal + more_heal * (LEVEL - 1)
    games, world = stage(role)
    r = reach or 3
    # the caster, the weakest in reach, one beside him, the weakest of all, one far away
    own = [(0, 0), (0, r - 0.3), (-0.5, 0.5), (0.5, -r - 0.3), (-16, -2)]
    place(world, own, FOES.get(kind, FOES[t.ENEMY])(r, radius))
    hp, mana = world["hp"].copy(), world["mana"][0, 0].copy()
    decide(games, t.CAST + slot)
    regained = t.TICKS * t.ROLE[role, t.HP_REGEN]
    for j in range(5):
        struck, helped = j in HIT[kind], j in HELPED[kind]
        assert world["hp"][1, j] - hp[1, j] == pytest.approx(regained - harm * struck, abs=0.01)
        assert world["hp"][0, j] - hp[0, j] == pytest.approx(regained + heal * helped, abs=0.01)
        for name, ticks in (("stun", stun), ("slow", slow), ("rage", rage), ("shield", shield)):
            for side, meant in ((0, helped), (1, struck)):
                assert world[name][side, j] == (max(ticks - LAST, 0) if meant else 0), name
    assert world["mana"][0, 0] - mana == pytest.approx(t.TICKS * t.ROLE[role, t.MANA_REGEN] - cost, abs=0.01)
    assert world["cooldown"][0, 0, slot] == cooldown - t.TICKS


@pytest.mark.parametrize(("role", "slot"), [(r, s) for r, s in ABILITIES if t.ABILITY[r, s][-1] > 1])
def test_the_great_abilities_come_with_a_level(role, slot):
    for level in (3, 4):
        games, world = stage(role, level)
        place(world, [(0, 0)] * 5, [(1, 0)] * 5)
        games_module.fog.look(world, False)
        games_module.show(world, games._step.observations[0], games._step.mask[0])
        assert games._step.mask[0, 0, t.CAST + slot] == (level >= t.ABILITY[role, slot][-1])


def test_the_stunned_wait_and_the_slowed_walk_less_far():
    games, world = stage(MAGE)
    place(world, [(0, 0), (0, 3), (0, 6), (0, 9), (0, 12)], [ASIDE] * 5)
    world["stun"][0, 0], world["slow"][0, 1] = 9, 9
    games_module.show(world, games._step.observations[0], games._step.mask[0])
    assert games._step.mask[0].sum(axis=1).tolist()[:2] == [1, games._step.mask[0, 2].sum()]
    games.step(np.array([[t.MOVE] * 3 + [t.WAIT] * 7]))
    speed = t.ROLE[MAGE, t.SPEED]
    assert world["x"][0] == pytest.approx([0, t.TICKS * 0.6 * speed, t.TICKS * speed, 0, 0], abs=1e-4)


def test_a_shield_softens_harm_and_rage_makes_attacks_quicker():
    games, world = stage(MAGE)
    place(world, [(0, 0)] + [(-16, -2)] * 4, [(2, 0)] + [ASIDE] * 4)
    world["shield"][1, 0] = 9
    before = world["hp"][1, 0].copy()
    decide(games, t.CAST)
    bolt = t.ABILITY[MAGE, 0]
    harm, regained = bolt[3] + bolt[4] * (LEVEL - 1), t.TICKS * t.ROLE[MAGE, t.HP_REGEN]
    assert before - world["hp"][1, 0] == pytest.approx(0.55 * harm - regained, abs=0.01)
    attacks = []
    for rage in (0, 99):
        games, world = stage(MAGE)
        place(world, [(0, 0)] + [(-16, -2)] * 4, [(2, 0)] + [ASIDE] * 4)
        world["rage"][0, 0] = rage
        world["hp"][1, 0], hits = 300, 0
        for _ in range(15 // t.TICKS + 1):  # 16 ticks: at 0, 5, 10, 15 or at 0, 3, 6, 9, 12, 15
            before = world["hp"][1, 0] + t.TICKS * t.ROLE[MAGE, t.HP_REGEN]
            decide(games, t.HERO)
            hits += round(float((before - world["hp"][1, 0]) / world["damage"][0, 0]))
        attacks.append(hits)
    assert attacks == [4, 6]

"""Fog of war: what is not seen changes not one byte of any observation of the other side."""

import numpy as np
import pytest

from envs.moba import features, fog
from envs.moba import games as games_module
from envs.moba import tables as t
from tests.envs.moba.made import lively, play


def shown(games, world, b=0):
    fog.look(world, True)
    games_module.show(world, games._step.observations[b], games._step.mask[b])
    half = games.setup.heroes
    return games._step.observations[b].copy(), games._step.mask[b].copy(), half


@pytest.mark.parametrize("heroes", [1, 5])
@pytest.mark.parametrize("decisions", [5, 40, 120, 300])
def test_moving_or_hurting_the_unseen_changes_no_byte(heroes, decisions):
    games, _, rng = play(heroes, decisions, batch=8, seed=decisions)
    tried = 0
    for b, s in np.ndindex(8, 2):
        before, after = games.worlds[b : b + 1].copy(), games.worlds[b : b + 1].copy()
        one, foe = after[0], 1 - s
        hidden = (one["hp"][foe] > 0) & (one["seen"][foe] == 0)
        for j in np.flatnonzero(hidden):
            place = rng.uniform(-23, 23, 2).astype(np.float32)
            if not fog.sees(one, s, place[0], place[1], False):
                one["x"][foe, j], one["y"][foe, j] = place
            one["hp"][foe, j] *= np.float32(0.3)
            one["mana"][foe, j] = 0
            for name, value in (("stun", 3), ("slow", 3), ("gold", 99), ("xp", 5), ("items", 2), ("level", 9)):
                one[name][foe, j] = value
            one["max_hp"][foe, j] += 100
            one["cooldown"][foe, j] = 7
            tried += 1
        for lane, k in np.ndindex(*one["chp"].shape[1:]):
            if one["chp"][foe, lane, k] > 0 and not one["cseen"][foe, lane, k]:
                one["chp"][foe, lane, k] *= np.float32(0.5)
                place = rng.uniform(-23, 23, 2).astype(np.float32)
                if not fog.sees(one, s, place[0], place[1], False):
                    one["cx"][foe, lane, k], one["cy"][foe, lane, k] = place
                tried += 1
        for j in range(one["bhp"].shape[1]):
            if one["bhp"][foe, j] > 0 and not fog.sees(one, s, one["bx"][foe, j], one["by"][foe, j], False):
                one["bhp"][foe, j] *= np.float32(0.5)
        for owner, k in np.ndindex(*one["nhp"].shape):
            if not fog.sees(one, s, one["nx"][owner, k], one["ny"][owner, k], owner == s):
                one["nhp"][owner, k] = 0 if one["nhp"][owner, k] else 50
        first, first_mask, half = shown(games, before[0])
        second, second_mask, _ = shown(games, one)
        side = slice(s * half, (s + 1) * half)
        assert first[side].tobytes() == second[side].tobytes()
        assert first_mask[side].tobytes() == second_mask[side].tobytes()
        assert games.worlds[b : b + 1].tobytes() != after.tobytes()
    assert tried > 4


def test_hurting_what_is_seen_does_change_the_observation():
    games, _, _ = play(1, 0, batch=1)
    world = games.worlds[0]
    world["x"][:], world["y"][:] = [[1], [1]], 0
    first, _, _ = shown(games, world)
    world["hp"][1, 0] -= 50
    second, _, _ = shown(games, world)
    changed = {features.FIELDS[i] for i in np.flatnonzero(first[0] != second[0])}
    assert changed == {"foe0_hp", "foe0_hp_amount"}


def test_the_last_seen_place_stays_and_grows_old():
    games, _, _ = play(1, 0, batch=1)
    world, at = games.worlds[0], features.AT
    world["x"][:], world["y"][:] = [[1], [3]], 0
    seen, mask, _ = shown(games, world)
    assert seen[0, at["foe0_seen"]] == 1
    assert mask[0, t.HERO]
    world["x"][1, 0] = -20
    world["y"][1, 0] = 20
    for age in (1, 2, 3):
        now, mask, _ = shown(games, world)
        assert now[0, at["foe0_seen"]] == 0
        assert now[0, at["foe0_alive"]] == 1
        assert now[0, at["foe0_age"]] == pytest.approx(age / 100)
        assert now[0, at["foe0_dx"]] == seen[0, at["foe0_dx"]]
        assert not mask[0, t.HERO]


def test_without_fog_everything_is_seen():
    games, step, _ = play(5, 100, batch=2, fog=False)
    alive = games.worlds["hp"] > 0
    assert (games.worlds["seen"].astype(bool) == alive).all()
    assert step.observations.min() >= -1


@pytest.mark.parametrize("heroes", [1, 5])
def test_observations_and_states_stay_within_bounds_and_use_every_number(heroes):
    games, step, rng = play(heroes, 0, batch=32, lineup="random", start_level=(1, 6))
    low, high = np.zeros(features.NUM_FEATURES), np.zeros(features.NUM_FEATURES)
    state = np.zeros(features.STATE_SIZE)
    for _ in range(games.setup.cycles):
        step = games.step(lively(rng, step.mask))
        low, high = np.minimum(low, step.observations.min((0, 1))), np.maximum(high, step.observations.max((0, 1)))
        state = np.maximum(state, np.abs(games.state()).max((0, 1)))
    assert low.min() >= -1
    assert high.max() <= 1
    assert state.max() <= 1
    if heroes == 5:
        idle = {features.FIELDS[i] for i in np.flatnonzero((low == 0) & (high == 0))}
        assert idle == set()

"""What the rules promise: symmetry, simultaneity, determinism, deaths and payments."""

import numpy as np
import pytest

from envs.core import InputError
from envs.moba import games as games_module
from envs.moba import tables as t
from envs.moba import world as wd
from envs.moba.games import Games
from envs.moba.setup import Setup
from tests.envs.moba.made import lively, play

SIZES = pytest.mark.parametrize("heroes", [1, 5])


def batch_of(heroes, n=1, **options):
    games = Games(n, Setup(heroes=heroes, **options), autoreset=False)
    games.reset(np.arange(n, dtype=np.uint64))
    return games


def look(games):
    """Brings sight, targets and observations up to date after the test has moved something."""
    for b in range(games.batch):
        games_module.fog.look(games.worlds[b], games.setup.fog)
        games_module.show(games.worlds[b], games._step.observations[b], games._step.mask[b])
    return games._step


def waits(games):
    return np.zeros((games.batch, games.units), np.int64)


@SIZES
@pytest.mark.parametrize("lineup", [None, "random"])
def test_swapped_sides_give_the_mirrored_game_bit_for_bit(heroes, lineup):
    options = {"heroes": heroes, "lineup": lineup, "start_level": (1, 5), "wave_jitter": 40}
    one, two = (Games(6, Setup(**options, swap=swap)) for swap in (False, True))
    rng, seeds = np.random.default_rng(3), np.arange(6, dtype=np.uint64)
    a, b = one.reset(seeds), two.reset(seeds)
    turned = np.r_[heroes : 2 * heroes, :heroes]
    for decision in range(one.setup.cycles + 50):  # over the end and into the next games
        assert np.array_equal(a.observations, b.observations[:, turned])
        assert np.array_equal(a.mask, b.mask[:, turned])
        assert np.array_equal(a.rewards, b.rewards[:, turned])
        assert np.array_equal(a.outcome, -b.outcome, equal_nan=True)
        if decision % 100 == 0:
            assert np.array_equal(wd.mirrored(one.worlds), two.worlds)
        actions = lively(rng, a.mask)
        a, b = one.step(actions), two.step(actions[:, turned])


@SIZES
def test_equal_luck_and_equal_actions_keep_a_game_its_own_mirror_image(heroes):
    games = batch_of(heroes)
    games.worlds["key"][:, 1] = games.worlds["key"][:, 0]
    step, rng = look(games), np.random.default_rng(0)
    for _ in range(400):
        half = lively(rng, step.mask[:, :heroes])
        step = games.step(np.concatenate([half, half], 1))
    assert np.array_equal(wd.mirrored(games.worlds), games.worlds)
    assert games.worlds["deaths"].sum() > 0


@SIZES
def test_the_same_seed_and_actions_give_the_same_game_whatever_the_batch_and_threads(heroes):
    def run(batch, threads):
        games = Games(batch, Setup(heroes=heroes), threads=threads)
        step, rng, seen = games.reset(np.arange(batch, dtype=np.uint64)), np.random.default_rng(5), []
        for _ in range(games.setup.cycles + 20):
            seen.append((step.observations[0].tobytes(), step.rewards[0].tobytes(), step.outcome[0].tobytes()))
            row = lively(rng, step.mask[:1])
            step = games.step(np.repeat(row, batch, 0))
        games.close()
        return seen

    assert run(1, 1) == run(3, 2)


def test_two_heroes_kill_each_other_in_the_same_tick():
    games = batch_of(1)
    world = games.worlds[0]
    world["x"][:], world["y"][:], world["hp"][:] = [[0.5], [0.0]], 0, 5
    look(games)
    step = games.step(np.full((1, 2), t.HERO))
    assert (world["hp"] == 0).all()
    assert (world["kills"] == 1).all()
    assert (world["deaths"] == 1).all()
    assert step.rewards[0].tolist() == [0, 0]
    assert step.mask[0].sum(-1).tolist() == [1, 1]  # the dead can only wait


def test_both_ancients_fall_at_once_and_nobody_wins():
    games = batch_of(1)
    world = games.worlds[0]
    world["bhp"][:, :2], world["bhp"][:, 2] = 0, 1
    world["x"][:], world["y"][:] = -t.ANCIENT[0] - 1, -t.ANCIENT[1]
    look(games)
    step = games.step(np.full((1, 2), t.BUILDING))
    assert step.terminated[0]
    assert step.outcome[0] == 0
    assert step.terms[0, :, 0].tolist() == [0, 0]


def test_buildings_fall_in_order():
    games = batch_of(5)
    world = games.worlds[0]
    world["x"][0, 0], world["y"][0, 0] = -t.TOWERS[1, 1] + 0.5  # beside east's inner middle tower
    assert not look(games).mask[0, 0, t.BUILDING] or world["siege"][0, 0] != 3
    world["bhp"][1, 2] = 0
    look(games)
    assert world["siege"][0, 0] == 3
    world["x"][0, 0], world["y"][0, 0] = -t.ANCIENT - 0.5
    look(games)
    assert world["siege"][0, 0] == 3
    world["bhp"][1, 3] = 0
    look(games)
    assert world["siege"][0, 0] == 6


@SIZES
def test_an_illegal_action_is_a_wait(heroes):
    one, step, rng = play(heroes, 60)
    two, _, _ = play(heroes, 60)
    for _ in range(100):
        actions = rng.integers(0, t.NUM_ACTIONS, step.mask.shape[:2])
        legal = np.take_along_axis(step.mask, actions[..., None], -1)[..., 0]
        assert not legal.all()
        two.step(np.where(legal, actions, t.WAIT))
        step = one.step(actions)
        assert np.array_equal(one.worlds, two.worlds)
    before = one.worlds.tobytes()
    two.step(np.full_like(actions, 22))
    one.step(np.full_like(actions, -7))
    assert np.array_equal(one.worlds, two.worlds)
    assert one.worlds.tobytes() != before


def test_the_last_hit_pays_its_hero_and_experience_is_shared_within_reach():
    games = batch_of(5)
    world = games.worlds[0]
    world["x"][0], world["y"][0] = [0, 3, 20, 0, 0], [1, 1, -20, 1, 1]
    world["hp"][0, 3:] = 0
    world["respawn"][0, 3:] = 99
    world["cx"][1, 1, 0] = world["cy"][1, 1, 0] = 0
    world["chp"][1, 1, 0] = world["cmax"][1, 1, 0] = 4
    gold, xp = world["gold"][0].copy(), world["xp"][0].copy()
    look(games)
    actions = waits(games)
    actions[0, 0] = t.LAST_HIT
    games.step(actions)
    paid = world["gold"][0] - gold - t.TICKS * t.GOLD_TICK
    assert paid.tolist() == [t.GOLD_CREEP, 0, 0, 0, 0]
    assert (world["xp"][0] - xp).tolist() == [t.XP_CREEP / 2, t.XP_CREEP / 2, 0, 0, 0]
    assert world["last_hits"][0].tolist() == [1, 0, 0, 0, 0]


def test_respawn_takes_longer_at_higher_levels_and_gold_buys_at_the_fountain():
    games = batch_of(1, 2, start_level=1)
    games.worlds["level"][1] = 10
    games.worlds["x"][:, 0], games.worlds["y"][:, 0], games.worlds["gold"][:, 0] = 20, 20, 500
    games.worlds["hp"][:, 0] = 1  # on the foe's fountain
    look(games)
    games.step(waits(games))
    first = games.worlds["respawn"][:, 0, 0].copy()
    assert (games.worlds["hp"][:, 0] == 0).all()
    assert first[0] < first[1] <= t.RESPAWN + 10 * t.RESPAWN_LEVEL
    assert (games.worlds["items"][:, 0] == 0).all()
    for _ in range(30):
        games.step(waits(games))
    assert (games.worlds["hp"][:, 0] > 0).all()
    assert (games.worlds["items"][:, 0] > 0).all()


def test_recall_takes_three_undisturbed_decisions():
    games = batch_of(1)
    world = games.worlds[0]
    world["x"][:], world["y"][:] = 0, [[-12], [-12]]
    look(games)
    for count in range(4):
        assert (world["y"][0, 0] == -12) == (count < 3)
        games.step(np.array([[t.RECALL, t.WAIT]]))
    assert world["x"][0, 0] < -20


def test_abilities_cost_mana_and_cool_down():
    games = batch_of(1)
    world = games.worlds[0]
    world["x"][:], world["y"][:] = 0, 0
    step = look(games)
    mana, hp = world["mana"][0, 0], world["hp"][1, 0]
    assert step.mask[0, 0, t.CAST]
    assert not step.mask[0, 0, t.CAST + 2]  # from level 4
    step = games.step(np.array([[t.CAST, t.WAIT]]))
    bolt = t.ABILITY[3, 0]
    assert world["mana"][0, 0] == pytest.approx(mana - bolt[t.COST], abs=2)
    assert world["hp"][1, 0] == pytest.approx(hp - bolt[t.HARM], abs=2)
    assert not step.mask[0, 0, t.CAST]


def test_waves_grow():
    games = batch_of(1)
    largest = []
    for _ in range(700):
        games.step(waits(games))
        largest.append(float(games.worlds["cmax"].max()))
    assert largest[-1] > 2 * largest[30]


def test_setups_are_checked():
    for options, message in (
        ({"heroes": 3}, "unknown number of heroes a side 3"),
        ({"lineup": ("mage",)}, "does not name 5 roles"),
        ({"heroes": 1, "lineup": ("wizard",)}, "unknown role 'wizard'"),
        ({"lineup": "rnd"}, "unknown lineup 'rnd'"),
        ({"lineup": ["mage"]}, "does not name 5 roles"),
        ({"lineup": 3}, "unknown lineup 3"),
        ({"start_level": 2.5}, "start_level 2.5 is not a whole number or two"),
        ({"wave_jitter": 2.5}, "wave_jitter 2.5 is not within"),
        ({"fog": "off"}, "fog is true or false, not 'off'"),
        ({"swap": "yes"}, "swap is true or false, not 'yes'"),
        ({"start_level": (3, 11)}, r"start_level \(3, 11\) is not within 1..10"),
        ({"reward": "shape"}, "unknown reward 'shape'.*Did you mean 'shaped'"),
        ({"team_spirit": 1.5}, "team_spirit 1.5"),
        ({"max_cycles": 0}, "max_cycles 0"),
        ({"wave_jitter": -1}, "wave_jitter -1"),
    ):
        with pytest.raises(InputError, match=message):
            Setup(**options)
    with pytest.raises(InputError, match="actions of shape"):
        batch_of(1).step(np.zeros((1, 3), np.int64))


@SIZES
def test_left_alone_both_sides_crumble_to_a_draw(heroes):
    """Without anybody's help every game ends, and within the time that the buildings' health allows."""
    games = batch_of(heroes)
    starts = t.CRUMBLE_FROM[heroes]
    longest = (starts + (t.TOWER_HP + t.INNER_HP + t.ANCIENT_HP) / t.CRUMBLE) / t.TICKS
    decisions = 0
    while not (step := games.step(waits(games))).terminated[0]:
        decisions += 1
        if decisions * t.TICKS < starts:
            assert (games.worlds["bhp"][0, 0] == games.worlds["bhp"][0, 1]).all()
        assert decisions < longest
    assert decisions * t.TICKS > starts
    assert not step.truncated[0]


def test_buildings_crumble_one_after_the_other_and_harm_decides():
    games = batch_of(1)
    games.worlds["tick"][0] = t.CRUMBLE_FROM[1]
    games.worlds["chp"][0] = 0
    games.worlds["wave_in"][0] = 10_000
    games.worlds["bhp"][0, 1, 0] -= 100  # east's outer tower has been hurt
    before = games.worlds["bhp"][0].copy()
    games.step(waits(games))
    lost = before - games.worlds["bhp"][0]
    assert lost[:, 0].tolist() == [t.TICKS * t.CRUMBLE] * 2  # the outer towers alone
    assert (lost[:, 1:] == 0).all()
    while not (step := games.step(waits(games))).terminated[0]:
        pass
    assert step.outcome[0] == 1

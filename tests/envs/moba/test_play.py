"""Games as matches play them, and as people watch them."""

import numpy as np
import pytest

import envs
from envs.core import InputError
from envs.moba import shots
from envs.moba import tables as t
from envs.moba.games import Games
from envs.moba.play import Play, setup
from envs.moba.setup import Setup
from tests.envs.moba.made import lively


@pytest.mark.parametrize("heroes", [1, 5])
def test_a_match_is_the_game_that_is_trained_on(heroes):
    """Bit for bit, whatever is started beside it, and whatever the others do once a game is left out."""
    seeds, rng = [3, 2**63 - 1, 77], np.random.default_rng(0)
    play, alone = (
        Play(heroes, seeds, {"max_cycles": 70}),
        Games(1, Setup(heroes=heroes, max_cycles=70), autoreset=False),
    )
    step = alone.reset(np.array(seeds[1:2], np.uint64))
    for decision in range(70):
        rows = np.arange(3) if decision < 20 else np.array([1])
        seen, legal = play.observe(rows)
        actions, here = lively(rng, legal), rows.tolist().index(1)
        np.testing.assert_array_equal(seen[here], step.observations[0])
        np.testing.assert_array_equal(legal[here], step.mask[0])
        assert not play.over[1]
        play.step(rows, actions)
        step = alone.step(actions[here : here + 1])
    assert play.over.tolist() == [False, True, False]
    assert (play.truncated[1], play.outcome[1]) == (True, 0)
    assert np.isnan(play.outcome[[0, 2]]).all()
    play.close()


def test_options_come_as_a_record_has_them():
    assert setup(1, {"lineup": ["healer"], "start_level": [2, 4]}) == Setup(1, ("healer",), (2, 4))
    for bad, said in [
        ({"heroes": 5}, "unknown option of the game 'heroes'"),
        ({"team_spirit": "much"}, "team_spirit"),
        ({"start_level": [1, 2, 3]}, "start_level"),
        ({"lineup": "king"}, "unknown lineup"),
    ]:
        with pytest.raises(InputError, match=said):
            setup(5, bad)


@pytest.mark.parametrize("game_id", ["moba_1v1", "moba_5v5"])
def test_a_film_tells_what_is_there(game_id):
    game, rng = envs.team_game(game_id), np.random.default_rng(1)
    play, row, line = game.start([9]), np.zeros(1, np.int64), []
    for _ in range(120):
        line += (joint := lively(rng, play.observe(row)[1]))[0].tolist()
        play.step(row, joint)
    reel = list(game.film(9, line))
    world = play.games.worlds[0]
    assert len(reel) == 121
    np.testing.assert_array_equal(reel[-1].stats[:, shots.STATS.index("deaths")], world["deaths"].ravel())
    gold = world["gold"] + np.array([t.PRICE[:items].sum() for items in world["items"].ravel()]).reshape(2, -1)
    assert reel[-1].gauges["gold"] == pytest.approx(gold.mean(axis=1).tolist(), abs=0.06)
    assert sum("(" in event.text for shot in reel for event in shot.events) == world["deaths"].sum()
    assert reel[-1].labels[0] == f"west_0 {t.ROLES[world['role'][0, 0]]}"
    assert "not in sight" in "".join(shot.text(0) for shot in reel)
    assert "not in sight" not in reel[-1].text(None)
    with pytest.raises(InputError, match="no whole number of decisions"):
        list(game.film(9, line[:-1]))
    with pytest.raises(InputError, match="decision 60 after the end"):
        list(game.film(9, line, {"max_cycles": 60}))


def test_places_on_the_map_are_those_of_the_picture():
    scenery = envs.team_game("moba_5v5").scenery
    shot = next(envs.team_game("moba_5v5").film(1, []))
    ancients = shot.tokens[shot.tokens[:, 0] == shots.ANCIENT]
    x, y = ancients[0, 2:4] / 255 * scenery.background.width
    assert (x, y) == pytest.approx((480 * (24 - 17.5) / 48, 480 * (24 + 17.5) / 48), abs=1)
    assert ancients[1, 2:4].tolist() == [255 - ancients[0, 2], 255 - ancients[0, 3]]
    assert {kind.name for kind in scenery.kinds} >= {"tower", *t.ROLES}

"""Other people's PettingZoo environments as team games: MAgent2's battle in the arena, as any other game."""

import numpy as np
import pytest

pytest.importorskip("magent2")

import envs
from arena.families import forfeit
from arena.ladder import Ladder
from arena.match import play_match
from arena.records import from_json, to_json
from arena.replay import ask_again, verify
from arena.roster import LadderConfig
from arena.runner import Limits, Task
from arena.standings import standings
from arena.store import Store
from arena.view import team, team_film, team_page, team_reel
from arena.view.charts import ASCII
from envs.battle import _ROUND, _STEPS
from envs.core import InputError
from tests.arena.scripted_agents import LOADER, load

GAME = envs.team_game("battle")
DICE = ("dice?luck=0", "dice?luck=1")


@pytest.fixture(scope="module")
def match():
    return list(play_match(*DICE, "battle", 2, loader=load))


def test_whole_games_are_played_and_replay(match):
    assert {record.termination for record in match} == {"rules"}
    for record in match:
        assert len(record.actions) == 300 * len(GAME.units)
        assert sorted(record.returns) in ([-1, 1], [0, 0])
        assert verify(record) == []
        assert from_json(to_json(record)) == record
    assert ask_again(match[0], load) == []
    assert match[0].seed == match[1].seed
    assert match[0].agents == match[1].agents[::-1]


def test_the_side_with_more_points_wins(match):
    record = match[0]
    play, row = GAME.start([record.seed]), np.zeros(1, np.int64)
    for joint in np.array(record.actions).reshape(-1, 1, len(GAME.units)):
        assert not play.over[0]
        play.step(row, joint)
    red, blue = play.points[0].reshape(2, -1).sum(axis=1)
    assert play.over[0]
    assert play.outcome[0] == np.sign(red - blue) == record.returns[0]
    play.close()


def test_units_are_the_environments_agents_and_the_fallen_only_wait():
    environment = GAME.parallel_env()
    seen, _ = environment.reset(seed=1)
    assert set(environment.agents) == set(GAME.units)
    play, row = GAME.start([1]), np.zeros(1, np.int64)
    shown, legal = play.observe(row)
    np.testing.assert_array_equal(shown[0, 0], seen[GAME.units[0]])
    assert legal.all()
    play.alive[0, 3] = False
    environment.agents.remove(GAME.units[3])
    play.environments[0].agents = [name for name in GAME.units if name != GAME.units[3]]
    play._show(0, seen, {})
    shown, legal = play.observe(row)
    assert not shown[0, 3].any()
    assert legal[0, 3].tolist() == [True] + [False] * 20
    play.close()


def charge(seen, rng):
    """int[U]: whoever has a foe beside itself strikes it, the others walk towards one in sight or about."""
    actions = rng.integers(13, size=len(seen))
    for unit, (foes, centre) in enumerate(zip(seen[..., 3], [6] * len(seen), strict=True)):
        places = np.argwhere(foes > 0) - centre  # down and to the right
        near = [tuple(place) for place in places.tolist() if max(map(abs, place)) == 1]
        if near:
            actions[unit] = len(_STEPS) + _ROUND.index(near[0])
        elif len(places):
            actions[unit] = _STEPS.index(tuple(np.sign(places[0]).tolist()))
    return actions


def test_a_fall_is_told():
    seed, rng = 5, np.random.default_rng(0)
    play, row, line = GAME.start([seed]), np.zeros(1, np.int64), []
    while not play.over[0]:
        joint = charge(play.observe(row)[0][0], rng)
        line += joint.tolist()
        play.step(row, joint[None])
    assert play.outcome[0] in (1, -1)
    shots = list(GAME.film(seed, line))
    fallen = [event for shot in shots for event in shot.events]
    assert 5 < len(fallen) == 24 - shots[-1].stats.sum()
    assert all(event.text.startswith(("red", "blue")[1 - event.seat]) for event in fallen)
    with pytest.raises(InputError, match="after the end"):
        list(GAME.film(seed, line + line[:24]))
    with pytest.raises(InputError, match="no whole number of decisions"):
        list(GAME.film(seed, line[:30]))


def test_faults_limits_and_ladders_are_as_everywhere(tmp_path):
    store = Store(tmp_path / "arena.db")
    ladder = Ladder(store, "b", LadderConfig("battle", pairs=1, limits=Limits(max_plies=30)), loader=LOADER)
    ladder.enter([*DICE, "dice?fault=far&ply=5"])
    assert ladder.run(workers=1).done == 6
    state = standings(ladder)
    assert state.rows[-1].faults == {"illegal": 4}
    for record in store.records():
        assert verify(record) == []
    store.close()
    task = Task("0" * 16 + "-1", 3, (), 0)
    lost = forfeit("battle", record.agents, task, [0] * 48, "crash", 1, "gone", started="2026", seconds=1.0)
    assert (lost.returns, verify(lost)) == ((1.0, -1.0), [])
    with pytest.raises(InputError, match="unknown option of battle: 'map_size'"):
        next(play_match(*DICE, "battle", 2, loader=load, options={"map_size": 45}))


def test_it_is_watched(match, tmp_path):
    record, _ = play_match(*DICE, "battle", 2, loader=load, limits=Limits(max_plies=20))
    shots = team_reel.reel(record)
    assert len(shots) == 21
    assert "red: 12 left" in team.printed(record, shots).plain
    team.render(record, shots, 10, None, (100, 40), ASCII, colour=False)
    html = team_page.page(record)
    assert '"map":null' in html
    assert 'id="screen" width="160" height="176"' in html
    pictures = list(team_film.frames(record))
    assert len(pictures) == 21
    assert all(side % 2 == 0 for side in pictures[0].shape[:2])
    team_film.WRITERS[".png"](record, tmp_path / "end.png")

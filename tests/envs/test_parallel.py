"""Any PettingZoo environment as a team game: the package's own comes in the same way, and is the same game."""

import numpy as np
import pytest

import envs
from envs import moba_v0
from envs.core import InputError
from envs.parallel import ParallelGame
from tests.envs.moba.made import lively

OWN = envs.team_game("moba_1v1")
WIN = {"reward": "win"}  # so that whose rewards come to more has won


def through_pettingzoo():
    def make(render_mode=None, **options):
        return moba_v0.parallel_env(render_mode, heroes=1, **WIN, **options)

    return ParallelGame(OWN.spec, OWN.units, OWN.action_names, make, options=("max_cycles", "start_level"))


@pytest.mark.parametrize("options", [{}, {"max_cycles": 40, "start_level": 5}], ids=["to the end", "cut off"])
def test_an_environment_is_the_game_that_it_is(options):
    """In lockstep, bit for bit: what units see, what they may do, when a game is over, and who has won."""
    seeds, rng, decisions = [3, 4, 5], np.random.default_rng(0), 0
    play, own = through_pettingzoo().start(seeds, options), OWN.start(seeds, {**WIN, **options})
    while len(rows := np.flatnonzero(~own.over)):
        (seen, legal), (own_seen, own_legal) = play.observe(rows), own.observe(rows)
        np.testing.assert_array_equal(seen, own_seen)
        np.testing.assert_array_equal(legal, own_legal)
        assert play.alive[rows].all()
        actions = lively(rng, legal)
        play.step(rows, actions)
        own.step(rows, actions)
        np.testing.assert_array_equal(play.over, own.over)
        np.testing.assert_array_equal(play.outcome, own.outcome)
        decisions += 1
    assert decisions == 40 if options else set(own.outcome.tolist()) <= {-1, 1}
    play.close()
    own.close()


def test_a_film_has_a_picture_of_every_decision():
    game, rng, line = through_pettingzoo(), np.random.default_rng(1), []
    play, row = game.start([9], {"max_cycles": 5}), np.zeros(1, np.int64)
    while not play.over[0]:
        line += (joint := lively(rng, play.observe(row)[1]))[0].tolist()
        play.step(row, joint)
    play.close()
    shots = list(game.film(9, line, {"max_cycles": 5}))
    assert [shot.decision for shot in shots] == list(range(6))
    assert len({shot.picture.tobytes() for shot in shots}) == 6
    assert all(shot.stats.tolist() == [[1], [1]] and not shot.events for shot in shots)
    assert "west: 1 left, 0 points" in shots[-1].text(None)
    for wrong, said in (([*line, 0, 0], "decision 5 after the end of the game"), (line[:3], "no whole number")):
        with pytest.raises(InputError, match=said):
            list(game.film(9, wrong, {"max_cycles": 5}))
    with pytest.raises(InputError, match=r"unknown option of moba_1v1: 'heroes'"):
        game.start([1], {"heroes": 5})


class Falling:
    """Four agents of two sides; whoever is told so leaves. Observations are dictionaries, with or without a mask."""

    def __init__(self, masked):
        self.masked, self.possible_agents = masked, ["a0", "a1", "b0", "b1"]

    def reset(self, seed=None):
        self.agents, self.left = self.possible_agents[:], 3
        return self.seen(), {}

    def seen(self):
        mask = {"action_mask": np.array([1, 0, 1])} if self.masked else {}
        return {name: {"observation": np.full(2, self.left, np.float32), **mask} for name in self.agents}

    def step(self, actions):
        assert list(actions) == self.agents
        self.left -= 1
        gone = {name: action == 2 for name, action in actions.items()}
        rewards = {name: float(name[0] == "a") for name in self.agents}
        self.agents = [name for name in self.agents if not gone[name] and self.left]
        return self.seen(), rewards, gone, dict.fromkeys(actions, not self.left), {}

    def render(self):
        return np.zeros((4, 4, 3), np.uint8)

    def close(self):
        pass


@pytest.mark.parametrize("masked", [False, True])
def test_who_has_left_sees_nothing_and_can_only_wait(masked):
    spec = envs.GameSpec("falling", "Falling", 1, "team", 2, 3, 3, (2,), 3, seats=("a", "b"))
    game = ParallelGame(spec, ("a0", "a1", "b0", "b1"), ("wait", "go", "leave"), lambda mode: Falling(masked))
    play, row = game.start([1]), np.zeros(1, np.int64)
    usual = [True, not masked, True]
    assert play.observe(row)[1][0].tolist() == [usual] * 4
    play.step(row, np.array([[0, 2, 0, 0]]))
    seen, legal = play.observe(row)
    assert seen[0].tolist() == [[2, 2], [0, 0], [2, 2], [2, 2]]
    assert legal[0].tolist() == [usual, [True, False, False], usual, usual]
    play.step(row, np.array([[0, 1, 0, 2]]))  # of who has left nothing is used
    assert not play.over[0]
    play.step(row, np.array([[0, 0, 0, 0]]))
    assert (play.over[0], play.outcome[0], play.alive[0].tolist()) == (True, 1, [True, False, True, False])
    line = [0, 2, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0]
    told = [(shot.decision, event.seat, event.text) for shot in game.film(1, line) for event in shot.events]
    assert told == [(1, 1, "a1 falls"), (2, 0, "b1 falls")]

"""The game as the registry knows it."""

import subprocess
import sys

import pytest

import envs
from envs.moba import features
from envs.moba import tables as t


@pytest.mark.parametrize("game_id", envs.team_ids())
def test_the_spec_is_what_is_played(game_id):
    game = envs.team_game(game_id)
    env = game.parallel_env()
    spec = envs.spec(game_id)
    assert spec == game.spec
    assert (spec.id, spec.family) == (game_id, "team")
    assert tuple(env.possible_agents) == game.units
    for unit in game.units:
        assert env.observation_space(unit).shape == spec.observation_shape
        assert env.action_space(unit).n == spec.num_actions == len(game.action_names)
    if game_id.startswith("moba_"):
        assert game.action_names == t.ACTIONS
        assert env.setup.cycles == spec.max_plies
        assert len(set(features.FIELDS)) == features.NUM_FEATURES


def test_knowing_the_games_compiles_and_loads_nothing():
    code = "import envs, sys; envs.team_ids(); envs.spec('moba_5v5')\n"
    code += "assert not {'numba', 'pettingzoo', 'torch'} & set(sys.modules) - before"
    code = "import envs.connect_four, envs.othello, sys; before = set(sys.modules)\n" + code
    subprocess.run([sys.executable, "-c", code], check=True)


def test_board_commands_say_why_they_cannot_play_it():
    with pytest.raises(envs.InputError, match="moba_5v5 is played by teams"):
        envs.make("moba_5v5")
    with pytest.raises(envs.InputError, match=r"unknown team game 'moba_3v3'.*Did you mean"):
        envs.team_game("moba_3v3")
    assert envs.pettingzoo_env("moba_1v1").possible_agents == ["west_0", "east_0"]

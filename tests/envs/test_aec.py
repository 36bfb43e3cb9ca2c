"""Every board game as a PettingZoo environment, by PettingZoo's own tests and by what its classic games do."""

import pickle

import numpy as np
import pytest
from pettingzoo.test import api_test, render_test, seed_test

import envs

BOARD_GAMES = [game for game in envs.ids() if envs.make(game).spec.family == "board"]
# PettingZoo knows by name the environments whose observations are dictionaries and warns about all others'.
known_only_to_pettingzoo = pytest.mark.filterwarnings(
    "ignore:Observation is not a NumPy array",
    "ignore:Observation space for each agent probably should be",
    "ignore:Observation numpy array is all zeros",  # an empty board
    "ignore:Action mask numpy array is all zeros",  # a finished game
)


def play(env, *actions):
    env.reset()
    for action in actions:
        env.step(action)
    return env


@pytest.mark.parametrize("game_id", BOARD_GAMES)
@known_only_to_pettingzoo
def test_api(game_id):
    api_test(envs.pettingzoo_env(game_id), num_cycles=200)


@pytest.mark.parametrize("game_id", BOARD_GAMES)
def test_seed(game_id):
    seed_test(lambda: envs.pettingzoo_env(game_id), num_cycles=100)


@pytest.mark.parametrize("game_id", BOARD_GAMES)
def test_render(game_id, capsys):
    render_test(lambda render_mode: envs.pettingzoo_env(game_id, render_mode))
    game = envs.make(game_id)
    assert capsys.readouterr().out.startswith(game.to_text(game.init(1)[0]))


def test_names():
    env = envs.pettingzoo_env("connect_four")
    assert str(env) == env.metadata["name"] == "connect_four_v1"
    assert env.possible_agents == ["player_0", "player_1"]


def test_unknown_names():
    with pytest.raises(envs.InputError, match="unknown game 'conect_four'"):
        envs.pettingzoo_env("conect_four")
    with pytest.raises(envs.InputError, match=r"unknown render mode 'rgb_aray'.*Did you mean 'rgb_array'"):
        envs.pettingzoo_env("connect_four", "rgb_aray")


def test_a_whole_game():
    env = play(envs.pettingzoo_env("tic_tac_toe"), 0, 3, 1, 4)
    observation, reward, terminated, truncated, _ = env.last()
    assert (env.agent_selection, reward, terminated, truncated) == ("player_0", 0, False, False)
    assert observation["observation"].tolist() == [[[1, 1, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 0]]]
    assert observation["action_mask"].tolist() == [0, 0, 1, 0, 0, 1, 1, 1, 1]
    assert not env.observe("player_1")["action_mask"].any()
    env.step(2)
    assert env.rewards == {"player_0": 1, "player_1": -1}
    assert all(env.terminations.values())
    assert not any(env.truncations.values())
    rewards = {}
    for agent in env.agent_iter():
        rewards[agent] = env.last()[1]
        env.step(None)
    assert rewards == {"player_0": 1, "player_1": -1}
    assert env.agents == []


def test_a_pass_gives_the_turn_back():
    game = envs.make("othello")
    env = envs.pettingzoo_env("othello")
    env.reset()
    state = game.init(1)
    for move in ("e6", "f6", "d3", "e7", "e8", "d8", "g6", "f8", "pass"):
        action = game.parse_action(state[0], move)
        env.step(action)
        state = game.step(state, np.array([action], np.int32))
    assert env.agent_selection == "player_1"


def test_an_illegal_action_loses(capsys):
    env = play(envs.pettingzoo_env("connect_four"), 3, 3, 3, 3, 3, 3, 3)
    assert env.rewards == {"player_0": -1, "player_1": 0}
    assert all(env.terminations.values())


def test_without_wrappers_an_illegal_action_raises():
    env = play(envs.pettingzoo_env("connect_four").unwrapped, 3, 3, 3, 3, 3, 3)
    with pytest.raises(envs.IllegalAction, match="illegal action 3 for player_0"):
        env.step(3)
    for action in (-1, 7, 99):
        with pytest.raises(envs.IllegalAction, match=f"illegal action {action} for player_0"):
            env.step(action)


def test_an_action_that_is_none_raises():
    with pytest.raises(AssertionError, match="not in action space"):
        play(envs.pettingzoo_env("connect_four"), 7)


def test_pickling_makes_the_same_environment():
    env = pickle.loads(pickle.dumps(envs.pettingzoo_env("othello", "ansi").unwrapped))
    assert (env.game.spec.id, env.render_mode) == ("othello", "ansi")


def test_rgb_array_marks_the_last_action():
    env = envs.pettingzoo_env("connect_four", "rgb_array")
    frames = []
    env.reset()
    for action in (3, 3, 2):
        frames.append(env.render())
        env.step(action)
    assert len({frame.tobytes() for frame in frames}) == 3
    assert frames[0].shape == frames[1].shape
    assert frames[0].dtype == np.uint8

"""Frame by frame beside Gymnasium's and Stable-Baselines3's preprocessing, which drive ALE through other code."""

import dataclasses

import ale_py
import cv2
import gymnasium
import numpy as np
import pytest
from ale_py import ALEInterface, roms
from ale_py.env import AtariEnv
from gymnasium.wrappers import AtariPreprocessing
from stable_baselines3.common.atari_wrappers import AtariWrapper

from envs.atari import CLASSIC, STICKY, AtariGame, Training
from envs.atari.protocol import emulator

PLAIN = dataclasses.replace(CLASSIC, noop_max=0, press_fire=False)


def raw_env(rom, repeat=0.0):
    return AtariEnv(rom, frameskip=1, repeat_action_probability=repeat, full_action_space=False)


@pytest.mark.parametrize("rom", ["breakout", "pong", "seaquest"])
def test_training_sees_what_gymnasium_sees(rom):
    """Random play, in Breakout whole games: frames, rewards, lives, ends, and the autoreset after them."""
    peer = AtariPreprocessing(raw_env(rom), noop_max=0)
    ours = Training(rom, 1, protocol=PLAIN, seed=3)
    tick, (frame, info) = ours.reset(), peer.reset(seed=3)
    assert tick.first.all()
    rng, score, lives = np.random.default_rng(3), 0.0, info["lives"]
    games = 0
    for _ in range(700):
        np.testing.assert_array_equal(tick.frames[0], frame)
        action = int(rng.integers(ours.num_actions))
        tick = ours.step(np.array([action]))
        frame, reward, over, cut, info = peer.step(action)
        score += reward
        assert (tick.actions[0], tick.rewards[0], tick.last[0]) == (action, np.sign(reward), over or cut)
        assert tick.ends[0] == (over or info["lives"] < lives)
        lives = info["lives"]
        if over:
            games += 1
            (ended,) = tick.ended
            assert (ended.score, ended.frames) == (score, info["episode_frame_number"])
            np.testing.assert_array_equal(tick.frames[0], frame)
            tick, (frame, info), score = ours.step(np.array([0])), peer.reset(), 0.0
            assert (tick.first[0], tick.rewards[0], tick.ends[0]) == (True, 0, False)
            lives = info["lives"]
    assert games >= 1 or rom != "breakout"


def test_scored_games_see_what_gymnasium_sees():
    """FIRE after the start and after every lost life, then the same frames; the raw score; the end."""
    game = AtariGame("breakout", "breakout", dataclasses.replace(CLASSIC, noop_max=0))
    play, peer = game.start([5]), AtariPreprocessing(raw_env("breakout"), noop_max=0)
    peer.reset(seed=5)
    frame, reward, over, cut, info = peer.step(1)
    rng, row, score, serves = np.random.default_rng(5), np.array([0]), reward, 0
    while not over:
        np.testing.assert_array_equal(play.observe(row)[0, -1], frame)
        assert (play.scores[0], play.over[0]) == (score, False)
        action, lives = int(rng.integers(4)), info["lives"]
        play.step(row, np.array([action]))
        frame, reward, over, cut, info = peer.step(action)
        score += reward
        if info["lives"] < lives and not over:
            serves += 1
            frame, reward, over, cut, info = peer.step(1)
            score += reward
    np.testing.assert_array_equal(play.observe(row)[0, -1], frame)
    assert (play.scores[0], play.over[0], play.truncated[0], serves) == (score, True, cut, 4)


def test_stable_baselines3_differs_by_rounding_of_greys_and_one_action():
    """Its wrapper turns colours into greys itself, after pooling; and after FIRE it presses the third action, RIGHT."""
    peer = AtariWrapper(raw_env("breakout"), noop_max=0, terminal_on_life_loss=False, clip_reward=False)
    play = AtariGame("breakout", "breakout", dataclasses.replace(CLASSIC, noop_max=0)).start([5])
    row, rng = np.array([0]), np.random.default_rng(1)
    peer.reset(seed=5)
    play.step(row, np.array([2]))
    lives = 5
    while not play.over[0] and lives == 5:  # it would not press FIRE again
        action = int(rng.integers(4))
        frame, reward, *_, info = peer.step(action)
        lives, score = info["lives"], play.scores[0]
        play.step(row, np.array([action]))
        if lives == 5:
            assert np.abs(play.observe(row)[0, -1].astype(int) - frame[..., 0]).max() <= 1
            assert play.scores[0] - score == reward


def test_training_sees_what_stable_baselines3_sees():
    """Ends at lost lives and signs of rewards, in whole games. After a lost life its wrapper does nothing once, then
    it presses FIRE and RIGHT, as after a start."""
    peer = AtariWrapper(raw_env("breakout"), noop_max=0)
    ours = Training("breakout", 1, protocol=PLAIN, seed=5)
    rng, lives_lost, games, rewards = np.random.default_rng(1), 0, 0, 0.0
    ours.reset()
    frame, _ = peer.reset(seed=5)
    tick = [ours.step(np.array([action])) for action in (1, 2)][-1]
    while games < 2:
        assert np.abs(tick.frames[0].astype(int) - frame[..., 0]).max() <= 1  # of greys, by rounding
        action = int(rng.integers(4))
        tick = ours.step(np.array([action]))
        frame, reward, over, cut, _ = peer.step(action)
        assert (tick.rewards[0], tick.ends[0]) == (reward, over or cut)
        rewards += reward
        if over:
            games, lives_lost = games + bool(tick.last[0]), lives_lost + 1
            frame, _ = peer.reset()
            tick = [ours.step(np.array([action])) for action in (0, 1, 2)][-1]
    assert lives_lost == 10
    assert rewards > 0


def test_a_start_is_so_many_frames_of_doing_nothing():
    """The frame after the no-ops is ALE's own, pooled with nothing, grey and scaled by area; 0 to 30 are drawn."""
    ours = emulator("seaquest", 24, CLASSIC, stack=1)
    frames, info = ours.reset(seed=np.arange(24))
    noops = info["episode_frame_number"]
    ale = ALEInterface()
    ale.setFloat("repeat_action_probability", 0.0)
    ale.loadROM(roms.get_rom_path("seaquest"))
    ale.reset_game()
    for played in range(31):
        seen = cv2.resize(ale.getScreenGrayscale(), (84, 84), interpolation=cv2.INTER_AREA)
        assert all((frame[0] == seen).all() for frame in frames[noops == played])
        ale.act(0)
    assert set(noops) <= set(range(31))
    assert len(set(noops)) >= 10


def test_sticky_actions_are_those_of_gymnasium():
    gymnasium.register_envs(ale_py)
    assert STICKY.repeat_probability == gymnasium.spec("ALE/Breakout-v5").kwargs["repeat_action_probability"]
    ours = Training("breakout", 16, protocol=STICKY, seed=0)
    ours.reset()
    tick = ours.step(np.ones(16, np.int64))
    for action in (0, 2):
        tick = ours.step(np.full(16, action))
    kinds = {frame.tobytes() for frame in tick.frames}
    assert len(kinds) > 3  # the same actions, but not the same frames; without stickiness there is one

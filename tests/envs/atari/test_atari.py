import dataclasses
import subprocess
import sys

import cv2
import numpy as np
import pytest
from ale_py import ALEInterface, roms
from hypothesis import given, settings
from hypothesis import strategies as st

import envs
from envs.atari import CLASSIC, PUBLISHED, STICKY, AtariGame, Training
from envs.atari.catalogue import NUM_ACTIONS
from envs.core import InputError

SHORT = dataclasses.replace(CLASSIC, max_frames=250)


def lines(game, seeds, plies=60, chance=0):
    """Plays the games with random actions of their own; returns what each has seen, its actions and its score."""
    play, rngs = game.start(seeds), [np.random.default_rng([chance, seed]) for seed in seeds]
    frames, actions = [[] for _ in seeds], [[] for _ in seeds]
    for _ in range(plies):
        rows = np.flatnonzero(~play.over)
        if not len(rows):
            break
        chosen = np.array([rngs[row].integers(game.spec.num_actions) for row in rows])
        for row, frame, action in zip(rows, play.observe(rows), chosen, strict=True):
            frames[row].append(frame)
            actions[row].append(int(action))
        play.step(rows, chosen)
    return frames, actions, play


def test_every_game_of_ale_is_there():
    single = set(roms.get_all_rom_ids()) - {"combat", "joust", "maze_craze", "warlords"}
    assert set(NUM_ACTIONS) == single
    assert len(envs.score_ids()) == 2 * len(single)
    assert not set(envs.score_ids()) & set(envs.ids())
    assert set(PUBLISHED) <= set(envs.score_ids())


def check_catalogue(rom):
    ale = ALEInterface()
    ale.loadROM(roms.get_rom_path(rom))
    assert NUM_ACTIONS[rom] == len(ale.getMinimalActionSet())


@pytest.mark.parametrize("rom", ["breakout", "pong", "turmoil", "journey_escape"])
def test_catalogue(rom):
    check_catalogue(rom)


@pytest.mark.slow
@pytest.mark.parametrize("rom", sorted(NUM_ACTIONS))
def test_whole_catalogue_can_be_played(rom):
    check_catalogue(rom)
    game = AtariGame(rom, rom, CLASSIC)
    _, actions, play = lines(game, [1], 20)
    assert len(actions[0]) == 20 or play.over[0]
    shots = list(game.film(1, actions[0]))
    assert (shots[-1].score, shots[-1].picture.shape) == (play.scores[0], (210, 160, 3))


def test_ids_cost_no_emulator():
    code = "import envs, sys; envs.ids(); envs.spec('pong'); assert not {'ale_py', 'gymnasium'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("protocol", [CLASSIC, STICKY], ids=lambda protocol: protocol.name)
def test_a_seed_gives_the_same_game_in_any_company(protocol):
    game = AtariGame("breakout", "breakout", protocol)
    together, alone = lines(game, [11, 12, 2**63 - 1]), [lines(game, [seed]) for seed in (11, 12, 2**63 - 1)]
    for row, (frames, actions, play) in enumerate(alone):
        assert actions[0] == together[1][row]
        np.testing.assert_array_equal(frames[0], together[0][row])
        assert play.scores[0] == together[2].scores[row]
    together[2].close()  # now with emulators that have played before
    for row, seen in enumerate(lines(game, [11, 12, 2**63 - 1])[0]):
        np.testing.assert_array_equal(seen, together[0][row])


@pytest.mark.parametrize("protocol", [CLASSIC, STICKY], ids=lambda protocol: protocol.name)
def test_seeds_differ(protocol):
    frames, _, _ = lines(AtariGame("breakout", "breakout", protocol), range(8), 20)
    assert len({np.array(seen).tobytes() for seen in frames}) > 3


def test_training_and_scored_games_see_the_same():
    """The same emulator seed and actions: every frame an agent is asked about, though FIRE is pressed in other ways."""
    training = Training("breakout", 1, seed=4, stack=4)
    tick = training.reset()
    training_seed = int(np.random.SeedSequence(4).generate_state(1)[0] >> 1)
    game = AtariGame("breakout", "breakout", CLASSIC)
    play = game.start([0])
    play._frames[0], info = (out := play._envs[0].reset(seed=np.array([training_seed])))[0][0], out[1]
    play._lives[:], play.scores[:] = info["lives"], 0
    play._serve(np.array([0]))
    rng, row, score = np.random.default_rng(0), np.array([0]), 0.0
    while not play.over[0]:
        if tick.first[0] or tick.ends[0]:  # FIRE is due, whatever is sent
            tick = training.step(np.array([3]))
            assert tick.actions[0] == 1
        np.testing.assert_array_equal(tick.frames, play.observe(row))
        action = rng.integers(4, size=1)
        tick = training.step(action)
        play.step(row, action)
        score += tick.rewards[0]
    (ended,) = tick.ended
    assert tick.last[0]
    assert ended.score == play.scores[0] >= score


def test_training_repeats_itself_with_any_number_of_threads():
    def run(threads):
        training = Training("breakout", 3, seed=9, threads=threads, protocol=STICKY)
        ticks, rng = [training.reset()], np.random.default_rng(0)
        for _ in range(100):
            training.send(rng.integers(4, size=3))
            ticks.append(training.recv())
        return ticks

    for a, b in zip(run(1), run(2), strict=True):
        for name in ("frames", "first", "actions", "rewards", "ends", "last"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert a.ended == b.ended


def test_frames_before_a_game_are_zeros_in_stacks_and_stacks_outlast_a_life():
    single, stacked = Training("breakout", 2, seed=1), Training("breakout", 2, seed=1, stack=4)
    rng, history = np.random.default_rng(2), [[], []]
    one, four = single.reset(), stacked.reset()
    lives_lost = games = 0
    for _ in range(400):
        for env in range(2):
            if one.first[env]:
                history[env] = [np.zeros((84, 84), np.uint8)] * 3
                games += 1
            history[env] = [*history[env][-3:], one.frames[env]]
            np.testing.assert_array_equal(four.frames[env], history[env][-4:])
        lives_lost += int((one.ends & ~one.last).sum())
        actions = rng.integers(4, size=2)
        one, four = single.step(actions), stacked.step(actions)
    assert games >= 4
    assert lives_lost >= 8


def test_a_cut_off_game_is_last_but_no_end():
    training = Training("breakout", 1, seed=0, protocol=SHORT)
    tick, ended = training.reset(), []
    for _ in range(150):
        tick = training.step(np.array([0]))
        ended += tick.ended
        assert not (tick.last & tick.ends)[0]
    assert len(ended) >= 2
    assert all(game.truncated for game in ended)
    play = AtariGame("breakout", "breakout", SHORT).start([0])
    while not play.over[0]:
        play.step(np.array([0]), np.array([0]))
    assert play.truncated[0]


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 2**63 - 1))
def test_film_is_the_game(seed):
    """30 pictures a second, two an action; after every action score and picture are what the game had and showed."""
    game = envs.score_game("breakout")
    play, rng, actions, scores, frames = game.start([seed]), np.random.default_rng(0), [], [], []
    while not play.over[0]:
        actions.append(int(rng.integers(4)))
        play.step(np.array([0]), np.array(actions[-1:]))
        scores.append(play.scores[0])
        frames.append(play.observe(np.array([0]))[0, -1])
    shots = list(game.film(seed, actions))
    last, plies = {shot.ply: shot for shot in shots}, [shot.ply for shot in shots]
    for ply, frame in enumerate(frames, 1):
        assert plies.count(ply) >= 2 or ply == len(actions)  # more where FIRE is pressed in between
        grey = cv2.cvtColor(last[ply].picture, cv2.COLOR_RGB2GRAY)
        shown = cv2.resize(grey, frame.shape, interpolation=cv2.INTER_AREA)
        assert np.abs(shown.astype(int) - frame).max() <= 1
    assert [last[ply].score for ply in range(1, len(actions) + 1)] == scores
    assert last[len(actions)].lives == 0
    assert shots[0].picture.shape == (210, 160, 3)
    with pytest.raises(InputError, match=f"at ply {len(actions)} follows the end"):
        list(game.film(seed, [*actions, 0]))


def test_wrong_input():
    with pytest.raises(InputError, match="there is no Atari game 'chess'"):
        Training("chess", 1)
    with pytest.raises(InputError, match="at least 1 game, not 0"):
        Training("pong", 0)
    with pytest.raises(InputError, match="is played for points"):
        envs.make("breakout")
    with pytest.raises(InputError, match="Did you mean 'breakout'"):
        envs.spec("breakuot")

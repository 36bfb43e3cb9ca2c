import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import envs
from agents import checkpoints, registry
from agents.networks import NetConfig
from agents.search.evaluators import NetworkEvaluator
from envs.core import InputError
from selfplay import chunks, config, files, lessons, options, pgn, progress
from selfplay import learn as learning
from selfplay.held_out import hold_out, score
from selfplay.learn import Budget, learn
from selfplay.learn_config import preset
from selfplay.passed_over import PASSED_OVER
from selfplay.state import FILE
from selfplay.train import train
from tests.selfplay.expert_games import random_game, write

SETTINGS = preset(
    "chess",
    net=NetConfig(blocks=1, channels=8, pool_every=0, policy_channels=4),
    batch=32,
    chunk_games=4,
    min_positions=100,
    save_seconds=0.05,
)
BAD = '[Event "?"]\n[Result "*"]\n\n1. e4 e5 *'


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    games = [random_game(seed, 40) for seed in range(14)]
    return write(tmp_path_factory.mktemp("source") / "games.pgn", [*games[:5], BAD, *games[5:]])


def run_some(run, source, passes=1.0, settings=SETTINGS, **more):
    states = []
    return learn(run, source, settings, Budget(passes=passes), on_progress=states.append, **more), states


def test_a_run_leaves_behind_what_it_promises(tmp_path, source):
    run = tmp_path / "run"
    result, _ = run_some(run, source)
    begin, held, problems = hold_out(envs.make("chess"), source)
    assert not problems
    assert not result.interrupted
    assert result.games == 13  # the last one is held out
    assert result.passed_over == {"no result": 1}
    line = 1 + source.read_text().partition("e4 e5 *")[0].count("\n")
    assert (run / PASSED_OVER).read_text() == f"game 6, line {line}: it was not finished (*)\n"
    assert result.steps == result.positions // 32
    assert result.held_out == len(held) == 40
    assert source.stat().st_size * 0.85 < begin < source.stat().st_size
    assert config.read(run) == SETTINGS
    cards = [checkpoints.read_card(folder) for folder in checkpoints.numbered(run)]
    assert [card.meta["steps"] for card in (cards[0], cards[-1])] == [0, result.steps]
    assert cards[-1].meta["learned_from"] == "games.pgn"
    assert cards[-1].meta["move_prediction"] == round(result.score.accuracy, 4)
    lines = [json.loads(line) for line in (run / progress.METRICS).read_text().splitlines()]
    assert lines[-1]["steps"] == result.steps
    assert any("passed over: game 6, line" in line["event"] for line in lines)
    registry.load(f"{run}?simulations=2").close()


def test_held_out_games_are_never_learned_from(tmp_path, source):
    run_some(tmp_path / "run", source, 2.0)
    _, held, _ = hold_out(envs.make("chess"), source)
    folder = tmp_path / "run" / chunks.FOLDER
    learned = {state.tobytes() for name in chunks.listing(folder) for state in chunks.read(folder / name)[0].states}
    assert learned
    assert held.states[-1].tobytes() not in learned


def test_a_score_by_hand(source):
    _, held, _ = hold_out(envs.make("chess"), source)

    def knows(states, legal):
        rows = np.flatnonzero((held.states[:, None] == states[0]).all(axis=2).any(axis=1))[:1]
        first = int(rows[0])
        logits = np.zeros(legal.shape, np.float32)
        actions = held.actions[first : first + len(states)]
        logits[np.arange(len(states)), actions] = np.arange(len(states)) % 4 != 0  # else the first legal one
        logits[:, ~legal.any(axis=0)] = 9  # illegal ones mean nothing
        return logits, np.full((len(states), 3), [0.25, 0.25, 0.5], np.float32)

    found = score(envs.make("chess"), knows, held)
    lost = (held.results == 2).mean()
    assert 0.75 <= found.accuracy <= 0.85
    assert found.value_loss == pytest.approx(lost * np.log(2) + (1 - lost) * np.log(4))


def states_of(run):
    tensors, facts = files.read_tensors(run / FILE)
    timed = ("seconds", "checkpoint_due", "checkpoint_steps")
    return tensors, {**facts, "counters": {k: v for k, v in facts["counters"].items() if k not in timed}}


def same(one, other):
    (tensors, facts), (others, other_facts) = states_of(one), states_of(other)
    return facts == other_facts and all(np.array_equal(tensors[name], others[name]) for name in tensors)


def test_a_run_stopped_again_and_again_ends_like_one_left_alone(tmp_path, source, monkeypatch):
    monkeypatch.setattr("selfplay.progress.PROGRESS_SECONDS", 0.001)
    alone, stopped = tmp_path / "alone", tmp_path / "stopped"
    run_some(alone, source, 2.0)
    steps = []
    for attempt in range(40):
        told = []

        def stop(state, told=told):
            told.append(state)
            os.kill(os.getpid(), signal.SIGINT)

        settings = None if attempt else SETTINGS
        result = learn(stopped, source, settings, Budget(passes=2.0), resuming=bool(attempt), on_progress=stop)
        steps.append(result.steps)
        if not result.interrupted:
            break
    assert not result.interrupted
    assert len(steps) > 1
    assert steps == sorted(steps)
    assert same(alone, stopped)


KILLED = """
import sys, time, torch
from pathlib import Path
torch.set_num_threads(1)
from selfplay import progress
from tests.selfplay.test_learn import SETTINGS, Budget, learn, options
run, source = map(Path, sys.argv[1:])
progress.PROGRESS_SECONDS = 0.001
going = (run / options.FILE).exists()
def told(state):
    print(state.steps, flush=True)
    if not going and state.steps >= 30:
        time.sleep(3600)
learn(run, source, None if going else SETTINGS, Budget(passes=3.0), resuming=going, on_progress=told)
"""


def test_a_run_killed_with_sigkill_goes_on_bit_for_bit(tmp_path, source):
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    run_some(alone, source, 3.0)
    command = [sys.executable, "-c", KILLED, str(killed), str(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        while int(child.stdout.readline()) < 10:  # of 48 steps; at 30 it waits for its end
            pass
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert same(alone, killed)


def test_a_damaged_piece_is_read_again_and_told_even_if_that_is_soon_done(tmp_path, source, monkeypatch):
    monkeypatch.setattr("selfplay.progress.PROGRESS_SECONDS", 1e9)
    run = tmp_path / "run"
    result, _ = run_some(run, source, 1.0)
    newest = chunks.listing(run / chunks.FOLDER)[-1]
    (run / chunks.FOLDER / newest).write_bytes(b"no piece")
    again, states = run_some(run, None, 2.0, settings=None, resuming=True)
    assert any("put aside" in state.event for state in states)
    assert again.steps > result.steps
    assert (again.games, again.positions, states[-1].window) == (result.games, result.positions, 13 * 40)
    assert newest in chunks.listing(run / chunks.FOLDER)
    assert len((run / PASSED_OVER).read_text().splitlines()) == 1, "told once"


def test_after_a_kill_no_game_is_told_of_twice(tmp_path, source):
    run = tmp_path / "run"
    run_some(run, source)
    with (run / PASSED_OVER).open("a") as file:
        file.write("game 9, line 99: told of after the last save\n")
    run_some(run, None, settings=None, resuming=True)
    assert [line.split(",")[0] for line in (run / PASSED_OVER).read_text().splitlines()] == ["game 6"]


def test_options_without_effect_are_refused():
    with pytest.raises(InputError, match=r"'simulations' means nothing to learning from games; game, .*learning_rate"):
        preset("chess", simulations=100)


def test_checkpoints_say_whether_they_know_more_than_nothing(tmp_path, source):
    run_some(tmp_path / "run", source)
    assert 0 < checkpoints.read_card(tmp_path / "run").meta["relative_loss"] < 2


def test_minutes_go_round_and_round(tmp_path, source):
    result = learn(tmp_path / "run", source, SETTINGS, Budget(seconds=2.0))
    assert 2.0 <= result.seconds < 60
    assert result.positions <= 13 * 40, "all of it is in the window, so nothing is read twice"
    assert not result.interrupted


def test_a_file_that_the_window_does_not_hold_is_read_again_and_again(tmp_path, source):
    small = replace(SETTINGS, window=100, min_positions=100)
    result = learn(tmp_path / "run", source, small, Budget(passes=3.0))
    assert result.positions == 3 * 13 * 40
    assert 3 * 13 * 40 - 2 * 32 < result.steps * 32 <= 3 * 13 * 40


@pytest.mark.parametrize("passes", [0.5, 1.5])
def test_parts_of_a_pass(tmp_path, source, passes):
    small = replace(SETTINGS, window=100, min_positions=100)
    result = learn(tmp_path / "run", source, small, Budget(passes=passes))
    assert passes * 520 <= result.positions <= passes * 520 + 4 * 40  # up to a piece of four games more
    assert result.steps * 32 <= result.positions


def test_a_game_that_is_cut_off_at_the_end_is_told_of(tmp_path, source):
    path = tmp_path / "cut.pgn"
    path.write_text(source.read_text().rstrip()[:-60])
    result, _ = run_some(tmp_path / "run", path)
    assert result.passed_over["no result"] == 1
    assert sum(result.passed_over.values()) == 2
    told = (tmp_path / "run" / PASSED_OVER).read_text().splitlines()
    assert sum("counted from byte" in line for line in told) == 1


def test_a_file_that_the_window_holds_is_used_as_often(tmp_path, source):
    result = learn(tmp_path / "run", source, SETTINGS, Budget(passes=3.0))
    assert result.positions == 13 * 40
    assert 3 * 13 * 40 - 2 * 32 < result.steps * 32 <= 3 * 13 * 40


def test_by_heart(tmp_path):
    """A few games, learned until each move is known: whatever policy, legality and symmetry get wrong shows."""
    by_heart(tmp_path, 2, 16, 60)


@pytest.mark.slow
def test_thirty_games_by_heart(tmp_path):
    by_heart(tmp_path, 30, 40, 30)


def by_heart(tmp_path, games, plies, passes):
    source = write(tmp_path / "games.pgn", [random_game(seed, plies) for seed in range(games + 1)])
    net = NetConfig(blocks=1, channels=32, pool_every=0, policy_channels=8)
    rate = {"warmup_steps": 20, "weight_decay": 0.0, "learning_rate": 5e-3}
    settings = preset("chess", net=net, batch=32, samples_per_position=4.0, **rate)
    result, _ = run_some(tmp_path / "run", source, float(passes), settings)
    game, net = envs.make("chess"), checkpoints.read(result.checkpoint)
    evaluate = NetworkEvaluator(game, learning.networks.make(game.spec, settings.net))
    evaluate.load_weights(net.tensors)
    learned, _ = lessons.positions(game, [one for _, one in pgn.read(source, pgn.Cursor(), 1 << 60)][:games])
    found = score(game, evaluate, learned)
    assert found.accuracy > 0.9
    assert found.value_loss < 0.3


def test_what_cannot_be_learned_from(tmp_path, source):
    run = tmp_path / "run"
    bad = write(tmp_path / "bad.pgn", [BAD, BAD])
    with pytest.raises(InputError, match=r"bad\.pgn holds no game to learn from \(2 no result\)"):
        run_some(run, bad)
    assert not run.exists(), "the name is free for a better file"
    for name, value in (("initial", "runs/x"), ("gate_games", 20)):
        with pytest.raises(InputError, match=f"{name}={value!r}: learning from games begins from nothing"):
            run_some(run, source, settings=replace(SETTINGS, **{name: value}))
    assert not run.exists()
    with pytest.raises(InputError, match="no training run to resume"):
        run_some(run, None, settings=None, resuming=True)
    run_some(run, source, 0.2)
    with pytest.raises(InputError, match="already holds a training"):
        run_some(run, source)
    with pytest.raises(InputError, match="not the file that"):
        run_some(run, bad, settings=None, resuming=True)
    with pytest.raises(InputError, match="learns from a file of games"):
        train(run, None, 1.0, resuming=True)
    with pytest.raises(InputError, match="either in minutes or in passes"):
        Budget(1.0, 1.0)


def test_a_training_by_self_play_is_not_gone_on_with(tmp_path, source):
    files.write(tmp_path / options.FILE, options.to_json(SETTINGS).encode())
    with pytest.raises(InputError, match="holds a training by self-play"):
        run_some(tmp_path, source, resuming=True)

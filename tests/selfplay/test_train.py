"""The loop without processes and without a clock: workers hand out games played beforehand, each 1/16 s later."""

import errno
import json
import os
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import envs
from agents import checkpoints, networks
from agents.networks import NetConfig
from agents.search.evaluators import UniformEvaluator
from envs.core import InputError
from selfplay import chunks, config, files, holding, progress
from selfplay import train as loop
from selfplay.config import TrainConfig
from selfplay.errors import DiskFull, Diverged
from selfplay.holding import last_good
from selfplay.initial import begin_from, network_of
from selfplay.play import SelfPlay
from selfplay.state import FILE
from selfplay.train import WEIGHTS, train

SMALL = TrainConfig(
    game="tic_tac_toe",
    net=NetConfig(blocks=1, channels=8, pool_every=0),
    workers=1,
    slots=32,
    simulations=12,
    fast_simulations=4,
    full_fraction=0.5,
    batch=32,
    min_positions=50,
    window=150,
    publish_steps=5,
    save_seconds=0.1,
    checkpoint_seconds=0.5,
    decay=0.0,
    samples_per_position=3.0,
)
FACTS = {"seconds": 1.0, "games": 10, "moves": 60, "simulations": 500}


@pytest.fixture(scope="module")
def ready():
    """40 chunks of games."""
    players = SelfPlay(envs.make("tic_tac_toe"), UniformEvaluator(), SMALL, 1)
    found = []
    while len(found) < 40:
        games = []
        while len(games) < 10:
            games += players.turn()
        found.append(chunks.join(games))
    return found


@pytest.fixture(autouse=True)
def workers(monkeypatch, ready):
    """Replaces processes and clock: each time the loop looks after its workers, a chunk appears and 1/16 s passes."""
    clock = [1000.0]

    class Clock:
        monotonic = staticmethod(lambda: clock[0])

    class Handing:
        made = ()
        alive = 1
        begin = 0
        lines = ()  # what the next look says about workers that died

        def __init__(self, run, count):
            self.folder = run / chunks.FOLDER
            self.session, self.number = chunks.next_session(self.folder), self.begin
            self.stopped = False
            Handing.made = (*Handing.made, self)

        def replace_dead(self):
            chunks.write(
                self.folder / chunks.name(0, self.session, self.number), ready[self.number % len(ready)], FACTS
            )
            self.number += 1
            clock[0] += 1 / 16
            lines, Handing.lines = Handing.lines, ()
            return list(lines)

        def has_written(self, index):
            assert index == 0

        def stop(self):
            self.stopped = True

    monkeypatch.setattr(loop, "Workers", Handing)
    monkeypatch.setattr(loop, "time", Clock)
    return Handing


def run_some(run, seconds=1.2, **more):
    states = []
    result = train(run, more.pop("settings", SMALL), seconds, on_progress=states.append, **more)
    return result, states


def test_a_run_leaves_behind_what_it_promises(tmp_path, workers):
    result, states = run_some(tmp_path / "run", 1.8)
    run = tmp_path / "run"
    assert not result.interrupted
    assert result.seconds >= 1.8
    assert all(worker.stopped for worker in workers.made)
    assert config.read(run) == SMALL

    cards = [checkpoints.read_card(folder) for folder in checkpoints.numbered(run)]
    assert result.checkpoint == cards[-1].folder
    minutes = [card.meta["minutes"] for card in cards]
    assert minutes[0] == 0.0  # the untrained network
    assert minutes == sorted(minutes)
    assert len(cards) >= 4  # one at the start, every half second, and one at the end
    assert cards[0].meta["steps"] == cards[0].meta["games"] == 0
    assert cards[-1].meta["steps"] == result.steps > 10
    assert cards[-1].meta["games"] == result.games
    net = networks.make(envs.make("tic_tac_toe").spec, networks.config(cards[-1].net_config))
    checkpoints.fill(net, checkpoints.read(result.checkpoint))

    tensors, facts = files.read_tensors(run / WEIGHTS)
    assert facts["version"] >= 2
    assert tensors.keys() == net.state_dict().keys()
    assert states
    last = states[-1]
    assert (last.budget, last.workers, last.game) == (1.8, 1, "tic_tac_toe")
    assert 0 <= last.left < 1.8
    assert last.games <= result.games
    assert 0 < last.policy_loss < 5
    assert 5 <= last.game_length <= 9
    assert last.moves_per_second == pytest.approx(60.0)
    assert [state.seconds for state in states] == sorted(state.seconds for state in states)


def test_the_learner_spends_what_new_positions_allow_and_no_more(tmp_path):
    result, _ = run_some(tmp_path / "run")
    counters = json.loads(json.dumps(files.read_tensors(tmp_path / "run" / FILE)[1]["counters"]))
    allowed = counters["weight"] / 1024 * SMALL.samples_per_position / SMALL.batch
    assert 0 < allowed <= result.steps < allowed + 1


def test_files_that_left_the_window_are_deleted_and_the_others_kept(tmp_path):
    run_some(tmp_path / "run")
    folder, state = tmp_path / "run" / chunks.FOLDER, files.read_tensors(tmp_path / "run" / FILE)[1]["counters"]
    assert chunks.listing(folder) == state["window"]
    assert state["positions"] > 300  # far more than the window holds
    assert len(state["window"]) < 20


def test_a_resumed_run_continues_clock_counts_and_numbers(tmp_path):
    first, _ = run_some(tmp_path / "run", 0.8)
    second, states = run_some(tmp_path / "run", 1.6, settings=None, resuming=True)
    assert second.seconds >= 1.6
    assert states[0].seconds > 0.8
    assert second.games > first.games
    assert second.steps > first.steps
    numbers = [int(folder.name) for folder in checkpoints.numbered(tmp_path / "run")]
    assert numbers == list(range(len(numbers)))
    rows = [json.loads(line) for line in (tmp_path / "run" / progress.METRICS).read_text().splitlines()]
    assert [row["seconds"] for row in rows] == sorted(row["seconds"] for row in rows)
    done, states = run_some(tmp_path / "run", 1.6, settings=None, resuming=True)
    assert done.steps == second.steps  # nothing left to do
    assert not states


def test_an_interruption_changes_nothing_in_what_is_learned(tmp_path, workers):
    """Stopped and resumed, or not: the same games lead to the same weights, bit for bit."""
    whole, _ = run_some(tmp_path / "whole", 1.0)
    parts = tmp_path / "parts"

    def on_progress(state):
        if state.seconds > 0.4:
            os.kill(os.getpid(), signal.SIGINT)

    first = train(parts, SMALL, 1.0, on_progress=on_progress)
    assert first.interrupted
    assert first.steps < whole.steps
    workers.begin = workers.made[-1].number  # its games go on where they ended
    second, _ = run_some(parts, 1.0, settings=None, resuming=True)
    assert (second.steps, second.games) == (whole.steps, whole.games)
    mine, theirs = (checkpoints.read(result.checkpoint).tensors for result in (whole, second))
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_metrics_go_to_json_lines_and_tensorboard(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "JOURNAL_SECONDS", 0.1)
    run_some(tmp_path / "run", 1.6)
    rows = [json.loads(line) for line in (tmp_path / "run" / progress.METRICS).read_text().splitlines()]
    assert rows[-1].keys() == progress.Progress.__dataclass_fields__.keys()
    board = EventAccumulator(str(tmp_path / "run" / progress.TENSORBOARD))
    board.Reload()
    steps = [event.step for event in board.Scalars("policy_loss")]
    assert steps == [row["steps"] for row in rows if row["policy_loss"] is not None]


def test_a_torn_last_line_of_the_metrics_swallows_nothing(tmp_path):
    file = tmp_path / progress.METRICS
    file.write_text('{"seconds": 1.0}\n{"seco')
    progress.Journal(tmp_path, 0).close()
    assert file.read_text() == '{"seconds": 1.0}\n{"seco\n'
    progress.Journal(tmp_path, 0).close()
    assert file.read_text().count("\n") == 2


def test_a_folder_is_not_trained_in_twice_at_once(tmp_path):
    run_some(tmp_path / "run", 0.1)
    with holding.locked(tmp_path / "run"), pytest.raises(InputError, match="another process is training"):
        run_some(tmp_path / "run", 5.0, settings=None, resuming=True)


def test_folders_that_cannot_be_used_are_refused(tmp_path):
    with pytest.raises(InputError, match="no training run to resume"):
        run_some(tmp_path / "none", settings=None, resuming=True)
    run_some(tmp_path / "run", 0.1)
    with pytest.raises(InputError, match="already holds a training run"):
        run_some(tmp_path / "run")
    with pytest.raises(InputError, match="other settings"):
        run_some(tmp_path / "run", settings=TrainConfig(game="othello"), resuming=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_with_everything_saved(tmp_path, number, workers):
    def on_progress(state):
        if state.steps:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    result = train(tmp_path / "run", SMALL, 600.0, on_progress=on_progress)
    assert signal.getsignal(number) is before
    assert result.interrupted
    assert workers.made[-1].stopped
    saved = files.read_tensors(tmp_path / "run" / FILE)[1]
    assert saved["steps"] == result.steps
    assert saved["counters"]["games"] == result.games
    assert checkpoints.read_card(result.checkpoint).meta["steps"] == result.steps


def test_it_can_run_in_another_thread(tmp_path):
    found = []
    thread = threading.Thread(target=lambda: found.append(run_some(tmp_path / "run", 0.3)))
    thread.start()
    thread.join()
    assert found[0][0].steps > 0


def test_not_a_number_stops_and_names_the_last_good_checkpoint(tmp_path, monkeypatch, workers):
    rows_of = loop.Replay.__init__.__globals__["rows_of"]

    def poisoned(games, settings):
        rows, weights = rows_of(games, settings)
        if len(workers.made) and workers.made[-1].number > 20:
            rows.value[:] = np.nan
        return rows, weights

    monkeypatch.setattr("selfplay.replay.rows_of", poisoned)
    with pytest.raises(Diverged, match=r"the loss is nan.*last good checkpoint is .*checkpoints/0000") as caught:
        run_some(tmp_path / "run", 600.0)
    assert workers.made[-1].stopped
    named = str(caught.value).rpartition(" ")[2]
    tensors = checkpoints.read(named).tensors
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())


def test_a_loss_that_rose_slowly_has_spoilt_the_newest_checkpoints(tmp_path, workers):
    result, _ = run_some(tmp_path / "run")
    whole = checkpoints.read_card(result.checkpoint)
    assert 0 < whole.meta["relative_loss"] < 1  # it has learned something
    net = checkpoints.read(result.checkpoint).tensors
    for loss in (0.9, 1.2, 2.9):
        folder = checkpoints.next_numbered(tmp_path / "run")
        checkpoints.save(
            folder,
            kind=whole.kind,
            game=whole.game,
            game_version=whole.game_version,
            net_config=whole.net_config,
            tensors=net,
            meta={**whole.meta, "relative_loss": loss},
        )
    assert last_good(tmp_path / "run") == checkpoints.numbered(tmp_path / "run")[-3]


def test_damaged_files_of_games_are_put_aside_and_reported(tmp_path, workers, ready):
    whole_write = chunks.write

    class Tearing(workers):
        def replace_dead(self):
            lines = super().replace_dead()
            if self.number == 3:
                path = self.folder / chunks.name(0, self.session, 2)
                path.write_bytes(path.read_bytes()[:-100])
            return lines

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "Workers", Tearing)
        _, states = run_some(tmp_path / "run")
    assert chunks.write is whole_write
    events = [state.event for state in states if state.event]
    assert len(events) == 1
    assert "000002.safetensors: truncated or altered" in events[0]
    left = [path.name for path in (tmp_path / "run" / chunks.FOLDER).glob(f"*{chunks.DAMAGED}")]
    assert left == [chunks.name(0, 1, 2) + chunks.DAMAGED]


def test_a_replaced_worker_is_reported_and_counted(tmp_path, workers):
    workers.lines = ("worker 0 was killed by signal 9 and was replaced",)
    _, states = run_some(tmp_path / "run")
    assert [state.event for state in states if state.event] == ["worker 0 was killed by signal 9 and was replaced"]
    assert states[-1].restarts == 1


def test_a_full_disk_is_a_short_message_and_the_last_save_stays_whole(tmp_path, monkeypatch):
    run = tmp_path / "run"
    run_some(run, 0.5)
    before = (run / FILE).read_bytes()

    def full(path, content):
        path.with_name(path.name + files.PARTIAL).write_bytes(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", full)
        with pytest.raises(DiskFull, match=r"no space left in .*; free some and resume"):
            run_some(run, 1.5, settings=None, resuming=True)
    assert (run / FILE).read_bytes() == before
    result, _ = run_some(run, 1.5, settings=None, resuming=True)
    assert result.steps > 0
    assert not list(run.rglob(f"*{files.PARTIAL}"))


def test_a_disk_that_is_full_from_the_start(tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "write", full)
    with pytest.raises(DiskFull, match=r"no space left in .*run; free some and begin anew"):
        run_some(tmp_path / "run", 0.5)


def test_training_begins_from_a_checkpoint_and_resumes_without_it(tmp_path):
    first, _ = run_some(tmp_path / "first")
    settings = begin_from(replace(SMALL, seed=7), str(tmp_path / "first"))
    assert settings.initial == str(first.checkpoint.resolve())
    run_some(tmp_path / "second", settings=settings)
    begun = checkpoints.read(tmp_path / "second" / "checkpoints" / "000000").tensors
    assert all(torch.equal(begun[name], tensor) for name, tensor in checkpoints.read(first.checkpoint).tensors.items())
    assert config.read(tmp_path / "second") == settings
    facts = files.read_tensors(tmp_path / "second" / WEIGHTS)[1]
    assert facts["simulations"] == SMALL.simulations  # from the start: it is not ignorant
    (tmp_path / "first").rename(tmp_path / "moved")
    result, _ = run_some(tmp_path / "second", 2.0, settings=None, resuming=True)
    assert result.steps > 0


def test_a_checkpoint_that_training_cannot_begin_from(tmp_path):
    first, _ = run_some(tmp_path / "first", 0.6)
    with pytest.raises(InputError, match="is another one: channels=8 there, 16 here"):
        begin_from(replace(SMALL, net=NetConfig(blocks=1, channels=16, pool_every=0)), str(first.checkpoint))
    with pytest.raises(InputError, match="for tic_tac_toe version 1, not for othello"):
        network_of(str(first.checkpoint), "othello")
    settings = replace(begin_from(SMALL, str(first.checkpoint)), initial_sha256="0")
    with pytest.raises(InputError, match="it was replaced"):
        run_some(tmp_path / "second", settings=settings)

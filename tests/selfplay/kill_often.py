"""``python -m tests.selfplay.kill_often ALONE KILLED KILLS``: trains in two folders, on games that are all there from
the start. The second training is killed with SIGKILL so many times while it goes on. Says after each attempt which step
had been saved."""

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.utils.tensorboard  # here, or each attempt would spend most of its life importing it

import envs
from agents import checkpoints
from agents.networks import NetConfig
from selfplay import chunks, files, learner, options, progress
from selfplay import train as loop
from selfplay.config import TrainConfig
from selfplay.replay import Replay
from selfplay.state import FILE
from selfplay.targets import UNIT

SETTINGS = TrainConfig(
    game="tic_tac_toe",
    net=NetConfig(blocks=1, channels=8, pool_every=0),
    min_positions=1,
    window=150,  # of the 1,400 positions or so that there are a third stay in it
    batch=32,
    decay=0.0,
    save_seconds=0.1,
    checkpoint_seconds=0.3,
)


class NoWorkers:
    alive = 0

    def __init__(self, run, count):
        pass

    def replace_dead(self):
        return []

    def has_written(self, index):
        pass

    def stop(self):
        pass


def learn_all(run):
    """Trains until the games allow no more."""

    def on_progress(state):
        weight = files.read_tensors(run / FILE)[1]["counters"]["weight"]
        if weight and state.steps >= weight / UNIT * SETTINGS.samples_per_position / SETTINGS.batch:
            os.kill(os.getpid(), signal.SIGINT)

    loop.train(run, SETTINGS, 1e6, resuming=(run / options.FILE).exists(), on_progress=on_progress)


def in_child(work, run):
    child = os.fork()
    if child == 0:
        work(run)
        os._exit(0)
    return child


def saved_steps(run):
    return files.read_tensors(run / FILE)[1]["steps"] if (run / FILE).exists() else 0


def load_kernels(run):
    """Once, so that not every child has to."""
    game = envs.make(SETTINGS.game)
    replay = Replay(run / chunks.FOLDER, game, SETTINGS)
    replay.restore(chunks.listing(run / chunks.FOLDER)[:1], [])
    rows = replay.window.sample(np.random.default_rng(0), 4)
    learner.make_batch(game, rows, np.ones(4, np.int8))


def main(alone, run, kills):
    loop.Workers = NoWorkers
    progress.PROGRESS_SECONDS, loop.LEARN_SECONDS = 0.05, 0.05
    torch.set_num_threads(1)  # or the children would inherit a thread pool without its threads
    load_kernels(alone)
    children = [in_child(learn_all, alone)]
    chance = random.Random(0)
    for attempt in range(kills + 1):
        before, child = saved_steps(run), in_child(learn_all, run)
        if attempt < kills:
            patience = 1000
            while attempt % 2 and saved_steps(run) == before and patience:  # every other time, it gets somewhere first
                time.sleep(0.02)
                patience -= 1
            time.sleep(chance.uniform(0.0, 0.2))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        else:
            children.append(child)
        for folder in checkpoints.numbered(run):
            checkpoints.read(folder)  # whatever is there is whole
        print(saved_steps(run))
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

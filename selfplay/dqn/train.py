"""The loop of a training for points: the network acts, emulators play on while it learns, checkpoints are left behind.

    config.json           what was asked for
    replay.frames         the replay memory, if the algorithm has one
    resume.safetensors    where the learner is; a run goes on from here
    checkpoints/000123/   agents that can play, by age
    best/                 the one after whose training games the mean score was highest
    metrics.jsonl, tensorboard/

One tick: actions for all games; the emulators start; the network learns what is due; the emulators are waited for.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from agents import checkpoints
from agents.devices import find
from agents.dqn.learner import Learner
from agents.dqn.network import QNetwork
from envs.atari import Tick
from envs.core import InputError
from selfplay import options
from selfplay.cores import cores
from selfplay.dqn import config, resume, stage
from selfplay.dqn.config import ScoreConfig
from selfplay.dqn.keeping import best_so_far, keep
from selfplay.dqn.progress import ScoreProgress
from selfplay.dqn.resume import Counters
from selfplay.dqn.routes import Replay, Rollouts, Route, warm_up
from selfplay.dqn.sb3 import run_sb3
from selfplay.errors import Diverged
from selfplay.holding import Every, Saver, held, room_in, unless_begun
from selfplay.progress import JOURNAL_SECONDS, PROGRESS_SECONDS, Journal, Meter, Reports, last_clock
from selfplay.state import starts

LATE = 5.0  # seconds after a milestone at which what is saved is still what the run was then

OnMilestone = Callable[[Path, float, Callable[[], bool]], None]
"""(checkpoint, minutes on the training clock, whether the training is being stopped)"""


@dataclass(frozen=True, slots=True)
class Result:
    """How a training ended."""

    checkpoint: Path  # the newest
    seconds: float  # of the training clock
    steps: int
    games: int
    score: float  # mean of the last 100 full training games; NaN before the first
    interrupted: bool  # by Ctrl-C or SIGTERM, before the budget was spent or a milestone's games played; resume it


def train(
    run: Path,
    settings: ScoreConfig | None,
    seconds: float,
    *,
    resuming: bool = False,
    milestones: Sequence[float] | None = None,
    on_milestone: OnMilestone = lambda checkpoint, minutes, stopping: None,
    on_progress: Callable[[ScoreProgress], None] = lambda _: None,
    make_stage: stage.Stage = stage.atari,
) -> Result:
    """Trains in the folder ``run`` until its training clock shows ``seconds``, all resumes together.

    ``settings`` may be None when resuming: a run keeps its own, and so may the ``milestones``. At each of these, in
    minutes, a checkpoint is saved and ``on_milestone`` called with it, from this thread; the clock stands still
    meanwhile. If the training is stopped before it returns, it is called again on resuming. ``on_progress`` is called
    about twice a second. Ctrl-C and SIGTERM end the training early, with everything saved.
    Raises `InputError` for a folder that cannot be used, and `TrainingError` when training cannot go on."""
    begun = (run / options.FILE).exists()
    with room_in(run):
        settings = options.in_force(run, settings, resuming, config.read)
    if settings.algo == "sb3":
        if begun:
            raise InputError(f"{run} is a training by Stable-Baselines3, which cannot be resumed")
        with held(run, None) as stop, unless_begun(run):
            return _sb3(run, settings, seconds, stop, milestones or (), on_milestone, on_progress)
    with held(run, 1) as stop, unless_begun(run):  # one thread an operation; the learner has threads of its own
        return _Training(run, settings, seconds, make_stage).go(stop, milestones, on_milestone, on_progress)


def make_learner(settings: ScoreConfig, num_actions: int) -> Learner:
    """A new learner with the settings' seed. Raises `InputError` where there is no GPU but one was asked for."""
    device = find(settings.device)
    torch.manual_seed(settings.seed)
    return Learner(
        QNetwork(settings.net, num_actions),
        optimizer=settings.optimizer,
        learning_rate=settings.learning_rate,
        adam_epsilon=settings.adam_epsilon,
        max_gradient_norm=settings.max_gradient_norm,
        average=settings.average,
        with_target=settings.algo == "dqn",
        precision=settings.precision,
        device=device,
        shards=1 if device.type == "cuda" else settings.threads or cores(),
    )


def _sb3(
    run: Path,
    settings: ScoreConfig,
    budget: float,
    stop: threading.Event,
    milestones: Sequence[float],
    on_milestone: OnMilestone,
    on_progress: Callable[[ScoreProgress], None],
) -> Result:
    """The baseline, with the same checkpoints, milestones and metrics."""
    ahead = sorted(m for m in milestones if m * 60 <= budget)
    note = Every(JOURNAL_SECONDS, 0.0)

    def reached(checkpoint: Path, now: float) -> bool:
        due = [minutes for minutes in ahead if minutes * 60 <= now]
        for minutes in due:
            on_milestone(checkpoint, ahead.pop(ahead.index(minutes)), stop.is_set)
        return bool(due)

    with closing(Journal(run, 0)) as journal:

        def told(progress: ScoreProgress) -> None:
            on_progress(progress)
            if note.due(progress.seconds):
                journal.write(progress)

        counters, _ = run_sb3(
            run,
            settings,
            budget,
            stop,
            reached,
            told,
            PROGRESS_SECONDS,
            upcoming=lambda: ahead[0] * 60 if ahead else math.inf,
        )
    return _result(run, counters, budget, len(ahead))


def _result(run: Path, counters: Counters, budget: float, milestones_left: int) -> Result:
    return Result(
        checkpoint=checkpoints.resolve(run),
        seconds=counters.seconds,
        steps=counters.steps,
        games=counters.games,
        score=counters.score,
        interrupted=counters.seconds < budget or milestones_left > 0,
    )


class _Training:
    """The state of one call of `train`, and what is done with it again and again."""

    def __init__(self, run: Path, settings: ScoreConfig, budget: float, make_stage: stage.Stage) -> None:
        self.run, self.config, self.budget = run, settings, budget
        self.random = np.random.default_rng(settings.seed)
        before = starts(run)
        seed = np.random.SeedSequence([settings.seed, before]).generate_state(1)[0]  # games not played before
        self.spec, self.emulators = make_stage(settings, int(seed))
        seen = (settings.net.stack, settings.net.height, settings.net.width)
        if seen != self.spec.observation_shape:
            raise InputError(f"{self.spec.id} shows {self.spec.observation_shape}, and no network takes {seen} of it")
        self.learner = make_learner(settings, self.spec.num_actions)
        counters = resume.load(run, self.learner, self.random) if before else Counters()
        counters.seconds = max(counters.seconds, last_clock(run))  # time whose work was lost was spent
        counters.best_score = max(counters.best_score, best_so_far(run))
        counters.starts += 1
        self.counters = counters
        self.route: Route = (
            Replay(settings, self.learner, self.random, run, counters.head)
            if settings.algo == "dqn"
            else Rollouts(settings, self.learner, self.random)
        )
        warm_up(settings.net)
        self.meter = Meter()
        self.value = float("nan")
        self.ahead: list[float] = []  # milestones to come, in minutes
        self._saver = Saver()

    def go(
        self,
        stop: threading.Event,
        milestones: Sequence[float] | None,
        on_milestone: OnMilestone,
        on_progress: Callable[[ScoreProgress], None],
    ) -> Result:
        counters = self.counters
        if milestones is not None:
            counters.asked = sorted(milestones)
        self._save()  # from here on, another start knows of this one
        if counters.checkpoint_steps < 0:
            self._checkpoint()
        first = counters.seconds - LATE
        self.ahead = [m for m in counters.asked if m not in counters.milestones and first <= m * 60 <= self.budget]
        try:
            with closing(Journal(self.run, counters.steps)) as journal, closing(self.emulators):
                reports = Reports(journal, on_progress, counters.seconds)
                self._loop(reports, stop, on_milestone)
                if counters.steps > counters.checkpoint_steps:
                    self._checkpoint()
                self._save()
                self._saver.wait()
                reports.last(self._progress())
        finally:
            self._saver.close()
            self.learner.close()
        return _result(self.run, counters, self.budget, len(self.ahead))

    def _loop(self, reports: Reports[ScoreProgress], stop: threading.Event, on_milestone: OnMilestone) -> None:
        counters, now = self.counters, self.counters.seconds
        save = Every(self.config.save_seconds, now)
        seen = self.emulators.reset()
        began = time.monotonic() - now
        while not stop.is_set() and now < self.budget:
            seen = self._tick(seen)
            counters.seconds = now = time.monotonic() - began
            if self.ahead and now >= self.ahead[0] * 60:
                self._look(stop, on_milestone)
                self._save()
                began = time.monotonic() - now
            elif now >= counters.checkpoint_due:
                self._checkpoint()
                self._save()
            elif save.due(now):
                self._save()
            reports.give(now, self._progress)
        while self.ahead and not stop.is_set():  # the end of the budget, which the last tick has reached or passed
            self._look(stop, on_milestone)

    def _look(self, stop: threading.Event, on_milestone: OnMilestone) -> None:
        """The first milestone ahead has come; it stays ahead if it was cut short."""
        on_milestone(self._checkpoint(), self.ahead[0], stop.is_set)
        if not stop.is_set():
            self.counters.milestones.append(self.ahead.pop(0))

    def _tick(self, seen: Tick) -> Tick:
        """One step of every game, and the learning that is due for it."""
        counters, clock = self.counters, time.perf_counter
        start = clock()
        best, values = self.learner.greedy(seen.frames)
        self.emulators.send(self._explore(best))
        acted = clock()
        self.learner.set_learning_rate(self.config.rate(self.share, self.learner.steps))
        used = self.route.learn()
        self.learner.take_average()
        learned = clock()
        outcome = self.emulators.recv()
        waited = clock()
        self.route.add(seen, outcome, values)
        self.value = float(values.mean())
        counters.steps += len(values)
        for game in outcome.ended:
            counters.note(game.score)
        self.meter.add(
            counters.seconds,
            steps=len(values),
            samples=used,
            act=acted - start,
            learn=learned - acted,
            wait=waited - learned,
            all=clock() - start,
        )
        return outcome

    def _explore(self, best: NDArray[np.int64]) -> NDArray[np.int64]:
        """Epsilon-greedy actions."""
        explore = self.random.random(len(best)) < self.config.epsilon(self.counters.steps)
        return np.where(explore, self.random.integers(0, self.spec.num_actions, len(best)), best)

    @property
    def share(self) -> float:
        """Of the budget that has passed."""
        return min(1.0, self.counters.seconds / self.budget) if self.budget else 1.0

    def _require_sound(self) -> None:
        """Raises `Diverged`: what is saved can be gone on with."""
        if not math.isfinite(self.learner.last_loss):
            raise Diverged(f"the loss is {self.learner.last_loss} after {self.learner.steps:,} updates")

    def _checkpoint(self) -> Path:
        """Saves an agent that can play."""
        self._require_sound()
        tensors = self.learner.average.state_dict()
        return keep(self.run, self.spec, self.config, tensors, self.learner.steps, self.counters)

    def _save(self) -> None:
        self._require_sound()
        memory = self.route.memory

        def take() -> Callable[[], None]:
            self.counters.head = memory.head if self.config.algo == "dqn" else 0
            state = resume.take(self.learner, self.counters, self.random)

            def write() -> None:
                memory.flush()
                state.write(self.run)

            return write

        self._saver.save(take)

    def _progress(self) -> ScoreProgress:
        counters, meter = self.counters, self.meter
        return ScoreProgress(
            game=self.config.game,
            algo=self.config.algo,
            seconds=counters.seconds,
            budget=self.budget,
            steps=counters.steps,
            updates=self.learner.steps,
            games=counters.games,
            frames=self.route.memory.frames,
            steps_per_second=meter.ratio("steps", "all"),
            samples_per_second=meter.ratio("samples", "all"),
            emulator_share=meter.ratio("wait", "all"),
            act_share=meter.ratio("act", "all"),
            learn_share=meter.ratio("learn", "all"),
            epsilon=self.config.epsilon(counters.steps),
            learning_rate=self.config.rate(self.share, self.learner.steps),
            loss=self.learner.last_loss if self.learner.steps else float("nan"),
            value=self.value,
            score=counters.score,
            best_score=counters.best,
            milestones_left=len(self.ahead),
        )

"""The AlphaZero loop: workers play, finished games fill the replay window, the learner learns from it, new weights go
back to the workers, and checkpoints are left behind.

Everything goes through the run folder, and every part may be killed at any time:

    config.json           what was asked for
    weights.safetensors   the newest weights, for the workers
    games/                finished games, until they leave the replay window
    resume.safetensors    where the learner is; a run goes on from here
    checkpoints/000123/   agents that can play
    metrics.jsonl, tensorboard/, logs/
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

import envs
from agents import checkpoints, networks
from envs.core import InputError
from selfplay import chunks, config, files, initial, options, resume, state
from selfplay.config import TrainConfig
from selfplay.holding import Every, held, room_in, unless_begun
from selfplay.initial import AGENT
from selfplay.learner import Learner, Step
from selfplay.progress import Journal, Meter, Progress, Reports, last_clock
from selfplay.replay import Replay
from selfplay.resume import Counters
from selfplay.targets import UNIT
from selfplay.worker import WEIGHTS
from selfplay.workers import Workers

LEARN_SECONDS = 0.2  # of learning before the loop looks around again
IDLE_SECONDS = 0.05


class Trial(Protocol):
    """A match of two checkpoints that goes on beside the training."""

    def verdict(self) -> tuple[bool, str] | None:
        """Whether the candidate shall play, and why, for people; None as long as the match goes on."""
        ...

    def cancel(self) -> None:
        """Ends the match, at once."""
        ...


Gate = Callable[[Path, Path], Trial]  # (candidate, best so far), both checkpoints


@dataclass(frozen=True, slots=True)
class Result:
    """How a training ended."""

    checkpoint: Path  # the newest
    seconds: float  # of the training clock
    games: int
    steps: int
    interrupted: bool  # by Ctrl-C or SIGTERM, before the budget was spent; it can be resumed
    best: Path | None = None  # the newest that the gate has let through, if there is a gate


def train(
    run: Path,
    settings: TrainConfig | None,
    seconds: float,
    *,
    resuming: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
    gate: Gate | None = None,
) -> Result:
    """Trains in the folder ``run`` until its training clock shows ``seconds``, all resumes together.

    ``settings`` may be None when resuming: a run keeps its own. ``on_progress`` is called about twice a second, from
    this thread. With a ``gate`` (AlphaGo Zero's), workers play with the best checkpoint it has let through, else with
    the newest weights; one match is played at a time, for the newest checkpoint there is then. Ctrl-C and SIGTERM end
    training early, with everything saved.
    Raises `InputError` for a folder that cannot be used, and `TrainingError` when training cannot go on."""
    if (run / config.SOURCE).exists():
        raise InputError(f"{run} learns from a file of games; self-play that begins from it has a folder of its own")
    with room_in(run):
        settings = options.in_force(run, settings, resuming, config.read)
    if settings.gate_games and gate is None:
        raise InputError(f"{run} was begun with a gate, and goes on with one only")
    with held(run, 1) as stop, unless_begun(run):  # one thread: the workers need the other cores more
        return _Training(run, settings, seconds, gate).go(stop, on_progress)


class _Training:
    """The state of one call of `train`, and what is done with it again and again."""

    def __init__(self, run: Path, settings: TrainConfig, budget: float, gate: Gate | None) -> None:
        self.run, self.config, self.budget, self.gate = run, settings, budget, gate
        self.game = envs.make(settings.game)
        torch.manual_seed(settings.seed)
        net = networks.make(self.game.spec, settings.net)
        if not (run / state.FILE).exists():
            initial.fill(net, settings)
        self.learner = Learner(self.game, net, settings)
        self.replay = Replay(run / chunks.FOLDER, self.game, settings)
        self.meter = Meter()
        self.events: list[str] = []
        self.last: Step | None = None
        self.published = 0  # the learner's step at the newest published weights
        self.told = 0  # simulations of a full search that went with them
        self.trial: Trial | None = None  # of checkpoint `trying` against the best
        self.trying = 0
        self.newest = max([0, *(int(folder.name) for folder in checkpoints.numbered(run))])  # checkpoint
        try:
            self.counters = resume.load(run, self.learner)
        except FileNotFoundError:  # a new run, or one that was killed before its first save
            self.counters = Counters()
            self._publish()
            self._checkpoint()
            self._save()
        else:
            self.counters.seconds = max(self.counters.seconds, last_clock(run))  # time whose work was lost was spent
            facts = files.read_tensors(run / WEIGHTS)[1]
            self.counters.version, self.told = facts["version"], facts["simulations"]
            self.published = self.learner.steps
            if gate is not None:  # a kill may have come between its verdict and the save
                checkpoints.link_best(self._numbered(self.counters.best))
                self._publish(self._best())
            self.replay.restore(self.counters.window, self.counters.retired)

    def go(self, stop: threading.Event, on_progress: Callable[[Progress], None]) -> Result:
        workers = Workers(self.run, self.config.workers)
        try:
            with closing(Journal(self.run, self.learner.steps)) as journal:
                reports = Reports(journal, on_progress, self.counters.seconds)
                self._loop(workers, reports, stop)
                workers.stop()  # they write what is finished
                self._ingest(workers)
                if self.learner.steps > self.counters.checkpoint_steps:
                    self._checkpoint()
                self._save()
                self._judge_the_last(reports, stop)
                reports.last(self._progress(workers.alive))
        finally:
            workers.stop()
            if self.trial is not None:
                self.trial.cancel()
        return Result(
            checkpoint=checkpoints.numbered(self.run)[-1],
            seconds=self.counters.seconds,
            games=self.counters.games,
            steps=self.learner.steps,
            interrupted=self.counters.seconds < self.budget or self.trial is not None,
            best=None if self.gate is None else self._numbered(self.counters.best),
        )

    def _loop(self, workers: Workers, reports: Reports[Progress], stop: threading.Event) -> None:
        counters, now = self.counters, self.counters.seconds
        began = time.monotonic() - now
        save = Every(self.config.save_seconds, now)
        while not stop.is_set() and now < self.budget:
            self._watch(workers)
            self._ingest(workers)
            if not self._learn():
                stop.wait(IDLE_SECONDS)
            counters.seconds = now = time.monotonic() - began
            if self.gate is None and self.learner.steps >= self.published + self.config.publish_steps:
                self._publish()
            elif self.gate is not None and self._searches_more():
                self._publish(self._best())
            if now >= counters.checkpoint_due and self.learner.steps > counters.checkpoint_steps:
                self._checkpoint()
                self._save()
            elif save.due(now):
                self._save()
            self._judge()
            reports.give(now, lambda: self._progress(workers.alive))

    @property
    def share(self) -> float:
        """Of the budget that has passed."""
        return min(1.0, self.counters.seconds / self.budget) if self.budget else 1.0

    def _watch(self, workers: Workers) -> None:
        replaced = workers.replace_dead()
        self.counters.restarts += len(replaced)
        self.events += replaced

    def _ingest(self, workers: Workers) -> None:
        """Takes new files of games into the window."""
        counters = self.counters
        for arrival in self.replay.take_new():
            games = arrival.games
            if len(games):
                workers.has_written(chunks.worker_of(arrival.name))
            counters.games += len(games.lengths)
            counters.moves += len(games)
            counters.simulations += int(arrival.facts["simulations"])
            counters.positions += arrival.positions
            counters.weight += arrival.weight
            last_plies = games.plies[games.lengths.cumsum() - 1]
            self.meter.add(
                counters.seconds,
                **arrival.facts,
                ended=len(last_plies),
                plies=float(last_plies.sum() + len(last_plies)),
            )
        self.replay.trim(counters.positions)
        self.events += self.replay.problems
        self.replay.problems.clear()

    def _learn(self) -> bool:
        """Learns for a moment, as far as new positions allow; whether there was anything to do."""
        if self.counters.positions < self.config.min_positions or not len(self.replay.window):
            return False
        allowed = self.counters.weight / UNIT * self.config.samples_per_position / self.config.batch
        until = time.monotonic() + LEARN_SECONDS
        began = self.learner.steps
        while self.learner.steps < allowed and time.monotonic() < until:
            self.last = self.learner.step(
                self.replay.window.sample(self.learner.generator, self.config.batch), self.share
            )
        return self.learner.steps > began

    def _simulations(self) -> int:
        """Of a full search, now."""
        first, full = min(self.config.first_simulations, self.config.simulations), self.config.simulations
        if self.config.initial:  # it is not ignorant
            return full
        return round(first + (full - first) * min(1.0, self.share / self.config.ramp)) if self.config.ramp else full

    def _searches_more(self) -> bool:
        """Whether full searches have come to have many more simulations than the workers were told, or all of them."""
        return min(self.config.simulations, round(1.25 * self.told)) <= self._simulations() != self.told

    def _publish(self, weights: Mapping[str, Tensor] | None = None) -> None:
        """Hands weights to the workers, the averaged ones if not told."""
        self.counters.version += 1
        weights = self.learner.average if weights is None else weights
        tensors = {name: tensor.numpy(force=True) for name, tensor in weights.items()}
        self.told = self._simulations()
        facts = {"version": self.counters.version, "simulations": self.told}
        files.write_tensors(self.run / WEIGHTS, tensors, facts)
        self.published = self.learner.steps

    def _checkpoint(self) -> None:
        """Saves an agent that can play."""
        counters, settings = self.counters, self.config
        folder = checkpoints.next_numbered(self.run)
        checkpoints.save(
            folder,
            kind=AGENT,
            game=settings.game,
            game_version=self.game.spec.version,
            net_config=asdict(settings.net),
            tensors=self.learner.average,
            meta={
                "minutes": round(counters.seconds / 60.0, 3),
                "games": counters.games,
                "steps": self.learner.steps,
                "positions": counters.positions,
                "simulations": counters.simulations,
                "seed": settings.seed,
                "relative_loss": round(self.learner.smoothed / self.learner.ignorance, 4),
            },
        )
        counters.checkpoint_due = (counters.seconds // settings.checkpoint_seconds + 1) * settings.checkpoint_seconds
        counters.checkpoint_steps, self.newest = self.learner.steps, int(folder.name)
        if self.gate is not None and counters.best < 0:
            counters.best = int(folder.name)
            checkpoints.link_best(folder)
            self._publish()

    def _best(self) -> Mapping[str, Tensor]:
        """The weights of the checkpoint that plays, if there is a gate."""
        return checkpoints.read(self._numbered(self.counters.best)).tensors

    def _numbered(self, number: int) -> Path:
        return self.run / checkpoints.FOLDER / f"{number:06d}"

    def _judge(self) -> None:
        """With a gate: takes its verdict, and starts the next match."""
        if self.gate is None:
            return
        counters = self.counters
        if self.trial is not None:
            verdict = self.trial.verdict()
            if verdict is None:
                return
            self.trial, (passed, why) = None, verdict
            counters.tried = self.trying
            if passed:
                counters.best = self.trying
                checkpoints.link_best(self._numbered(counters.best))
                self._publish(self._best())
                self.events.append(f"checkpoint {self.trying} passed the gate: {why}")
            else:
                self.events.append(f"checkpoint {self.trying} did not pass the gate: {why}; {counters.best} plays on")
            self._save()
        if self.newest > max(counters.tried, counters.best):
            self.trying = self.newest
            self.trial = self.gate(self._numbered(self.trying), self._numbered(counters.best))

    def _judge_the_last(self, reports: Reports[Progress], stop: threading.Event) -> None:
        """With a gate: waits until the newest checkpoint has had its match. The training clock stands still."""
        self._judge()
        if self.trial is not None and not stop.is_set():
            self.events.append("the time is over; the last checkpoint's match at the gate is awaited")
            reports.last(self._progress(0))
        while self.trial is not None and not stop.is_set():
            stop.wait(IDLE_SECONDS)
            self._judge()
        if self.trial is not None:
            self.events.append(
                f"checkpoint {self.trying} was not judged to the end; {self.counters.best} stays the best"
            )

    def _save(self) -> None:
        self.counters.window, self.counters.retired = self.replay.names, self.replay.retired
        resume.save(self.run, self.learner, self.counters)
        self.replay.forget_retired()

    def _progress(self, alive: int) -> Progress:
        counters, meter = self.counters, self.meter
        events, self.events = self.events, []
        nan = float("nan")
        return Progress(
            game=self.config.game,
            seconds=counters.seconds,
            budget=self.budget,
            games=counters.games,
            positions=counters.positions,
            window=len(self.replay.window),
            steps=self.learner.steps,
            version=counters.version,
            workers=alive,
            restarts=counters.restarts,
            moves_per_second=alive * meter.ratio("moves", "seconds"),
            simulations_per_second=alive * meter.ratio("simulations", "seconds"),
            evaluations_per_second=alive * meter.ratio("evaluations", "seconds"),
            cache_hits=meter.ratio("hits", "requests"),
            game_length=meter.ratio("plies", "ended"),
            ended_early=meter.ratio("early", "ended"),
            wrong_verdicts=meter.ratio("early_wrong", "early_checked"),
            policy_loss=self.last.policy_loss if self.last else nan,
            value_loss=self.last.value_loss if self.last else nan,
            learning_rate=self.last.learning_rate if self.last else nan,
            judging=int(self.trial is not None),
            event="; ".join(events),
        )

"""Learning from games of experts, AlphaGo's first step (Silver et al., Nature 2016, "Supervised learning of policy
networks"), for the network of AlphaZero: policy from the moves, value from results and evaluations.

The run folder is that of a training (`selfplay.train`): the file is read a few dozen games at a time, each piece
becomes a file in ``games/`` and enters the replay window, from which positions are drawn. Where reading has come to is
told by these files, so a run that was killed goes on from its last saved state, bit for bit. More in the folder:

    source.json           the file that is read
    logs/passed_over.txt  its games that are of no use, with number, line and reason

The last games of the file are never trained on: they tell how well the moves of strangers are predicted.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from agents import checkpoints, networks
from agents.search.evaluators import NetworkEvaluator
from envs.core import BoardGame, InputError
from selfplay import chunks, config, files, options, pgn, resume
from selfplay.chunks import Facts
from selfplay.config import TrainConfig
from selfplay.held_out import Score, hold_out, score
from selfplay.holding import Every, held, room_in
from selfplay.initial import AGENT
from selfplay.learn_progress import LearnProgress
from selfplay.learner import Learner, Step
from selfplay.passed_over import PassedOver
from selfplay.pgn import Problem
from selfplay.progress import Journal, Meter, Reports, last_clock
from selfplay.reading import Reading
from selfplay.replay import Arrival, Replay
from selfplay.resume import Counters
from selfplay.targets import UNIT

TOLD = 3  # problems that one progress tells
FILLING = 0.1  # share of the budget after which learning begins, however little has been read
TOTALS = ("games", "moves", "positions", "weight")  # of the counters: what the pieces read so far had


@dataclass(frozen=True, slots=True)
class Budget:
    """How long: one of the two."""

    seconds: float | None = None  # of the training clock, as often through the file as that allows
    passes: float | None = None  # through the file

    def __post_init__(self) -> None:
        if (self.seconds is None) == (self.passes is None):
            raise InputError("say how long to learn, either in minutes or in passes through the file")


@dataclass(frozen=True, slots=True)
class Learned:
    """How it ended."""

    checkpoint: Path
    seconds: float
    games: int
    positions: int
    steps: int
    passed_over: dict[str, int]  # games of no use, by kind, of the first pass
    held_out: int  # positions
    score: Score
    interrupted: bool


def learn(
    run: Path,
    path: Path | None,
    settings: TrainConfig | None,
    budget: Budget,
    *,
    resuming: bool = False,
    on_progress: Callable[[LearnProgress], None] = lambda _: None,
) -> Learned:
    """Learns in the folder ``run`` from the PGN file ``path``, until the budget, all resumes together, is spent.

    ``path`` and ``settings`` may be None when resuming: a run keeps its own. Ctrl-C and SIGTERM end it early, with
    everything saved. Raises `InputError`: a folder or a file that cannot be used, a file without a sound game;
    `TrainingError` when learning cannot go on."""
    new, work = not run.exists(), None
    with room_in(run):
        path, settings = _prepare(run, path, settings, resuming)
    game = pgn.check(settings.game, path)
    try:
        with held(run, settings.workers) as stop:
            work = _Learning(run, path, game, settings, budget)
            return work.go(stop, on_progress)
    except InputError:
        if new and (work is None or not work.learner.steps):  # the name is free again for a better file
            shutil.rmtree(run)
        raise


def _prepare(run: Path, path: Path | None, settings: TrainConfig | None, resuming: bool) -> tuple[Path, TrainConfig]:
    """Makes the folder, or checks it; file and settings in force."""
    source = run / config.SOURCE
    if (run / options.FILE).exists():
        if not source.exists():
            raise InputError(f"{run} holds a training by self-play; name another folder")
        settings = options.in_force(run, settings, resuming, config.read)
        facts = json.loads(source.read_text(encoding="utf-8"))
        path = path or Path(facts["file"])
        pgn.check(settings.game, path)
        if {**facts, "file": ""} != {**_identity(path), "file": ""}:
            raise InputError(f"{path} is not the file that {run} was learning from, or it has changed since")
        return path, settings
    if settings is None or path is None:
        raise InputError(f"there is no training run to resume in {run}")
    for name in ("initial", "gate_games"):
        if value := getattr(settings, name):
            raise InputError(f"{name}={value!r}: learning from games begins from nothing and has no gate")
    pgn.check(settings.game, path)
    options.make_folder(run)
    files.write(source, json.dumps(_identity(path), indent=1).encode())
    return path, options.in_force(run, settings, resuming, config.read)


def _identity(path: Path) -> dict[str, object]:
    """What tells whether a file is the same: its size, and a hash over its begin and end."""
    size, most = path.stat().st_size, 1 << 20
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(most))
        file.seek(max(0, size - most))
        digest.update(file.read(most))
    return {"file": str(path.resolve()), "bytes": size, "sha256_of_ends": digest.hexdigest()}


class _Learning:
    """The state of one call of `learn`."""

    def __init__(self, run: Path, path: Path, game: BoardGame, settings: TrainConfig, budget: Budget) -> None:
        self.run, self.path, self.game, self.config, self.budget = run, path, game, settings, budget
        end, self.held_out, problems = hold_out(game, path)
        self.reading = Reading(game, path, end)
        self.reading.passed_over.update(problem.kind for problem in problems)
        torch.manual_seed(settings.seed)
        self.learner = Learner(game, networks.make(game.spec, settings.net), settings)
        self.evaluate = NetworkEvaluator(game, networks.make(game.spec, settings.net), device=settings.device)
        self.replay = Replay(run / chunks.FOLDER, game, settings)
        self.passed_over = PassedOver(run)
        self.meter = Meter()
        self.last: Step | None = None
        self.score = Score()
        self.index = 0  # of the next piece
        self.events: list[str] = []
        try:
            self.counters = resume.load(run, self.learner)
        except FileNotFoundError:  # a new run, or one that was killed before its first save
            self.counters = Counters()
            self._forget_unknown()
            self.passed_over.keep(0)
            self._pass_over(problems)
            self._checkpoint()
            self._save()
        else:
            self.counters.seconds = max(self.counters.seconds, last_clock(run))
            self._forget_unknown()
            self._go_back(self.replay.restore(self.counters.window, self.counters.retired))
            self.events += self.replay.problems
            self.passed_over.keep(self.reading.passed_over.total())

    def _go_back(self, newest: Arrival | None) -> None:
        """Reading goes on behind the newest piece that is sound: what came after it is read, and counted, again."""
        facts: Facts = dict.fromkeys(TOTALS, 0.0) if newest is None else newest.facts
        if newest is not None:
            self.index = int(facts["index"]) + 1
            self.reading.go_to(facts)
        if self.replay.names[-1:] != self.counters.window[-1:] and facts.keys() >= set(TOTALS):  # older ones do not say
            for name in TOTALS:
                setattr(self.counters, name, int(facts[name]))
            if newest is not None:
                self._count(newest)

    def _count(self, piece: Arrival) -> None:
        counters = self.counters
        counters.games += len(piece.games.lengths)
        counters.moves += len(piece.games)
        counters.positions += piece.positions
        counters.weight += piece.weight

    def _forget_unknown(self) -> None:
        """Deletes pieces that the saved state does not know of; they are read again when their time comes."""
        known = {*self.counters.window, *self.counters.retired}
        for name in chunks.listing(self.run / chunks.FOLDER):
            if name not in known:
                (self.run / chunks.FOLDER / name).unlink()

    def go(self, stop: threading.Event, on_progress: Callable[[LearnProgress], None]) -> Learned:
        counters = self.counters
        with closing(Journal(self.run, self.learner.steps)) as journal:
            reports = Reports(journal, on_progress, counters.seconds)
            self._loop(reports, stop)
            if self.learner.steps > counters.checkpoint_steps:
                self._checkpoint()
            elif math.isnan(self.score.accuracy):
                self._examine()
            self._save()
            reports.last(self._progress())
        return Learned(
            checkpoint=checkpoints.resolve(self.run),
            seconds=counters.seconds,
            games=counters.games,
            positions=counters.positions,
            steps=self.learner.steps,
            passed_over=dict(self.reading.passed_over),
            held_out=0 if self.held_out is None else len(self.held_out),
            score=self.score,
            interrupted=not self._done,
        )

    def _loop(self, reports: Reports[LearnProgress], stop: threading.Event) -> None:
        counters, now = self.counters, self.counters.seconds
        began = time.monotonic() - now
        save = Every(self.config.save_seconds, now)
        while not stop.is_set() and not self._done:
            before, steps = now, self.learner.steps
            if self._hungry:
                self._read()
            else:
                self._step()
            counters.seconds = now = time.monotonic() - began
            self.meter.add(now, samples=(self.learner.steps - steps) * self.config.batch, seconds=now - before)
            if now >= counters.checkpoint_due and self.learner.steps > counters.checkpoint_steps:
                self._checkpoint()
                self._save()
            elif save.due(now):
                self._save()
            reports.give(now, self._progress)

    @property
    def _whole(self) -> bool:
        """Whether the window holds the whole file, so that nothing is read again."""
        return self.reading.passes == 1 and len(self.replay.window) == self.counters.positions

    @property
    def _allowed(self) -> float:
        """Steps that the positions read so far allow."""
        steps = self.counters.weight / UNIT * self.config.samples_per_position / self.config.batch
        if not self._whole:
            return steps
        return math.inf if self.budget.passes is None else steps * self.budget.passes

    @property
    def _passes(self) -> float:
        """Through the file."""
        if not self._whole:
            return self.reading.share
        once = self.config.samples_per_position * max(len(self.replay.window), 1)
        return self.learner.steps * self.config.batch / once

    @property
    def _hungry(self) -> bool:
        """Whether to read on: until there is enough to mix, then as learning uses it up."""
        if self._whole:
            return False
        if self.budget.passes is not None and self.reading.share >= self.budget.passes:
            return False
        few = self.counters.positions < self.config.min_positions and self._share < FILLING
        return (few and not self.reading.passes) or self.learner.steps + 1 > self._allowed

    @property
    def _share(self) -> float:
        """Of the budget."""
        if self.budget.seconds is not None:
            return min(1.0, self.counters.seconds / self.budget.seconds) if self.budget.seconds else 1.0
        assert self.budget.passes is not None
        if self._whole:
            return min(1.0, self.learner.steps / max(self._allowed, 1.0))
        read = self.reading.share / self.budget.passes if self.budget.passes else 1.0
        return min(1.0, read * min(1.0, self.learner.steps / max(self._allowed, 1.0)))

    @property
    def _done(self) -> bool:
        if self.budget.seconds is not None:
            return self.counters.seconds >= self.budget.seconds
        return not self._hungry and self.learner.steps + 1 > self._allowed

    def _read(self) -> None:
        """Takes the next few dozen sound games of the file into the window."""
        counters, first = self.counters, not self.reading.passes
        games, problems = self.reading.piece(self.config.chunk_games)
        if first:
            self._pass_over(problems)
        if games is None:
            return
        name = chunks.name(0, 1, self.index)
        before = {total: getattr(counters, total) for total in TOTALS}
        chunks.write(self.run / chunks.FOLDER / name, games, {"index": self.index, **before, **self.reading.facts})
        self.index += 1
        for arrival in self.replay.take_new():
            self._count(arrival)
        self.replay.trim(counters.positions)

    def _pass_over(self, problems: list[Problem]) -> None:
        """Tells of games that are of no use."""
        self.passed_over.tell(problems)
        self.events += [f"passed over: {problem}" for problem in problems]

    def _step(self) -> None:
        rows = self.replay.window.sample(self.learner.generator, self.config.batch)
        self.last = self.learner.step(rows, self._share)

    def _examine(self) -> None:
        """Asks the averaged weights about the held-out games."""
        if self.held_out is not None:
            self.evaluate.load_weights(self.learner.average)
            self.score = score(self.game, self.evaluate, self.held_out)

    def _checkpoint(self) -> None:
        counters, settings = self.counters, self.config
        self._examine()
        checkpoints.save(
            checkpoints.next_numbered(self.run),
            kind=AGENT,
            game=settings.game,
            game_version=self.game.spec.version,
            net_config=asdict(settings.net),
            tensors=self.learner.average,
            meta={
                "minutes": round(counters.seconds / 60.0, 3),
                "learned_from": self.path.name,
                "games": counters.games,
                "steps": self.learner.steps,
                "positions": counters.positions,
                "move_prediction": _rounded(self.score.accuracy),
                "held_out_value_loss": _rounded(self.score.value_loss),
                "relative_loss": round(self.learner.smoothed / self.learner.ignorance, 4),
                "seed": settings.seed,
            },
        )
        counters.checkpoint_due = (counters.seconds // settings.checkpoint_seconds + 1) * settings.checkpoint_seconds
        counters.checkpoint_steps = self.learner.steps

    def _save(self) -> None:
        self.counters.window, self.counters.retired = self.replay.names, self.replay.retired
        resume.save(self.run, self.learner, self.counters)
        self.replay.forget_retired()

    def _progress(self) -> LearnProgress:
        counters, nan, share = self.counters, math.nan, self._share
        events, self.events = self.events, []
        if len(events) > TOLD:
            events = [*events[:TOLD], f"and {len(events) - TOLD} more, see {self.passed_over.path}"]
        left = self.budget.seconds - counters.seconds if self.budget.seconds is not None else nan
        if self.budget.seconds is None and share > 0.01:
            left = counters.seconds / share * (1 - share)
        return LearnProgress(
            game=self.config.game,
            seconds=counters.seconds,
            share=share,
            left=max(0.0, left) if left == left else nan,
            asked_seconds=self.budget.seconds,
            asked_passes=self.budget.passes,
            done=self._done,
            passes=self._passes,
            games=counters.games,
            passed_over=self.reading.passed_over.total(),
            positions=counters.positions,
            window=len(self.replay.window),
            steps=self.learner.steps,
            samples_per_second=self.meter.ratio("samples", "seconds"),
            policy_loss=self.last.policy_loss if self.last else nan,
            value_loss=self.last.value_loss if self.last else nan,
            accuracy=self.score.accuracy,
            held_out_value_loss=self.score.value_loss,
            learning_rate=self.last.learning_rate if self.last else nan,
            event="; ".join(events),
        )


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)

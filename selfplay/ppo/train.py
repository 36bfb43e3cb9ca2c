"""The loop of a training of teams: all games go on for a stretch, what was decided is learned from, again and again.

config.json           what was asked for
resume.safetensors    where the learner and the league are; a run goes on from here
checkpoints/000123/   agents that can play, by age, which are also the past selves in the league
metrics.jsonl, tensorboard/
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from agents import checkpoints, moba_bots
from agents.team.network import TeamNetwork
from envs.moba.features import NUM_FEATURES
from envs.moba.rewards import TERMS
from envs.moba.tables import NUM_ACTIONS
from selfplay import options
from selfplay.cores import cores
from selfplay.errors import Diverged
from selfplay.holding import Every, Saver, held, room_in, unless_begun
from selfplay.ppo import config, resume, stage
from selfplay.ppo.config import PpoConfig
from selfplay.ppo.keeping import Past, keep
from selfplay.ppo.league import Draw, League
from selfplay.ppo.learner import Learner, Losses
from selfplay.ppo.progress import TeamProgress
from selfplay.ppo.resume import Counters
from selfplay.ppo.rollout import Actor, Reward, Rollout, Told
from selfplay.progress import Journal, Meter, Reports, last_clock
from selfplay.state import starts

EXPLOITED = 0  # the number of the only member of a league that is there to be exploited


@dataclass(frozen=True, slots=True)
class Result:
    """How a training ended."""

    checkpoint: Path  # the newest
    seconds: float  # of the training clock
    steps: int
    games: int
    wins: dict[str, float]  # recent rates against each bot and "past" selves
    interrupted: bool  # by Ctrl-C or SIGTERM, before the budget was spent; it can be resumed


def train(
    run: Path,
    settings: PpoConfig | None,
    seconds: float,
    *,
    resuming: bool = False,
    on_progress: Callable[[TeamProgress], None] = lambda _: None,
    make_stage: stage.Stage = stage.moba,
) -> Result:
    """Trains in the folder ``run`` until its training clock shows ``seconds``, all resumes together.

    ``settings`` may be None when resuming: a run keeps its own. ``on_progress`` is called about twice a second. Ctrl-C
    and SIGTERM end the training early, with everything saved.
    Raises `InputError` for a folder that cannot be used, and `TrainingError` when training cannot go on."""
    with room_in(run):
        settings = options.in_force(run, settings, resuming, config.read)
    with held(run, 1) as stop, unless_begun(run):
        return _Training(run, settings, seconds, make_stage).go(stop, on_progress)


def _parts(games: int, count: int) -> list[int]:
    """So many games for each of ``count`` threads."""
    return [len(part) for part in np.array_split(np.arange(games), count)]


class _Training:
    """The state of one call of `train`, and what is done with it again and again."""

    def __init__(self, run: Path, settings: PpoConfig, budget: float, make_stage: stage.Stage) -> None:
        self.run, self.config, self.budget = run, settings, budget
        self._make_stage = make_stage
        count = min(settings.threads or cores(), settings.games)
        stages = [make_stage(settings, games) for games in _parts(settings.games, count)]
        duels = [stage.duels(settings, games) for games in _parts(settings.duels, count) if games]
        self.spec = stages[0][0]
        torch.manual_seed(settings.seed)
        net = TeamNetwork(settings.net, self.spec.observation_shape[0], self.spec.num_actions)
        if settings.exploit:
            checkpoints.fill(net, checkpoints.read(settings.exploit))
        before = starts(run)
        sources = np.random.SeedSequence([settings.seed, before]).spawn(2 * count + 2)
        self.randoms = [np.random.default_rng(source) for source in sources]
        self.learner = Learner(net, settings, count, self.randoms[0])
        self.league = League(settings.choice, settings.quality_rate, settings.pfsp_power)
        counters = Counters()
        if before:
            counters = resume.load(run, self.learner, self.league, self.randoms[:1])
            counters.seconds = max(counters.seconds, last_clock(run))  # time whose work was lost was spent
            if not settings.exploit:  # which may have become more since the state was saved, or fewer
                there = {int(folder.name) for folder in checkpoints.numbered(run)}
                self.league.keep(there)
                self.league.adopt(there)
        elif settings.exploit:
            self.league.add(EXPLOITED)
        counters.starts += 1
        self.counters = counters
        rows = sum(games.batch * games.units for games in [*(games for _, games in stages), *duels])
        size = settings.net.state_size
        chunk = self.learner.chunk if size else settings.rollout
        shape = self.spec.observation_shape[0], self.spec.num_actions
        self.rollout = Rollout(settings.rollout, rows, *shape, chunk, size, self.learner.half)
        self.past = Past(run, settings.exploit)
        if settings.exploit:
            size = max(size, self.past(EXPLOITED).shape.state_size)
        bots, past = (0.0, 1.0) if settings.exploit else (settings.bots, settings.past)
        everyone, first = [], 0
        for games, random in zip([*(games for _, games in stages), *duels], self.randoms[1:-1], strict=False):
            draw = Draw(past, bots, settings.meetings, random)
            everyone.append(Actor(games, self.rollout, first, draw, random, size))
            first += games.batch * games.units
        self.actors, self.duelists = everyone[: len(stages)], everyone[len(stages) :]
        self.player = self.learner.player()
        self.meter = Meter()
        self.losses = Losses(*[math.nan] * 5)
        self.terms: dict[str, float] = {}
        self._pool = ThreadPoolExecutor(count, "play", torch.set_num_threads, (1,))
        self._saver = Saver()

    def go(self, stop: threading.Event, on_progress: Callable[[TeamProgress], None]) -> Result:
        counters = self.counters
        self._warm_up()
        self._save()  # from here on, another start knows of this one
        if counters.checkpoint_steps < 0:
            self._checkpoint()
        try:
            with closing(Journal(self.run, counters.steps)) as journal:
                reports = Reports(journal, on_progress, counters.seconds)
                self._loop(reports, stop)
                if counters.steps > counters.checkpoint_steps:
                    self._checkpoint()
                self._save()
                self._saver.wait()
                reports.last(self._progress())
        finally:
            self._saver.close()
            self._pool.shutdown()
            self.learner.close()
            for actor in (*self.actors, *self.duelists):
                actor.games.close()
        return Result(
            checkpoint=checkpoints.resolve(self.run),
            seconds=counters.seconds,
            steps=counters.steps,
            games=counters.games,
            wins=self.league.rates(),
            interrupted=counters.seconds < self.budget,
        )

    def _loop(self, reports: Reports[TeamProgress], stop: threading.Event) -> None:
        counters, now = self.counters, self.counters.seconds
        save = Every(self.config.save_seconds, now)
        known = self.league.field()
        for actor in (*self.actors, *self.duelists):
            seeds = self.randoms[-1].integers(0, 2**63, actor.games.batch).astype(np.uint64)
            actor.begin(seeds, known)
        began = time.monotonic() - now
        while not stop.is_set() and now < self.budget:
            self._stretch()
            counters.seconds = now = time.monotonic() - began
            if now >= counters.checkpoint_due:
                self._checkpoint()
                self._save()
            elif save.due(now):
                self._save()
            reports.give(now, self._progress)

    def _warm_up(self) -> None:
        """Calls every compiled function once: the first call on a machine takes long, which is not training."""
        random = np.random.default_rng(0)
        spec, games = self._make_stage(self.config, 1)
        shape = spec.observation_shape[0], spec.num_actions
        rollout = Rollout(1, games.units, *shape, 1, self.config.net.state_size, self.learner.half)
        actor = Actor(games, rollout, 0, Draw(0.0, 0.0, 1, random), random, self.config.net.state_size)
        known = self.league.field()
        actor.begin(np.zeros(1, np.uint64), known)
        actor.play(self.player, self.past, known, 1.0, 1.0)
        games.close()
        seen, mask = np.zeros((1, NUM_FEATURES), np.float32), np.ones((1, NUM_ACTIONS), np.bool_)
        moba_bots.act(moba_bots.TRAINING_BOTS[0], seen, mask)

    def _stretch(self) -> None:
        """One rollout, and the learning from it."""
        settings, counters, clock = self.config, self.counters, time.perf_counter
        start = clock()
        known = self.league.field()
        shaping = settings.between(settings.first_shaping, settings.final_shaping, self.share)
        done = min(1.0, self.share / settings.careless) if settings.careless else 1.0
        caution = settings.between(settings.first_caution, 1.0, done)
        reward = Reward(settings.win_weight, shaping, settings.fade, caution, settings.paid_by_health)

        def play(actor: Actor) -> Told:
            actor.games.team_spirit, actor.reward = self.spirit, reward
            actor.games.grow(self.share)
            return actor.play(self.player, self.past, known, settings.gamma, settings.trace)

        if self.duelists and self.share >= settings.dueling:  # they have learned enough there
            self.rollout.learns[:, self.duelists[0].rows.start :] = False
            self.duelists = []
        told = list(self._pool.map(play, (*self.actors, *self.duelists)))[: len(self.actors)]  # of duels nothing
        played = clock()
        self.losses = self.learner.learn(self.rollout, self.share)
        if not math.isfinite(sum(self.losses)):
            raise Diverged(f"the loss is {sum(self.losses)} after {self.learner.updates:,} updates")
        self.player = self.learner.player()
        end = clock()
        for part in told:
            for code, score in part.results:
                self.league.result(code, score)
            counters.games += len(part.results)
        steps = int(self.rollout.learns.sum())
        counters.steps += steps
        counters.rollouts += 1
        game, act = (sum(getattr(part, name) for part in told) for name in ("game_seconds", "act_seconds"))
        self.meter.add(
            counters.seconds,
            steps=steps,
            game=(played - start) * game / (game + act),
            act=(played - start) * act / (game + act),
            learn=end - played,
            all=end - start,
            games=sum(len(part.lengths) for part in told),
            lengths=sum(sum(part.lengths) for part in told),
        )
        self.terms = dict(zip(TERMS, np.mean([part.terms for part in told], 0).tolist(), strict=False))

    @property
    def share(self) -> float:
        """Of the budget that has passed."""
        return min(1.0, self.counters.seconds / self.budget) if self.budget else 1.0

    @property
    def spirit(self) -> float:
        return self.config.between(self.config.first_team_spirit, self.config.final_team_spirit, self.share)

    def _checkpoint(self) -> Path:
        """Saves an agent that can play, which joins the league."""
        tensors = self.learner.net.state_dict()
        folder = keep(self.run, self.spec, self.config, tensors, self.learner.updates, self.counters)
        if not self.config.exploit:
            self.league.add(int(folder.name))
        return folder

    def _save(self) -> None:
        def take() -> Callable[[], None]:
            state = resume.take(self.learner, self.counters, self.league, self.randoms[:1])
            return lambda: state.write(self.run)

        self._saver.save(take)

    def _progress(self) -> TeamProgress:
        counters, meter, settings, losses = self.counters, self.meter, self.config, self.losses
        return TeamProgress(
            game=settings.game,
            seconds=counters.seconds,
            budget=self.budget,
            steps=counters.steps,
            updates=self.learner.updates,
            games=counters.games,
            members=len(self.league.members),
            steps_per_second=meter.ratio("steps", "all"),
            game_share=meter.ratio("game", "all"),
            act_share=meter.ratio("act", "all"),
            learn_share=meter.ratio("learn", "all"),
            game_length=meter.ratio("lengths", "games"),
            team_spirit=self.spirit,
            learning_rate=settings.between(settings.learning_rate, settings.final_learning_rate, self.share),
            policy_loss=losses.policy,
            value_loss=losses.value,
            entropy=losses.entropy,
            kl=losses.kl,
            clipped=losses.clipped,
            wins=self.league.rates(),
            terms=self.terms,
        )

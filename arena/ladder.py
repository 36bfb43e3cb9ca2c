"""A ladder: agents that meet by a schedule, kept in a store, so that it can be stopped and resumed anywhere.

What is to be played is stored before it is played, round by round; what has been played is stored as it finishes. A
ladder that goes on after any interruption therefore plays exactly the games that are planned and not stored. Plans
follow from stored results alone, those of complete rounds, so that interruptions do not change them either.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import envs
from agents.core import AgentError
from agents.registry import pinned
from arena.families import for_points, for_teams
from arena.match import seat
from arena.openings import Opening, largest_book
from arena.pool import Pool
from arena.records import AgentRef, MatchRecord
from arena.roster import (
    Entrant,
    LadderConfig,
    add_round,
    add_wave,
    configure,
    read_config,
    read_entrants,
    read_ids,
    read_rounds,
    read_tally,
)
from arena.runner import Task
from arena.schedule import BOOK, Pairing, Planned, batches, chosen, gauntlet, planned, round_robin, solo, tasks
from arena.store import Store
from arena.tally import Tally
from arena.worker import Job, load_with
from envs.core import InputError, unknown
from selfplay.cores import cores

_BATCH = 64  # games that a worker plays at once
_SAVE_EVERY = 0.5  # seconds; games not saved yet are played again after a kill
HIGHEST = 10_000.0  # Elo of an anchor: ten times what separates a beginner from a champion
_TOGETHER = 4  # mirrored pairs that an adaptive ladder lets two agents play at once, to fill their batches, at most
_LOOK_EVERY = 2.0  # seconds between looks for new checkpoints while there is nothing to play
FOLLOWED = 12  # checkpoints of a run that is followed, before only some enter

Games = list[tuple[tuple[AgentRef, ...], list[Task]]]  # players and what they play


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a running ladder, for a display."""

    done: int  # games, of
    total: int  # those planned; adaptive: those that will be
    seconds: float  # since `run` began
    seconds_left: float | None  # None while nothing has finished yet
    new: tuple[MatchRecord, ...]  # games saved since the last call
    spoilt: int  # games ended by a fault of the host since `run` began; the next `run` plays them again
    waiting: bool = False  # all has been played, until a checkpoint appears


class Ladder:
    """Makes a ladder, or goes on with the one of that name; ``config`` may be left out for one that exists.

    loader: "module:function" that turns an agent's spec into the agent, here and in the worker processes.
    Raises `InputError`: no such ladder, or made with another config or for another version of the game.
    """

    def __init__(
        self, store: Store, name: str, config: LadderConfig | None = None, loader: str = "agents.registry:load"
    ) -> None:
        found = read_config(store, name) if config is None else configure(store, name, config)
        if found is None:
            raise unknown("ladder", name, store.ladders())
        self.store, self.name, self.config, self.loader = store, name, found, loader
        self.spec = envs.spec(found.game)
        self._followed = set[str]()  # specs of checkpoints that `enter_checkpoints` has looked at

    def entrants(self) -> list[Entrant]:
        """All agents of the ladder by their numbers."""
        return read_entrants(self.store, self.name)

    def tally(self) -> Tally:
        """All games that count, for `arena.ratings.fit`; agents are entrants' numbers."""
        return read_tally(self.store, self.name)

    def enter(self, specs: Sequence[str]) -> list[Entrant]:
        """Enters agents as one wave, those already entered passed over. Returns the new ones.

        A training run stands for its newest checkpoint at this moment. Raises `InputError`: an agent cannot be loaded,
        or cannot play the game."""
        before = len(self.entrants())
        add_wave(self.store, self.name, [self._introduce(pinned(spec)) for spec in specs])
        return self.entrants()[before:]

    def anchor(self, spec: str, elo: float) -> None:
        """Fixes an agent's rating, and enters it if it is new; the ratings of all others are on its scale then.

        Raises `InputError` like `enter`, and for an Elo beyond all reason."""
        if not abs(elo) <= HIGHEST:
            raise InputError(f"the Elo of anchor {spec} is from {-HIGHEST:,.0f} to {HIGHEST:,.0f}, not {elo}")
        ref = self._introduce(pinned(spec))
        add_wave(self.store, self.name, [ref])
        anchors = {**dict(self.config.anchors), ref.fingerprint: elo}
        self.config = configure(self.store, self.name, replace(self.config, anchors=tuple(anchors.items())))

    def anchors(self) -> dict[int, float]:
        """The Elo of the agents whose rating is given, by entrants' numbers."""
        elo = dict(self.config.anchors)
        return {e.number: elo[e.ref.fingerprint] for e in self.entrants() if e.ref.fingerprint in elo}

    def enter_checkpoints(self, run: Path, options: str = "", most: int = FOLLOWED) -> list[Entrant]:
        """Enters the checkpoints of a training run that have appeared since, each as its own wave, oldest first.

        Of a run's first ``most`` checkpoints all enter, then every second one, and half as many each time the run has
        become twice as long: a night's training has hundreds.

        options: of their agents, as in a spec: ``"?simulations=100"``."""
        from agents.checkpoints import numbered  # brings PyTorch along, which other ladders can do without

        known = {entrant.ref.spec for entrant in self.entrants()} | self._followed
        due = [path for age, path in enumerate(numbered(run), 1) if enters(age, most)]
        new = [spec for path in due if (spec := f"{path}{options}") not in known]
        self._followed.update(new)  # one that plays just like an entrant stays without a number of its own
        entered: list[Entrant] = []
        for spec in new:
            try:
                entered += self.enter([spec])
            except (InputError, AgentError) as error:  # one that is damaged, or gone, does not end a night's ladder
                warnings.warn(f"{spec} does not enter: {error}", stacklevel=2)
        return entered

    def scheduled(self) -> list[Task]:
        """Every game planned so far, played or not."""
        return [task for _, todo in self._games() for task in todo]

    def budget(self) -> int:
        """Games that an adaptive ladder will come to with the present entrants; 0 for others, who plan all at once."""
        return 2 * self.config.pairs * len(self.entrants()) if self.config.schedule == "adaptive" else 0

    def run(
        self,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        workers: int | None = None,
        follow: Sequence[Path] = (),
        options: str = "",
        most: int = FOLLOWED,
        stay: Callable[[], bool] = lambda: False,
    ) -> Progress:
        """Plays what is missing, in one process per core. Ctrl-C saves the finished games and raises KeyboardInterrupt.
        One process at a time plays a ladder; it plays what others plan or enter meanwhile.

        follow: training runs whose new checkpoints enter as they appear, by `enter_checkpoints`.
        stay: asked when nothing is left to play; True to wait for new checkpoints instead of returning.
        Raises `arena.pool.WorkerError` and `arena.store.StoreError`, with all that could be saved saved, and
        `InputError`: another process plays this ladder.
        """
        size = workers or cores()
        with self.store.alone(self.name):
            pool = Pool(size)
            log = _Log(self, pool, on_progress)
            try:
                while True:
                    for folder in follow:
                        self.enter_checkpoints(folder, options, most)
                    jobs = self._jobs(log, size)
                    for records in pool.play(jobs):
                        log.add(records)
                    waiting = not jobs and stay()
                    log.save(waiting)
                    if waiting:
                        time.sleep(_LOOK_EVERY)
                    elif not jobs:
                        return log.progress()
            finally:
                log.add(pool.close())
                log.save()

    def _introduce(self, spec: str) -> AgentRef:
        """Loads an agent to see who it is and whether it can play."""
        agent = load_with(self.loader)(spec)
        try:
            return seat(agent, spec, self.spec).ref
        finally:
            agent.close()

    def _games(self) -> Games:
        """The games of every pairing planned, with their players."""
        refs = [entrant.ref for entrant in self.entrants()]
        book = self._book()
        found: Games = []
        for pairing in (pairing for pairings in read_rounds(self.store, self.name) for pairing in pairings):
            a, b = refs[pairing.a], refs[pairing.b]
            names = (a.fingerprint, b.fingerprint)
            todo = tasks(self.name, self.config.seed, self.spec, *names, pairing, book, self.config.options)
            found.append(((a,) if a is b else (a, b), list(todo)))
        return found

    def _book(self) -> Sequence[Opening]:
        """The openings of a board game; of a team game none."""
        if for_points(self.config.game) or for_teams(self.config.game):
            return ((),)
        game = envs.make(self.config.game)
        return self.config.openings or largest_book(game, BOOK, self.config.plies, self.config.seed)

    def _plan(self) -> bool:
        """Stores the next round, if there is to be one."""
        waves = [entrant.wave for entrant in self.entrants()]
        rounds = read_rounds(self.store, self.name)
        have = planned(pairing for pairings in rounds for pairing in pairings)
        match "solo" if for_points(self.config.game) else self.config.schedule:
            case "solo":
                pairings = solo(len(waves), have, self.config.pairs)
            case "round_robin":
                pairings = round_robin(waves, have, self.config.pairs)
            case "gauntlet":
                pairings = gauntlet(waves, have, self.config.pairs)
            case "adaptive":
                pairings = self._most_telling(len(waves), have, seed=self.config.seed + len(rounds))
        if pairings:
            add_round(self.store, self.name, len(rounds), pairings)
        return bool(pairings)

    def _most_telling(self, entrants: int, have: Planned, seed: int) -> list[Pairing]:
        from arena.pairing import next_pairs  # these bring SciPy along, which takes a while
        from arena.ratings import fit

        left = self.config.pairs * entrants - sum(have.values())
        if entrants < 2 or left <= 0:
            return []
        together = min(_TOGETHER, self.config.pairs)  # so there is a choice for each agent, and all come to play
        k = min(entrants, -(-left // together))
        couples = next_pairs(fit(self.tally(), anchors=self.anchors()), k, seed, together=together, minimum=together)
        return chosen([couple for couple in couples for _ in range(together)][:left], have)

    def _jobs(self, log: _Log, workers: int) -> list[Job]:
        """What to play next, the next round planned when it is time for it; empty: nothing is left."""
        waiting = log.missing(self._games())
        due = self.config.schedule != "adaptive" or not waiting  # that one needs the results of the rounds before
        if due and self._plan():
            waiting = log.missing(self._games())
        size = min(_BATCH, max(2, -(-sum(len(todo) for _, todo in waiting) // workers)))
        return [
            Job(self.config.game, players, tuple(batch), self.config.limits, self.loader)
            for players, todo in waiting
            for batch in batches(todo, size)
        ]


def enters(age: int, most: int) -> bool:
    """Whether the ``age``-th checkpoint of a run is one of those that enter a ladder which follows it."""
    every = 1
    while age > most * every:
        every *= 2
    return age % every == 0


class _Log:
    """What one `Ladder.run` has achieved, saved every half second."""

    def __init__(self, ladder: Ladder, pool: Pool, on_progress: Callable[[Progress], None]) -> None:
        self.ladder, self.pool, self.on_progress = ladder, pool, on_progress
        self.have = read_ids(ladder.store, ladder.name)
        self.tried: set[str] = set()  # games that the host has spoilt in this run
        self.pending: list[MatchRecord] = []
        self.total = self.played = self.plies = 0
        self.began = self.saved = time.monotonic()

    def missing(self, planned_games: Games) -> Games:
        """The games neither stored nor tried in this run."""
        self.total = max(sum(len(todo) for _, todo in planned_games), self.ladder.budget())
        gone = self.have | self.tried
        waiting = [(players, [task for task in todo if task.id not in gone]) for players, todo in planned_games]
        return [(players, todo) for players, todo in waiting if todo]

    def add(self, records: list[MatchRecord]) -> None:
        self.pending += records
        if time.monotonic() - self.saved > _SAVE_EVERY:
            self.save()

    def save(self, waiting: bool = False) -> None:
        self.ladder.store.add(self.pending, self.ladder.name)
        new, self.pending, self.saved = tuple(self.pending), [], time.monotonic()
        self.played += len(new)
        self.plies += sum(len(record.actions) - len(record.opening) for record in new)
        self.have.update(record.id for record in new if record.counts)
        self.tried.update(record.id for record in new if not record.counts)
        self.on_progress(self.progress(new, waiting))

    def progress(self, new: tuple[MatchRecord, ...] = (), waiting: bool = False) -> Progress:
        seconds = time.monotonic() - self.began
        done, spoilt = len(self.have), len(self.tried)
        left = None
        if self.plies and self.pool.plies:
            ahead = (self.total - done - spoilt) * self.plies / self.played - (self.pool.plies - self.plies)
            left = max(ahead, 0.0) * seconds / self.pool.plies
        return Progress(done, self.total, seconds, left, new, spoilt, waiting)

"""A checkpoint's network, its search, and one thought: a search with limits, and when it has come to its end."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from agents import alphazero
from agents.devices import Device
from agents.networks import Net
from agents.precision import Precision
from agents.quickest import quickest
from agents.search.cache import CachedEvaluator
from agents.search.config import SearchConfig
from agents.search.evaluators import Evaluator, NetworkEvaluator
from agents.search.lines import Line
from agents.search.solo import SoloSearch, nodes_for
from agents.search.tree import UNKNOWN
from agents.uci.info import centipawns_of
from arena.uci.clock import Allowance, allowance, enough
from arena.uci.protocol import Info, Limits, Score, Settings, thousandths
from arena.uci.told import Game, Told, follow
from envs.chess.game import Chess, Minichess
from envs.core import IllegalAction, InputError

SURE = 0.9999  # values beyond are not told apart in centipawns
LOOK = 0.03  # seconds between two looks at the lines while a search goes on
WARM_UP = 40  # visits after which everything is compiled


class Player:
    """Knows one game's network, the position that was told, and the tree that goes along with it."""

    def __init__(self, target: str, precision: Precision = "auto", device: Device = "cpu") -> None:
        _, game, net = alphazero.load(target)
        if not isinstance(game, Chess | Minichess):
            raise InputError(f"UCI is for chess and minichess; {target} plays {game.spec.id}")
        self.game: Game = game
        self._pace = net.cpu() if net.config.plies_left_head else None  # tells quick wins from slow ones
        self._network: Evaluator = NetworkEvaluator(game, net, precision, device)
        self._settings = Settings()
        self._make()
        self.position(None, ())
        warm = self.think(Limits(nodes=WARM_UP), time.monotonic())
        while not warm.step():
            pass
        self.forget()

    def _make(self) -> None:
        settings, spec = self._settings, self.game.spec
        entry = 12 + 4 * (spec.max_legal + 3)
        entries = 1 << (((settings.hash << 18) // entry).bit_length() - 1)
        cache = CachedEvaluator(self.game, self._network, entries)
        config = SearchConfig(root="puct", c_init=settings.cpuct, fpu_reduction=settings.fpu, seize=2)
        nodes = nodes_for(self.game, 3 * (settings.hash << 18))
        self._cache, self._search = cache, SoloSearch(self.game, cache, config, nodes, settings.batch)

    @property
    def settings(self) -> Settings:
        return self._settings

    def set(self, settings: Settings) -> None:
        """Takes effect with the next thought. The tree starts anew where memory or search change.
        Raises `InputError` where there is not the memory; then the settings are what they were."""
        before, self._settings = self._settings, settings
        if any(getattr(before, name) != getattr(settings, name) for name in ("hash", "batch", "cpuct", "fpu")):
            try:
                self._make()
            except MemoryError:
                self._settings = before
                raise InputError(f"there is no memory for a Hash of {settings.hash} MiB") from None

    def forget(self) -> None:
        """A new game: nothing of the old one counts."""
        self._search.clear()
        self._cache.clear()
        self.position(None, ())

    def clear_hash(self) -> None:
        self._search.clear()
        self._cache.clear()

    def position(self, fen: str | None, moves: tuple[str, ...]) -> None:
        """Raises `InputError`; then the position is what it was."""
        self._told = follow(self.game, fen, moves, getattr(self, "_told", None))

    @property
    def ended(self) -> Score | None:
        """The mover's score where the game is over."""
        if not self.game.ending(self._told.state):
            return None
        mated = self.game.ending(self._told.state) == "checkmate"
        return Score(mate=0, wdl=(0, 0, 1000)) if mated else Score()

    def think(self, limits: Limits, began: float) -> Thought:
        """Begins to think about the position, whose game is not over; the clock (`time.monotonic`) has run since
        ``began``."""
        told = self._told
        possible: dict[str, int] = {}
        for text in limits.searchmoves:
            with suppress(IllegalAction):  # ignored; where none is legal, all moves are meant
                possible[text] = self.game.parse_action(told.state, text)
        limits = replace(limits, searchmoves=tuple(possible))
        self._search.place(told.start, told.actions, list(possible.values()))
        return Thought(self.game, self._search, self._pace, told, limits, self._settings, began)


@dataclass(frozen=True, slots=True)
class Answer:
    """The best lines and how they were found."""

    lines: tuple[Info, ...]
    moves: tuple[str, ...]  # of the best line


class Thought:
    """One search under way. `step` it until it says that its limits are reached, or as long as nobody says stop."""

    def __init__(
        self,
        game: Game,
        search: SoloSearch,
        pace: Net | None,
        told: Told,
        limits: Limits,
        settings: Settings,
        began: float,
    ) -> None:
        """``pace`` has a `networks.NetConfig.plies_left_head`, for wins to be quick."""
        self._game, self._search, self._pace, self._told = game, search, pace, told
        self.limits, self._settings = limits, settings
        self._began = began
        self._kept = search.visits
        self._slowest = 0.0  # seconds that a batch takes at worst
        self._paced: tuple[int, float] | None = None  # visits and time after the first batch, for the speed of others
        self._lines: list[Line] = []
        self._looked = 0.0
        self._choices = len(limits.searchmoves) or int(game.legal(told.state[None]).sum())
        self._allowance = self._allow()
        if self._allowance is None and limits.depth is None and limits.nodes is None and limits.mate is None:
            self.limits = replace(limits, infinite=True)  # only the other side has a clock

    def ponderhit(self) -> None:
        """The move pondered on was played: the clock begins to run now."""
        self.limits = replace(self.limits, ponder=False)
        self._began, self._kept, self._paced = time.monotonic(), self._search.visits, None
        self._allowance = self._allow()

    def _allow(self) -> Allowance | None:
        limits = self.limits
        if limits.movetime is not None:
            time = max(1, limits.movetime - self._settings.overhead)
            return Allowance(time, time)
        black = bool(self._game.mover(self._told.state[None])[0])
        remaining, increment = (limits.btime, limits.binc) if black else (limits.wtime, limits.winc)
        if remaining is None:
            return None
        return allowance(remaining, increment, limits.movestogo, self._settings.overhead)

    @property
    def elapsed(self) -> float:
        """Milliseconds."""
        return 1e3 * (time.monotonic() - self._began)

    def step(self) -> bool:
        """Searches a little more; whether the limits are reached. The clock is none of them as long as it ponders or is
        to go on until it is stopped."""
        search, began = self._search, time.monotonic()
        search.visit(max(1, self.limits.nodes - search.visits) if self.limits.nodes else 1 << 30)
        now = time.monotonic()
        self._slowest = max(0.9 * self._slowest, now - began)
        self._paced = self._paced or (search.visits, now)
        if now - self._looked > LOOK:
            self._lines, self._looked = search.lines(max(2, self._settings.multipv)), now
        return search.over or (search.visits > 0 and self._reached())

    def _reached(self) -> bool:
        search, limits = self._search, self.limits
        if limits.nodes is not None and search.visits >= limits.nodes:
            return True
        if limits.depth is not None and self._depth >= limits.depth:
            return True
        if limits.mate is not None and self._lines and 0 < (_mate(self._lines[0]) or 0) <= limits.mate:
            return True
        if self._allowance is None or limits.ponder or limits.infinite:
            return False
        return self._time_is_up(self._allowance)

    def _time_is_up(self, allowed: Allowance) -> bool:
        elapsed, lines = self.elapsed, self._lines
        if elapsed + 1e3 * self._slowest >= allowed.hard:
            return True
        if self.limits.movetime is not None or not lines:
            return False
        if self._choices == 1:
            return True
        if len(lines) > 1 and lines[1].value > lines[0].value and lines[1].visits:
            return False  # about to change its mind
        lead = lines[0].visits - (lines[1].visits if len(lines) > 1 else 0)
        return enough(allowed.soft, elapsed, lead, self._speed)

    @property
    def _speed(self) -> float:
        """Visits a millisecond. The first batch does not count: much of it may be setting up a tree that was kept."""
        if self._paced is None:
            return 0.0
        visits, since = self._paced
        return (self._search.visits - visits) / max(1e3 * (time.monotonic() - since), 1.0)

    @property
    def _depth(self) -> int:
        """Plies that this search's descents go down, on average."""
        return max(1, round(self._search.plies / max(1, self._search.descents)))

    def answer(self) -> Answer:
        """What it has found so far."""
        search, spent = self._search, self.elapsed
        while not search.visits and not search.over:
            search.visit()
        self._lines, self._looked = search.lines(self._choices), time.monotonic()
        lines = self._hurried(self._lines)
        shown = [line for line in lines if line.visits or line is lines[0]][: self._settings.multipv]
        names = [self._names(line) for line in shown]
        infos = [
            Info(
                depth=self._depth if search.descents else len(moves),
                seldepth=max(search.deepest, len(moves)),
                multipv=rank,
                score=score(line),
                nodes=search.visits,
                nps=round(1e3 * (search.visits - self._kept) / max(spent, 1.0)),
                hashfull=int(1e3 * search.fullness),
                time=round(spent),
                pv=moves,
            )
            for rank, (line, moves) in enumerate(zip(shown, names, strict=True), 1)
        ]
        return Answer(tuple(infos), names[0])

    def _hurried(self, lines: list[Line]) -> list[Line]:
        """All lines; of those that win alike and are not proven the quickest comes first."""
        first, wide = lines[0], (1, self._game.spec.num_actions)
        if self._pace is None or first.proven != UNKNOWN:
            return lines
        visits, q = np.zeros(wide, np.int32), np.full(wide, np.nan, np.float32)
        for line in lines:
            if line.visits:
                visits[0, line.actions[0]], q[0, line.actions[0]] = line.visits, line.value
        choice, value = np.array([first.actions[0]], np.int32), np.array([first.value], np.float32)
        best = quickest(self._game, self._pace, self._told.state[None], choice, visits, q, value)[0]
        return sorted(lines, key=lambda line: line.actions[0] != best)  # which keeps all others in order

    def _names(self, line: Line) -> tuple[str, ...]:
        state, names = self._told.state, []
        for action in line.actions:
            names.append(self._game.action_name(state, action))
            state = self._game.step(state[None], np.array([action], np.int32))[0]
        return tuple(names)

    @property
    def best(self) -> int | None:
        """The best action when the lines were last looked at."""
        return self._lines[0].actions[0] if self._lines else None

    def describe(self) -> str:
        """For those who debug."""
        search, allowed = self._search, self._allowance
        times = f", {allowed.soft:.0f} to {allowed.hard:.0f} ms allowed" if allowed else ""
        return f"{self._kept} visits kept, batches of up to {search.batch} in {1e3 * self._slowest:.1f} ms{times}"


def _mate(line: Line) -> int | None:
    """Moves to mate, negative where the mover is mated."""
    if line.proven == 1:
        return (line.plies + 1) // 2
    return -(line.plies // 2) if line.proven == -1 else None


def score(line: Line) -> Score:
    wdl = thousandths(line.value, line.draw)
    if line.proven not in (0, UNKNOWN):
        return Score(mate=_mate(line), wdl=wdl)
    return Score(round(centipawns_of(min(SURE, max(-SURE, line.value)))), wdl=wdl)

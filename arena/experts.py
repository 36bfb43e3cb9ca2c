"""Games of an engine against itself as a PGN file to learn from (`selfplay.pgn` reads it).

Every game begins with a position a few random moves into the game (header FEN), for variety. After that the engine's
best moves are played, but for a share drawn from its lines and a few that are any legal moves, so that the file also
shows how to go on after lesser ones and how to punish bad ones. What is told about a position never depends on that.
Comments tell what the engine thought: ``[%eval]`` of the move played, ``[%lines]`` the shares of the moves it weighed,
``[%wdl]`` what its best line promises (by `agents.uci.info.value_of`: its own model is of games between its likes,
where a pawn and a half decides, and would teach next to nothing of what lies beyond). Any program reads the file, and
passes over the comments it does not know.

The file grows game by game and is its own state: it may be killed at any time, and goes on with the games it lacks.
"""

from __future__ import annotations

import asyncio
import fcntl
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import chess.pgn
import numpy as np

import envs
from agents.core import AgentError, IllegalAnswer
from agents.registry import describe, parse
from agents.uci.info import Listener, expectation, value_of
from agents.uci.options import UciOptions, settings
from agents.uci.process import Process, launch
from agents.uci.programs import resolve
from arena.adjudication import Adjudication, adjudicated
from arena.openings import Line, after, largest_book
from envs.core import BoardGame, InputError, State

GAME = "chess"
NODES, LINES = 2000, 5  # a move, where the engine's spec sets no limit
MOST_PLIES = 500
_OPENINGS = 20  # that are tried for one game
_TRIES = 3  # times in a row that a worker's engine may fail before it has finished a game
_RESULTS = {1.0: "1-0", 0.0: "1/2-1/2", -1.0: "0-1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertConfig:
    """What the games are like. Raises `InputError`."""

    engine: str = "uci:stockfish"  # a spec of the agent `uci`
    temperature: float = 0.05  # shares are a softmax of expected results in [-1, 1] / temperature
    drawn: float = 0.2  # share of moves that are drawn from the lines
    blunders: float = 0.01  # share of moves that are drawn from all legal ones
    to_the_end: float = 0.2  # share of games that go on to the end although both sides agree on it
    decided: float = 0.8  # expected result at which they agree: about six pawns, so that won games are won on the board
    fair: float = 0.3  # no game begins with more than that for either side: about a pawn and a half
    plies: tuple[int, int] = (2, 10)  # least and most of the random openings
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.001 <= self.temperature <= 10:
            raise InputError(f"temperature is from 0.001 to 10, not {self.temperature:g}")
        if not 0.05 < self.decided <= 1 or not 0 < self.fair <= 1:
            raise InputError(f"decided is from 0.05 and fair from 0 to 1, not {self.decided:g} and {self.fair:g}")
        shares = {"moves drawn": self.drawn, "blunders": self.blunders, "games to the end": self.to_the_end}
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise InputError(f"the share of {name} is from 0 to 1, not {share:g}")

    def uci(self) -> tuple[Path, UciOptions]:
        """The engine's program and options, lines and a limit among them."""
        spec = self.engine if self.engine.startswith("uci:") else f"uci:{self.engine}"
        _, target, options = parse(spec)
        if options.nodes is None and options.depth is None and options.movetime is None:
            options = replace(options, nodes=NODES)
        return resolve(target), options if options.multipv > 1 else replace(options, multipv=LINES)

    @property
    def label(self) -> str:
        """What a file says about how it was made: files of other settings are not appended to."""
        path, options = self.uci()
        engine = describe(f"uci:{path.name}", options, UciOptions())
        least, most = self.plies
        return (
            f"{engine} temperature={self.temperature:g} drawn={self.drawn:g} blunders={self.blunders:g} "
            f"to_the_end={self.to_the_end:g} decided={self.decided:g} fair={self.fair:g} plies={least}-{most} "
            f"wdl=tanh seed={self.seed}"
        )


@dataclass(frozen=True, slots=True)
class ExpertProgress:
    """How far it is."""

    done: int  # games in the file
    total: int
    plies: int  # played since the start
    seconds: float  # since the start
    left: float  # seconds to go, NaN: not known yet
    event: str  # for people; usually empty


@dataclass(frozen=True, slots=True)
class Thought:
    """What an engine said about a position."""

    move: str
    shares: dict[str, float]  # by move, best first, sum 1
    evals: dict[str, tuple[str, float]]  # by move, for the mover: as ``[%eval]`` has it, and in [-1, 1]


class Heard(Listener):
    """What it has heard, as a thought."""

    def thought(self, move: str, temperature: float) -> Thought:
        evals: dict[str, tuple[str, float]] = {}
        for rank in sorted(self.said):
            words = self.said[rank]
            first = words[words.index("pv") + 1 : words.index("pv") + 2]
            score = _score(words)
            if first and score is not None and first[0] not in evals:
                evals[first[0]] = score
        top = max((value for _, value in evals.values()), default=0.0)
        weights = {name: math.exp((value - top) / temperature) for name, (_, value) in evals.items()}
        total = math.fsum(weights.values())
        return Thought(move, {name: weight / total for name, weight in weights.items()}, evals)


def _score(words: Sequence[str]) -> tuple[str, float] | None:
    """A score as ``[%eval]`` has it and as an expected result. A mate in n counts 1 + 1 / 2n, so that shares prefer
    quick ones even to sure wins; being mated counts as much below -1."""
    try:
        if "mate" in words:
            moves = int(words[words.index("mate") + 1])
            return f"#{moves}", math.copysign(1 + 1 / (2 * max(abs(moves), 1)), moves if moves else -1)
        centipawns = int(words[words.index("cp") + 1])
    except (ValueError, IndexError):
        return None
    return f"{centipawns / 100:.2f}", value_of(centipawns)


def finished(path: Path, label: str) -> set[int]:
    """The numbers of the games in a file, from 1; half a game at its end is cut off.

    Raises `InputError` if it is not a file of these games."""
    if not path.exists():
        return set()
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    ends = [match.end() for match in re.finditer(rb"[ \n](?:1-0|0-1|1/2-1/2)\n\n", text)]
    whole = ends[-1] if ends else 0
    labels = set(re.findall(rb'^\[Annotator "(.*)"\]$', text, re.MULTILINE))
    if text.strip() and labels != {label.encode()}:
        other = next(iter(sorted(labels - {label.encode()})), b"no such games").decode(errors="replace")
        raise InputError(f"{path} holds {other}, not {label}; name another file")
    if whole < len(text):
        os.truncate(path, whole)
    return {int(number) for number in re.findall(rb'^\[Round "(\d+)"\]$', text[:whole], re.MULTILINE)}


class _Maker:
    """Workers that share what is to be played, and the file that they write."""

    def __init__(
        self, path: Path, games: int, config: ExpertConfig, on_progress: Callable[[ExpertProgress], None]
    ) -> None:
        self.config, self.on_progress, self.total = config, on_progress, games
        self.engine, self.options = config.uci()
        self.label = config.label
        self.game: BoardGame = envs.make(GAME)
        done = finished(path, self.label)
        self.done = len([number for number in done if number <= games])
        self.todo = iter([number for number in range(1, games + 1) if number not in done])
        self.book: list[Line] = largest_book(self.game, games, config.plies, config.seed)
        self.path, self.plies, self.made = path, 0, 0
        self.began = time.monotonic()

    async def work(self) -> None:
        """Plays games as long as there are any. An engine that fails is started again, and its game played anew."""
        engine: Process | None = None
        failures, number = 0, next(self.todo, None)
        try:
            while number is not None:
                try:
                    if engine is None:
                        engine = await self._start()
                    text = await self._play(engine, number)
                except AgentError as error:
                    failures += 1
                    if engine is not None:
                        await engine.end(grace=0)
                        engine = None
                    if failures >= _TRIES:
                        raise AgentError(f"{_TRIES} times without finishing game {number}: {error}") from None
                    self._tell(f"game {number} is played again: {error}")
                    continue
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(text)
                self.done, self.made, failures = self.done + 1, self.made + 1, 0
                self._tell()
                number = next(self.todo, None)
        finally:
            if engine is not None:
                await engine.end()

    def _tell(self, event: str = "") -> None:
        seconds = time.monotonic() - self.began
        left = seconds / self.made * (self.total - self.done) if self.made else math.nan
        self.on_progress(ExpertProgress(self.done, self.total, self.plies, seconds, left, event))

    async def _start(self) -> Process:
        engine = await launch(self.engine, self.options.startup)
        try:
            lines = [*settings(self.options, engine.name, engine.options), "isready"]
            await engine.ask(lines, "readyok", self.options.startup)
        except BaseException:
            await engine.end(grace=0)
            raise
        return engine

    async def _play(self, engine: Process, number: int) -> str:
        """A whole game as PGN."""
        game, chance = self.game, np.random.default_rng([self.config.seed, number])
        await engine.ask(["ucinewgame", "isready"], "readyok", self.options.startup)
        state, start = await self._begin(engine, number)
        exporter = chess.pgn.StringExporter(columns=100)
        moves: list[str] = []
        values: list[float | None] = []
        tokens: list[tuple[str, str]] = []  # each move and its comment
        rule = Adjudication(win=self.config.decided)
        agreeing = chance.random() >= self.config.to_the_end
        outcome = None
        while outcome is None:
            thought = await self._think(engine, start, moves)
            legal = _legal(game, state)
            move, shares = thought.move, {name: share for name, share in thought.shares.items() if name in legal}
            if move not in legal:
                raise IllegalAnswer(f"{engine.name} answers {move[:40]!r} in {game.to_fen(state)}")  # type: ignore[attr-defined]
            kind = chance.random()
            if kind < self.config.blunders:
                move = list(legal)[int(chance.integers(len(legal)))]
            elif shares and kind < self.config.blunders + self.config.drawn:
                names, odds = list(shares), np.array(list(shares.values()))
                move = names[int(chance.choice(len(names), p=odds / odds.sum()))]
            black = int(game.mover(state[None])[0])
            tokens.append((game.san(state, legal[move]), _comment(replace(thought, shares=shares), move, black)))  # type: ignore[attr-defined]
            value = max(-1.0, min(thought.evals[move][1], 1.0)) if move in thought.evals else None
            values.append(-value if value is not None and black else value)
            moves.append(move)
            state = game.step(state[None], np.array([legal[move]], np.int32))[0]
            self.plies += 1
            ended = float(game.outcome(state[None])[0])
            if not math.isnan(ended):
                outcome = ended
            elif agreeing:
                outcome = adjudicated(values, rule)
            if outcome is None and len(moves) >= MOST_PLIES:
                outcome = 0.0
        over = not math.isnan(float(game.outcome(state[None])[0]))
        headers = {
            "Event": "Games of an expert",
            "Site": "?",
            "Date": "????.??.??",
            "Round": str(number),
            "White": engine.name,
            "Black": engine.name,
            "Result": _RESULTS[outcome],
            "Annotator": self.label,
            "SetUp": "1",
            "FEN": start,
            "Termination": "normal" if over else "adjudication",
        }
        for name, text in headers.items():
            exporter.visit_header(name, text.translate(str.maketrans('"\\', "'/")))
        exporter.end_headers()
        _write_moves(exporter, tokens, start)
        exporter.visit_result(_RESULTS[outcome])
        return str(exporter) + "\n\n"

    async def _begin(self, engine: Process, number: int) -> tuple[State, str]:
        """The position of an opening that is fair, as far as a few tries find one, and its FEN."""
        for again in range(_OPENINGS):
            seed = (self.config.seed * 1_000_003 + number) * _OPENINGS + again
            opening = self.book[number - 1] if not again else largest_book(self.game, 1, self.config.plies, seed)[0]
            state = after(self.game, [opening])[0]
            start: str = self.game.to_fen(state)  # type: ignore[attr-defined]
            evals = (await self._think(engine, start, [])).evals.values()
            if abs(max((value for _, value in evals), default=0.0)) <= self.config.fair:
                break
        return state, start

    async def _think(self, engine: Process, start: str, moves: Sequence[str]) -> Thought:
        heard = Heard()
        position = " ".join([f"position fen {start}", *(["moves", *moves] if moves else [])])
        answer = await engine.ask([position, self.options.go], "bestmove", self.options.seconds, heard)
        return heard.thought(" ".join(answer.split()[1:2]), self.config.temperature)


def _legal(game: BoardGame, state: State) -> dict[str, int]:
    """The legal actions by their names."""
    return {game.action_name(state, action): action for action in np.flatnonzero(game.legal(state[None])[0]).tolist()}


def _comment(thought: Thought, move: str, black: int) -> str:
    said = []
    if move in thought.evals:
        text = thought.evals[move][0]
        said.append(f"[%eval {_turned(text) if black else text}]")
    if thought.shares:
        said.append("[%lines " + " ".join(f"{name} {share:.3f}" for name, share in thought.shares.items()) + "]")
    if thought.evals:
        best = max(value for _, value in thought.evals.values())
        win, _, loss = (round(1000 * share) for share in expectation(best))
        said.append(f"[%wdl {win} {1000 - win - loss} {loss}]")
    return " ".join(said)


def _turned(text: str) -> str:
    """An evaluation from the other side's view."""
    if text.startswith("#"):
        return f"#{-int(text[1:])}"
    return f"{-float(text) + 0.0:.2f}"


def _write_moves(exporter: Any, tokens: Sequence[tuple[str, str]], start: str) -> None:
    fields = start.split()
    ply = 2 * (int(fields[5]) - 1) + (fields[1] == "b")
    numbered = True
    for san, comment in tokens:
        if ply % 2 == 0 or numbered:
            exporter.write_token(f"{ply // 2 + 1}{'...' if ply % 2 else '.'} ")
        exporter.write_token(f"{san} ")
        if comment:
            exporter.visit_comment(comment)
        numbered, ply = bool(comment), ply + 1


def make(
    path: Path,
    games: int,
    config: ExpertConfig,
    workers: int = 1,
    on_progress: Callable[[ExpertProgress], None] = lambda _: None,
) -> int:
    """Brings a PGN file to so many games, played by so many engines at a time. Returns how many were played now.

    Raises `InputError`: an engine or a file that cannot be used; `AgentError` when the engine fails again and again;
    KeyboardInterrupt on Ctrl-C: whole games are in the file."""
    if games < 1 or workers < 1:
        raise InputError(f"at least one game and one worker, not {games} and {workers}")
    config.uci()  # where there is no such engine, there is no file either
    with _alone(path):
        maker = _Maker(path, games, config, on_progress)

        async def all_workers() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(workers, games - maker.done)):
                    group.create_task(maker.work())

        try:
            asyncio.run(all_workers())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return maker.made


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other process makes games for this file meanwhile. Raises `InputError`, also where it cannot be written."""
    try:
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another process is making games for {path}") from None
        yield

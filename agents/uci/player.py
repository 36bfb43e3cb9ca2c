"""An engine as an agent.

Every move is searched afresh: the engine forgets what it knows (``ucinewgame``) and is sent the whole game, so that it
sees repetitions. With ``nodes`` or ``depth`` and one thread its moves then follow from the game alone, whatever other
games share the process. They do not with ``movetime``, and not with ``elo`` or ``skill``, for which Stockfish draws on
the clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

import envs
from agents.core import AgentError, Batch, Decision, GameKey, IllegalAnswer
from agents.registry import describe, fingerprint
from agents.uci.info import Listener, shares
from agents.uci.options import UciOptions, setting, settings
from agents.uci.process import Process, launch
from agents.uci.programs import resolve
from envs.core import BoardGame, GameSpec, State

T = TypeVar("T")
_LONGEST_PV = 12  # moves of a line that are worth keeping


@dataclass(slots=True)
class _Game:
    """A game as the engine has to be told of it."""

    state: State  # after these actions
    actions: list[int] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)  # their names


class UciAgent:
    """See `agents.core.Agent`. Raises `InputError` for options that the engine does not have."""

    def __init__(self, target: str, options: UciOptions) -> None:
        self._path, self._options = resolve(target), options
        usual = UciOptions()
        player = replace(options, processes=usual.processes, startup=usual.startup, patience=usual.patience)
        path = self._path.absolute()
        called = f"{path.parent.name}/{path.name}" if "/" in target else path.name  # builds of one engine differ there
        self.name = describe(f"uci:{called}", player, usual)
        self.fingerprint = fingerprint("uci", player, self._path.read_bytes())
        self._games: dict[int, _Game] = {}
        self._engines: list[Process] = []
        self._runner = asyncio.Runner()
        try:
            self._run(self._open())
        except BaseException:
            self.close()
            raise

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        self._game = envs.make(spec.id)
        self._games.clear()
        self._starts = [game.fen for game in games]
        variant = getattr(self._game, "uci_variant", None)
        if variant is None:
            raise AgentError(f"{self.name} does not play {spec.title}")
        self._run(self._choose(variant))

    def act(self, batch: Batch) -> list[Decision]:
        return self._run(self._decide(batch))

    def close(self) -> None:
        self._drop()
        self._runner.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """After any failure there are no engines, as it is not known what they are about; `start` starts new ones."""
        try:
            return self._runner.run(work)
        except BaseException:
            self._drop(grace=0)
            raise

    def _drop(self, **grace: float) -> None:
        engines, self._engines = self._engines, []
        if engines:
            try:
                self._runner.run(_end(engines, **grace))
            finally:
                for engine in engines:
                    engine.kill()

    async def _open(self) -> None:
        """Starts the engines that are missing."""
        while len(self._engines) < self._options.processes:
            engine = await launch(self._path, self._options.startup)
            self._engines.append(engine)
            await self._tell(engine, list(settings(self._options, engine.name, engine.options)))

    async def _tell(self, engine: Process, lines: list[str]) -> None:
        await engine.ask([*lines, "isready"], "readyok", self._options.startup)

    async def _choose(self, variant: str) -> None:
        """Makes the engines ready for a game. Raises `AgentError` where they cannot play it."""
        await self._open()
        for engine in self._engines:
            option = engine.options.get("UCI_Variant")
            if option is not None and variant in (option.var or ()):
                await self._tell(engine, [setting(engine.name, option, variant)])
            elif variant != "chess":
                raise AgentError(f"{engine.name} does not play {self._game.spec.title} (UCI_Variant {variant})")

    async def _decide(self, batch: Batch) -> list[Decision]:
        decisions: dict[int, Decision] = {}
        rows = iter(range(len(batch)))

        async def work(engine: Process) -> None:
            for row in rows:  # shared with the other engines
                number = int(batch.games[row])
                moves = self._moves(number, batch.history[row])
                decisions[row] = await self._search(engine, self._starts[number], moves, batch.observations[row])

        try:
            async with asyncio.TaskGroup() as group:
                for engine in self._engines:
                    group.create_task(work(engine))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [decisions[row] for row in range(len(batch))]

    async def _search(self, engine: Process, fen: str, moves: list[str], state: State) -> Decision:
        await self._tell(engine, ["ucinewgame"])
        heard, began = Listener(), time.perf_counter()
        start = f"fen {fen}" if fen else "startpos"
        position = " ".join(["position", start, *(["moves", *moves] if moves else [])])
        answer = await engine.ask([position, self._options.go], "bestmove", self._options.seconds, heard)
        ms = (time.perf_counter() - began) * 1e3
        text = " ".join(answer.split()[1:2])
        action = _action(self._game, state, text)
        if action is None:
            raise IllegalAnswer(
                f"{engine.path.name} answers {answer[:80]!r} after {' '.join(moves[-8:]) or 'the start'}"
            )
        line = heard.chosen(text)
        return Decision(
            action=action,
            value=line.value if line else None,
            policy=self._policy(heard, state),
            pv=self._line(state, line.moves if line and line.moves else (text,)),
            ms=ms,
        )

    def _moves(self, number: int, history: Sequence[int]) -> list[str]:
        """The names of a game's actions so far."""
        known = self._games.get(number)
        if known is None or list(history[: len(known.actions)]) != known.actions:
            fen = self._starts[number]
            known = self._games[number] = _Game(
                self._game.from_fen(fen) if fen else self._game.init(1)[0]  # type: ignore[attr-defined]
            )
        for action in history[len(known.actions) :]:
            known.moves.append(self._game.action_name(known.state, action))
            known.actions.append(action)
            known.state = _after(self._game, known.state, action)
        return known.moves

    def _line(self, state: State, moves: Sequence[str]) -> tuple[int, ...]:
        """The actions of a line of play, cut off where it leaves the rules."""
        actions: list[int] = []
        for text in moves[:_LONGEST_PV]:
            action = _action(self._game, state, text)
            if action is None:
                break
            actions.append(action)
            state = _after(self._game, state, action)
        return tuple(actions)

    def _policy(self, heard: Listener, state: State) -> dict[int, float] | None:
        if self._options.multipv == 1:
            return None
        lines = ((_action(self._game, state, line.moves[0]), line.value) for line in heard.lines.values() if line.moves)
        return shares({action: value for action, value in lines if action is not None and value is not None}) or None


async def _end(engines: list[Process], **grace: float) -> None:
    await asyncio.gather(*(engine.end(**grace) for engine in engines))


def _after(game: BoardGame, state: State, action: int) -> State:
    after: State = game.step(state[None], np.array([action], np.int32))[0]
    return after


def _action(game: BoardGame, state: State, move: str) -> int | None:
    """The legal action that engines call so; None if there is none."""
    for action in np.flatnonzero(game.legal(state[None])[0]).tolist():
        if game.action_name(state, action) == move:
            return int(action)
    return None

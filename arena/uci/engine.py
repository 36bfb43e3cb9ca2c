"""The engine's side of a UCI conversation.

One thread does everything that matters: between two batches of a search it looks at its mailbox, so ``stop`` and
``isready`` are answered within a batch, and nothing needs a lock. Another one only reads lines. A third loads the
network, after the first answer: programs want ``uciok`` at once, and can quit while the loading goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from arena.uci import protocol
from arena.uci.mailbox import Mailbox
from arena.uci.protocol import Limits, Score, Settings
from envs.core import InputError

EVERY = 1.0  # seconds after which lines are told again
QUIET = 0.1  # seconds between tellings at least, unless the search ends


class Answer(Protocol):
    @property
    def lines(self) -> tuple[protocol.Info, ...]: ...
    @property
    def moves(self) -> tuple[str, ...]: ...


class Thought(Protocol):
    """See `arena.uci.player.Thought`."""

    limits: Limits

    def step(self) -> bool: ...
    def ponderhit(self) -> None: ...
    def answer(self) -> Answer: ...
    def describe(self) -> str: ...
    @property
    def best(self) -> int | None: ...


class Player(Protocol):
    """See `arena.uci.player.Player`."""

    @property
    def settings(self) -> Settings: ...
    def set(self, settings: Settings) -> None: ...
    def forget(self) -> None: ...
    def clear_hash(self) -> None: ...
    def position(self, fen: str | None, moves: tuple[str, ...]) -> None: ...
    @property
    def ended(self) -> Score | None: ...
    def think(self, limits: Limits, began: float) -> Any: ...


Mail = Mailbox[Player | Exception]


class Engine:
    """``say`` gets every line of output; ``load`` makes the player, in its own thread."""

    def __init__(self, name: str, variant: str, load: Callable[[], Player], say: Callable[[str], None]) -> None:
        self._name, self._options, self._load, self._say = name, protocol.options(variant), load, say
        self._settings, self._debug = Settings(), False
        self._player: Player | None = None
        self._placed = True  # the last position that was told could be understood
        self.loading = False
        self._held: list[str] = []  # what came while the player was loaded
        self._thought: Thought | None = None
        self._owed = False  # the answer to a go where no move is left
        self._reached = False  # the thought's limits; it waits for stop or ponderhit
        self._best: int | None = None
        self._told_at = 0.0

    def run(self, mail: Mail) -> None:
        """Until ``quit`` or the end of the input. Raises what made the loading fail."""
        while True:
            try:
                item = mail.get(wait=self._thought is None or self._reached)
            except EOFError:
                return
            if item is None:
                self._think()
            elif isinstance(item, str):
                if protocol.split(item)[0] == "quit":
                    return
                self._hear(item)
            elif isinstance(item, Exception):
                raise item
            else:
                self._begin(item)
            if self._player is None and not self.loading:
                self.loading = True
                mail.fetch(self._make)

    def _make(self) -> Player | Exception:
        try:
            return self._load()
        except Exception as error:
            return error

    def _begin(self, player: Player) -> None:
        self._player, self.loading = player, False
        self._apply(player)
        held, self._held = self._held, []
        for line in held:
            self._hear(line)

    def _hear(self, line: str) -> None:
        command, words = protocol.split(line)
        try:
            if command == "uci":
                self._introduce()
            elif command == "debug":
                self._debug = words[:1] != ["off"]
            elif command == "setoption":
                self._set(words)
            elif command and self._player is None:
                self._held.append(line)
            elif self._player is not None:
                self._obey(self._player, command, words)
        except InputError as error:
            self._complain(error)
        if self._debug and not command and line:
            self._say(f"info string unknown command {line!r}")

    def _complain(self, error: InputError) -> None:
        self._say(f"info string error: {' '.join(str(error).split())}")

    def _apply(self, player: Player) -> None:
        """The settings come into force, or become again what they were."""
        try:
            player.set(self._settings)
        except InputError as error:
            self._settings = player.settings
            self._complain(error)

    def _introduce(self) -> None:
        self._say(f"id name {self._name}")
        self._say("id author the Arena authors")
        for option in self._options:
            self._say(str(option))
        self._say("uciok")

    def _set(self, words: list[str]) -> None:
        name, value = protocol.parse_option(words)
        self._settings = protocol.set_option(self._settings, self._options, name, value)
        if name.lower() == "clear hash" and self._player is not None and self._thought is None:
            self._player.clear_hash()

    def _obey(self, player: Player, command: str, words: list[str]) -> None:
        if command == "isready":
            if self._thought is None:
                self._apply(player)
            self._say("readyok")
        elif command == "stop" or (command == "ponderhit" and self._owed):
            self._conclude()
        elif command == "ponderhit" and self._thought is not None:
            self._thought.ponderhit()
            self._reached = False
        elif command in ("ucinewgame", "position", "go"):
            self._conclude()  # a program should have said stop; it gets its answer
            if command == "go":
                self._go(player, words)
            else:
                self._placed = False
                if command == "ucinewgame":
                    player.forget()
                else:
                    player.position(*protocol.parse_position(words))
                self._placed = True

    def _go(self, player: Player, words: list[str]) -> None:
        """Begins to think, or says why not and that there is no move: who asked waits for an answer."""
        began = time.monotonic()
        try:
            if not self._placed:
                raise InputError("go where? The last position was refused")
            limits = protocol.parse_go(words, lambda text: self._complain(InputError(text)))
            self._begin_to_think(player, limits, began)
        except InputError as error:
            self._complain(error)
            self._say(protocol.best_move(()))

    def _begin_to_think(self, player: Player, limits: Limits, began: float) -> None:
        ended = player.ended
        if ended is not None:
            self._say(f"info depth 0 {ended.text(self._settings.show_wdl)}")
            self._owed = True
            if not (limits.endless or limits.ponder):
                self._conclude()
            return
        self._apply(player)
        self._thought, self._reached = player.think(limits, began), False
        self._best, self._told_at = None, time.monotonic()

    def _think(self) -> None:
        thought = self._thought
        assert thought is not None
        if thought.step():
            if not (thought.limits.endless or thought.limits.ponder):
                self._conclude()
                return
            self._reached = True
            self._tell(thought)
        since = time.monotonic() - self._told_at
        if since > EVERY or (since > QUIET and thought.best != self._best):
            self._tell(thought)

    def _tell(self, thought: Thought) -> tuple[str, ...]:
        """Says the lines; the best one's moves."""
        answer = thought.answer()
        for line in answer.lines:
            self._say(line.text(self._settings.show_wdl))
        self._best, self._told_at = thought.best, time.monotonic()
        return answer.moves

    def _conclude(self) -> None:
        """Ends the search, if there is one, with the best move."""
        if self._owed:
            self._owed = False
            self._say(protocol.best_move(()))
        if self._thought is None:
            return
        thought, self._thought = self._thought, None
        if self._debug:
            self._say(f"info string {thought.describe()}")
        self._say(protocol.best_move(self._tell(thought)))

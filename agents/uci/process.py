"""An engine's process and the conversation with it, on python-chess's `chess.engine`.

Of that library come the process's pipes, the opening handshake and the engine's options. Positions and moves stay
text here, because the rules are `envs`' own: python-chess knows no board of five by five.

The process leads a session of its own, so that all it starts can be ended with it. A small guard in that session ends
it when the arena's process dies, however it dies: it waits for the end of a pipe that only the arena's process holds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import chess.engine

from agents.core import AgentError, NoAnswer

_GUARD = '(read -r _ </dev/fd/"$0"; kill -9 0) >/dev/null 2>&1 & exec "$@"'
_LONGEST_LINE = 1 << 20  # bytes; an engine that goes on without a line's end would fill the memory
_GRACE = 0.5  # seconds for an engine to quit by itself
_WORDS = 200  # characters of an engine's output that are quoted

logging.getLogger("chess.engine").addHandler(logging.NullHandler())  # an engine's oddities are not for the screen


class Ask(chess.engine.BaseCommand[str]):
    """Sends lines. The result is the first line of the answer that begins with ``word``; others go to ``listen``."""

    def __init__(
        self, engine: chess.engine.Protocol, lines: Sequence[str], word: str, listen: Callable[[str], None]
    ) -> None:
        super().__init__(engine)
        self.lines, self.word, self.listen = lines, word, listen

    def start(self) -> None:
        for line in self.lines:
            self._engine.send_line(line)

    def line_received(self, line: str) -> None:
        if line.split(maxsplit=1)[:1] != [self.word]:
            self.listen(line)
        elif not self.result.done():
            self.result.set_result(line)
            self.set_finished()


class _Protocol(chess.engine.UciProtocol):
    """Keeps the engine's last words, and ends it when it never ends a line."""

    words = ""

    def __init__(self) -> None:
        super().__init__()
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        self.exited.set()

    def line_received(self, line: str) -> None:
        self.words = line or self.words

    error_line_received = line_received

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        if len(self.buffer[fd]) > _LONGEST_LINE and self.transport is not None:
            self.words = f"more than {_LONGEST_LINE} bytes without the end of a line"
            self.transport.kill()
        else:
            super().pipe_data_received(fd, data)


def _nothing(line: str) -> None:
    """A listener that does not care."""


class Process:
    """A running engine; made by `launch`, and to be ended by `end`."""

    def __init__(self, path: Path, transport: asyncio.SubprocessTransport, protocol: _Protocol, lifeline: int) -> None:
        self.path, self._transport, self._protocol, self._lifeline = path, transport, protocol, lifeline
        self.pid = transport.get_pid()

    @property
    def name(self) -> str:
        """What the engine calls itself, with its version."""
        return self._protocol.id.get("name", self.path.name)

    @property
    def options(self) -> chess.engine.UciOptionMap[chess.engine.Option]:
        return self._protocol.options

    async def ask(
        self, lines: Sequence[str], word: str, patience: float, listen: Callable[[str], None] = _nothing
    ) -> str:
        """Sends lines and returns the first line of the answer that begins with ``word``.

        Raises `NoAnswer` when it has not come after ``patience`` seconds, `AgentError` when the engine has died; then
        all there is left to do is `end`."""
        try:
            command = self._protocol.communicate(lambda protocol: Ask(protocol, lines, word, listen))
            return await asyncio.wait_for(command, patience)
        except TimeoutError:
            raise NoAnswer(f"{self.path.name}: no {word} {patience:g} s after {lines[-1][:_WORDS]!r}") from None
        except chess.engine.EngineError:
            raise await self._dead() from None

    async def handshake(self, patience: float) -> None:
        """Learns the engine's name and options. Raises like `ask`."""
        try:
            await asyncio.wait_for(self._protocol.initialize(), patience)
        except TimeoutError:
            raise NoAnswer(f"{self.path.name}: no uciok {patience:g} s after its start") from None
        except chess.engine.EngineTerminatedError:
            raise await self._dead() from None
        except chess.engine.EngineError as error:
            raise AgentError(
                f"engine {self.path.name} introduces itself in a way that makes no sense: {error}"
            ) from None

    async def _dead(self) -> AgentError:
        code = self._transport.get_returncode()
        how = "ended" if code is None else f"killed by {signal.Signals(-code).name}" if code < 0 else f"exited ({code})"
        words = f"; its last words: {self._protocol.words[:_WORDS]!r}" if self._protocol.words else ""
        return AgentError(f"engine {self.path.name} {how}{words}")

    async def end(self, grace: float = _GRACE) -> None:
        """Asks the engine to quit, and after ``grace`` seconds ends it and all that it has started."""
        if not self._protocol.exited.is_set() and grace > 0:
            self._protocol.send_line("quit")
            await self._exit(grace)
        self.kill()
        await self._exit(1.0)
        self._transport.close()  # its pipes may be held open by what has left the session
        await asyncio.wait([self._protocol.returncode], timeout=1.0)

    async def _exit(self, patience: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._protocol.exited.wait(), patience)

    def kill(self) -> None:
        """Ends the engine and all that it has started, at once."""
        if self._lifeline >= 0:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            os.close(self._lifeline)
            self._lifeline = -1


async def launch(path: Path, patience: float) -> Process:
    """Starts an engine and waits for its first answer, ``patience`` seconds at most. Raises `AgentError`."""
    end, lifeline = os.pipe()
    try:
        transport, protocol = await _Protocol.popen(
            ["/bin/sh", "-c", _GUARD, str(end), str(path)], start_new_session=True, pass_fds=(end,)
        )
    except OSError as error:
        os.close(lifeline)
        raise AgentError(f"engine {path} does not start: {error.strerror}") from None
    finally:
        os.close(end)
    process = Process(path, transport, protocol, lifeline)
    try:
        await process.handshake(patience)
    except BaseException:
        await process.end(grace=0)
        raise
    return process


def identify(path: Path, patience: float = 5.0) -> str:
    """What an engine calls itself, with its version. Raises `AgentError`."""

    async def ask() -> str:
        process = await launch(path, patience)
        await process.end()
        return process.name

    return asyncio.run(ask())

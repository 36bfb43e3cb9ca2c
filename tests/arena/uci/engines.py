"""The engine as a chess program starts it: a process with a checkpoint, and what it says and when."""

from __future__ import annotations

import queue
import re
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import envs
from agents import checkpoints, networks
from arena.uci import player

PATIENCE = 60.0  # seconds, for whatever has to come: the machine may be busy
MOVE = "[a-h][1-8][a-h][1-8][qrbn]?"
NUMBERS = "depth|seldepth|multipv|nodes|nps|time|hashfull"
ASIDE = re.compile(  # what may be said before the line that is waited for: facts about itself and about a search
    rf"info( ({NUMBERS}) \d+| score (cp|mate) -?\d+| wdl \d+ \d+ \d+| pv( {MOVE})+)+"
    r"|info string (?!error).*|id (name|author) .+"
    r"|option name .+ type (check default (true|false)|spin default \d+ min \d+ max \d+|string default .*|button"
    r"|combo default .+( var .+)+)|"
)
PROGRAM = [sys.executable, "-c", "import arena.cli; arena.cli.main()", "uci", "--agent"]


def untrained(folder: Path, game_id: str) -> Path:
    """A checkpoint of a tiny network that believes in all moves and results alike."""
    rules = envs.make(game_id)
    net = networks.make(rules.spec, networks.config("tiny"))
    checkpoints.save(
        folder,
        kind="alphazero",
        game=game_id,
        game_version=rules.spec.version,
        net_config=asdict(net.config),
        tensors=net.state_dict(),
        meta={},
    )
    player.Player(str(folder))  # compiles what the engines will use, so that their times are those of every day
    return folder


class Conversation:
    """A process and the lines that it has said and nobody has read yet."""

    def __init__(self, checkpoint: Path) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, str(checkpoint)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def send(self, *lines: str) -> None:
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def expect(self, pattern: str) -> list[str]:
        """What is said up to the first line that matches; fails if none does, and if another line is said before it
        than UCI allows there."""
        said, until = [], time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {pattern!r} within {PATIENCE} s, only {said}") from None
            said.append(line)
            if re.fullmatch(pattern, line):
                return said
            assert ASIDE.fullmatch(line), f"{line!r}, before {pattern!r}"

    def silent(self, pattern: str, seconds: float) -> None:
        """Fails if a line is said that matches, or that UCI does not allow then; others are dropped."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                return
            assert ASIDE.fullmatch(line), line
            assert not re.fullmatch(pattern, line), line

    def quit(self) -> int:
        """Says ``quit``; the exit code."""
        self.send("quit")
        return self.process.wait(PATIENCE)

    def rest(self) -> list[str]:
        """The lines that nobody has read, of a process that has ended."""
        self._listener.join()
        return [self._lines.get() for _ in range(self._lines.qsize())]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()

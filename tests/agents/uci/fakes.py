"""Engines for tests: small programs that speak UCI, play the first legal move by name, and misbehave as asked."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.processes import eventually, started_with

FAULTS = {
    "none": "",
    "crash": "say('oh no', sys.stderr); os._exit(3)",
    "kill": "os.kill(os.getpid(), 9)",
    "hang": "time.sleep(3600)",
    "late": "time.sleep(2)",
    "spin": "\nwhile True: pass",
    "illegal": "best = 'a1a8'",
    "none-move": "best = '(none)'",
    "silent": "best = None",
    "garbage": "sys.stdout.buffer.write(b'\\xff\\xfe\\0 info\\ninfo pv\\ninfo score cp x pv zz9\\n\\n'); best = 'e9'",
    "flood": "\nfor i in range(100000): say(f'info string {i}')",
    "endless": "\nwhile True: sys.stdout.write('x' * 65536)",
    "alone": "os.close(1); os.close(2); time.sleep(3600)",
}

_BODY = """#!{python}
import os, signal, subprocess, sys, time
import chess
def say(text, file=sys.stdout):
    print(text, file=file, flush=True)
if {stubborn}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)  # {path}"])
{at_start}
board = chess.Board()
while True:
    words = sys.stdin.readline().split()
    if not words or words[0] == "quit":
        if {stubborn}:
            time.sleep(3600)
        break
    if words[0] == "uci":
        {at_uci}
        say("id name Fake 1.0\\noption name Threads type spin default 1 min 1 max 4\\noption name Clear type button")
        say("option name UCI_Elo type spin default 1500 min 1200 max 1800")
        say("option name UCI_LimitStrength type check default false")
        say("option name Style type combo default calm var calm var wild")
        say("uciok")
    elif words[0] == "isready":
        say("readyok")
    elif words[0] == "position":
        board = chess.Board()
        for move in words[3:]:
            board.push_uci(move)
    elif words[0] == "go":
        best = min(move.uci() for move in board.legal_moves)
        say(f"info depth 1 score cp 50 nodes 7 pv {{best}}")
        if len(board.move_stack) >= {ply} and board.move_stack and board.move_stack[0].from_square % {every} == 0:
            {at_move}
            pass
        if best:
            say(f"bestmove {{best}}")
"""


def make(
    folder: Path,
    *,
    start: str = "none",
    uci: str = "none",
    move: str = "none",
    ply: int = 2,
    every: int = 1,
    stubborn: bool = False,
) -> Path:
    """An engine with these faults: at its start, at ``uci``, and at moves from ``ply`` on in games whose first move
    began on a square that ``every`` divides. stubborn: it ignores everything that asks it to end, and has a child."""
    path = folder / "fake"
    text = _BODY.format(
        python=sys.executable,
        at_start=FAULTS[start],
        at_uci=FAULTS[uci].replace("\n", "\n        ") or "pass",
        at_move=FAULTS[move].replace("\n", "\n            ") or "pass",
        ply=ply,
        every=every,
        stubborn=stubborn,
        path=path,
    )
    path.write_text(text)
    path.chmod(0o755)
    return path


def alive(path: Path) -> list[int]:
    """Processes that have to do with this engine."""
    return started_with(str(path))


def gone(path: Path) -> bool:
    """Whether all of them end soon; fails if not."""
    return eventually(lambda: not alive(path))

"""Single key presses from a terminal."""

from __future__ import annotations

import os
import re
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import termios
    import tty
except ImportError:  # not a POSIX system: matches are printed rather than stepped through
    termios = None  # type: ignore[assignment]

NAMES = {
    "\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left",
    "\x1bOA": "up", "\x1bOB": "down", "\x1bOC": "right", "\x1bOD": "left",
    "\x1b[H": "home", "\x1b[F": "end", "\x1b[1~": "home", "\x1b[4~": "end", "\x1bOH": "home", "\x1bOF": "end",
    "\x1b[5~": "up", "\x1b[6~": "down", " ": "space", "\r": "enter", "\n": "enter", "\x1b": "escape",
}  # fmt: skip


def available() -> bool:
    """Whether a person can press keys and see a screen that is redrawn."""
    interactive = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return termios is not None and interactive


@contextmanager
def raw() -> Iterator[None]:
    """Keys arrive one by one and unseen; Ctrl-C still interrupts. The terminal is put back on leaving."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def read(timeout: float | None) -> list[str]:
    """The keys pressed next, in order: none when ``timeout`` seconds pass first, ["q"] when the terminal has gone."""
    descriptor = sys.stdin.fileno()
    if not select.select([descriptor], [], [], timeout)[0]:
        return []
    data = os.read(descriptor, 1024)
    return decode(data.decode(errors="replace")) if data else ["q"]


_KNOWN = "|".join(re.escape(sequence) for sequence in sorted(NAMES, key=len, reverse=True) if sequence != "\x1b")
_OTHERS = r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1bO.|\x1b[^\x1b]"  # keys without a meaning here: not an escape and letters
_KEY = re.compile(f"{_KNOWN}|{_OTHERS}|.", re.DOTALL)


def decode(text: str) -> list[str]:
    """Splits what a terminal sent into keys: names for the special ones, otherwise the character."""
    return [NAMES.get(sequence, sequence) for sequence in _KEY.findall(text)]

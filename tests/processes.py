"""Processes that tests start, lose and look for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def alive(pid: int) -> bool:
    """Whether a process has not ended (one that nobody has waited for yet has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def started_with(*texts: str) -> list[int]:
    """The living processes, without this one, whose command lines hold all these texts."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:  # it has ended meanwhile
                continue
            if all(text.encode() in line for text in texts) and alive(int(entry.name)):
                found.append(int(entry.name))
    return found


def eventually(true: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What ``true`` gives once that is true; fails if it is not in so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"not within {seconds:g} seconds"
        time.sleep(0.02)
    return found

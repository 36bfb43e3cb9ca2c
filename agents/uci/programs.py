"""Finding engines on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from envs.core import InputError

FOLDERS = ("/usr/games", "/usr/local/games", "/usr/local/bin", "/opt/homebrew/bin")  # searched after those on PATH
PACKAGES = {"stockfish": "stockfish", "fairy-stockfish": "fairy-stockfish"}  # Debian's, by engine


def find_engine(name: str) -> Path | None:
    """A program on PATH or in one of the usual folders."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *FOLDERS]))
    return Path(found) if found else None


def resolve(target: str) -> Path:
    """The program that a spec's target names: a path, or a name to look for. Raises `InputError`."""
    if not target:
        raise InputError("which engine? Say uci:stockfish or uci:/path/of/an/engine")
    if "/" not in target:
        found = find_engine(target)
        if found is None:
            advice = f"; on Debian: apt install {PACKAGES[target]}" if target in PACKAGES else ""
            raise InputError(f"no engine {target!r} on PATH or in {', '.join(FOLDERS)}{advice}")
        return found
    path = Path(target).expanduser()
    if not path.is_file():
        raise InputError(f"no engine {target!r}: there is no such file")
    if not os.access(path, os.X_OK):
        raise InputError(f"engine {target!r} is not executable")
    return path.absolute()

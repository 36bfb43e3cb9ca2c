"""The file that tells which games were of no use: ``logs/passed_over.txt`` of a run that learns from games."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from selfplay import files, options
from selfplay.pgn import Problem

PASSED_OVER = Path("logs") / "passed_over.txt"


class PassedOver:
    """A line a game."""

    def __init__(self, run: Path) -> None:
        """Raises `InputError` where there can be no such file."""
        self.path = run / PASSED_OVER
        options.make_folder(self.path.parent)

    def keep(self, count: int) -> None:
        """The first so many lines only: what they were told of will be met again."""
        if self.path.exists():
            lines = self.path.read_bytes().splitlines(keepends=True)
            files.write(self.path, b"".join(lines[:count]))

    def tell(self, problems: Sequence[Problem]) -> None:
        if problems:
            with self.path.open("a", encoding="utf-8") as file:
                file.writelines(f"{problem}\n" for problem in problems)

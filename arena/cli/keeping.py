"""The games of a match on their way into the store."""

from __future__ import annotations

import time
from pathlib import Path

from arena.cli.shared import complaints, make_store
from arena.records import MatchRecord
from selfplay.holding import Every

SAVE_SECONDS = 2.0


class Keeping:
    """Keeps finished games, so that Ctrl-C, a crash or a kill costs those of the last two seconds at most."""

    def __init__(self, path: Path) -> None:
        self.records: list[MatchRecord] = []  # in the order in which they finished
        self._path, self._store = path, make_store(path)
        self._saved = self._new = 0
        self._due = Every(SAVE_SECONDS, time.monotonic())

    def add(self, record: MatchRecord) -> None:
        self.records.append(record)
        if self._due.due(time.monotonic()):
            self.save()

    def save(self) -> None:
        self._new += self._store.add(self.records[self._saved :])
        self._saved = len(self.records)

    def tell_repeated(self) -> None:
        """Says how many of the games that were saved had been in the store before."""
        if count := self._saved - self._new:
            were = f"{count} of these games had been played before and stay in {self._path} as they were then"
            complaints().print(were, style="dim", soft_wrap=True)

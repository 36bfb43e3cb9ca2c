"""A ladder as it runs: a bar with the standings so far on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections import deque

from rich.console import Console, Group, RenderableType
from rich.text import Text

from arena.ladder import Ladder, Progress
from arena.records import MatchRecord
from arena.standings import Standings, standings
from arena.view.charts import bar, glyphs
from arena.view.figures import clock
from arena.view.live import LINE_SECONDS, Redrawn
from arena.view.standings import table
from arena.view.timeline import names, result

RATE_EVERY = 3.0  # seconds between ratings while games are being played
NEWEST = 3  # games shown
FRAME = 14  # lines around the standings' rows


class LadderScreen(Redrawn):
    """``with LadderScreen(console, ladder) as screen: ladder.run(screen.update)``."""

    def __init__(self, console: Console, ladder: Ladder) -> None:
        super().__init__(console)
        self._console, self._ladder = console, ladder
        self._newest: deque[MatchRecord] = deque(maxlen=NEWEST)
        self._standings: Standings | None = None
        self._rated = self._printed = -1e9
        self._line = ""
        self._fresh = True  # games that the standings do not know of

    def update(self, progress: Progress) -> None:
        """Shows how far the ladder is."""
        now = time.monotonic()
        self._newest.extend(progress.new)
        if not self.is_drawn:
            said = line(self._ladder.name, progress)
            if said != self._line and (progress.waiting or now - self._printed >= LINE_SECONDS):
                self._printed, self._line = now, said
                self._console.print(said, soft_wrap=True)
            return
        self._fresh |= bool(progress.new)
        if now - self._rated >= RATE_EVERY and progress.done and self._fresh:
            self._rated, self._fresh = now, False
            self._standings = standings(self._ladder)
        self.draw(self._panel(progress))

    def _panel(self, progress: Progress) -> RenderableType:
        width = max(min(self._console.width - 44, 50), 4)
        share = progress.done / progress.total if progress.total else 0.0
        head = Text(bar(share, width, glyphs(self._console)), "cyan", no_wrap=True, overflow="crop")
        head.append(" " + _facts(progress), "default")
        parts: list[RenderableType] = [
            Text.assemble(("Ladder ", "bold"), (self._ladder.name, "bold cyan")),
            head,
            Text(),
        ]
        if self._standings is not None:
            parts += [table(self._standings, max(self._console.height - FRAME, 3)), Text()]
        for record in self._newest:
            parts.append(
                Text(f"{' against '.join(names(record))}: {result(record)}", "dim", no_wrap=True, overflow="crop")
            )
        return Group(*parts, Text("Ctrl-C stops and saves", "dim"))


def _facts(progress: Progress) -> str:
    left = "" if progress.seconds_left is None else f", {clock(progress.seconds_left)} left"
    if progress.waiting:
        left = ", waiting for checkpoints"
    spoilt = f", {progress.spoilt} to be played again" if progress.spoilt else ""
    return f"{progress.done:,} of {progress.total:,} games{left}{spoilt}"


def line(name: str, progress: Progress) -> str:
    """The same in one line."""
    return f"ladder {name}: {_facts(progress)}"

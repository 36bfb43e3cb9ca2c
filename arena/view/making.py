"""Games of experts as they are made: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from arena.experts import ExpertProgress
from arena.view.charts import bar, glyphs
from arena.view.figures import clock
from arena.view.live import LINE_SECONDS, Redrawn


class MakingScreen(Redrawn):
    """``with MakingScreen(console, file) as screen: make(..., on_progress=screen.update)``."""

    def __init__(self, console: Console, file: Path) -> None:
        super().__init__(console)
        self._console, self._file, self._next_line = console, file, 0.0

    def begin(self) -> None:
        if self.is_drawn:
            self.draw(Text(f"games go to {self._file}: starting the engines ...", "dim"))
        else:
            self._console.print(f"games go to {self._file}", soft_wrap=True)

    def update(self, progress: ExpertProgress) -> None:
        """Shows how far it is."""
        if progress.event:
            self._console.print(progress.event, style="yellow", soft_wrap=True)
        if self.is_drawn:
            share = bar(progress.done / progress.total, 40, glyphs(self._console))
            text = Text(share, "cyan", no_wrap=True, overflow="crop").append(f" {line(progress)}", "default")
            self.draw(text)
        elif progress.seconds >= self._next_line or progress.done == progress.total:
            self._next_line = progress.seconds + LINE_SECONDS
            self._console.print(line(progress), soft_wrap=True)


def line(progress: ExpertProgress) -> str:
    pace = progress.plies / progress.seconds if progress.seconds else 0.0
    left = "" if progress.left != progress.left else f", {clock(progress.left)} left"
    return f"{progress.done:,} of {progress.total:,} games, {pace:,.0f} plies/s{left}"

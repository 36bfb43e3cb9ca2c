"""Games of experts as they are made: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from arena.experts import ExpertProgress
from arena.view.charts import bar, glyphs
from arena.view.figures import clock
from arena.view.live import LINE_SECONDS


class MakingScreen:
    """``with MakingScreen(console, file) as screen: make(..., on_progress=screen.update)``."""

    def __init__(self, console: Console, file: Path) -> None:
        self._console, self._file, self._next_line = console, file, 0.0
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> MakingScreen:
        if self._live is None:
            self._console.print(f"games go to {self._file}", soft_wrap=True)
        else:
            self._live.start()
            self._live.update(Text(f"games go to {self._file}: starting the engines ...", "dim"), refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, progress: ExpertProgress) -> None:
        """Shows how far it is."""
        if progress.event:
            self._console.print(progress.event, style="yellow", soft_wrap=True)
        if self._live is not None:
            share = bar(progress.done / progress.total, 40, glyphs(self._console))
            text = Text(share, "cyan", no_wrap=True, overflow="crop").append(f" {line(progress)}", "default")
            self._live.update(text, refresh=True)
        elif progress.seconds >= self._next_line or progress.done == progress.total:
            self._next_line = progress.seconds + LINE_SECONDS
            self._console.print(line(progress), soft_wrap=True)


def line(progress: ExpertProgress) -> str:
    pace = progress.plies / progress.seconds if progress.seconds else 0.0
    left = "" if progress.left != progress.left else f", {clock(progress.left)} left"
    return f"{progress.done:,} of {progress.total:,} games, {pace:,.0f} plies/s{left}"

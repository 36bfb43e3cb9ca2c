"""A training for points as it runs: a panel that is redrawn on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
from collections import deque
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agents import checkpoints
from arena.view.charts import Glyphs, bar, glyphs, sparkline
from arena.view.training import EVENTS, HISTORY, LINE_SECONDS, clock, percent, rate
from selfplay.dqn.progress import ScoreProgress


class ScoreScreen:
    """``with ScoreScreen(console, run) as screen: train(..., on_progress=screen.update)``."""

    def __init__(self, console: Console, run: Path) -> None:
        self._console, self._run = console, run
        self._scores: deque[float] = deque(maxlen=HISTORY)
        self._events: deque[str] = deque(maxlen=EVENTS)
        self._next_line = 0.0
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> ScoreScreen:
        if self._live is None:
            self._console.print(f"training in {self._run}", soft_wrap=True)
        else:
            self._live.start()
            self._live.update(Text(f"training in {self._run}: starting the emulators ...", "dim"), refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, progress: ScoreProgress) -> None:
        """Shows where the training is."""
        if not math.isnan(progress.score):
            self._scores.append(progress.score)
        if progress.event:
            self._events.append(f"{clock(progress.seconds)}  {progress.event}")
        if self._live is not None:
            self._live.update(self.panel(progress, self._console.width, glyphs(self._console)), refresh=True)
        elif progress.seconds >= self._next_line or progress.event:
            self._next_line = progress.seconds + LINE_SECONDS
            self._console.print(line(progress), soft_wrap=True)

    def panel(self, progress: ScoreProgress, width: int, using: Glyphs) -> RenderableType:
        share = min(1.0, progress.seconds / progress.budget) if progress.budget else 1.0
        title = f"{progress.game} ({progress.algo})"
        head = Text.assemble(
            ("Training ", "bold"), (title, "bold cyan"), f"  {self._run}", no_wrap=True, overflow="crop"
        )
        times = f" {clock(progress.seconds)} of {clock(progress.budget)}, {clock(progress.left)} left"
        clock_line = Text(bar(share, max(min(width - len(times) - 1, 50), 4), using), "cyan").append(times, "default")
        found = len(checkpoints.numbered(self._run))
        newest = f"{found} ({found - 1:06d} is the newest)" if found else "none yet"
        rows = [
            ("score, last 100 games", rate(progress.score, 1), "steps/s", rate(progress.steps_per_second)),
            ("best so far", rate(progress.best_score, 1), "samples/s", rate(progress.samples_per_second)),
            ("full games", f"{progress.games:,}", "emulator's share", percent(progress.emulator_share)),
            ("steps", f"{progress.steps:,}", "acting", percent(progress.act_share)),
            ("updates", f"{progress.updates:,}", "learning", percent(progress.learn_share)),
            ("random actions", percent(progress.epsilon), "loss", rate(progress.loss, 4)),
            ("frames in memory", f"{progress.frames:,}", "checkpoints", newest),
        ]
        table = Table.grid(padding=(0, 2, 0, 0))
        for name, number, other, figure in rows:
            if width < 72:  # one below the other
                table.add_row(Text(name, "dim"), number)
                table.add_row(Text(other, "dim"), figure)
            else:
                table.add_row(Text(name, "dim"), number, Text(other, "dim"), figure)
        curve = Text(sparkline(list(self._scores), min(width, 60), using), "cyan")
        events = [Text(event, "yellow", no_wrap=True, overflow="crop") for event in self._events]
        return Group(head, clock_line, Text(), table, curve, *events, Text("Ctrl-C stops and saves", "dim"))


def line(progress: ScoreProgress) -> str:
    """The same in one line."""
    facts = [
        f"{clock(progress.seconds)} of {clock(progress.budget)}",
        f"{progress.steps:,} steps",
        f"{rate(progress.steps_per_second)} steps/s",
        f"emulator {percent(progress.emulator_share)}, acting {percent(progress.act_share)}, "
        f"learning {percent(progress.learn_share)}",
        f"{percent(progress.epsilon)} random",
        f"{progress.games:,} games",
        f"score {rate(progress.score, 1)}",
        *([progress.event] if progress.event else []),
    ]
    return ", ".join(facts)

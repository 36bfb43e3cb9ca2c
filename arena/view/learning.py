"""Learning from games of experts as it runs: a panel that is redrawn on a terminal, a line now and then elsewhere."""

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
from selfplay.learn import LearnProgress


class LearningScreen:
    """``with LearningScreen(console, run) as screen: learn(..., on_progress=screen.update)``."""

    def __init__(self, console: Console, run: Path) -> None:
        self._console, self._run = console, run
        self._losses: deque[tuple[float, float]] = deque(maxlen=HISTORY)
        self._events: deque[str] = deque(maxlen=EVENTS)
        self._next_line = 0.0
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> LearningScreen:
        if self._live is None:
            self._console.print(f"learning in {self._run}", soft_wrap=True)
        else:
            self._live.start()
            self._live.update(Text(f"learning in {self._run}: reading ...", "dim"), refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, progress: LearnProgress) -> None:
        """Shows where it is."""
        if not math.isnan(progress.policy_loss + progress.value_loss):
            self._losses.append((progress.policy_loss, progress.value_loss))
        if progress.event:
            self._events.append(f"{clock(progress.seconds)}  {progress.event}")
        if self._live is not None:
            self._live.update(self.panel(progress, self._console.width, glyphs(self._console)), refresh=True)
        elif progress.seconds >= self._next_line or progress.event:
            self._next_line = progress.seconds + LINE_SECONDS
            self._console.print(line(progress), soft_wrap=True)

    def panel(self, progress: LearnProgress, width: int, using: Glyphs) -> RenderableType:
        head = Text.assemble(
            ("Learning ", "bold"), (progress.game, "bold cyan"), f"  {self._run}", no_wrap=True, overflow="crop"
        )
        times = f" {clock(progress.seconds)}, {left(progress)}"
        clock_line = Text(bar(progress.share, max(min(width - len(times) - 1, 50), 4), using), "cyan")
        clock_line.append(times, "default")
        policy, value = ([losses[i] for losses in self._losses] for i in (0, 1))
        rows = (
            ("games", f"{progress.games:,}", "passes", f"{progress.passes:.2f}"),
            ("positions", f"{progress.positions:,}", "passed over", f"{progress.passed_over:,}"),
            ("steps", f"{progress.steps:,}", "samples/s", rate(progress.samples_per_second)),
            (
                *("policy loss", f"{rate(progress.policy_loss, 3)} {sparkline(policy, 16, using)}"),
                *("moves predicted", percent(progress.accuracy)),
            ),
            (
                *("value loss", f"{rate(progress.value_loss, 3)} {sparkline(value, 16, using)}"),
                *("value, held out", rate(progress.held_out_value_loss, 3)),
            ),
            ("checkpoints", f"{len(checkpoints.numbered(self._run))}", "", ""),
        )
        table = Table.grid(padding=(0, 2, 0, 0))
        for name, number, other, figure in rows:
            if width < 64:  # one below the other
                table.add_row(Text(name, "dim"), number)
                if other:
                    table.add_row(Text(other, "dim"), figure)
            else:
                table.add_row(Text(name, "dim"), number, Text(other, "dim"), figure)
        events = [Text(event, "yellow", no_wrap=True, overflow="crop") for event in self._events]
        return Group(head, clock_line, Text(), table, *events, Text("Ctrl-C stops and saves", "dim"))


def left(progress: LearnProgress) -> str:
    return f"{progress.share:.0%} done" if math.isnan(progress.left) else f"{clock(progress.left)} left"


def line(progress: LearnProgress) -> str:
    """The same in one line."""
    facts = [
        f"{clock(progress.seconds)}, {left(progress)}",
        f"{progress.games:,} games",
        f"{progress.passes:.2f} passes",
        f"{rate(progress.samples_per_second)} samples/s",
        f"policy loss {rate(progress.policy_loss, 3)}",
        f"value loss {rate(progress.value_loss, 3)}",
        f"held out: {percent(progress.accuracy)} of moves predicted",
        f"value loss {rate(progress.held_out_value_loss, 3)}",
        *([progress.event] if progress.event else []),
    ]
    return ", ".join(facts)

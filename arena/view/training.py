"""A training as it runs: a panel that is redrawn on a terminal, a line now and then elsewhere."""

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
from selfplay.progress import Progress

LINE_SECONDS = 15.0  # of training between two lines where there is no terminal
HISTORY = 240  # losses remembered for the small curves
EVENTS = 4  # newest ones shown


class TrainingScreen:
    """``with TrainingScreen(console, run) as screen: train(..., on_progress=screen.update)``."""

    def __init__(self, console: Console, run: Path) -> None:
        self._console, self._run = console, run
        self._losses: deque[tuple[float, float]] = deque(maxlen=HISTORY)
        self._events: deque[str] = deque(maxlen=EVENTS)
        self._next_line = 0.0
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> TrainingScreen:
        if self._live is None:
            self._console.print(f"training in {self._run}", soft_wrap=True)
        else:
            self._live.start()
            self._live.update(Text(f"training in {self._run}: starting the workers ...", "dim"), refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, progress: Progress) -> None:
        """Shows where the training is."""
        if not math.isnan(progress.policy_loss + progress.value_loss):
            self._losses.append((progress.policy_loss, progress.value_loss))
        if progress.event:
            self._events.append(f"{clock(progress.seconds)}  {progress.event}")
        if self._live is not None:
            self._live.update(self.panel(progress, self._console.width, glyphs(self._console)), refresh=True)
        elif progress.seconds >= self._next_line or progress.event:
            self._next_line = progress.seconds + LINE_SECONDS
            self._console.print(line(progress), soft_wrap=True)

    def panel(self, progress: Progress, width: int, using: Glyphs) -> RenderableType:
        share = progress.seconds / progress.budget if progress.budget else 1.0
        head = Text.assemble(
            ("Training ", "bold"), (progress.game, "bold cyan"), f"  {self._run}", no_wrap=True, overflow="crop"
        )
        times = f" {clock(progress.seconds)} of {clock(progress.budget)}, {clock(progress.left)} left"
        clock_line = Text(bar(share, max(min(width - len(times) - 1, 50), 4), using), "cyan").append(times, "default")
        policy, value = ([losses[i] for losses in self._losses] for i in (0, 1))
        found = len(checkpoints.numbered(self._run))
        newest = f"{found} ({found - 1:06d} is the newest)" if found else "none yet"
        rows = [
            ("games", f"{progress.games:,}", "moves/s", rate(progress.moves_per_second)),
            ("positions", f"{progress.positions:,}", "simulations/s", rate(progress.simulations_per_second)),
            ("in the window", f"{progress.window:,}", "evaluations/s", rate(progress.evaluations_per_second)),
            ("plies a game", rate(progress.game_length, 1), "cache hits", percent(progress.cache_hits)),
            ("steps", f"{progress.steps:,}", "workers", f"{progress.workers}{_restarts(progress)}"),
            ("policy loss", f"{rate(progress.policy_loss, 3)} {sparkline(policy, 16, using)}", "checkpoints", newest),
            ("value loss", f"{rate(progress.value_loss, 3)} {sparkline(value, 16, using)}", *_early(progress)),
        ]
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


def line(progress: Progress) -> str:
    """The same in one line."""
    facts = [
        f"{clock(progress.seconds)} of {clock(progress.budget)}",
        f"{progress.games:,} games",
        f"{rate(progress.moves_per_second)} moves/s",
        f"{rate(progress.evaluations_per_second)} evaluations/s",
        f"{percent(progress.cache_hits)} cache hits",
        f"policy loss {rate(progress.policy_loss, 3)}",
        f"value loss {rate(progress.value_loss, 3)}",
        *([progress.event] if progress.event else []),
    ]
    return ", ".join(facts)


def _early(progress: Progress) -> tuple[str, str]:
    """What to say about games that ended before their rules said so; nothing where there are none."""
    if not progress.ended_early > 0:
        return "", ""
    wrong = "" if math.isnan(progress.wrong_verdicts) else f", {percent(progress.wrong_verdicts)} of verdicts wrong"
    return "ended early", f"{percent(progress.ended_early)}{wrong}"


def _restarts(progress: Progress) -> str:
    return f", {progress.restarts} replaced" if progress.restarts else ""


def clock(seconds: float) -> str:
    """``1:02:03`` or ``02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def rate(value: float, digits: int = 0) -> str:
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


def percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0%}"

"""How any training shows itself as it runs: a panel that is redrawn on a terminal, a line now and then elsewhere.

What differs from one kind of training to another is a `Face`: a few plain functions of its progress.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agents import cards
from arena.view.charts import Glyphs, bar, glyphs
from arena.view.figures import clock
from selfplay.progress import Budgeted

LINE_SECONDS = 15.0  # of training between two lines where there is no terminal
HISTORY = 256  # progresses remembered at most, for small curves
EVENTS = 4  # newest ones shown

Row = tuple[str, str, str, str]  # a name and its figure, twice; the second may be empty


class Running(Protocol):
    """What every kind of progress tells."""

    @property
    def game(self) -> str: ...
    @property
    def seconds(self) -> float:
        """The training clock."""
        ...

    @property
    def share(self) -> float:
        """Of the budget that has passed, 0..1."""
        ...

    @property
    def event(self) -> str:
        """What happened since the last progress; usually empty."""
        ...


P = TypeVar("P", bound=Running)


def times(progress: Budgeted) -> str:
    return f"{clock(progress.seconds)} of {clock(progress.budget)}, {clock(progress.left)} left"


@dataclass(frozen=True, slots=True)
class Face(Generic[P]):
    """How one kind of training shows itself. ``history`` is the progresses so far, the newest last, never empty."""

    verb: str  # "training"
    starting: str  # what it does before the first progress
    times: Callable[[P], str]
    line: Callable[[P], str]  # all in one line
    rows: Callable[[Sequence[P], Path, Glyphs], Sequence[Row]]  # (history, run, glyphs)
    below: Callable[[Sequence[P], int, Glyphs], Sequence[RenderableType]] = lambda *_: ()  # (history, width, glyphs)
    title: Callable[[P], str] = lambda progress: progress.game


class Redrawn:
    """A part of the terminal that is drawn anew as long as it is open; where there is no terminal, none."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self) -> None:
        """What is shown first."""

    @property
    def is_drawn(self) -> bool:
        return self._live is not None

    def draw(self, what: RenderableType) -> None:
        assert self._live is not None, "see `is_drawn`"
        self._live.update(what, refresh=True)


class Past(Generic[P]):
    """The whole course so far in at most ``most`` + 1 progresses at even distances, the newest always among them.

    Whenever they are too many every second one goes, and from then on half as many are kept."""

    def __init__(self, most: int) -> None:
        self._most, self._stride, self._told = most, 1, 0
        self._kept: list[P] = []

    def add(self, progress: P) -> None:
        self._newest = progress
        if self._told % self._stride == 0:
            self._kept.append(progress)
        self._told += 1
        if len(self._kept) > self._most:
            del self._kept[1::2]
            self._stride *= 2

    def course(self) -> list[P]:
        """The oldest first; there has to be one."""
        return self._kept if self._kept[-1] is self._newest else [*self._kept, self._newest]


class LiveScreen(Redrawn, Generic[P]):
    """``with LiveScreen(console, run, face) as screen: train(..., on_progress=screen.update)``."""

    def __init__(self, console: Console, run: Path, face: Face[P]) -> None:
        super().__init__(console)
        self._console, self._run, self._face = console, run, face
        self._history = Past[P](HISTORY)
        self._events: deque[str] = deque(maxlen=EVENTS)
        self._next_line = 0.0

    def begin(self) -> None:
        begin = f"{self._face.verb} in {self._run}"
        if self.is_drawn:
            self.draw(Text(f"{begin}: {self._face.starting} ...", "dim"))
        else:
            self._console.print(begin, soft_wrap=True)

    def update(self, progress: P) -> None:
        """Shows where the training is."""
        self._history.add(progress)
        if progress.event:
            self._events.append(f"{clock(progress.seconds)}  {progress.event}")
        if self.is_drawn:
            self.draw(self.panel(self._console.width, glyphs(self._console)))
        elif progress.seconds >= self._next_line or progress.event:
            self._next_line = progress.seconds + LINE_SECONDS
            self._console.print(self._face.line(progress), soft_wrap=True)

    def panel(self, width: int, using: Glyphs) -> RenderableType:
        """What the terminal shows after the newest `update`."""
        face, history = self._face, self._history.course()
        progress = history[-1]
        title = Text.assemble(
            (f"{face.verb.capitalize()} ", "bold"),
            (face.title(progress), "bold cyan"),
            f"  {self._run}",
            no_wrap=True,
            overflow="crop",
        )
        said = f" {face.times(progress)}"
        clock_line = Text(bar(progress.share, max(min(width - len(said) - 1, 50), 4), using), "cyan")
        clock_line.append(said, "default")
        return Group(
            title,
            clock_line,
            Text(),
            _grid(face.rows(history, self._run, using), width),
            *face.below(history, width, using),
            *(Text(event, "yellow", no_wrap=True, overflow="crop") for event in self._events),
            Text("Ctrl-C stops and saves", "dim"),
        )


def checkpoints_row(run: Path) -> tuple[str, str]:
    """Name and figure: how many checkpoints there are, and the newest."""
    found = cards.numbered(run)
    return "checkpoints", f"{len(found)} ({found[-1].name} is the newest)" if found else "none yet"


def _grid(rows: Sequence[Row], width: int) -> Table:
    """Two pairs a line, or one where that is too wide."""
    wide = sum(max(map(len, column)) for column in zip(*rows, strict=True)) + 6 <= width  # 6: between them
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, figure, other, other_figure in rows:
        if wide:
            table.add_row(Text(name, "dim"), figure, Text(other, "dim"), other_figure)
        else:
            table.add_row(Text(name, "dim"), figure)
            if other:
                table.add_row(Text(other, "dim"), other_figure)
    return table

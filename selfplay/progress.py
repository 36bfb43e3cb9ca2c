"""What a running training says: a typed value for people, a line of JSON and TensorBoard events for machines."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from selfplay.holding import Every

PROGRESS_SECONDS = 0.5
JOURNAL_SECONDS = 5.0

METRICS = "metrics.jsonl"
TENSORBOARD = "tensorboard"


class Budgeted:
    """What follows from a training's clock and its budget; part of its progress."""

    __slots__ = ()
    seconds: float  # the training clock
    budget: float  # seconds asked for

    @property
    def share(self) -> float:
        """Of the budget that has passed, 0..1."""
        return min(1.0, self.seconds / self.budget) if self.budget else 1.0

    @property
    def left(self) -> float:
        """Seconds of training to go."""
        return max(0.0, self.budget - self.seconds)


@dataclass(frozen=True, slots=True)
class Progress(Budgeted):
    """Where a training is. Rates are over the last half minute; NaN where nothing has been measured yet."""

    game: str
    seconds: float  # the training clock
    budget: float  # seconds asked for
    games: int
    positions: int  # that have entered the replay window
    window: int  # in it now
    steps: int
    version: int  # of the weights that play
    workers: int  # alive
    restarts: int  # workers replaced since the run began
    moves_per_second: float
    simulations_per_second: float
    evaluations_per_second: float  # asked of the network, repeats found in the cache not counted
    cache_hits: float  # share of evaluations answered without the network
    game_length: float  # plies, random opening included
    ended_early: float  # share of games that a player gave up or both called a draw (`selfplay.early`)
    wrong_verdicts: float  # share of such verdicts that did not come true, in games that were played on
    policy_loss: float
    value_loss: float
    learning_rate: float
    judging: int  # matches at the gate that are not over
    event: str  # what happened since the last progress, for people; usually empty


class Reported(Protocol):
    """A dataclass of facts with a field ``steps``, by which TensorBoard orders them."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def event(self) -> str:
        """What happened since the last one, for people; usually empty."""
        ...


P = TypeVar("P", bound=Reported)


class Meter:
    """Sums over the last ``span`` seconds of some clock."""

    def __init__(self, span: float = 30.0) -> None:
        self._span = span
        self._entries: deque[tuple[float, dict[str, float]]] = deque()

    def add(self, now: float, **amounts: float) -> None:
        self._entries.append((now, amounts))
        while self._entries[0][0] < now - self._span:
            self._entries.popleft()

    def total(self, name: str) -> float:
        return sum(amounts.get(name, 0.0) for _, amounts in self._entries)

    def ratio(self, name: str, over: str) -> float:
        """Sum of one amount by the sum of another; NaN if that is 0."""
        below = self.total(over)
        return self.total(name) / below if below else float("nan")


class Journal:
    """Appends to ``metrics.jsonl`` and to TensorBoard's event files in the run folder."""

    def __init__(self, run: Path, first_step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # slow to import; only a training needs it

        self._file = (run / METRICS).open("a", encoding="utf-8")
        if torn(run / METRICS):
            self._file.write("\n")
        self._board = SummaryWriter(str(run / TENSORBOARD), purge_step=first_step)

    def write(self, progress: Reported) -> None:
        facts: dict[str, Any] = _without_nan(asdict(progress))
        self._file.write(json.dumps(facts) + "\n")
        self._file.flush()
        self._show(facts, "", facts["steps"])

    def _show(self, facts: dict[str, Any], prefix: str, steps: int) -> None:
        for name, value in facts.items():
            if isinstance(value, int | float):
                self._board.add_scalar(prefix + name, value, steps)
            elif isinstance(value, dict):
                self._show(value, f"{prefix}{name}/", steps)

    def close(self) -> None:
        self._file.close()
        self._board.close()


class Reports(Generic[P]):
    """Tells people about twice a second how a training goes, and the journal every few seconds or when something has
    happened."""

    def __init__(self, journal: Journal, on_progress: Callable[[P], None], now: float) -> None:
        self._journal, self._on_progress = journal, on_progress
        self._tell, self._note = Every(PROGRESS_SECONDS, now), Every(JOURNAL_SECONDS, now)

    def give(self, now: float, progress: Callable[[], P]) -> None:
        """``progress`` is called if anybody is to be told."""
        if self._tell.due(now):
            state = progress()
            self._on_progress(state)
            if self._note.due(now) or state.event:
                self._journal.write(state)

    def last(self, state: P) -> None:
        """How it ended. People are told only of what happened too late for `give`."""
        if state.event:
            self._on_progress(state)
        self._journal.write(state)


def _without_nan(value: Any) -> Any:
    """NaN is not JSON."""
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    return None if value != value else value


def torn(file: Path) -> bool:
    """Whether a file's last line has no end: whoever wrote it was killed."""
    with file.open("rb") as lines:
        size = lines.seek(0, 2)
        lines.seek(max(0, size - 1))
        return lines.read() not in (b"", b"\n")


def last_facts(run: Path) -> dict[str, Any]:
    """The last whole line of the metrics; empty if there is none. A torn last line is passed over."""
    try:
        lines = (run / METRICS).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    for line in reversed(lines[-3:]):
        try:
            facts: Any = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(facts, dict) and isinstance(facts.get("seconds"), int | float):
            return facts
    return {}


def last_clock(run: Path) -> float:
    """The training clock of the last whole line of the metrics; 0 if there is none."""
    return float(last_facts(run).get("seconds", 0.0))

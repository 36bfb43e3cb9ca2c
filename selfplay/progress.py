"""What a running training says: a typed value for people, a line of JSON and TensorBoard events for machines."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

METRICS = "metrics.jsonl"
TENSORBOARD = "tensorboard"


@dataclass(frozen=True, slots=True)
class Progress:
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
    event: str  # what happened since the last progress, for people; usually empty

    @property
    def left(self) -> float:
        """Seconds of training to go."""
        return max(0.0, self.budget - self.seconds)


class Reported(Protocol):
    """A dataclass of facts with a field ``steps``, by which TensorBoard orders them."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


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


def _without_nan(value: Any) -> Any:
    """NaN is not JSON."""
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    return None if value != value else value


def last_clock(run: Path) -> float:
    """The training clock of the last whole line of the metrics; 0 if there is none. A torn last line is passed over."""
    seconds = 0.0
    try:
        lines = (run / METRICS).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return seconds
    for line in lines[-3:]:
        try:
            facts: Any = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(facts, dict) and isinstance(facts.get("seconds"), int | float):
            seconds = max(seconds, facts["seconds"])
    return seconds

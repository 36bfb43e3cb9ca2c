"""What an engine says while it thinks: its lines of play and what it expects of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

_LICHESS = 0.00368208  # per centipawn; fitted to games of people, lichess.org/page/accuracy


@dataclass(frozen=True, slots=True)
class Line:
    """A line of play."""

    value: float | None  # expected result for the mover in [-1, 1]
    moves: tuple[str, ...]  # its first move first


def value_of(centipawns: float) -> float:
    """The result in [-1, 1] that an advantage promises, by Lichess's fit; for engines that do not tell it."""
    return math.tanh(_LICHESS / 2 * centipawns)


def expectation(value: float) -> tuple[float, float, float]:
    """Win, draw and loss that a value in [-1, 1] stands for: two half points, each won with chance (1 + value) / 2."""
    half = (1 + min(max(value, -1.0), 1.0)) / 2
    return half * half, 2 * half * (1 - half), (1 - half) ** 2


def centipawns_of(value: float) -> float:
    """The inverse of `value_of`, for values inside (-1, 1)."""
    return 2 / _LICHESS * math.atanh(value)


class Listener:
    """Gathers ``info`` lines: of each rank (MultiPV, from 1) the last, a mere bound only if there is nothing else."""

    def __init__(self) -> None:
        self.said: dict[int, list[str]] = {}  # the words of the line of each rank; few of those heard are worth reading
        self._exact: set[int] = set()

    def __call__(self, text: str) -> None:
        words = text.split()
        if words[:1] != ["info"] or "string" in words or "pv" not in words:
            return
        rank = _numbers(words, "multipv", 1) or [1]
        exact = "lowerbound" not in words and "upperbound" not in words
        if exact or rank[0] not in self._exact:
            self.said[rank[0]] = words
        if exact:
            self._exact.add(rank[0])

    @property
    def lines(self) -> dict[int, Line]:
        """By rank."""
        return {rank: Line(_value(words), tuple(words[words.index("pv") + 1 :])) for rank, words in self.said.items()}

    def chosen(self, move: str) -> Line | None:
        """The line that begins with a move; the best one for its value where an engine plays another on purpose."""
        lines = self.lines
        for line in lines.values():
            if line.moves[:1] == (move,):
                return line
        best = lines.get(1)
        return best and Line(best.value, ())


def shares(values: Mapping[int, float], temperature: float = 0.1) -> dict[int, float]:
    """Probabilities of actions from their values: a softmax of value / temperature."""
    top = max(values.values(), default=0.0)
    weights = {action: math.exp((value - top) / temperature) for action, value in values.items()}
    total = sum(weights.values())
    return {action: weight / total for action, weight in weights.items()}


def _value(words: list[str]) -> float | None:
    """From the probabilities of win, draw and loss where the engine tells them, otherwise from its score."""
    wdl = _numbers(words, "wdl", 3)
    if wdl is not None and sum(wdl) > 0:
        return (wdl[0] - wdl[2]) / sum(wdl)
    mate = _numbers(words, "mate", 1)
    if mate is not None:
        return 1.0 if mate[0] > 0 else -1.0
    score = _numbers(words, "cp", 1)
    return None if score is None else value_of(score[0])


def _numbers(words: list[str], key: str, count: int) -> list[int] | None:
    """The numbers after a key; None where they are not there."""
    if key not in words:
        return None
    start = words.index(key) + 1
    try:
        return [int(word) for word in words[start : start + count]] if len(words) >= start + count else None
    except ValueError:
        return None

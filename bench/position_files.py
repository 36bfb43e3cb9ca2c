"""Files of Connect Four positions with their exact scores, one position a line:

    4455643 -1 -1,-3,-2,-4,-1,-2,-3

the moves from the empty board as column digits, the exact score for the player to move (`agents.solver.kernels` defines
it), and, where they are known, the scores of the moves to columns 1 to 7 for that player, ``-`` for a full column.
Files of moves and score alone, as published by Pascal Pons, are read as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from envs.connect_four import ConnectFour
from envs.core import InputError, State
from envs.fours import COLUMNS

_RULES = ConnectFour()


class PositionError(InputError):
    """A line of a file is no position. The message has the file, the line's number and its text."""


@dataclass(frozen=True, slots=True)
class Position:
    actions: tuple[int, ...]
    state: State  # uint64[2], running
    score: int
    scores: tuple[int | None, ...] | None  # by action, None for an illegal one; None as a whole if not yet known

    def line(self) -> str:
        fields = ["".join(str(action + 1) for action in self.actions), str(self.score)]
        if self.scores is not None:
            fields.append(",".join("-" if score is None else str(score) for score in self.scores))
        return " ".join(fields)


def read(path: Path) -> list[Position]:
    """All positions of a file. Raises `InputError`, for a bad line `PositionError`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read positions from {path}: {error}") from None
    positions = []
    for number, line in enumerate(lines, 1):
        try:
            positions.append(parse(line))
        except ValueError as error:
            raise PositionError(f"{path}, line {number}: {error}: {line[:100]!r}") from None
    if not positions:
        raise InputError(f"{path} holds no positions")
    return positions


def write(path: Path, positions: Iterable[Position]) -> None:
    path.write_text("".join(f"{position.line()}\n" for position in positions), encoding="utf-8")


def parse(line: str) -> Position:
    """One position. Raises `ValueError` with what is wrong."""
    fields = line.split()
    if len(fields) not in (2, 3):
        raise ValueError("expected moves, score and perhaps the scores of the seven moves")
    actions, state = play(fields[0])
    score = _score(fields[1])
    if len(fields) == 2:
        return Position(actions, state, score, None)
    scores = tuple(None if text == "-" else _score(text) for text in fields[2].split(","))
    legal = _RULES.legal(state[None])[0]
    if len(scores) != COLUMNS or any((s is not None) != ok for s, ok in zip(scores, legal, strict=True)):
        raise ValueError("the third field takes seven scores, - for each full column")
    if max(s for s in scores if s is not None) != score:
        raise ValueError("the best move's score is not the position's")
    return Position(actions, state, score, scores)


def play(moves: str) -> tuple[tuple[int, ...], State]:
    """The actions that column digits stand for, and the running position after them. Raises `ValueError`."""
    state = _RULES.init(1)
    actions = []
    for i, digit in enumerate(moves, 1):
        action = ord(digit) - ord("1")
        if not 0 <= action < COLUMNS:
            raise ValueError(f"{digit!r} is no column")
        if not _RULES.legal(state)[0, action]:
            raise ValueError(f"move {i} is illegal")
        actions.append(action)
        state = _RULES.step(state, np.array([action], np.int32))
    if not np.isnan(_RULES.outcome(state)[0]):
        raise ValueError("the game is over")
    return tuple(actions), state[0]


def _score(text: str) -> int:
    score = int(text)
    if not -21 <= score <= 21:
        raise ValueError(f"{score} is no score")
    return score

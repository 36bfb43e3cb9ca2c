"""Reading a file of games piece by piece, again and again, from any place on."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

from envs.core import BoardGame, InputError
from selfplay import lessons, pgn
from selfplay.chunks import Facts, Games
from selfplay.pgn import Cursor, Played, Problem

_COUNT = "passed over: "


class Reading:
    """Where reading has come to. What is read depends on that alone."""

    def __init__(self, game: BoardGame, path: Path, end: int) -> None:
        """``end``: the byte at which the games begin that are not read."""
        self._game, self._path, self._end = game, path, end
        self._cursor = Cursor()
        self._sound = False  # whether there has been a sound game
        self.passes = 0  # whole ones
        self.passed_over: Counter[str] = Counter()  # games of the first pass, by the kind of their problem

    @property
    def share(self) -> float:
        """Passes, the part of the current one included."""
        return self.passes + (min(1.0, self._cursor.offset / self._end) if self._end else 0.0)

    @property
    def facts(self) -> Facts:
        """From which `go_to` finds the way back to here."""
        counts = {f"{_COUNT}{kind}": count for kind, count in self.passed_over.items()}
        return {"pass": self.passes, **asdict(self._cursor), **counts}

    def go_to(self, facts: Facts) -> None:
        self._cursor = Cursor(*(int(facts[name]) for name in ("offset", "line", "game")))
        self.passes, self._sound = int(facts["pass"]), True
        counts = {name.removeprefix(_COUNT): int(n) for name, n in facts.items() if name.startswith(_COUNT)}
        self.passed_over = Counter(counts)

    def piece(self, games: int) -> tuple[Games | None, list[Problem]]:
        """The next so many sound games, fewer at the end of the file, where reading begins anew; and those between them
        that are of no use. Raises `InputError` at the end of a file without a sound game."""
        sound: list[Played] = []
        problems: list[Problem] = []
        for cursor, one in pgn.read(self._path, self._cursor, self._end):  # noqa: B007 (used after the loop)
            if isinstance(one, Problem):
                problems.append(one)
            else:
                sound.append(one)
            if len(sound) == games:
                break
        else:
            cursor = Cursor()
        found, wrong = lessons.positions(self._game, sound) if sound else (None, [])
        problems = sorted([*problems, *wrong], key=lambda problem: problem.game)
        if not self.passes:
            self.passed_over.update(problem.kind for problem in problems)
        self._sound |= found is not None
        if not cursor.offset:
            if not self._sound:
                why = "; ".join(f"{count} {kind}" for kind, count in self.passed_over.most_common())
                raise InputError(f"{self._path} holds no game to learn from ({why or 'it needs at least two games'})")
            self.passes += 1
        self._cursor = cursor
        return found, problems

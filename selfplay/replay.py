"""The replay window together with the files of games that it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from envs.core import BoardGame
from selfplay import chunks, files
from selfplay.chunks import Facts, Games
from selfplay.config import TrainConfig
from selfplay.window import Window, rows_of, window_size


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file of games that has entered the window."""

    name: str
    games: Games
    facts: Facts  # what its worker said about it
    positions: int  # that may be sampled
    weight: int  # their sampling weights, in units of targets.UNIT


class Replay:
    """Takes files of games in as they appear. Those that have left the window are deleted only when a saved state says
    that they are not needed (`forget_retired`), so a run that is killed finds the very window it had."""

    def __init__(self, folder: Path, game: BoardGame, config: TrainConfig) -> None:
        self.window = Window(game.init(1).shape[1], game.spec.max_legal)
        self.retired: list[str] = []
        self.problems: list[str] = []  # lines for people about files that could not be read
        self._folder, self._config = folder, config
        folder.mkdir(exist_ok=True)
        files.remove_partial(folder)
        self._known: set[str] = set()

    @property
    def names(self) -> list[str]:
        """The files in the window, oldest first."""
        return [name for name, _ in self.window.names]

    def restore(self, names: list[str], retired: list[str]) -> Arrival | None:
        """Makes the window what it was when these names were saved; the newest arrival, if any is sound."""
        newest = None
        for name in names:
            newest = self._take(name) or newest
        self.retired = list(retired)
        self._known.update(retired)
        self.forget_retired()
        return newest

    def take_new(self) -> Iterator[Arrival]:
        """Takes in what the workers have written since the last call."""
        for name in chunks.listing(self._folder):
            if name not in self._known:
                arrival = self._take(name)
                if arrival is not None:
                    yield arrival

    def _take(self, name: str) -> Arrival | None:
        path = self._folder / name
        self._known.add(name)
        try:
            games, facts = chunks.read(path)
        except files.Damaged as error:
            path.rename(path.with_name(name + chunks.DAMAGED))
            self._known.discard(name)
            self.problems.append(f"{error}; put aside")
            return None
        except FileNotFoundError:
            self._known.discard(name)
            self.problems.append(f"{path} has gone; training goes on without it")
            return None
        rows, weights = rows_of(games, self._config)
        self.window.add(name, rows, weights)
        return Arrival(name, games, facts, len(rows), int(weights.sum()))

    def trim(self, total: int) -> None:
        """Lets the oldest positions go, now that ``total`` have been seen."""
        self.retired += self.window.trim(window_size(total, self._config))

    def forget_retired(self) -> None:
        """Deletes the files that have left the window. Call it only after a state has been saved that says so."""
        for name in self.retired:
            (self._folder / name).unlink(missing_ok=True)
            self._known.discard(name)
        self.retired = []

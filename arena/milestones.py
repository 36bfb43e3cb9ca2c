"""Looking back on a training for points: at its milestones a checkpoint plays evaluation games, and they are kept.

``milestones.json`` in the run folder says which checkpoint played when, and names its games; they are in the store. All
milestones of all runs play the same seeds. What a store lacks can be played again: the same games have the same ids.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from agents import checkpoints
from arena.match import play_for_points
from arena.records import MatchRecord
from arena.store import Store
from envs.core import InputError
from selfplay import files

FILE = "milestones.json"
GAMES = 10  # at each milestone
SEED = 0


@dataclass(frozen=True, slots=True)
class Milestone:
    """When a training was looked at."""

    minutes: float  # on the training clock, as asked for
    checkpoint: str  # the name of its folder in the run
    seed: int
    matches: tuple[str, ...]  # ids of its games in the store
    planned: bool = True  # asked for when training; else afterwards


def read(run: Path) -> list[Milestone]:
    """What has been recorded so far, the earliest first. Raises `InputError` for a damaged file."""
    file = run / FILE
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        milestones = [Milestone(**{**entry, "matches": tuple(entry["matches"])}) for entry in found]
        milestones.sort(key=lambda milestone: milestone.minutes)
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{file}: damaged ({error})") from None
    return milestones


def record(
    run: Path,
    checkpoint: Path,
    minutes: float,
    store: Store,
    games: int = GAMES,
    stopping: Callable[[], bool] = lambda: False,
    planned: bool = True,
) -> list[MatchRecord]:
    """Plays ``games`` whole games with a checkpoint of the run, 1% of the actions random, and keeps them and the note.

    What was noted of these minutes before is forgotten, but for whether it was planned. Returns the games in the order
    of their ids; none, and nothing is noted, if it was ``stopping`` meanwhile."""
    game = checkpoints.read_card(checkpoint).game
    played = play_for_points([str(checkpoint)], game, games, seed=SEED, batch=games, stopping=stopping)
    found = sorted((match for match in played if match.counts), key=lambda match: match.id)
    if len(found) < games:
        return []
    store.add(found)
    before = {old.minutes: old for old in read(run)}
    planned = before[minutes].planned if minutes in before else planned
    new = Milestone(minutes, checkpoint.name, SEED, tuple(match.id for match in found), planned)
    kept = list({**before, minutes: new}.values())
    text = json.dumps([asdict(milestone) for milestone in kept], indent=1) + "\n"
    files.write(run / FILE, text.encode())
    return found


def games_of(milestone: Milestone, store: Store) -> list[MatchRecord]:
    """Its games; none if the store lacks one of them."""
    try:
        return [store.record(match) for match in milestone.matches]
    except InputError:
        return []


def first_at(run: Path, minutes: float) -> Path:
    """The first checkpoint that was saved at or after so many minutes. Raises `InputError`."""
    for folder in checkpoints.numbered(run):
        if checkpoints.read_card(folder).meta.get("minutes", 0.0) >= minutes:
            return folder
    raise InputError(f"{run} has no checkpoint of {minutes:g} minutes or more")


def typical(games: Sequence[MatchRecord]) -> MatchRecord:
    """The game whose score is nearest to the median of all, the first of equals."""
    middle = float(np.median([game.returns[0] for game in games]))
    return min(games, key=lambda game: abs(game.returns[0] - middle))

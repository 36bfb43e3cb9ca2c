"""A team game as the moments a viewer steps through; terminal, web page and film are all drawn from them."""

from __future__ import annotations

from collections.abc import Sequence

import envs
from arena.records import MatchRecord
from arena.view.timeline import ReplayError
from envs.core import InputError, TeamGame, TeamShot


def reel(record: MatchRecord) -> list[TeamShot]:
    """The start and the moment after each decision. Raises `ReplayError` for a record that does not replay."""
    game = envs.team_game(record.game)
    if record.game_version != game.spec.version:
        raise ReplayError(
            f"match {record.id!r} was played by version {record.game_version} of {record.game}; "
            f"only version {game.spec.version} is here"
        )
    if len(record.analysis) not in (0, len(record.actions)):
        raise ReplayError(f"match {record.id!r} does not replay: its analysis is not that of its actions")
    if bad := [action for action in record.actions if not 0 <= action < game.spec.num_actions]:
        raise ReplayError(f"match {record.id!r} does not replay: {record.game} has no action {bad[0]}")
    try:
        return list(game.film(record.seed, record.actions, record.options))
    except InputError as error:
        raise ReplayError(f"match {record.id!r} does not replay: {error}") from None


def expectations(record: MatchRecord, game: TeamGame) -> tuple[list[float | None], list[float | None]]:
    """What each side expected of every decision, from the first side's view; None where it did not say."""
    units = len(game.units)
    told: tuple[list[float | None], list[float | None]] = ([], [])
    for step in range(0, len(record.actions), units):
        for seat, sign in enumerate((1, -1)):
            thought = record.analysis[step + seat * units // 2] if record.analysis else None
            told[seat].append(None if thought is None or thought.value is None else sign * thought.value)
    return told


def events(shots: Sequence[TeamShot]) -> list[tuple[int, int, str]]:
    """Decision, whose success, and what happened."""
    return [(shot.decision, event.seat, event.text) for shot in shots for event in shot.events]

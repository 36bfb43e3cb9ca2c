"""How matches of each family of games are shown: in a terminal, in lines, as a web page, as a film."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

import envs
from arena.families import for_points, for_teams
from arena.records import MatchRecord
from arena.view.timeline import require_seats


@dataclass(frozen=True, slots=True)
class View:
    """All of it raises `arena.view.timeline.ReplayError` for a record that does not replay."""

    watch: Callable[[MatchRecord, Console], None]  # with keys, where a person can press them
    lines: Callable[[MatchRecord, Console], Text]  # all of it, to be printed
    page: Callable[[MatchRecord], str]  # HTML in one file
    films: Mapping[str, Callable[[MatchRecord, Path], None]]  # by the file's ending; none of board games


def view_of(record: MatchRecord) -> View:
    """What shows this match. Imports no other family's, for these take a moment. Raises `InputError`: unknown game, or
    one for another number of agents."""
    require_seats(record, envs.spec(record.game))
    if for_points(record.game):
        from arena.view import film, film_page, screen

        return View(screen.watch, screen.lines, film_page.page, film.WRITERS)
    if for_teams(record.game):
        from arena.view import team, team_film, team_page

        return View(team.watch, team.lines, team_page.page, team_film.WRITERS)
    from arena.view import board_page, terminal

    return View(terminal.watch, terminal.lines, board_page.page, {})

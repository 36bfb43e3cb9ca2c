"""Games. ``envs.make("connect_four")`` gives a board game's rules, ``envs.pettingzoo_env("connect_four")`` a PettingZoo
environment with them, ``envs.score_game("breakout")`` a game that is played for points, ``envs.team_game("moba_5v5")``
one between two teams.

A module or package of this folder that has a table of games (id -> function that makes the game), ``GAMES`` for board
games, ``SCORE_GAMES`` or ``TEAM_GAMES``, is found by itself: adding a game is adding a file.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from envs.core import BoardGame, GameSpec, IllegalAction, InputError, ScoreGame, TeamGame, unknown

__all__ = [
    "BoardGame",
    "GameSpec",
    "IllegalAction",
    "InputError",
    "ScoreGame",
    "TeamGame",
    "ids",
    "make",
    "pettingzoo_env",
    "score_game",
    "score_ids",
    "spec",
    "team_game",
    "team_ids",
]


_TOOLS = {
    "aec",
    "bits",
    "connect_four_endings",
    "core",
    "discs",
    "endings",
    "fours",
    "moba_v0",
    "othello_endings",
    "parallel",
    "perft",
    "picture",
    "raster",
    "squares",
    "svg",
    "testing",
}  # need not be searched


def _table(module: str, name: str) -> Mapping[str, Callable[[], Any]]:
    games: Mapping[str, Callable[[], Any]] = getattr(importlib.import_module(f"{__name__}.{module}"), name, {})
    return games


@cache
def _games(name: str) -> dict[str, Callable[[], Any]]:
    """All tables of that name as one."""
    modules = sorted({module.name for module in pkgutil.iter_modules(__path__)} - _TOOLS)
    found: dict[str, Callable[[], Any]] = {}
    for module in modules:
        table = _table(module, name)
        if twice := sorted(found.keys() & table):
            raise InputError(f"the game {twice[0]!r} is in envs/{module} and in another file too")
        found.update(table)
    return found


def ids() -> tuple[str, ...]:
    """Every board game's id, sorted."""
    return tuple(sorted(_games("GAMES")))


def score_ids() -> tuple[str, ...]:
    """The ids of all games that are played for points, sorted."""
    return tuple(sorted(_games("SCORE_GAMES")))


def team_ids() -> tuple[str, ...]:
    """The ids of all games between two teams, sorted."""
    return tuple(sorted(_games("TEAM_GAMES")))


@cache
def make(game_id: str) -> BoardGame:
    """The rules of a board game by its id; one shared instance, as rules hold no state. Raises `InputError`."""
    if game_id.isidentifier() and game_id not in _TOOLS and importlib.util.find_spec(f"{__name__}.{game_id}"):
        games = _table(game_id, "GAMES")  # the usual case, a file named like its game: import no other
    else:
        games = _games("GAMES")
    if game_id not in games:
        if game_id in _games("SCORE_GAMES"):
            raise InputError(f"{game_id} is played for points, by one player; that works for board games only")
        if game_id in _games("TEAM_GAMES"):
            raise InputError(f"{game_id} is played by teams, all units at once; that works for board games only")
        raise unknown("game", game_id, ids())
    game: BoardGame = games[game_id]()
    return game


@cache
def score_game(game_id: str) -> ScoreGame:
    """A game that is played for points, by its id; one shared instance. Raises `InputError`."""
    if game_id not in _games("SCORE_GAMES"):
        raise unknown("game", game_id, _similar(game_id))
    game: ScoreGame = _games("SCORE_GAMES")[game_id]()
    return game


@cache
def team_game(game_id: str) -> TeamGame:
    """A game between two teams, by its id; one shared instance. Raises `InputError`."""
    if game_id not in _games("TEAM_GAMES"):
        raise unknown("team game", game_id, team_ids())
    game: TeamGame = _games("TEAM_GAMES")[game_id]()
    return game


def spec(game_id: str) -> GameSpec:
    """The facts about a game of any family. Raises `InputError`."""
    if sum(game_id in _games(family) for family in ("GAMES", "SCORE_GAMES", "TEAM_GAMES")) > 1:
        raise InputError(f"the game {game_id!r} is in two families: one of them needs another name")
    if game_id in _games("SCORE_GAMES"):
        return score_game(game_id).spec
    if game_id in _games("TEAM_GAMES"):
        return team_game(game_id).spec
    if game_id not in _games("GAMES"):
        raise unknown("game", game_id, (*ids(), *team_ids(), *_similar(game_id)))
    return make(game_id).spec


def _similar(game_id: str) -> list[str]:
    """Stands for the games played for points in an error message: there are hundreds of them."""
    return [*difflib.get_close_matches(game_id, score_ids()), "an Atari game by its ALE name"]


def __getattr__(name: str) -> Any:
    """``envs.moba_v0``, imported when somebody asks for it: PettingZoo is slow to import."""
    if name == "moba_v0":
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def pettingzoo_env(game_id: str, render_mode: str | None = None) -> Any:
    """The game as a PettingZoo AEC environment. Board games give an observation dictionary with ``action_mask``; team
    games have the mask in ``infos``, and `team_game` gives their parallel environment too."""
    if game_id in _games("TEAM_GAMES"):
        from pettingzoo.utils import wrappers
        from pettingzoo.utils.conversions import parallel_to_aec

        turns = parallel_to_aec(team_game(game_id).parallel_env(render_mode))
        return wrappers.OrderEnforcingWrapper(wrappers.AssertOutOfBoundsWrapper(turns))
    from envs.aec import env  # PettingZoo is slow to import, and most callers want only the rules

    return env(game_id, render_mode=render_mode)

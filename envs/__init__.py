"""Games. ``envs.make("connect_four")`` gives the rules, ``envs.pettingzoo_env("connect_four")`` a PettingZoo one.

A module or package of this folder that has a ``GAMES`` table (game id -> function that makes the game) is found by
itself: adding a game is adding a file.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any

from envs.core import BoardGame, GameSpec, IllegalAction, InputError, unknown

__all__ = ["BoardGame", "GameSpec", "IllegalAction", "InputError", "ids", "make", "pettingzoo_env"]


_TOOLS = {"aec", "bits", "core", "perft", "picture", "raster", "squares", "svg", "testing"}  # need not be searched


def _games_of(module: str) -> dict[str, Callable[[], BoardGame]]:
    games: dict[str, Callable[[], BoardGame]] = getattr(importlib.import_module(f"{__name__}.{module}"), "GAMES", {})
    return games


@cache
def _games() -> dict[str, Callable[[], BoardGame]]:
    modules = sorted({module.name for module in pkgutil.iter_modules(__path__)} - _TOOLS)
    return {game: maker for module in modules for game, maker in _games_of(module).items()}


def ids() -> tuple[str, ...]:
    """Every game's id, sorted."""
    return tuple(sorted(_games()))


@cache
def make(game_id: str) -> BoardGame:
    """The rules of a game by its id; one shared instance, as rules hold no state. Raises `InputError`."""
    if game_id.isidentifier() and game_id not in _TOOLS and importlib.util.find_spec(f"{__name__}.{game_id}"):
        games = _games_of(game_id)  # the usual case, a file named like its game: import no other
    else:
        games = _games()
    if game_id not in games:
        raise unknown("game", game_id, ids())
    return games[game_id]()


def pettingzoo_env(game_id: str, render_mode: str | None = None) -> Any:
    """The game as a PettingZoo AEC environment (observation dictionary with ``action_mask``)."""
    from envs.aec import env  # PettingZoo is slow to import, and most callers want only the rules

    return env(game_id, render_mode=render_mode)

"""The Atari games by the arena's ids."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from envs.atari.catalogue import NUM_ACTIONS
from envs.atari.game import AtariGame
from envs.atari.protocol import CLASSIC, STICKY, Protocol

_RENAMED = {"othello": "atari_othello"}  # the arena has an Othello of its own


def _games(protocol: Protocol, suffix: str) -> dict[str, Callable[[], AtariGame]]:
    ids = {rom: _RENAMED.get(rom, rom) + suffix for rom in NUM_ACTIONS}
    return {game_id: partial(AtariGame, game_id, rom, protocol) for rom, game_id in ids.items()}


SCORE_GAMES: dict[str, Callable[[], AtariGame]] = {**_games(CLASSIC, ""), **_games(STICKY, "_sticky")}

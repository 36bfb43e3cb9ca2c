"""Positions as a chess program tells them: a start and the moves since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from envs.chess.game import Chess, Minichess
from envs.core import InputError, State

Game = Chess | Minichess
UNCLAIMED = ("fifty moves", "threefold repetition")  # draws that a player may claim, and need not


@dataclass(frozen=True, slots=True)
class Told:
    """A position and how it came about, as far as the search is concerned."""

    fen: str | None  # as told; None: the game's own start
    moves: tuple[str, ...]
    start: State
    actions: tuple[int, ...]
    state: State  # after the actions


def follow(game: Game, fen: str | None, moves: tuple[str, ...], before: Told | None = None) -> Told:
    """The position a program tells. Raises `InputError`, which quotes what makes no sense.

    ``before``: the one told last, from where it goes on if it does. In this project's rules a draw that may be claimed
    ends the game. Where a program goes on nevertheless, the engine goes on from there and forgets what was before."""
    if before is not None and before.fen == fen and moves[: len(before.moves)] == before.moves:
        start, actions, state, known = before.start, list(before.actions), before.state, len(before.moves)
    else:
        start, actions, known = game.init(1)[0] if fen is None else game.from_fen(fen), [], 0
        start = state = _going_on(game, start)
    for i, text in enumerate(moves[known:], known + 1):
        try:
            action = game.parse_action(state, text)
        except InputError as error:
            raise InputError(f"move {i}: {error}") from None
        state = game.step(state[None], np.array([action], np.int32))[0]
        actions.append(action)
        going_on = _going_on(game, state)
        if going_on is not state:
            start, actions, state = going_on, [], going_on
    return Told(fen, moves, start, tuple(actions), state)


def _going_on(game: Game, state: State) -> State:
    """The position itself; where a claim could end the game, the same without its past."""
    if game.ending(state) not in UNCLAIMED:
        return state
    fields = game.to_fen(state).split()
    fields[4] = "0"
    return game.from_fen(" ".join(fields))

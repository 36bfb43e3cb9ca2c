"""The games at the end of a file that are never trained on, and how well a network predicts them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.search.evaluators import Evaluator
from envs.core import BoardGame, States
from selfplay import chunks, lessons, pgn
from selfplay.chunks import Games
from selfplay.pgn import Cursor, Played, Problem

SHARE = 0.015  # of the file's bytes, at its end
POSITIONS = 4096  # at most, so that asking about them takes seconds


@dataclass(frozen=True, slots=True)
class Score:
    """How well a network predicts games that it has not learned from. NaN where there are none."""

    accuracy: float = math.nan  # share of positions whose likeliest legal move was played
    value_loss: float = math.nan  # cross-entropy of win/draw/loss with the game's result, in nats; ignorance is 1.10


def score(game: BoardGame, evaluate: Evaluator, games: Games) -> Score:
    """How well these moves and results are predicted."""
    right, loss = 0, 0.0
    for first in range(0, len(games), 256):
        here = slice(first, first + 256)
        states: States = games.states[here]
        legal = game.legal(states)
        logits, wdl = evaluate(states, legal)
        guess = np.where(legal, logits, -np.inf).argmax(axis=1)
        right += int((guess == games.actions[here]).sum())
        rows: NDArray[np.int64] = np.arange(len(states))
        loss -= float(np.log(np.maximum(wdl[rows, games.results[here]], 1e-9)).sum())
    return Score(right / len(games), loss / len(games))


def hold_out(game: BoardGame, path: Path) -> tuple[int, Games | None, list[Problem]]:
    """The byte at which games begin that are not trained on, and their positions, as many as are wanted; and what is
    wrong with others there.

    They are the last 1.5 % of the file; in a small one at least its last game, if it has a second."""
    size, share = path.stat().st_size, SHARE
    while share <= 0.5:
        begin = pgn.next_game(path, int(size * (1 - share)))
        held, problems = list[Games](), list[Problem]()
        for _, found in pgn.read(path, Cursor(begin), size):
            if isinstance(found, Played):
                games, wrong = lessons.positions(game, [found])
                held += [games] if games is not None else []
                problems += wrong
            else:
                problems.append(found)
            if sum(map(len, held)) >= POSITIONS:
                break
        if held:
            where = f"(games and lines counted from byte {begin:,} on)"
            return begin, chunks.join(held), [replace(one, text=f"{one.text} {where}") for one in problems]
        share *= 2
    return size, None, []

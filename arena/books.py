"""Opening books from files: the first moves of the games in a PGN file, or the positions in an EPD file.

An opening here is the actions that lead to it (`arena.openings`), so that its game replays from the start and agents
see how it came about. An EPD file names positions only; the short lines that lead to them are found by looking at all
there are, which is why it may only hold positions that a few plies lead to.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from arena.openings import Opening, canonical_keys
from arena.schedule import BOOK
from envs.core import BoardGame, InputError, State
from selfplay.pgn import STANDARD

PLIES = 16  # of a game in a PGN file
DEEPEST = 4  # plies to a position in an EPD file


def read_openings(game: BoardGame, path: Path, plies: int = PLIES, at_most: int = BOOK) -> tuple[Opening, ...]:
    """The first openings of a file, those that lead to the same position or to the end of the game once or not at all.

    plies: most of a PGN game's moves that are an opening.
    Raises `InputError`, with the game's or the line's number: a file that cannot be read, holds no opening, a move that
    is illegal, or a position that no short line leads to; a game that such files are not made for."""
    if not hasattr(game, "uci_variant"):
        raise InputError(f"openings are read for chess and minichess, not for {game.spec.title}")
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    lines = _positions(game, path, text) if path.suffix.lower() == ".epd" else _games(game, path, text, plies)
    found: dict[int, Opening] = {}
    for opening in lines:
        state = game.init(1)
        for action in opening:
            state = game.step(state, np.array([action], np.int32))
        if np.isnan(game.outcome(state)[0]):
            found.setdefault(int(canonical_keys(game, state)[0]), opening)
        if len(found) >= at_most:
            break
    if not found:
        raise InputError(f"{path} holds no openings of {game.spec.title}")
    return tuple(found.values())


def _games(game: BoardGame, path: Path, text: str, plies: int) -> Iterator[Opening]:
    """The beginnings of a PGN file's games, by python-chess, which knows chess alone."""
    import chess.pgn

    if game.spec.id != "chess":
        raise InputError(f"{path}: PGN files of {game.spec.title} cannot be read, only EPD files")
    file = io.StringIO(text)
    for number in range(1, len(text) + 2):
        played = chess.pgn.read_game(file)
        if played is None:
            return
        if played.errors:
            raise InputError(f"{path}, game {number}: {played.errors[0]}")
        if played.headers.get("Variant", "standard").lower() not in STANDARD:
            raise InputError(f"{path}, game {number}: it is a game of {played.headers['Variant']!r}, not of chess")
        if played.board() != chess.Board():
            raise InputError(f"{path}, game {number}: it does not begin with the initial position of chess")
        state, actions = game.init(1), list[int]()
        for move in list(played.mainline_moves())[:plies]:
            actions.append(game.parse_action(state[0], move.uci()))
            state = game.step(state, np.array(actions[-1:], np.int32))
        if actions:
            yield tuple(actions)


def _positions(game: BoardGame, path: Path, text: str) -> Iterator[Opening]:
    """Lines that lead to the positions of an EPD file."""
    lines = _short_lines(game)
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()[:4]
        if not fields or line.startswith("#"):
            continue
        key = _epd(game, " ".join(fields), f"{path}, line {number}")
        if key not in lines:
            raise InputError(f"{path}, line {number}: no line of {DEEPEST} plies or less leads to {' '.join(fields)}")
        yield lines[key]


def _epd(game: BoardGame, text: str, where: str) -> str:
    try:
        state = game.from_fen(text)  # type: ignore[attr-defined]
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    return _fields(game, state)


def _fields(game: BoardGame, state: State) -> str:
    fen: str = game.to_fen(state)  # type: ignore[attr-defined]
    return " ".join(fen.split()[:4])


def _short_lines(game: BoardGame) -> dict[str, Opening]:
    """A shortest line to every position that `DEEPEST` plies or less lead to, by its EPD."""
    states, lines = game.init(1), np.zeros((1, 0), np.int32)
    found: dict[str, Opening] = {}
    for ply in range(DEEPEST + 1):
        _, first = np.unique(game.key(states), return_index=True)
        states, lines = states[first], lines[first]
        for state, line in zip(states, lines.tolist(), strict=True):
            found.setdefault(_fields(game, state), tuple(line))
        if ply < DEEPEST:
            rows, actions = np.nonzero(game.legal(states))
            states = game.step(states[rows], actions.astype(np.int32))
            lines = np.concatenate([lines[rows], actions.astype(np.int32)[:, None]], axis=1)
    return found

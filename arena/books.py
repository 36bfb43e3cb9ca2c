"""Opening books from files: the first moves of the games in a PGN file, or the positions in an EPD file.

The moves of a PGN game are an opening's actions, from the initial position or from that of its FEN header; an EPD
file's positions are where games begin, and agents do not see how they came about.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from arena.openings import Opening, Placed, after, begin, canonical_keys
from envs.core import BoardGame, InputError
from selfplay.pgn import STANDARD

PLIES = 16  # of a game in a PGN file
MOST = 4096  # openings that are read


def read_openings(game: BoardGame, path: Path, plies: int = PLIES, at_most: int = MOST) -> tuple[Opening, ...]:
    """The first openings of a file, those that lead to the same position or to the end of the game once or not at all.

    plies: most of a PGN game's moves that are an opening.
    Raises `InputError`, with the game's or the line's number: a file that cannot be read or holds no opening, a move
    that is illegal, a position that is none; a game that such files are not made for."""
    if not hasattr(game, "uci_variant"):
        raise InputError(f"openings are read for chess and minichess, not for {game.spec.title}")
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    lines = _positions(game, path, text) if path.suffix.lower() == ".epd" else _games(game, path, text, plies)
    found: dict[int, Opening] = {}
    for opening in lines:
        state = after(game, [opening])
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
        placed = None
        if played.board() != chess.Board():
            placed = _placed(game, played.board().fen(), f"{path}, game {number}")
        state, actions = begin(game, placed.options if placed else {}), list[int]()
        for move in list(played.mainline_moves())[:plies]:
            if not np.isnan(game.outcome(state)[0]):  # as a draw that nobody claimed; it is no opening
                break
            try:
                actions.append(game.parse_action(state[0], move.uci()))
            except InputError as error:
                raise InputError(f"{path}, game {number}: {error}") from None
            state = game.step(state, np.array(actions[-1:], np.int32))
        if placed:
            yield Placed(placed.fen, tuple(actions))
        elif actions:
            yield tuple(actions)


def _positions(game: BoardGame, path: Path, text: str) -> Iterator[Placed]:
    """The positions of an EPD file."""
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()[:4]
        if fields and not line.startswith("#"):
            yield _placed(game, " ".join(fields), f"{path}, line {number}")


def _placed(game: BoardGame, text: str, where: str) -> Placed:
    try:
        return Placed(game.to_fen(game.from_fen(text)))  # type: ignore[attr-defined]
    except InputError as error:
        raise InputError(f"{where}: {error}") from None

"""Games of experts from PGN files.

What comments say about the moves is understood where it is there:

* ``[%eval 0.34]``, ``[%eval #-3]``: the position after the move in pawns, or moves to a mate, for white (Lichess).
* ``[%lines e2e4 0.41 d2d4 0.33]``: shares of the moves that an engine weighed before the move was made, in UCI's
  notation: a softer target than the move alone.
* ``[%wdl 512 400 88]``: what that engine expected before the move, win, draw and loss per mille for the mover.

A file is read game by game, so it may be larger than the memory. A game that is of no use is told as a `Problem` with
its number and line, and passed over. `selfplay.lessons` makes the others something to learn from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import chess
import chess.pgn

import envs
from agents.uci.info import expectation, value_of
from envs.chess.threats import BISHOP, QUEEN, ROOK
from envs.core import BoardGame, InputError

GAME = "chess"  # the only game that python-chess reads
STANDARD = ("standard", "chess", "normal", "from position")  # what the tag Variant calls it, in lower case
WDL = tuple[float, float, float]
_PROMOTIONS = {None: 0, chess.KNIGHT: 0, chess.BISHOP: BISHOP, chess.ROOK: ROOK, chess.QUEEN: QUEEN}
_RESULTS = {"1-0": 1.0, "0-1": -1.0, "1/2-1/2": 0.0}
_ERRORS = (  # the first that fits
    ("illegal move", chess.IllegalMoveError),
    ("ambiguous move", chess.AmbiguousMoveError),
    ("unreadable move", chess.InvalidMoveError),
    ("bad position", Exception),
)
_EVAL = re.compile(r"\[%eval\s+(?:#([+-]?\d{1,4})|([+-]?\d{1,6}(?:\.\d*)?|[+-]?\.\d+))(?:,\d+)?\s*\]")
_LINES = re.compile(r"\[%lines\s+([^\]]*)\]")
_WDL = re.compile(r"\[%wdl\s+(\d{1,4})\s+(\d{1,4})\s+(\d{1,4})\s*\]")
_TAG = re.compile(rb'\[\s*\w+\s+"')
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ": "xz", b"PK": "zip"}


@dataclass(frozen=True, slots=True)
class Problem:
    """A game that is passed over."""

    game: int  # in the file, from 1
    line: int  # of the file, from 1
    kind: str  # for counting
    text: str  # for people

    def __str__(self) -> str:
        return f"game {self.game}, line {self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two games of a file."""

    offset: int = 0  # bytes before it
    line: int = 0  # lines before it
    game: int = 0  # games before it


@dataclass(slots=True)
class Played:
    """A game as the file has it. Lists are by ply, from the position that it begins with."""

    number: int
    line: int  # where it begins
    fen: str = ""  # of the first position; empty: the usual one
    result: float = math.nan  # for white
    moves: list[int] = field(default_factory=list)  # start | end << 6 | promotion << 12, white's squares
    shares: dict[int, dict[int, float]] = field(default_factory=dict)  # [%lines] by ply: move -> share, sum 1
    expected: dict[int, WDL] = field(default_factory=dict)  # by ply, for the mover, sum 1


class _Lines:
    """A file's lines, as python-chess reads them, counted."""

    def __init__(self, file: BinaryIO, cursor: Cursor) -> None:
        file.seek(cursor.offset)
        self._file, self.offset, self.line = file, cursor.offset, cursor.line
        self.written = 0  # the last line that is not blank
        self._again: bytes | None = None

    def readline(self) -> str:
        raw = self._file.readline() if self._again is None else self._again
        self._again = None
        self.offset += len(raw)
        self.line += bool(raw)
        if not raw.isspace():
            self.written = self.line
        return raw.decode("utf-8", errors="replace").replace("\0", "\ufffd")

    def skip_blank(self) -> None:
        """Goes to the beginning of the next line that is not blank."""
        while self._again is None:
            raw = self._file.readline()
            if raw and raw.isspace():
                self.offset += len(raw)
                self.line += 1
            else:
                self._again = raw


class _Visitor(chess.pgn.BaseVisitor["Played | Problem"]):
    """Takes one game down; the first thing wrong with it counts."""

    def __init__(self, lines: _Lines, number: int) -> None:
        self._lines, self._number = lines, number
        self._played = Played(number, lines.line + 1)
        self._problem: Problem | None = None
        self._headers: dict[str, str] = {}
        self._told = ""  # the result after the moves

    def _bad(self, kind: str, text: str, line: int | None = None) -> None:
        if self._problem is None:
            self._problem = Problem(self._number, line or self._lines.written, kind, text)

    def visit_header(self, tagname: str, tagvalue: str) -> None:
        self._headers[tagname] = tagvalue

    def end_headers(self) -> Any:
        variant = self._headers.get("Variant", "standard").lower()
        if variant not in STANDARD:
            self._bad("another variant", f"it is a game of {variant!r}, not of chess", self._played.line)
        elif self._headers.get("Result", "*") not in (*_RESULTS, "*"):
            self._bad("unknown result", f"unknown result {self._headers['Result']!r}", self._played.line)
        self._played.fen = self._headers.get("FEN", "")
        return chess.pgn.SKIP if self._problem else None

    def parse_san(self, board: chess.Board, san: str) -> chess.Move:
        if self._told:
            self._bad("moves after the result", f"{san!r} comes after the result {self._told}")
        return super().parse_san(board, san)

    def visit_move(self, board: chess.Board, move: chess.Move) -> None:
        if not move:
            self._bad("illegal move", f"a null move after {len(self._played.moves)} plies")
        self._played.moves.append(code_of(move))

    def visit_comment(self, comment: str) -> None:
        if "[%" not in comment or self._problem:
            return
        ply = len(self._played.moves)
        if (found := _EVAL.search(comment)) is not None:
            self._played.expected.setdefault(ply, _of_eval(found[1], found[2], self._black(ply)))
        if (found := _WDL.search(comment)) is not None and ply and sum(map(int, found.groups())):
            win, draw, loss = map(int, found.groups())
            total = win + draw + loss
            self._played.expected[ply - 1] = (win / total, draw / total, loss / total)
        if (found := _LINES.search(comment)) is not None and ply:
            try:
                self._played.shares[ply - 1] = _shares(found[1].split())
            except ValueError:
                self._bad("unreadable lines", f"[%lines {found[1][:60]}] is not pairs of a move and a share")

    def _black(self, ply: int) -> bool:
        """Whether black is to move after so many plies."""
        return bool(ply % 2) != (self._played.fen.split()[1:2] == ["b"])

    def begin_variation(self) -> Any:
        return chess.pgn.SKIP

    def visit_result(self, result: str) -> None:
        self._told = result

    def handle_error(self, error: Exception) -> None:
        for kind, what in _ERRORS:
            if isinstance(error, what):
                self._bad(kind, str(error))

    def end_game(self) -> None:
        header, told = self._headers.get("Result", self._told), self._told
        if not self._played.moves:
            self._bad("no moves", "it has no moves")
        elif not told:
            self._bad("cut off", "it is cut off: no result after its moves")
        elif "*" in (header, told) and (header, told) != ("*", "*"):
            told = told if header == "*" else header
        elif header != told:
            self._bad("results disagree", f"its header says {header}, its end {told}")
        if told == "*":
            self._bad("no result", "it was not finished (*)")
        self._played.result = _RESULTS.get(told, math.nan)

    def result(self) -> Played | Problem:
        return self._problem or self._played


def code_of(move: chess.Move) -> int:
    """start | end << 6 | promotion << 12, as `envs.chess.movegen` writes moves, but on white's squares."""
    return move.from_square | move.to_square << 6 | _PROMOTIONS.get(move.promotion, 0) << 12


def _of_eval(mate: str | None, pawns: str | None, black: bool) -> WDL:
    """Win, draw and loss for the mover. Engines' own models are of their games against themselves, where a pawn and a
    half decides, and teach next to nothing of what lies beyond; this is what such an advantage is worth to others."""
    if mate is not None:
        wins = not mate.startswith("-")  # "#0" is said of nobody in a running game
        return (1.0, 0.0, 0.0) if wins != black else (0.0, 0.0, 1.0)
    centipawns = 100 * float(pawns or 0)
    return expectation(value_of(-centipawns if black else centipawns))


def _shares(words: Sequence[str]) -> dict[int, float]:
    """``e2e4 0.41 d2d4 0.33`` as shares that sum to 1. Raises ValueError."""
    found: dict[int, float] = {}
    for move, share in zip(words[::2], words[1::2], strict=True):
        found[code_of(chess.Move.from_uci(move))] = float(share)
    total = math.fsum(found.values())
    if not (found and 0 < total < math.inf and min(found.values()) >= 0):
        raise ValueError
    return {move: share / total for move, share in found.items()}


def check(game_id: str, path: Path) -> BoardGame:
    """The game that is learned. Raises `InputError`: a game without PGN, a file that is none."""
    game = envs.make(game_id)
    if game_id != GAME:
        raise InputError(f"games of {game.spec.title} cannot be learned from PGN files, only those of chess")
    try:
        with path.open("rb") as file:
            begin = file.read(4096)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    for magic, name in _PACKED.items():
        if begin.startswith(magic):
            raise InputError(f"{path} is packed ({name}); unpack it first")
    if b"\0" in begin or not begin.strip():
        raise InputError(f"{path} is {'not a text file' if begin else 'empty'}")
    return game


def read(path: Path, cursor: Cursor, end: int) -> Iterator[tuple[Cursor, Played | Problem]]:
    """The games from a place on that begin before byte ``end``, each with the place behind it."""
    with path.open("rb") as file:
        lines, number = _Lines(file, cursor), cursor.game
        while True:
            lines.skip_blank()
            if lines.offset >= end:
                return
            before, visitor = lines.offset, partial(_Visitor, lines, number + 1)
            found: Played | Problem | None = chess.pgn.read_game(lines, Visitor=visitor)  # type: ignore[call-overload]
            if found is None or lines.offset == before:
                return
            number += 1
            yield Cursor(lines.offset, lines.line, number), found


def next_game(path: Path, offset: int) -> int:
    """The byte at which the first game begins that begins there or later; the file's size if there is none."""
    with path.open("rb") as file:
        file.seek(max(offset - 1, 0))
        blank = offset == 0
        if offset and file.readline().isspace():
            blank = True
        while True:
            place, line = file.tell(), file.readline()
            if not line:
                return place
            if blank and _TAG.match(line):
                return place
            blank = line.isspace()

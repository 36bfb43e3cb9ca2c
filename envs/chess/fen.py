"""Positions as text: Forsyth-Edwards Notation, for both sizes of board."""

from __future__ import annotations

from collections import Counter

import numpy as np

from envs.chess.bitboards import U, flipped, turned
from envs.chess.movegen import MOST_MOVES
from envs.chess.position import (
    CASTLING,
    CLOCK,
    FACTS,
    PASSANT,
    PLIES,
    WORDS,
    checked,
    field,
    legal_moves,
    settle,
)
from envs.core import InputError, State

LETTERS = ".brqpnk"  # by kind, lower case for black
RIGHTS = "KQkq"
_MOST_CLOCK, _MOST_NUMBER = 255, 32_767


def piece_letters(state: State, size: int) -> dict[int, str]:
    """The pieces by square (``8 * rank + file``, a1 being 0), white's in upper case."""
    own, diag, orth, step = (int(word) for word in state[:FACTS])
    black = int(state[FACTS]) & 1
    pieces, left = {}, diag | orth | step
    while left:
        bit = left.bit_length() - 1
        left ^= 1 << bit
        letter = LETTERS[(diag >> bit & 1) | (orth >> bit & 1) << 1 | (step >> bit & 1) << 2]
        square = turned(bit, size) if black else bit
        pieces[square] = letter.upper() if own >> bit & 1 != black else letter
    return pieces


def _board_text(pieces: dict[int, str], size: int) -> str:
    ranks = []
    for r in reversed(range(size)):
        text, gap = "", 0
        for f in range(size):
            piece = pieces.get(8 * r + f)
            gap, text = (gap + 1, text) if piece is None else (0, text + (str(gap) if gap else "") + piece)
        ranks.append(text + (str(gap) if gap else ""))
    return "/".join(ranks)


def to_fen(state: State, size: int) -> str:
    """The position in the form of python-chess: an en passant square only where the capture is legal."""
    black = int(state[FACTS]) & 1
    rights, passant = int(field(state, CASTLING, 4)), int(field(state, PASSANT, 4))
    whites = rights if not black else rights >> 2 | (rights & 3) << 2
    plies = int(field(state, PLIES, 32))
    return " ".join(
        (
            _board_text(piece_letters(state, size), size),
            "b" if black else "w",
            "".join(letter for i, letter in enumerate(RIGHTS) if whites >> i & 1) or "-",
            f"{'abcdefgh'[passant - 1]}{3 if black else 6}" if passant else "-",
            str(int(field(state, CLOCK, 8))),
            str(plies // 2 + 1),
        )
    )


def _pieces(text: str, size: int) -> dict[int, str]:
    ranks = text.split("/")
    if len(ranks) != size:
        raise InputError(f"{len(ranks)} ranks instead of {size}")
    pieces = {}
    for r, line in zip(reversed(range(size)), ranks, strict=True):
        f = 0
        for character in line:
            if character in "12345678":
                f += int(character)
            elif character in LETTERS[1:] + LETTERS[1:].upper():
                pieces[8 * r + f] = character
                f += 1
            else:
                raise InputError(f"{character!r} is neither a piece nor a number of empty squares")
        if f != size:
            raise InputError(f"rank {line!r} has {f} squares instead of {size}")
    for side, letters in (("white", LETTERS.upper()), ("black", LETTERS)):
        owned = [piece for piece in pieces.values() if piece in letters]
        if owned.count(letters[-1]) != 1:
            raise InputError(f"{side} has {owned.count(letters[-1])} kings instead of one")
        if len(owned) > 2 * size:
            raise InputError(f"{side} has {len(owned)} pieces, more than {2 * size}")
        made, pawns = _promoted(owned, size), sum(piece in "Pp" for piece in owned)
        if made + pawns > size:
            raise InputError(
                f"{side} has {pawns} pawns and {made} pieces that have been pawns, more than {size} in all"
            )
    if any(piece in "Pp" and square // 8 in (0, size - 1) for square, piece in pieces.items()):
        raise InputError("a pawn stands on the first or the last rank")
    return pieces


def _promoted(owned: list[str], size: int) -> int:
    """How many of a side's pieces, at least, are more than a game begins with."""
    counts = Counter(piece.lower() for piece in owned)
    return sum(max(0, counts[piece] - (2 if size == 8 and piece != "q" else 1)) for piece in "qrbn")


def _castling(text: str, pieces: dict[int, str], size: int) -> int:
    """The rights as bits KQkq."""
    if text == "-":
        return 0
    if size != 8 or any(letter not in RIGHTS for letter in text) or len(set(text)) < len(text):
        choices = "'-' or some of KQkq" if size == 8 else "'-'"
        raise InputError(f"castling rights {text!r} are not {choices}")
    corners = {"K": (7, 4, "RK"), "Q": (0, 4, "RK"), "k": (63, 60, "rk"), "q": (56, 60, "rk")}
    for letter in text:
        rook, king, names = corners[letter]
        if (pieces.get(rook), pieces.get(king)) != tuple(names):
            raise InputError(f"castling right {letter!r}, but king and rook are not on their first squares")
    return sum(1 << RIGHTS.index(letter) for letter in text)


def _passant(text: str, pieces: dict[int, str], black: bool, size: int) -> int:
    if text == "-":
        return 0
    files, forward = "abcdefgh", -8 if black else 8
    if size != 8 or len(text) != 2 or text[0] not in files or text[1] != ("3" if black else "6"):
        raise InputError(f"en passant square {text!r} is not possible")
    target = 8 * (int(text[1]) - 1) + files.index(text[0])
    passed = pieces.get(target - forward) == ("P" if black else "p")
    if not passed or target in pieces or target + forward in pieces:
        raise InputError(f"en passant square {text!r}, but no pawn has just passed it")
    return 1 + files.index(text[0])


def _number(text: str, what: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= most):
        raise InputError(f"{what} {text[:40]!r} is not a number from {least} to {most}")
    return int(text)


def _parse(text: str, size: int, max_legal: int) -> State:
    fields = text.split()
    if not 4 <= len(fields) <= 6:
        raise InputError(f"{len(fields)} fields instead of 4 to 6")
    board, turn, castling, passant, clock, number = [*fields, *("0", "1")[len(fields) - 4 :]]
    if turn not in ("w", "b"):
        raise InputError(f"side to move {turn!r} is neither 'w' nor 'b'")
    black = turn == "b"
    pieces = _pieces(board, size)
    rights = _castling(castling, pieces, size)
    rights = rights >> 2 | (rights & 3) << 2 if black else rights
    plies = 2 * (_number(number, "move number", 0, _MOST_NUMBER) - 1) + black
    own = diag = orth = step = 0
    for square, piece in pieces.items():
        kind = LETTERS.index(piece.lower())
        bit = 1 << (turned(square, size) if black else square)
        own |= bit if piece.islower() == black else 0
        diag, orth, step = diag | bit * (kind & 1), orth | bit * (kind >> 1 & 1), step | bit * (kind >> 2)
    row = np.zeros(WORDS, np.uint64)
    row[:FACTS] = own, diag, orth, step
    row[FACTS] = (
        int(black)
        | rights << int(CASTLING)
        | _passant(passant, pieces, black, size) << int(PASSANT)
        | _number(clock, "halfmove clock", 0, _MOST_CLOCK) << int(CLOCK)
        | max(plies, int(black)) << int(PLIES)
    )
    theirs = (diag | orth | step) & ~own
    if checked(np.array([flipped(U(word), U(size)) for word in (theirs, diag, orth, step)], np.uint64), U(size)):
        raise InputError("the king of the side that has just moved is in check")
    settle(row, U(size))
    legal = legal_moves(row, U(size), np.empty(MOST_MOVES, np.uint16))
    if legal > max_legal:
        raise InputError(f"{legal} legal moves; no position that play can reach has more than {max_legal}")
    return row


def from_fen(text: str, size: int, max_legal: int) -> State:
    """The row of a position; clock and move number may be missing. It remembers no earlier positions.

    Raises `InputError`, which quotes the text, for what is no FEN and for positions that no game can have: more than
    one king, pawns on the last ranks, the wrong side in check, rights without their pieces."""
    try:
        return _parse(text, size, max_legal)
    except InputError as error:
        raise InputError(f"bad FEN {text!r}: {error}") from None

"""Opening books: distinct positions, a few random legal plies into the game, from which mirrored pairs are played.

Agents without chance would otherwise play one and the same game for ever. An opening is the actions that lead to it,
from the initial position or, where a file names another (`arena.books`), from that one; no two openings of a book lead
to the same position, its images under the board's symmetries included, and none to a finished game.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.core import BoardGame, GameSpec, IllegalAction, InputError, States

Line = tuple[int, ...]  # actions
FEN = "fen"  # the option of a game that begins elsewhere; see `begin`


@dataclass(frozen=True, slots=True)
class Placed:
    """An opening that does not begin with the initial position."""

    fen: str
    actions: Line = ()

    @property
    def options(self) -> dict[str, Any]:
        return {FEN: self.fen}


Opening = Line | Placed

_DRAWS = 256  # random openings tried at a time
_PATIENCE = 8  # rounds of draws without a new position after which the rest is found by listing all positions


def default_plies(spec: GameSpec) -> tuple[int, int]:
    """Least and most plies of a game's usual openings: 1-2 for tic-tac-toe, 4-8 for Connect Four and longer games."""
    most = min(max(spec.max_plies // 4, 2), 8)
    return most // 2, most


def make_book(game: BoardGame, count: int, plies: tuple[int, int] | None = None, seed: int = 0) -> list[Line]:
    """``count`` openings of ``plies[0]`` to ``plies[1]`` plies; a shorter book begins the longer one of its seed.

    Raises `InputError` with their exact number when there are fewer distinct openings.
    """
    plies = plies or default_plies(game.spec)
    book = largest_book(game, count, plies, seed)
    if len(book) < count:
        raise InputError(
            f"{game.spec.title} has only {len(book)} distinct unfinished positions after {_range(plies)} plies "
            f"(symmetric ones count once), but {count} openings were asked for"
        )
    return book


def largest_book(game: BoardGame, at_most: int, plies: tuple[int, int] | None = None, seed: int = 0) -> list[Line]:
    """The first ``at_most`` openings that `make_book` gives, or all there are. Raises `InputError` where none are."""
    least, most = plies = plies or default_plies(game.spec)
    if not 0 <= least <= most:
        raise InputError(f"openings need 0 <= least plies <= most plies, not {_range(plies)}")
    if at_most < 1:
        raise InputError(f"a book needs at least 1 opening, not {at_most}")
    book = list(islice(_openings(game, least, most, seed), at_most))
    if not book:
        raise InputError(f"{game.spec.title} has no unfinished position after {_range(plies)} plies")
    return book


def begin(game: BoardGame, options: Mapping[str, Any]) -> States:
    """uint64[1, W]: where a game with these options begins. Raises `InputError` for others than `FEN`, for a FEN that
    is none, and where the game has none."""
    if other := set(options) - {FEN}:
        raise InputError(f"{game.spec.title} has no option {min(other)!r}")
    if FEN not in options:
        return game.init(1)
    if not hasattr(game, "from_fen"):
        raise InputError(f"{game.spec.title} begins with its initial position only, not with {options[FEN]!r}")
    state: States = game.from_fen(str(options[FEN]))[None]
    return state


def after(game: BoardGame, openings: Sequence[Opening]) -> States:
    """uint64[n, W]: the positions after these openings. Raises `IllegalAction` where one cannot be played."""
    states = game.init(len(openings))
    lines = [opening.actions if isinstance(opening, Placed) else opening for opening in openings]
    for b, opening in enumerate(openings):
        if isinstance(opening, Placed):
            states[b] = begin(game, opening.options)[0]
    for ply in range(max(map(len, lines), default=0)):
        rows = np.array([b for b, line in enumerate(lines) if len(line) > ply])
        actions = np.array([lines[b][ply] for b in rows], np.int32)
        legal = game.legal(states[rows])
        for b, action, allowed in zip(rows.tolist(), actions.tolist(), legal, strict=True):
            if not (0 <= action < len(allowed) and allowed[action]):
                raise IllegalAction(f"opening {openings[b]}: action {action} at ply {ply} is illegal")
        states[rows] = game.step(states[rows], actions)
    return states


def canonical_keys(game: BoardGame, states: States) -> NDArray[np.uint64]:
    """uint64[B]: the least key among a position's images, hence equal for positions that are images of each other."""
    images = (game.symmetry(states, np.full(len(states), k, np.int8)) for k in range(game.spec.num_symmetries))
    least: NDArray[np.uint64] = np.min([game.key(image) for image in images], axis=0)
    return least


def _range(plies: tuple[int, int]) -> str:
    return str(plies[0]) if plies[0] == plies[1] else f"{plies[0]}-{plies[1]}"


def _openings(game: BoardGame, least: int, most: int, seed: int) -> Iterator[Line]:
    """All openings once each: random ones first; when draws bring no new ones, what is left in a random order."""
    seen: set[int] = set()
    rng = np.random.default_rng([seed, least, most])
    idle = 0
    while idle < _PATIENCE:
        idle += 1
        for key, opening in _draw(game, least, most, rng):
            if key not in seen:
                seen.add(key)
                yield opening
                idle = 0
    rest = [opening for key, opening in _enumerate(game, least, most) if key not in seen]
    for i in rng.permutation(len(rest)):
        yield rest[i]


def _draw(game: BoardGame, least: int, most: int, rng: np.random.Generator) -> list[tuple[int, Line]]:
    """Random openings with their canonical keys, those that run into the end of the game left out."""
    lengths = rng.integers(least, most + 1, _DRAWS)
    states = game.init(_DRAWS)
    actions = np.zeros((_DRAWS, most), np.int32)
    for ply in range(most):
        running = (lengths > ply) & np.isnan(game.outcome(states))
        scores = rng.random((_DRAWS, game.spec.num_actions)) * game.legal(states)
        actions[:, ply] = scores.argmax(axis=1)
        states[running] = game.step(states[running], actions[running, ply])
    unfinished = np.isnan(game.outcome(states))
    keys = canonical_keys(game, states)
    return [(int(keys[b]), tuple(actions[b, : lengths[b]].tolist())) for b in np.flatnonzero(unfinished)]


def _enumerate(game: BoardGame, least: int, most: int) -> Iterator[tuple[int, Line]]:
    """Every distinct unfinished position after ``least`` to ``most`` plies with one way to get there, ply by ply."""
    states, lines = game.init(1), np.zeros((1, 0), np.int32)
    seen: set[int] = set()
    for ply in range(most + 1):
        unfinished = np.isnan(game.outcome(states))
        states, lines = states[unfinished], lines[unfinished]
        keys, first = np.unique(canonical_keys(game, states), return_index=True)
        states, lines = states[first], lines[first]
        if ply >= least:
            for key, line in zip(keys.tolist(), lines.tolist(), strict=True):
                if key not in seen:
                    seen.add(key)
                    yield key, tuple(line)
        rows, legal = np.nonzero(game.legal(states))
        actions = legal.astype(np.int32)
        states = game.step(states[rows], actions)
        lines = np.concatenate([lines[rows], actions[:, None]], axis=1)

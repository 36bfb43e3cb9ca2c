"""Tic-tac-toe, small enough that every claim about play can be checked against all of it.

A position is two words of nine bits, the squares row by row from the top left: ``state[0]`` holds the mover's marks,
``state[1]`` all marks. The mover follows from the number of marks.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from envs.bits import below, draw, mix, popcount
from envs.core import Actions, Arrows, BoardGame, GameSpec, State, States
from envs.kernels import njit
from envs.picture import Circle, Line, Picture, Rect, Shape, hint
from envs.squares import board_text, coordinates, dihedral, square_name

U = np.uint64
SIZE = 3
SQUARES = SIZE * SIZE
LINES = (0o700, 0o070, 0o007, 0o444, 0o222, 0o111, 0o421, 0o124)  # rows, columns, diagonals
CELL, MARGIN = 100.0, 28.0  # of the picture
PAPER, INK, GLOW, COLOURS = "#fbf8f1", "#8a8172", "#fdeeba", ("#e5484d", "#2f6fde")
_FULL = U(0o777)
_WON = np.array([any(marks & line == line for line in LINES) for marks in range(1 << SQUARES)])
_IMAGE = dihedral(SIZE)


@njit(cache=True, nogil=True)
def finished(mine: np.uint64, marks: np.uint64) -> bool:
    """Only the player who moved last can have a line."""
    return bool(marks == _FULL or _WON[marks ^ mine])


@njit(cache=True, nogil=True)
def _result(mine: np.uint64, marks: np.uint64) -> float:
    """Outcome of a finished game for player 0, who has moved last if the number of marks is odd."""
    if _WON[marks ^ mine]:
        return 1.0 if popcount(marks) & U(1) else -1.0
    return 0.0


@njit(cache=True, nogil=True)
def _step(states: States, actions: Actions) -> States:
    out = np.empty_like(states)
    for b in range(states.shape[0]):
        mine, marks = states[b, 0], states[b, 1]
        if finished(mine, marks):
            out[b, 0], out[b, 1] = mine, marks
        else:
            out[b, 0], out[b, 1] = marks ^ mine, marks | (U(1) << U(actions[b]))
    return out


@njit(cache=True, nogil=True)
def _legal(states: States) -> NDArray[np.bool_]:
    out = np.zeros((states.shape[0], SQUARES), np.bool_)
    for b in range(states.shape[0]):
        if not finished(states[b, 0], states[b, 1]):
            for q in range(SQUARES):
                out[b, q] = (states[b, 1] >> U(q)) & U(1) == U(0)
    return out


@njit(cache=True, nogil=True)
def _outcome(states: States) -> NDArray[np.float32]:
    out = np.empty(states.shape[0], np.float32)
    for b in range(states.shape[0]):
        mine, marks = states[b, 0], states[b, 1]
        out[b] = _result(mine, marks) if finished(mine, marks) else np.nan
    return out


@njit(cache=True, nogil=True)
def _mover(states: States) -> NDArray[np.int8]:
    out = np.empty(states.shape[0], np.int8)
    for b in range(states.shape[0]):
        out[b] = popcount(states[b, 1]) & U(1)
    return out


@njit(cache=True, nogil=True)
def _observe(states: States) -> NDArray[np.uint8]:
    out = np.empty((states.shape[0], 2, SIZE, SIZE), np.uint8)
    for b in range(states.shape[0]):
        mine, marks = states[b, 0], states[b, 1]
        for q in range(SQUARES):
            out[b, 0, q // SIZE, q % SIZE] = (mine >> U(q)) & U(1)
            out[b, 1, q // SIZE, q % SIZE] = ((marks ^ mine) >> U(q)) & U(1)
    return out


@njit(cache=True, nogil=True)
def _key(states: States) -> NDArray[np.uint64]:
    out = np.empty(states.shape[0], np.uint64)
    for b in range(states.shape[0]):
        out[b] = mix(states[b, 0] | (states[b, 1] << U(SQUARES)) | (U(1) << U(63)))
    return out


@njit(cache=True, nogil=True)
def _symmetry(states: States, k: NDArray[np.int8]) -> States:
    out = np.zeros_like(states)
    for b in range(states.shape[0]):
        for q in range(SQUARES):
            for w in range(2):
                out[b, w] |= ((states[b, w] >> U(q)) & U(1)) << U(_IMAGE[k[b], q])
    return out


@njit(cache=True, nogil=True)
def _rollout(states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
    out = np.empty(states.shape[0], np.float32)
    free = np.empty(SQUARES, np.uint64)
    for b in range(states.shape[0]):
        mine, marks, ply = states[b, 0], states[b, 1], U(0)
        while not finished(mine, marks):
            n = 0
            for q in range(SQUARES):
                if (marks >> U(q)) & U(1) == U(0):
                    free[n] = q
                    n += 1
            square = free[below(draw(seeds[b], ply), U(n))]
            mine, marks = marks ^ mine, marks | (U(1) << square)
            ply += U(1)
        out[b] = _result(mine, marks)
    return out


class TicTacToe(BoardGame):
    """Rules of tic-tac-toe; see `envs.core.BoardGame` for what each method promises."""

    spec = GameSpec(
        id="tic_tac_toe",
        title="Tic-tac-toe",
        version=1,
        family="board",
        num_players=2,
        num_actions=SQUARES,
        max_legal=SQUARES,
        observation_shape=(2, SIZE, SIZE),
        max_plies=SQUARES,
        num_symmetries=8,
        seats=("X", "O"),
        colours=COLOURS,
    )

    def init(self, n: int) -> States:
        return np.zeros((n, 2), np.uint64)

    def step(self, states: States, actions: Actions) -> States:
        return _step(states, actions)

    def legal(self, states: States) -> NDArray[np.bool_]:
        return _legal(states)

    def outcome(self, states: States) -> NDArray[np.float32]:
        return _outcome(states)

    def mover(self, states: States) -> NDArray[np.int8]:
        return _mover(states)

    def observe(self, states: States) -> NDArray[np.uint8]:
        return _observe(states)

    def key(self, states: States) -> NDArray[np.uint64]:
        return _key(states)

    def symmetry(self, states: States, k: NDArray[np.int8]) -> States:
        return _symmetry(states, k)

    @cached_property
    def action_symmetry(self) -> NDArray[np.int32]:
        return _IMAGE.copy()

    @cached_property
    def square_symmetry(self) -> NDArray[np.int32]:
        return _IMAGE.copy()

    def rollout(self, states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
        return _rollout(states, seeds)

    def _cells(self, state: State) -> list[int]:
        """By square: 0 empty, 1 the first player's (X), 2 the second's (O)."""
        first = int(state[0]) if _mover(state[None])[0] == 0 else int(state[0] ^ state[1])
        return [0 if not int(state[1]) >> q & 1 else 1 if first >> q & 1 else 2 for q in range(SQUARES)]

    def to_text(self, state: State) -> str:
        return board_text(self._cells(state), SIZE)

    def picture(self, state: State, arrows: Arrows = (), last_action: int | None = None) -> Picture:
        cells = self._cells(state)
        middles = [(MARGIN + CELL * (q % SIZE + 0.5), MARGIN + CELL * (q // SIZE + 0.5)) for q in range(SQUARES)]
        end = MARGIN + SIZE * CELL
        shapes: list[Shape] = [Rect(0, 0, end + MARGIN, end + MARGIN, PAPER, 12), *coordinates(SIZE, CELL, MARGIN, INK)]
        if last_action is not None:
            x, y = middles[last_action]
            shapes.append(Rect(x - CELL / 2 + 6, y - CELL / 2 + 6, CELL - 12, CELL - 12, GLOW, 10))
        for at in (MARGIN + CELL, MARGIN + 2 * CELL):
            shapes += [Line(MARGIN + 4, at, end - 4, at, INK, 4), Line(at, MARGIN + 4, at, end - 4, INK, 4)]
        shapes += [hint(*middles[a], 0.3 * CELL, COLOURS[int(_mover(state[None])[0])], w) for a, w in arrows]
        for (x, y), cell in zip(middles, cells, strict=True):
            if cell == 1:
                shapes += [Line(x - d, y - 26, x + d, y + 26, COLOURS[0], 13) for d in (-26, 26)]
            elif cell == 2:
                shapes.append(Circle(x, y, 34, COLOURS[1], ring=13))
        for line in LINES:
            squares = [q for q in range(SQUARES) if line >> q & 1]
            if cells[squares[0]] and len({cells[q] for q in squares}) == 1:
                shapes.append(Line(*middles[squares[0]], *middles[squares[-1]], INK, 7))
        return Picture(self.spec.title, end + MARGIN, end + MARGIN, tuple(shapes))

    def action_name(self, state: State, action: int) -> str:
        return square_name(action, SIZE)


GAMES = {"tic_tac_toe": TicTacToe}

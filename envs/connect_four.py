"""Connect Four on seven columns and six rows.

A position is two words in John Tromp's layout: seven bits a column, the lowest cell of column ``c`` at bit ``7 * c``,
the seventh bit of every column always empty so that lines cannot wrap around.
``state[0]`` holds the mover's stones, ``state[1]`` all stones. The mover follows from the number of stones.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from envs.bits import below, draw, mix, popcount
from envs.connect_four_endings import prove
from envs.core import Actions, Arrows, BoardGame, GameSpec, State, States
from envs.fours import BOTTOM, COLUMNS, FULL, ROWS, has_four
from envs.kernels import njit
from envs.picture import Circle, Picture, Rect, Shape, Text, hint

U = np.uint64
CELL, MARGIN, LABELS = 60.0, 16.0, 18.0  # of the picture
BOARD, SHADE, LABEL = "#2563c9", "#1b4a9c", "#ffffff"
RIMS, FACES = ("#dbe6f8", "#d93a41", "#f0b02c"), ("", "#ea5257", "#fbc748")
_BOTTOM, _FULL = U(BOTTOM), U(FULL)


@njit(cache=True, nogil=True)
def finished(mine: np.uint64, stones: np.uint64) -> bool:
    """Only the player who moved last can have four."""
    return stones == _FULL or has_four(stones ^ mine)


@njit(cache=True, nogil=True)
def _result(mine: np.uint64, stones: np.uint64) -> float:
    """Outcome of a finished game for player 0, who has moved last if the number of stones is odd."""
    if has_four(stones ^ mine):
        return 1.0 if popcount(stones) & U(1) else -1.0
    return 0.0


@njit(cache=True, nogil=True)
def _drop(stones: np.uint64, column: np.uint64) -> np.uint64:
    """All stones after one more has fallen into ``column``: adding the column's lowest bit carries to its first gap."""
    return stones | (stones + (U(1) << (U(7) * column)))


@njit(cache=True, nogil=True)
def _step(states: States, actions: Actions) -> States:
    out = np.empty_like(states)
    for b in range(states.shape[0]):
        mine, stones = states[b, 0], states[b, 1]
        if finished(mine, stones):
            out[b, 0], out[b, 1] = mine, stones
        else:
            out[b, 0], out[b, 1] = stones ^ mine, _drop(stones, U(actions[b]))
    return out


@njit(cache=True, nogil=True)
def _legal(states: States) -> NDArray[np.bool_]:
    out = np.zeros((states.shape[0], COLUMNS), np.bool_)
    for b in range(states.shape[0]):
        stones = states[b, 1]
        if not finished(states[b, 0], stones):
            for c in range(COLUMNS):
                out[b, c] = (stones >> U(7 * c + ROWS - 1)) & U(1) == U(0)
    return out


@njit(cache=True, nogil=True)
def _outcome(states: States) -> NDArray[np.float32]:
    out = np.empty(states.shape[0], np.float32)
    for b in range(states.shape[0]):
        mine, stones = states[b, 0], states[b, 1]
        out[b] = _result(mine, stones) if finished(mine, stones) else np.nan
    return out


@njit(cache=True, nogil=True)
def _mover(states: States) -> NDArray[np.int8]:
    out = np.empty(states.shape[0], np.int8)
    for b in range(states.shape[0]):
        out[b] = popcount(states[b, 1]) & U(1)
    return out


@njit(cache=True, nogil=True)
def _observe(states: States) -> NDArray[np.uint8]:
    out = np.empty((states.shape[0], 2, ROWS, COLUMNS), np.uint8)
    for b in range(states.shape[0]):
        for plane in range(2):
            stones = states[b, 0] if plane == 0 else states[b, 1] ^ states[b, 0]
            for r in range(ROWS):
                row = stones >> U(ROWS - 1 - r)
                for c in range(COLUMNS):
                    out[b, plane, r, c] = (row >> U(7 * c)) & U(1)
    return out


@njit(cache=True, nogil=True)
def _key(states: States) -> NDArray[np.uint64]:
    out = np.empty(states.shape[0], np.uint64)
    for b in range(states.shape[0]):
        # mine + all stones + the floor has a top bit above each column: unique to the position (Tromp)
        out[b] = mix(states[b, 0] + states[b, 1] + _BOTTOM)
    return out


@njit(cache=True, nogil=True)
def _mirror(x: np.uint64) -> np.uint64:
    y = U(0)
    for c in range(COLUMNS):
        y |= ((x >> U(7 * c)) & U(0x7F)) << U(7 * (COLUMNS - 1 - c))
    return y


@njit(cache=True, nogil=True)
def _symmetry(states: States, k: NDArray[np.int8]) -> States:
    out = np.empty_like(states)
    for b in range(states.shape[0]):
        for w in range(2):
            out[b, w] = _mirror(states[b, w]) if k[b] else states[b, w]
    return out


@njit(cache=True, nogil=True)
def _rollout(states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
    out = np.empty(states.shape[0], np.float32)
    columns = np.empty(COLUMNS, np.uint64)
    for b in range(states.shape[0]):
        mine, stones, ply = states[b, 0], states[b, 1], U(0)
        while not finished(mine, stones):
            n = 0
            for c in range(COLUMNS):
                if (stones >> U(7 * c + ROWS - 1)) & U(1) == U(0):
                    columns[n] = c
                    n += 1
            column = columns[below(draw(seeds[b], ply), U(n))]
            mine, stones = stones ^ mine, _drop(stones, column)
            ply += U(1)
        out[b] = _result(mine, stones)
    return out


def _winning(state: State) -> int:
    """The stones that stand in a finished four, as bits."""
    stones, found = int(state[0] ^ state[1]), 0
    for shift in (1, 7, 6, 8):
        starts = stones & stones >> shift & stones >> 2 * shift & stones >> 3 * shift
        found |= starts | starts << shift | starts << 2 * shift | starts << 3 * shift
    return found


class ConnectFour(BoardGame):
    """Rules of Connect Four; see `envs.core.BoardGame` for what each method promises."""

    spec = GameSpec(
        id="connect_four",
        title="Connect Four",
        version=1,
        family="board",
        num_players=2,
        num_actions=COLUMNS,
        max_legal=COLUMNS,
        observation_shape=(2, ROWS, COLUMNS),
        max_plies=COLUMNS * ROWS,
        num_symmetries=2,
        seats=("red (X)", "yellow (O)"),
        colours=("#d93a41", "#c98d08"),
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
        columns = np.arange(COLUMNS, dtype=np.int32)
        return np.stack([columns, columns[::-1]])

    @cached_property
    def square_symmetry(self) -> NDArray[np.int32]:
        squares = np.arange(ROWS * COLUMNS, dtype=np.int32).reshape(ROWS, COLUMNS)
        return np.stack([squares.ravel(), squares[:, ::-1].ravel()])

    def rollout(self, states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
        return _rollout(states, seeds)

    def prove(self, states: States, nodes: int) -> NDArray[np.float32]:
        return prove(states, nodes)

    def _cells(self, state: State) -> list[list[int]]:
        """Rows from the top: 0 empty, 1 the first player's (X, red), 2 the second's (O, yellow)."""
        stones = int(state[1])
        first = int(state[0]) if stones.bit_count() % 2 == 0 else int(state[0]) ^ stones
        bits = [[1 << (7 * c + r) for c in range(COLUMNS)] for r in reversed(range(ROWS))]
        return [[0 if not stones & bit else 1 if first & bit else 2 for bit in row] for row in bits]

    def to_text(self, state: State) -> str:
        rows = [" ".join(".XO"[cell] for cell in row) for row in self._cells(state)]
        return "\n".join([*rows, " ".join(str(c + 1) for c in range(COLUMNS))])

    def picture(self, state: State, arrows: Arrows = (), last_action: int | None = None) -> Picture:
        def middle(column: int, row: int) -> tuple[float, float]:
            return MARGIN + CELL * (column + 0.5), MARGIN + CELL * (row + 0.5)

        width, height = COLUMNS * CELL + 2 * MARGIN, ROWS * CELL + 2 * MARGIN + LABELS
        shapes: list[Shape] = [
            Rect(0, 0, width, height, SHADE, 18),
            Rect(0, 0, width, height - 8, BOARD, 18),
            *(Text(middle(c, 0)[0], height - 8 - LABELS, str(c + 1), 17, LABEL) for c in range(COLUMNS)),
        ]
        cells = self._cells(state)
        four = _winning(state)
        for row, line in enumerate(cells):
            for column, cell in enumerate(line):
                x, y = middle(column, row)
                shapes += [Circle(x, y, 27, SHADE), Circle(x, y, 25, RIMS[cell])]
                if cell:
                    shapes.append(Circle(x, y, 19, FACES[cell]))
                if four >> (7 * column + ROWS - 1 - row) & 1:
                    shapes.append(Circle(x, y, 15, LABEL, ring=5))
        tops = [next((r for r in range(ROWS) if cells[r][c]), ROWS) for c in range(COLUMNS)]
        for action, weight in arrows:
            shapes.append(hint(*middle(action, tops[action] - 1), 22, RIMS[1 + int(_mover(state[None])[0])], weight))
        if last_action is not None:
            shapes.append(Circle(*middle(last_action, tops[last_action]), 6, LABEL))
        return Picture(self.spec.title, width, height, tuple(shapes))

    def action_name(self, state: State, action: int) -> str:
        return str(action + 1)


GAMES = {"connect_four": ConnectFour}

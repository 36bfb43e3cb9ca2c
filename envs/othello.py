"""Othello on eight by eight squares.

A position is three words: the mover's discs, the opponent's discs, and the player to move (0 or 1), which the discs
alone do not tell because of passes. Bit ``8 * row + column`` is the square there, counted from the top left (a1).
Actions 0..63 place a disc; 64 passes, legal only for a mover who can place nothing while the opponent can.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from envs.bits import below, draw, lowest, mix, popcount
from envs.core import Actions, Arrows, BoardGame, GameSpec, State, States
from envs.discs import flips, placements
from envs.kernels import njit
from envs.othello_endings import prove
from envs.picture import Circle, Line, Picture, Rect, Shape, Text, hint
from envs.squares import board_text, coordinates, dihedral, square_name

U = np.uint64
SIZE = 8
SQUARES = SIZE * SIZE
PASS = SQUARES
START = (1 << 28 | 1 << 35, 1 << 27 | 1 << 36)  # black, who begins: e4 and d5; white: d4 and e5
CELL, MARGIN = 60.0, 30.0  # of the picture
FRAME, LABEL, FELT, GRID, MARK = "#43362b", "#e6dac6", "#2f8f5b", "#226f46", "#f2555a"
DISCS = (("#17181b", "#2b2d33"), ("#e9e4d8", "#fbf9f3"))  # black, white: rim and face


@njit(cache=True, nogil=True)
def _result(mine: np.uint64, theirs: np.uint64, mover: np.uint64) -> float:
    """Outcome of a finished game for player 0: whoever has more discs wins."""
    ours, others = popcount(mine), popcount(theirs)
    if ours == others:
        return 0.0
    return 1.0 if (ours > others) == (mover == U(0)) else -1.0


@njit(cache=True, nogil=True)
def _step(states: States, actions: Actions) -> States:
    out = states.copy()
    for b in range(states.shape[0]):
        mine, theirs = states[b, 0], states[b, 1]
        disc = turned = U(0)
        if actions[b] == PASS:
            if placements(theirs, mine) == U(0):
                continue  # the game is over
        else:
            disc = (U(1) << U(actions[b])) & ~(mine | theirs)
            turned = flips(mine, theirs, disc)
            if turned == U(0):
                continue  # the game is over
        out[b, 0], out[b, 1], out[b, 2] = theirs ^ turned, mine | turned | disc, states[b, 2] ^ U(1)
    return out


@njit(cache=True, nogil=True)
def _legal(states: States) -> NDArray[np.bool_]:
    out = np.empty((states.shape[0], SQUARES + 1), np.bool_)
    for b in range(states.shape[0]):
        mine, theirs = states[b, 0], states[b, 1]
        squares = placements(mine, theirs)
        for q in range(SQUARES):
            out[b, q] = (squares >> U(q)) & U(1)
        out[b, PASS] = squares == U(0) and placements(theirs, mine) != U(0)
    return out


@njit(cache=True, nogil=True)
def _outcome(states: States) -> NDArray[np.float32]:
    out = np.empty(states.shape[0], np.float32)
    for b in range(states.shape[0]):
        mine, theirs = states[b, 0], states[b, 1]
        running = placements(mine, theirs) or placements(theirs, mine)
        out[b] = np.nan if running else _result(mine, theirs, states[b, 2])
    return out


@njit(cache=True, nogil=True)
def _observe(states: States) -> NDArray[np.uint8]:
    out = np.empty((states.shape[0], 2, SIZE, SIZE), np.uint8)
    for b in range(states.shape[0]):
        for plane in range(2):
            for r in range(SIZE):
                row = states[b, plane] >> U(SIZE * r)
                for c in range(SIZE):
                    out[b, plane, r, c] = (row >> U(c)) & U(1)
    return out


@njit(cache=True, nogil=True)
def _key(states: States) -> NDArray[np.uint64]:
    out = np.empty(states.shape[0], np.uint64)
    for b in range(states.shape[0]):
        out[b] = mix(mix(mix(states[b, 0]) ^ states[b, 1]) ^ states[b, 2])
    return out


@njit(cache=True, nogil=True)
def _swap(x: np.uint64, mask: np.uint64, distance: np.uint64) -> np.uint64:
    """Exchanges the bits in ``mask`` with those ``distance`` higher (a delta swap: Knuth, 7.1.3)."""
    moved = (x ^ (x >> distance)) & mask
    return x ^ moved ^ (moved << distance)


@njit(cache=True, nogil=True)
def _image(x: np.uint64, k: np.uint64) -> np.uint64:
    """The board ``x`` under symmetry ``k`` of `envs.squares`."""
    if k & U(1):
        x = _swap(x, U(0x5555555555555555), U(1))
        x = _swap(x, U(0x3333333333333333), U(2))
        x = _swap(x, U(0x0F0F0F0F0F0F0F0F), U(4))
    if k & U(2):
        x = _swap(x, U(0x00FF00FF00FF00FF), U(8))
        x = _swap(x, U(0x0000FFFF0000FFFF), U(16))
        x = _swap(x, U(0x00000000FFFFFFFF), U(32))
    if k & U(4):
        x = _swap(x, U(0x00AA00AA00AA00AA), U(7))
        x = _swap(x, U(0x0000CCCC0000CCCC), U(14))
        x = _swap(x, U(0x00000000F0F0F0F0), U(28))
    return x


@njit(cache=True, nogil=True)
def _symmetry(states: States, k: NDArray[np.int8]) -> States:
    out = states.copy()
    for b in range(states.shape[0]):
        out[b, 0] = _image(states[b, 0], U(k[b]))
        out[b, 1] = _image(states[b, 1], U(k[b]))
    return out


@njit(cache=True, nogil=True)
def _rollout(states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
    out = np.empty(states.shape[0], np.float32)
    for b in range(states.shape[0]):
        mine, theirs, mover, ply = states[b, 0], states[b, 1], states[b, 2], U(0)
        passed = False
        while True:
            squares = placements(mine, theirs)
            if squares == U(0):
                if passed:
                    break
                mine, theirs, passed = theirs, mine, True
            else:
                for _ in range(below(draw(seeds[b], ply), popcount(squares))):
                    squares &= squares - U(1)
                disc = U(1) << lowest(squares)
                turned = flips(mine, theirs, disc)
                mine, theirs, passed = theirs ^ turned, mine | turned | disc, False
                ply += U(1)
            mover ^= U(1)
        out[b] = _result(mine, theirs, mover)
    return out


def _disc(x: float, y: float, player: int, r: float = 25.0) -> list[Circle]:
    return [Circle(x, y, r, DISCS[player][0]), Circle(x, y, 0.82 * r, DISCS[player][1])]


class Othello(BoardGame):
    """Rules of Othello; see `envs.core.BoardGame` for what each method promises."""

    spec = GameSpec(
        id="othello",
        title="Othello",
        version=1,
        family="board",
        num_players=2,
        num_actions=SQUARES + 1,
        max_legal=33,  # proven for reachable positions: H. Takizawa 2023, doi:10.51094/jxiv.480
        observation_shape=(2, SIZE, SIZE),
        max_plies=119,  # 60 placements, and no pass before the first or after another
        num_symmetries=8,
        seats=("black (X)", "white (O)"),
    )

    def init(self, n: int) -> States:
        return np.tile(np.array([*START, 0], np.uint64), (n, 1))

    def step(self, states: States, actions: Actions) -> States:
        return _step(states, actions)

    def legal(self, states: States) -> NDArray[np.bool_]:
        return _legal(states)

    def outcome(self, states: States) -> NDArray[np.float32]:
        return _outcome(states)

    def mover(self, states: States) -> NDArray[np.int8]:
        return states[:, 2].astype(np.int8)

    def observe(self, states: States) -> NDArray[np.uint8]:
        return _observe(states)

    def key(self, states: States) -> NDArray[np.uint64]:
        return _key(states)

    def symmetry(self, states: States, k: NDArray[np.int8]) -> States:
        return _symmetry(states, k)

    @cached_property
    def action_symmetry(self) -> NDArray[np.int32]:
        return np.hstack([dihedral(SIZE), np.full((8, 1), PASS, np.int32)])

    @cached_property
    def square_symmetry(self) -> NDArray[np.int32]:
        return dihedral(SIZE)

    def rollout(self, states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
        return _rollout(states, seeds)

    def prove(self, states: States, nodes: int) -> NDArray[np.float32]:
        return prove(states, nodes)

    def _cells(self, state: State) -> list[int]:
        """By square: 0 empty, 1 black (the first player, X), 2 white (O)."""
        black, white = (int(state[0]), int(state[1])) if state[2] == 0 else (int(state[1]), int(state[0]))
        return [(black >> q & 1) + 2 * (white >> q & 1) for q in range(SQUARES)]

    def to_text(self, state: State) -> str:
        cells = self._cells(state)
        turn = f", {'XO'[int(state[2])]} to move" if self.legal(state[None]).any() else ""
        return f"{board_text(cells, SIZE)}\nX {cells.count(1)}, O {cells.count(2)}{turn}"

    def picture(self, state: State, arrows: Arrows = (), last_action: int | None = None) -> Picture:
        side = SIZE * CELL
        middles = [(MARGIN + CELL * (q % SIZE + 0.5), MARGIN + CELL * (q // SIZE + 0.5)) for q in range(SQUARES)]
        middles.append((MARGIN + side / 2, MARGIN * 1.5 + side))  # where a pass is shown
        cells, mover = self._cells(state), int(state[2])
        shapes: list[Shape] = [
            Rect(0, 0, side + 2 * MARGIN, side + 2 * MARGIN, FRAME, 12),
            *coordinates(SIZE, CELL, MARGIN, LABEL),
            Rect(MARGIN, MARGIN, side, side, FELT),
        ]
        for at in (MARGIN + CELL * i for i in range(SIZE + 1)):
            shapes += [Line(MARGIN, at, MARGIN + side, at, GRID, 2), Line(at, MARGIN, at, MARGIN + side, GRID, 2)]
        shapes += [Circle(MARGIN + CELL * c, MARGIN + CELL * r, 5, GRID) for c in (2, 6) for r in (2, 6)]
        for (x, y), cell in zip(middles, cells, strict=False):
            if cell:
                shapes += [Circle(x, y + 2, 25, GRID), *_disc(x, y, cell - 1)]
        shapes += [hint(*middles[a], 22, DISCS[mover][0], w) for a, w in arrows]
        if last_action is not None:
            shapes.append(Circle(*middles[last_action], 7, MARK))
        for player, x in enumerate((MARGIN + CELL / 2, side - MARGIN / 2)):  # how many discs, and whose turn it is
            y = middles[PASS][1]
            shapes += [*_disc(x, y, player, 10), Text(x + 24, y, str(cells.count(player + 1)), 15, LABEL)]
            if player == mover and self.legal(state[None]).any():
                shapes.append(Circle(x, y, 12.5, MARK, ring=2.5))
        return Picture(self.spec.title, side + 2 * MARGIN, side + 2 * MARGIN, tuple(shapes))

    def action_name(self, state: State, action: int) -> str:
        return "pass" if action == PASS else square_name(action, SIZE)


GAMES = {"othello": Othello}

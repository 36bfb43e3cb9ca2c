"""Chess, and Gardner's minichess on five by five squares, by the same rules and kernels."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from envs.chess import pictures
from envs.chess.actions import action_moves, mirrored_actions, move_actions
from envs.chess.bitboards import U
from envs.chess.counting import count_lines
from envs.chess.fen import from_fen, to_fen
from envs.chess.notation import find, moves_of, san, uci
from envs.chess.planes import LARGE_PLANES, SMALL_PLANES, key_rows, mirror_rows, observe_rows
from envs.chess.position import (
    CASTLING,
    FACTS,
    STATUS,
    checked,
    field,
    legal_rows,
    outcome_rows,
    rollout_rows,
    step_rows,
)
from envs.core import Actions, Arrows, BoardGame, GameSpec, IllegalAction, State, States
from envs.picture import Picture

# By the status of `envs.chess.position`.
ENDINGS = ("", "checkmate", "stalemate", "insufficient material", "fifty moves", "threefold repetition")


class _Chess(BoardGame):
    """What both games share; `envs.core.BoardGame` says what each method promises, `.position` what rows hold."""

    spec: GameSpec
    size: int
    start: str
    uci_variant: str  # what engines call the game (option UCI_Variant)

    @cached_property
    def _moves(self) -> NDArray[np.uint16]:
        return action_moves(self.size)

    @cached_property
    def _actions(self) -> NDArray[np.int16]:
        return move_actions(self.size)

    @cached_property
    def _first(self) -> State:
        return self.from_fen(self.start)

    def from_fen(self, text: str) -> State:
        """The position uint64[W] a FEN describes, which remembers no earlier ones. Raises `InputError`."""
        return from_fen(text, self.size, self.spec.max_legal)

    def to_fen(self, state: State) -> str:
        """The position's FEN; an en passant square is named only where the capture is legal."""
        return to_fen(state, self.size)

    def in_check(self, state: State) -> bool:
        return bool(checked(state, U(self.size)))

    def ending(self, state: State) -> str:
        """Why the game is over, one of `ENDINGS`; empty while it runs."""
        return ENDINGS[int(field(state, STATUS, 4))]

    def init(self, n: int) -> States:
        return np.tile(self._first, (n, 1))

    def step(self, states: States, actions: Actions) -> States:
        return step_rows(states, actions, self._moves, U(self.size))

    def legal(self, states: States) -> NDArray[np.bool_]:
        return legal_rows(states, self._actions, self.spec.num_actions, U(self.size))

    def outcome(self, states: States) -> NDArray[np.float32]:
        return outcome_rows(states)

    def mover(self, states: States) -> NDArray[np.int8]:
        return (states[:, FACTS] & U(1)).astype(np.int8)

    def observe(self, states: States) -> NDArray[np.uint8]:
        return observe_rows(states, self.spec.observation_shape[0], self.size)

    def key(self, states: States) -> NDArray[np.uint64]:
        return key_rows(states)

    def symmetry(self, states: States, k: NDArray[np.int8]) -> States:
        return mirror_rows(states, k, U(self.size))

    @cached_property
    def action_squares(self) -> NDArray[np.int16]:
        moves = self._moves.astype(np.int16)
        start, end, promotion = moves & 63, moves >> 6 & 63, moves >> 12
        squares = [at // 8 * self.size + at % 8 for at in (start, end)]
        return np.stack([*squares, np.searchsorted([0, *sorted(set(promotion.tolist()) - {0})], promotion)], axis=1)

    def symmetric(self, states: States) -> NDArray[np.bool_]:
        """Where nobody may castle any more, left and right are alike."""
        alike: NDArray[np.bool_] = (states[:, FACTS] >> CASTLING & U(0xF)) == 0
        return alike

    @cached_property
    def action_symmetry(self) -> NDArray[np.int32]:
        return self.all_symmetries[0][: self.spec.num_symmetries]

    @cached_property
    def square_symmetry(self) -> NDArray[np.int32]:
        return self.all_symmetries[1][: self.spec.num_symmetries]

    @cached_property
    def all_symmetries(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        same = np.arange(self.spec.num_actions, dtype=np.int32)
        squares = np.arange(self.size**2, dtype=np.int32).reshape(self.size, self.size)
        return np.stack([same, mirrored_actions(self.size)]), np.stack([squares.ravel(), squares[:, ::-1].ravel()])

    def rollout(self, states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
        return rollout_rows(states, seeds, U(self.size))

    def perft(self, depth: int, state: State | None = None) -> list[int]:
        """Number of lines of play of each length 0..``depth``, by the convention of published numbers: only mate and
        stalemate end a line, draws by repetition, clock or material do not."""
        row = self._first if state is None else state
        counts = np.zeros(depth, np.int64)
        if depth:
            count_lines(row, U(self.size), counts)
        return [1, *counts.tolist()]

    def to_text(self, state: State) -> str:
        return pictures.board_text(state, self.size, self.ending(state) or self._turn(state))

    def _turn(self, state: State) -> str:
        return f"{self.spec.seats[int(state[FACTS]) & 1]} to move{', in check' if self.in_check(state) else ''}"

    def picture(self, state: State, arrows: Arrows = (), last_action: int | None = None) -> Picture:
        drawn = [(int(self._moves[action]), weight) for action, weight in arrows]
        last = None if last_action is None else int(self._moves[last_action])
        return pictures.draw(self.spec.title, state, self.size, drawn, last, self.in_check(state))

    def action_name(self, state: State, action: int) -> str:
        """The move in UCI's notation, the same in every position with the same piece on the same square."""
        return uci(state, int(self._moves[action]), self.size)

    def san(self, state: State, action: int) -> str:
        """A legal action in standard algebraic notation."""
        return san(state, int(self._moves[action]), self.size)

    def parse_action(self, state: State, text: str) -> int:
        """The legal action that a move in UCI's or standard algebraic notation stands for. Raises `IllegalAction`."""
        move = find(state, text, self.size)
        if move is None:
            names = " ".join(uci(state, legal, self.size) for legal in moves_of(state, self.size))
            raise IllegalAction(f"illegal move {text!r}; legal: {names or '(the game is over)'}")
        return int(self._actions[move])


class Chess(_Chess):
    uci_variant = "chess"
    size = 8
    start = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
    spec = GameSpec(
        id="chess",
        title="Chess",
        version=1,
        family="board",
        num_players=2,
        num_actions=1858,
        max_legal=218,  # proven for reachable positions: T. Petersen 2024, lichess.org/@/Tobs40/blog
        observation_shape=(LARGE_PLANES, 8, 8),
        max_plies=12_700,  # at most 96 pawns' moves and 30 captures, and fewer than 100 plies before, between and after
        seats=("white", "black"),
    )


class Minichess(_Chess):
    """Gardner's minichess as Fairy-Stockfish plays its variant ``gardner``: no double step, no castling."""

    uci_variant = "gardner"
    size = 5
    start = "rnbqk/ppppp/5/PPPPP/RNBQK w - - 0 1"
    spec = GameSpec(
        id="minichess",
        title="Minichess",
        version=1,
        family="board",
        num_players=2,
        num_actions=455,
        max_legal=118,  # six queens on 16 + 5 x 14, a rook's 8, a bishop's, a knight's and the king's 8 at most
        observation_shape=(SMALL_PLANES, 5, 5),
        max_plies=4_900,  # at most 30 pawns' moves and 18 captures, and at most 100 plies before, between and after
        num_symmetries=2,
        seats=("white", "black"),
    )

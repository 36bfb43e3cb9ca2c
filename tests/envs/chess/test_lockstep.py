"""Chess in lockstep with python-chess: random games ply by ply, and positions that no game would reach."""

import chess
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import envs
from envs.chess.actions import action_moves
from envs.chess.game import ENDINGS

GAME = envs.make("chess")
KINDS = {None: 0, chess.KNIGHT: 0, chess.BISHOP: 1, chess.ROOK: 2, chess.QUEEN: 3}
MOVES = action_moves(8).astype(np.int64)


def ending(board, moves):
    """Why the game is over, by python-chess, which leaves claims of draws to the players; empty while it runs."""
    if not moves:
        return "checkmate" if board.is_checkmate() else "stalemate"
    if board.is_insufficient_material():
        return "insufficient material"
    if board.is_fifty_moves():
        return "fifty moves"
    return "threefold repetition" if board.halfmove_clock >= 8 and board.is_repetition(3) else ""


def agree(state, legal, outcome, board):
    """Every fact about a position that both sides know."""
    moves, turned = list(board.legal_moves), 0 if board.turn else 56
    over = ending(board, moves)
    assert GAME.to_fen(state) == board.fen()
    assert GAME.in_check(state) == board.is_check(), board
    assert GAME.ending(state) == over, board
    assert GAME.mover(state[None])[0] == (not board.turn)
    if over:
        assert outcome == (0 if over != "checkmate" else 1 if board.turn == chess.BLACK else -1), board
        assert not legal.any()
    else:
        assert np.isnan(outcome), board
        theirs = [(m.from_square ^ turned) | (m.to_square ^ turned) << 6 | KINDS[m.promotion] << 12 for m in moves]
        assert sorted(MOVES[legal]) == sorted(theirs), board


def play(games, seed):
    """Random games in lockstep; how often each ending came up."""
    rng, endings = np.random.default_rng(seed), dict.fromkeys(ENDINGS[1:], 0)
    for _ in range(0, games, 50):
        boards, states = [chess.Board() for _ in range(50)], GAME.init(50)
        while boards:
            legal, outcomes = GAME.legal(states), GAME.outcome(states)
            for row, board in enumerate(boards):
                agree(states[row], legal[row], outcomes[row], board)
            live = np.flatnonzero(np.isnan(outcomes))
            for row in set(range(len(boards))) - set(live):
                endings[GAME.ending(states[row])] += 1
            boards, states = [boards[row] for row in live], states[live]
            actions = np.argmax(rng.random(legal[live].shape) * legal[live], axis=1).astype(np.int32)
            for state, board, action in zip(states, boards, actions, strict=True):
                board.push_uci(GAME.action_name(state, int(action)))
            states = GAME.step(states, actions)
    return endings


def test_random_games():
    endings = play(50, seed=1)
    assert sum(endings.values()) == 50
    assert endings["checkmate"] > 0


@pytest.mark.slow
def test_ten_thousand_random_games():
    endings = play(10_000, seed=2)
    assert sum(endings.values()) == 10_000
    assert all(endings.values()), endings


PIECES = st.sampled_from([piece for piece in chess.PIECE_TYPES if piece != chess.KING])
OFFICERS = PIECES.filter(lambda piece: piece != chess.PAWN)


@st.composite
def positions(draw):
    """Boards with pieces thrown on them, as far as they could be a game's: promoted pieces, many checks, pins."""
    board = chess.Board(None)
    at = draw(st.lists(st.sampled_from(chess.SQUARES), min_size=2, max_size=26, unique=True))
    board.set_piece_at(at[0], chess.Piece(chess.KING, chess.WHITE))
    board.set_piece_at(at[1], chess.Piece(chess.KING, chess.BLACK))
    for square in at[2:]:
        kinds = OFFICERS if chess.square_rank(square) in (0, 7) else PIECES
        board.set_piece_at(square, chess.Piece(draw(kinds), draw(st.booleans())))
    board.turn = draw(st.booleans())
    if board.was_into_check():
        board.turn = not board.turn
    board.castling_rights = chess.BB_CORNERS
    board.castling_rights = board.clean_castling_rights()
    board.halfmove_clock = draw(st.integers(0, 99))
    board.fullmove_number = draw(st.integers(1, 300))
    passed = [s for s in chess.SQUARES if chess.square_rank(s) == (5 if board.turn else 2)]
    board.ep_square = draw(st.sampled_from([None, *passed]))
    if not board.is_valid():
        board.ep_square = None
    return board


def promoted(board, colour):
    """How many pieces must have been pawns."""
    usual = {chess.KNIGHT: 2, chess.BISHOP: 2, chess.ROOK: 2, chess.QUEEN: 1}
    return sum(max(len(board.pieces(kind, colour)) - count, 0) for kind, count in usual.items())


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(positions(), st.randoms(use_true_random=False))
def test_any_position(board, random):
    assume(not board.status() & ~(chess.STATUS_TOO_MANY_CHECKERS | chess.STATUS_IMPOSSIBLE_CHECK))
    assume(max(promoted(board, colour) + len(board.pieces(chess.PAWN, colour)) for colour in chess.COLORS) <= 8)
    state = GAME.from_fen(board.fen(en_passant="fen"))
    for _ in range(4):
        legal, outcome = GAME.legal(state[None])[0], GAME.outcome(state[None])[0]
        agree(state, legal, outcome, board)
        actions = np.flatnonzero(legal).astype(np.int32)
        if len(actions) == 0:
            return
        action = random.choice(actions)
        board.push_uci(GAME.action_name(state, int(action)))
        state = GAME.step(state[None], np.array([action], np.int32))[0]

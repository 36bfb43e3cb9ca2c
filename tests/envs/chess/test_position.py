"""Ends of games and what rows remember, where random play does not go."""

import itertools

import chess
import numpy as np
import pytest

import envs
from envs.chess.position import FACTS, MEMORY, MOST_REMEMBERED, WORDS

CHESS, MINICHESS = envs.make("chess"), envs.make("minichess")


def follow(game, moves, fen=None):
    """The row after moves in either notation."""
    state = game.init(1)[0] if fen is None else game.from_fen(fen)
    for move in moves.split():
        state = game.step(state[None], np.array([game.parse_action(state, move)], np.int32))[0]
    return state


@pytest.mark.parametrize(
    ("moves", "ending", "outcome"),
    [
        ("f3 e5 g4 Qh4", "checkmate", -1),
        ("e4 e5 Bc4 Nc6 Qh5 Nf6 Qxf7", "checkmate", 1),
        ("e3 a5 Qh5 Ra6 Qxa5 h5 h4 Rah6 Qxc7 f6 Qxd7 Kf7 Qxb7 Qd3 Qxb8 Qh7 Qxc8 Kg6 Qe6", "stalemate", 0),  # Loyd's
        ("Nf3 Nf6 Ng1 Ng8 Nf3 Nf6 Ng1 Ng8", "threefold repetition", 0),
        ("Nf3 Nf6 Ng1 Ng8 Nf3 Nf6 Ng1", "", np.nan),
        ("Nc3 Nc6 Nf3 Nf6 Nb1 Nb8 Ng1 Ng8 Nf3 Nf6 Ng1 Ng8", "threefold repetition", 0),
        ("e4 Nf6 Nf3 Ng8 Ng1 Nf6 Nf3 Ng8 Ng1", "threefold repetition", 0),  # the first time, no pawn could take on e3
        # The same squares with fewer rights to castle are another position: rook and king have moved.
        ("e4 e5 Nf3 Nf6 Be2 Be7 Rg1 Rg8 Rh1 Rh8 Rg1 Rg8 Rh1 Rh8", "", np.nan),
        ("e4 e5 Nf3 Nf6 Be2 Be7 Rg1 Rg8 Rh1 Rh8 Rg1 Rg8 Rh1 Rh8 Rg1 Rg8", "threefold repetition", 0),
        # So is one where a pawn may take en passant.
        ("e4 Nf6 e5 d5 Nf3 Ng8 Ng1 Nf6 Nf3 Ng8 Ng1 Nf6", "", np.nan),
        ("e4 Nf6 e5 d5 Nf3 Ng8 Ng1 Nf6 Nf3 Ng8 Ng1 Nf6 Nf3", "threefold repetition", 0),
    ],
)
def test_endings(moves, ending, outcome):
    state = follow(CHESS, moves)
    assert CHESS.ending(state) == ending
    assert np.array_equal(CHESS.outcome(state[None]), np.float32([outcome]), equal_nan=True)
    assert CHESS.legal(state[None]).any() == (ending == "")


def test_pieces_of_a_kind_may_change_places():
    """A position repeats although each knight stands where the other stood."""
    fen = "7k/7p/8/8/8/3N4/8/K2N4 w - - 0 1"
    swap = "Nb4 Kg8 Nf2 Kh8 Nbd3 Kg8 Nd1 Kh8"  # Nd3-b4-d3 and Nd1-f2-d1
    state = follow(CHESS, swap, fen)
    assert CHESS.observe(state[None])[0, 12].all()
    cross = "N3f2 Kg8 Nb2 Kh8 Nbd3 Kg8 Nd1 Kh8"  # the one from d3 ends on d1
    state = follow(CHESS, cross, fen)
    assert CHESS.to_fen(state).split()[0] == fen.split()[0]
    assert CHESS.observe(state[None])[0, 12].all()


def test_the_hundredth_ply_draws_unless_it_mates():
    fen = "7k/8/6K1/8/8/8/8/R7 w - - {} 80"
    assert CHESS.ending(follow(CHESS, "Ra2", fen.format(98))) == ""
    drawn = follow(CHESS, "Ra2", fen.format(99))
    assert (CHESS.ending(drawn), CHESS.outcome(drawn[None])[0]) == ("fifty moves", 0)
    mate = follow(CHESS, "Ra8", fen.format(99))
    assert (CHESS.ending(mate), CHESS.outcome(mate[None])[0]) == ("checkmate", 1)
    assert CHESS.ending(CHESS.from_fen(fen.format(150))) == "fifty moves"


def test_a_pawns_move_and_a_capture_reset_the_clock_and_empty_the_memory():
    for move in ("h3", "Nxe5"):
        before = follow(CHESS, "e4 e5 Nf3 Nc6")
        assert before[MEMORY] != 0
        after = follow(CHESS, f"e4 e5 Nf3 Nc6 {move}")
        assert CHESS.to_fen(after).split()[4] == "0"
        assert not after[MEMORY:].any()


def wander(game, plies, fen):
    """Shuffles kings and rooks without ever repeating three times; the row after so many plies."""
    rng, state = np.random.default_rng(3), game.from_fen(fen)
    for _ in range(plies):
        for action in rng.permutation(np.flatnonzero(game.legal(state[None])[0])):
            after = game.step(state[None], np.array([action], np.int32))[0]
            if game.ending(after) in ("", "fifty moves") and game.to_fen(after).split()[4] != "0":
                break
        state = after
    return state


def test_the_memory_holds_all_the_clock_allows():
    start = "r3k2r/pppppppp/8/8/8/8/PPPPPPPP/R3K2R w - - 0 1"
    state = wander(CHESS, MOST_REMEMBERED - 1, start)
    assert CHESS.ending(state) == ""
    assert state[WORDS - 1] != 0
    full = wander(CHESS, MOST_REMEMBERED, start)
    assert CHESS.ending(full) == "fifty moves"
    assert state.shape == full.shape == (WORDS,)


def test_material_against_python_chess():
    """Every choice of at most two pieces beside the kings, and of bishops on any colour."""
    pieces = [" ", *"NBRQPnbrqp"]
    for first, second, third in itertools.product(pieces, pieces, " bB"):
        for colour in range(2):
            board = chess.Board("7k/8/8/8/8/8/8/K7 w - - 0 1")
            for square, piece in ((chess.C3, first), ((chess.E3, chess.E4)[colour], second), (chess.G3, third)):
                if piece != " ":
                    board.set_piece_at(square, chess.Piece.from_symbol(piece))
            if board.is_valid() and any(board.legal_moves):
                ended = CHESS.ending(CHESS.from_fen(board.fen())) == "insufficient material"
                assert ended == board.is_insufficient_material(), board


@pytest.mark.parametrize(
    ("moves", "fen", "ending", "outcome"),
    [
        ("", "4k/5/5/5/K4 w - - 0 1", "insufficient material", 0),
        ("Bb2", "k3r/5/5/5/K1B2 w - - 0 1", "", np.nan),
        ("Rb5", "k4/5/K4/5/1R3 w - - 0 1", "", np.nan),
        ("Re5", "k4/5/K4/5/4R w - - 0 1", "checkmate", 1),
        ("Qb4", "k4/5/2K2/5/1Q3 w - - 0 1", "checkmate", 1),
        ("Qb3", "k4/5/2K2/5/1Q3 w - - 0 1", "stalemate", 0),
        ("Nc3 Nc3", None, "", np.nan),
        ("Na3 Nc3 Nb1 Nb5 Na3 Nc3 Nb1 Nb5", None, "threefold repetition", 0),
    ],
)
def test_minichess_endings(moves, fen, ending, outcome):
    state = follow(MINICHESS, moves, fen)
    assert MINICHESS.ending(state) == ending, MINICHESS.to_text(state)
    assert np.array_equal(MINICHESS.outcome(state[None]), np.float32([outcome]), equal_nan=True)


def test_finished_rows_do_not_count_on():
    state = follow(CHESS, "f3 e5 g4 Qh4")
    assert (CHESS.step(state[None], np.array([0], np.int32))[0] == state).all()
    assert int(state[FACTS]) & 1 == 0  # white, who is mated, is to move

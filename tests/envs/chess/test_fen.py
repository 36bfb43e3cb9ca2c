import chess
import pytest

import envs

CHESS, MINICHESS = envs.make("chess"), envs.make("minichess")
FENS = [
    "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1",
    "r3k2r/8/8/8/8/8/8/R3K2R b Kq - 13 37",
    "8/8/8/2k5/2pP4/8/B7/4K3 b - d3 0 3",
    "rnbqkb1r/ppp1pppp/5n2/3pP3/8/8/PPPP1PPP/RNBQKBNR w KQkq d6 0 3",
    "4k3/8/8/8/8/8/8/4K2R w K - 99 32000",
]


@pytest.mark.parametrize("fen", FENS)
def test_round_trip(fen):
    assert CHESS.to_fen(CHESS.from_fen(fen)) == fen == chess.Board(fen).fen()


@pytest.mark.parametrize(
    ("fen", "shown"),
    [
        ("rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq e3 0 1", "-"),  # no pawn beside it
        ("8/8/8/8/1k1Pp2R/8/8/4K3 b - d3 0 1", "-"),  # both pawns would leave the rank between rook and king
        ("8/8/8/2k5/2pP4/8/B7/4K3 b - d3 0 3", "d3"),  # the capture ends the pawn's check
    ],
)
def test_en_passant_is_shown_where_it_is_legal(fen, shown):
    written = CHESS.to_fen(CHESS.from_fen(fen))
    assert written.split()[3] == shown
    assert written == chess.Board(fen).fen()


def test_missing_clocks():
    assert CHESS.to_fen(CHESS.from_fen("4k3/8/8/8/8/8/8/4K2R w K -")).endswith(" 0 1")
    assert MINICHESS.to_fen(MINICHESS.from_fen(" 3rk/5/5/5/K4 b - - 7 ")) == "3rk/5/5/5/K4 b - - 7 1"


def test_the_most_moves_a_position_can_have():
    """N. Petrovic 1964."""
    state = CHESS.from_fen("R6R/3Q4/1Q4Q1/4Q3/2Q4Q/Q4Q2/pp1Q4/kBNN1KB1 w - - 0 1")
    assert CHESS.legal(state[None]).sum() == CHESS.spec.max_legal


@pytest.mark.parametrize(
    ("fen", "why"),
    [
        ("", "0 fields instead of 4 to 6"),
        ("8/8/8/8/8/8/8 w - - 0 1", "7 ranks instead of 8"),
        ("4k3/8/8/8/8/8/8/4K2 w - - 0 1", "rank '4K2' has 7 squares instead of 8"),
        ("4k3/8/8/8/8/8/8/4K4 w - - 0 1", "rank '4K4' has 9 squares instead of 8"),
        ("4k3/8/8/3x4/8/8/8/4K3 w - - 0 1", "'x' is neither a piece"),
        ("4k3/8/8/8/8/8/8/8 w - - 0 1", "white has 0 kings"),
        ("4k3/8/k7/8/8/8/8/4K3 w - - 0 1", "black has 2 kings"),
        ("4k3/NNNNNNNN/NNNNNNNN/8/8/8/8/4K3 w - - 0 1", "white has 17 pieces, more than 16"),
        ("P3k3/8/8/8/8/8/8/4K3 w - - 0 1", "a pawn stands on"),
        ("4k3/8/8/8/8/8/8/4K3 x - - 0 1", "side to move 'x'"),
        ("4k3/8/8/8/8/8/8/4K2R w KX - 0 1", "castling rights 'KX'"),
        ("4k3/8/8/8/8/8/8/4K2R w Q - 0 1", "castling right 'Q'"),
        ("4k3/8/8/8/8/8/8/4K3 w - e9 0 1", "en passant square 'e9' is not possible"),
        ("4k3/8/8/8/8/8/8/4K3 w - e6 0 1", "no pawn has just passed it"),
        ("4k3/8/8/8/8/8/8/4K3 w - - -1 1", "halfmove clock '-1'"),
        ("4k3/8/8/8/8/8/8/4K3 w - - 0 99999", "move number '99999'"),
        ("4k3/8/8/8/8/8/4R3/4K3 w - - 0 1", "the king of the side that has just moved is in check"),
        ("Q6Q/3Q4/1Q4Q1/4Q3/2Q4Q/Q4Q2/pp1Q4/kBNN1KB1 w - - 0 1", "white has 0 pawns and 10 pieces that have been"),
        ("4k3/8/8/8/8/8/PPPPPPPP/RNBQKBNQ w - - 0 1", "8 pawns and 1 pieces that have been pawns, more than 8 in all"),
    ],
)
def test_what_is_wrong_is_said(fen, why):
    with pytest.raises(envs.InputError) as raised:
        CHESS.from_fen(fen)
    assert why in str(raised.value)
    assert repr(fen) in str(raised.value)


@pytest.mark.parametrize(
    ("fen", "why"),
    [
        ("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", "8 ranks instead of 5"),
        ("4k/5/5/5/K3R w K - 0 1", "castling rights 'K' are not '-'"),
        ("4k/5/5/5/K3R w - e3 0 1", "en passant square 'e3'"),
        ("4k/5/5/5/K2PR w - - 0 1", "a pawn stands on"),
        ("4k/5/5/PPPP1/KRR1R w - - 0 1", "white has 4 pawns and 2 pieces that have been pawns, more than 5 in all"),
    ],
)
def test_minichess_has_rules_of_its_own(fen, why):
    with pytest.raises(envs.InputError) as raised:
        MINICHESS.from_fen(fen)
    assert why in str(raised.value)

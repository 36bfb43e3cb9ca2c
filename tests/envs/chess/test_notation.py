import chess
import numpy as np
import pytest

import envs

CHESS, MINICHESS = envs.make("chess"), envs.make("minichess")
FENS = [
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
    "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
    "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R b KQkq - 0 1",
    "7k/8/8/Q2Q4/8/8/3Q4/K6N w - - 0 1",  # three queens reach one square
    "2N1N3/8/8/8/2N1N3/8/7k/K7 w - - 0 1",  # file and rank of four knights
    "8/2P1P2k/8/8/8/8/Kp3p2/6R1 b - - 0 1",
    "rnbqkb1r/ppp1pppp/5n2/3pP3/8/8/PPPP1PPP/RNBQKBNR w KQkq d6 0 3",
    "7k/8/6K1/8/8/8/8/R7 w - - 0 1",
    "3r2k1/8/8/8/3R4/8/8/3K3R w - - 0 1",
]


def legal(game, state):
    return np.flatnonzero(game.legal(state[None])[0]).tolist()


@pytest.mark.parametrize("fen", FENS)
def test_as_python_chess_writes_it(fen):
    state, board = CHESS.from_fen(fen), chess.Board(fen)
    ours = {CHESS.action_name(state, a): CHESS.san(state, a) for a in legal(CHESS, state)}
    assert ours == {move.uci(): board.san(move) for move in board.legal_moves}


def test_san_of_random_games():
    rng = np.random.default_rng(8)
    for _ in range(4):
        state, board = CHESS.init(1)[0], chess.Board()
        while actions := legal(CHESS, state):
            for action in rng.permutation(actions)[:3]:
                san = CHESS.san(state, action)
                assert san == board.san(board.parse_uci(CHESS.action_name(state, action)))
                assert CHESS.parse_action(state, san) == action
            board.push_san(san)
            state = CHESS.step(state[None], np.array([action], np.int32))[0]


@pytest.mark.parametrize("fen", FENS)
def test_every_way_to_write_a_move(fen):
    state, board = CHESS.from_fen(fen), chess.Board(fen)
    for move in board.legal_moves:
        action = CHESS.parse_action(state, move.uci())
        san = board.san(move)
        bare = san.rstrip("+#").replace("=", "").replace("x", "").replace("O", "0")
        for text in (move.uci().upper(), san, f" {san}\n", san.rstrip("+#"), f"{san}!?", bare, board.lan(move)):
            assert CHESS.parse_action(state, text) == action, text


@pytest.mark.parametrize(
    "text", ["e5", "Nd2", "exd5", "O-O", "Ng1", "e2e5", "e7e5", "Zf3", "e4=Q", "bxc3", "0000", "--"]
)
def test_illegal_moves_are_named_with_the_legal_ones(text):
    with pytest.raises(envs.IllegalAction) as raised:
        CHESS.parse_action(CHESS.init(1)[0], text)
    assert repr(text) in str(raised.value)
    assert "e2e4" in str(raised.value)
    assert "g1f3" in str(raised.value)


def test_an_ambiguous_move_is_refused():
    state = CHESS.from_fen("4k3/8/8/8/8/8/8/RN2KN1R w KQ - 0 1")
    with pytest.raises(envs.IllegalAction):
        CHESS.parse_action(state, "Nd2")
    assert CHESS.action_name(state, CHESS.parse_action(state, "Nbd2")) == "b1d2"
    promoting = CHESS.from_fen("8/P6k/8/8/8/8/8/K7 w - - 0 1")
    with pytest.raises(envs.IllegalAction):
        CHESS.parse_action(promoting, "a8")


def test_a_bishop_is_not_a_pawn():
    state = CHESS.from_fen("4k3/8/8/8/2p5/1P1B4/8/4K3 w - - 0 1")
    assert CHESS.action_name(state, CHESS.parse_action(state, "bxc4")) == "b3c4"
    assert CHESS.action_name(state, CHESS.parse_action(state, "Bxc4")) == "d3c4"


def test_minichess():
    state = MINICHESS.init(1)[0]
    assert sorted(MINICHESS.san(state, a) for a in legal(MINICHESS, state)) == [
        "Na3",
        "Nc3",
        "a3",
        "b3",
        "c3",
        "d3",
        "e3",
    ]
    assert MINICHESS.action_name(state, MINICHESS.parse_action(state, "Nc3")) == "b1c3"
    state = MINICHESS.from_fen("1n1k1/P4/5/5/K4 w - - 0 1")
    names = {MINICHESS.action_name(state, a): MINICHESS.san(state, a) for a in legal(MINICHESS, state)}
    assert names["a4b5q"] == "axb5=Q+"
    assert names["a4a5n"] == "a5=N"
    assert len(names) == 4 + 4 + 3

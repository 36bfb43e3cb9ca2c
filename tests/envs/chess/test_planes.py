import chess
import numpy as np

import envs
from envs.chess.planes import CLOCK_STEPS

CHESS, MINICHESS = envs.make("chess"), envs.make("minichess")


def planes_of(board):
    """The observation by python-chess: what white sees, of the board turned round if black is to move."""
    seen = board if board.turn else board.mirror()
    planes = [seen.pieces_mask(kind, colour) for kind in (1, 2, 3, 4, 5, 6) for colour in (chess.WHITE, chess.BLACK)]
    full = chess.BB_ALL
    planes.append(full * board.is_repetition(2))
    planes += [full * (board.halfmove_clock >= bound) for bound in CLOCK_STEPS]
    rights = seen.clean_castling_rights()
    planes += [full * bool(rights & corner) for corner in (chess.BB_H1, chess.BB_A1, chess.BB_H8, chess.BB_A8)]
    planes.append(chess.BB_SQUARES[seen.ep_square] if seen.has_legal_en_passant() else 0)
    return np.array([[plane >> square & 1 for square in range(64)] for plane in planes], np.uint8).reshape(-1, 8, 8)


def test_planes_of_random_games():
    rng = np.random.default_rng(2)
    seen = np.zeros(CHESS.spec.observation_shape[0], bool)
    for _ in range(12):
        state, board = CHESS.init(1), chess.Board()
        while np.isnan(CHESS.outcome(state)[0]):
            expected = planes_of(board)
            assert (CHESS.observe(state)[0] == expected).all(), board
            seen |= expected.any(axis=(1, 2))
            action = rng.choice(np.flatnonzero(CHESS.legal(state)[0])).astype(np.int32)
            board.push_uci(CHESS.action_name(state[0], int(action)))
            state = CHESS.step(state, action[None])
    assert seen.all()


def test_minichess_looks_the_same_from_both_sides():
    """Black sees what white would, were the colours exchanged."""
    white = MINICHESS.init(1)
    black = MINICHESS.step(white, np.array([MINICHESS.parse_action(white[0], "c3")], np.int32))
    assert MINICHESS.observe(white).shape == (1, 17, 5, 5)
    assert MINICHESS.observe(white)[0, 0].tolist() == [[0] * 5, [1] * 5, [0] * 5, [0] * 5, [0] * 5]
    assert MINICHESS.observe(white)[0, 10, 0].tolist() == [0, 0, 0, 0, 1]
    assert MINICHESS.observe(white)[0, 11, 4].tolist() == [0, 0, 0, 0, 1]
    exchanged = MINICHESS.from_fen("rnbqk/pp1pp/2p2/PPPPP/RNBQK w - - 0 1")
    assert (MINICHESS.observe(black) == MINICHESS.observe(exchanged[None])).all()
    assert MINICHESS.observe(black)[0, 1].tolist() == [[0] * 5, [0] * 5, [0, 0, 1, 0, 0], [1, 1, 0, 1, 1], [0] * 5]


def test_keys_tell_what_planes_tell():
    """Clock and repetition change keys when they change planes, and only then; the move number never does."""
    fen = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - {} {}"
    key = lambda clock, number: CHESS.key(CHESS.from_fen(fen.format(clock, number))[None])[0]  # noqa: E731
    assert key(0, 1) == key(19, 50)
    assert len({key(clock, 1) for clock in (19, 20, 40, 60, 80)}) == 5
    start, again = CHESS.init(1), CHESS.init(1)
    for name in ("g1f3", "g8f6", "f3g1", "f6g8"):
        again = CHESS.step(again, np.array([CHESS.parse_action(again[0], name)], np.int32))
    assert CHESS.key(start) != CHESS.key(again)
    assert (
        len({CHESS.key(CHESS.from_fen(fen.format(0, 1).replace("KQkq", r))[None])[0] for r in ("KQkq", "-", "k")}) == 3
    )


def test_the_mirror_keeps_the_memory():
    """A game mirrored half way ends by the same repetition."""
    state, action = MINICHESS.init(1), None
    for ply, name in enumerate(2 * ["b1c3", "b5a3", "c3b1", "a3b5"]):
        if ply == 5:
            state = MINICHESS.symmetry(state, np.ones(1, np.int8))
        if ply >= 5:
            name = "".join("edcba"["abcde".index(c)] if c in "abcde" else c for c in name)
        assert np.isnan(MINICHESS.outcome(state)[0])
        action = MINICHESS.parse_action(state[0], name)
        state = MINICHESS.step(state, np.array([action], np.int32))
    assert MINICHESS.ending(state[0]) == "threefold repetition"

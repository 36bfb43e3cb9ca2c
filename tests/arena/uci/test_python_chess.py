"""The engine as python-chess plays it."""

from __future__ import annotations

import time

import chess
import chess.engine
import pytest

from .engines import PROGRAM, untrained

PATIENCE = 120  # seconds, for a first start that compiles
MATES_IN_ONE = [
    "6k1/5ppp/8/8/8/8/8/R3K3 w - - 0 1",
    "r1bqkb1r/pppp1ppp/2n2n2/4p2Q/2B1P3/8/PPPP1PPP/RNB1K1NR w KQkq - 4 4",
    "6rk/6pp/8/6N1/8/8/8/6K1 w - - 0 1",
    "rnbqkbnr/pppp1ppp/8/4p3/6P1/5P2/PPPPP2P/RNBQKBNR b KQkq g3 0 2",
]
MATES_IN_TWO = [
    "7k/8/8/8/8/8/R7/1R4K1 w - - 0 1",
    "kbK5/pp6/1P6/8/8/8/8/R7 w - - 0 1",  # Morphy: Ra6
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = untrained(tmp_path_factory.mktemp("uci") / "chess", "chess")
    with chess.engine.SimpleEngine.popen_uci([*PROGRAM, str(folder)], timeout=PATIENCE) as running:
        running.ping()
        yield running


def test_it_introduces_itself_with_options_that_can_be_set(engine):
    assert engine.id["name"].startswith("Arena chess ")
    assert {"Hash", "Threads", "MultiPV", "Ponder", "UCI_ShowWDL", "Move Overhead", "Batch"} <= engine.options.keys()
    assert engine.options["Hash"].type == "spin"
    engine.configure({"Hash": 64, "Batch": 8, "UCI_ShowWDL": True})
    engine.ping()


@pytest.mark.parametrize("limit", [{"nodes": 100}, {"time": 0.1}, {"depth": 2}, {"white_clock": 2, "black_clock": 2}])
def test_it_plays_by_any_limit(engine, limit):
    board = chess.Board()
    for _ in range(4):
        result = engine.play(board, chess.engine.Limit(**limit), info=chess.engine.INFO_ALL)
        assert result.move in board.legal_moves
        assert result.info["nodes"] > 0
        board.push(result.move)
        if result.ponder:
            assert result.ponder in board.legal_moves


def test_lines_are_legal_and_sorted_and_the_chances_sum_up(engine):
    board = chess.Board("r1bqkbnr/pppp1ppp/2n5/4p3/2B1P3/8/PPPP1PPP/RNBQK1NR w KQkq - 0 4")
    lines = engine.analyse(board, chess.engine.Limit(nodes=600), multipv=4)
    assert len(lines) == 4
    assert len({line["pv"][0] for line in lines}) == 4
    for line in lines:
        after = board.copy()
        for move in line["pv"]:
            assert move in after.legal_moves
            after.push(move)
        assert 600 <= line["nodes"] <= 616
        assert sum(line["wdl"].relative) == 1000


@pytest.mark.parametrize("fen", MATES_IN_ONE)
def test_mates_in_one_are_found_and_told(engine, fen):
    board = chess.Board(fen)
    result = engine.play(board, chess.engine.Limit(nodes=3000), info=chess.engine.INFO_ALL)
    assert result.info["score"].relative == chess.engine.Mate(1)
    board.push(result.move)
    assert board.is_checkmate()


@pytest.mark.parametrize("fen", MATES_IN_TWO)
def test_mates_in_two_are_found_told_and_played(engine, fen):
    board = chess.Board(fen)
    result = engine.play(board, chess.engine.Limit(nodes=60_000), info=chess.engine.INFO_ALL)
    assert result.info["score"].relative == chess.engine.Mate(2)
    for _ in range(3):
        board.push(engine.play(board, chess.engine.Limit(nodes=30_000)).move)
    assert board.is_checkmate()


def test_root_moves_are_honoured(engine):
    moves = [chess.Move.from_uci(text) for text in ("a2a3", "h2h3")]
    for _ in range(2):
        result = engine.play(chess.Board(), chess.engine.Limit(nodes=150), root_moves=moves)
        assert result.move in moves
        moves.pop()


def test_the_tree_goes_along_with_the_game(engine):
    board = chess.Board()
    first = engine.play(board, chess.engine.Limit(nodes=2000), game="one", info=chess.engine.INFO_ALL)
    board.push(first.move)
    board.push(first.ponder)
    with engine.analysis(board, chess.engine.Limit(nodes=2), game="one") as told:
        told.wait()
        assert told.info["nodes"] > 2, "visits were kept"


def test_pondering(engine):
    board, limit = chess.Board(), chess.engine.Limit(white_clock=3, black_clock=3)
    for _ in range(3):
        result = engine.play(board, limit, ponder=True)
        assert result.move in board.legal_moves
        board.push(result.move)
        assert result.ponder in board.legal_moves
        time.sleep(0.1)
        board.push(result.ponder)


@pytest.mark.slow
def test_two_hundred_moves_on_a_clock_of_one_second_and_a_tenth_without_a_time_loss(engine):
    """The engine plays both sides, each with its clock; a game that ends is followed by another on the same clocks."""
    board, clocks, game, least = chess.Board(), [1.0, 1.0], 0, 1.0
    for ply in range(400):
        side = ply % 2
        white, black = clocks if board.turn == (side == 0) else clocks[::-1]
        limit = chess.engine.Limit(white_clock=white, black_clock=black, white_inc=0.1, black_inc=0.1)
        began = time.perf_counter()
        move = engine.play(board, limit, game=game).move
        clocks[side] -= time.perf_counter() - began
        least = min(least, clocks[side])
        assert clocks[side] > 0, f"lost on time after {ply} plies"
        clocks[side] += 0.1
        board.push(move)
        if board.is_checkmate() or board.is_stalemate() or board.is_insufficient_material():
            board, game = chess.Board(), game + 1
    print(f"{game} games ended on the board; least time left {least:.3f} s")

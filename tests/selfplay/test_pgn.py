import chess
import numpy as np
import pytest

import envs
from envs.core import InputError
from selfplay import lessons, pgn
from selfplay.chunks import unpack
from selfplay.early import AGREED, RESIGNED, RULES
from selfplay.pgn import Cursor, Played, Problem
from tests.selfplay.expert_games import random_game, write

END = 1 << 60
GAME = envs.make("chess")
BLACK = "r1bqkbnr/pppp1ppp/2n5/4p3/4P3/5N2/PPPP1PPP/RNBQKB1R b KQkq - 3 3"


def read(path, cursor=None, end=END):
    return [found for _, found in pgn.read(path, cursor or Cursor(), end)]


def one(path, moves, *, result="1-0", headers=""):
    write(path, [f'[Event "?"]\n[Result "{result}"]\n{headers}\n{moves} {result}'])
    (found,) = read(path)
    return found


def lesson(path, moves, **more):
    games, problems = lessons.positions(GAME, [one(path, moves, **more)])
    assert not problems
    return games


@pytest.mark.parametrize("fen", [None, BLACK, "8/P6k/8/8/8/8/p6K/8 w - - 0 40"])
def test_every_position_is_python_chess_s(tmp_path, fen):
    """States, movers, moves and results in lockstep; captures en passant, castling and promotions among them."""
    games = [random_game(seed, 200, fen) for seed in range(20)]
    found = read(write(tmp_path / "games.pgn", games))
    learned, problems = lessons.positions(GAME, found)
    assert not problems
    row = 0
    for played, game in zip(found, games, strict=True):
        board, end = game.board(), row + int(learned.lengths[played.number - 1])
        for move in list(game.mainline_moves())[: end - row]:
            state = learned.states[row]
            assert GAME.to_fen(state).split()[:4] == board.fen(en_passant="legal").split()[:4]
            assert learned.movers[row] == (board.turn == chess.BLACK)
            assert GAME.action_name(state, int(learned.actions[row])) == move.uci()
            policy = unpack(learned.policy[row : row + 1], GAME.legal(state[None]))[0]
            assert policy[learned.actions[row]] == policy.sum() == 1
            board.push(move)
            row += 1
        if board.is_game_over(claim_draw=False):
            white = {"1-0": 0, "0-1": 2, "1/2-1/2": 1}[game.headers["Result"]]
            here = slice(end - int(learned.lengths[played.number - 1]), end)
            assert learned.ended[played.number - 1] == RULES
            assert (learned.results[here] == np.where(learned.movers[here] == 0, white, 2 - white)).all()
    assert row == len(learned)


def test_reading_goes_on_from_any_place_between_two_games(tmp_path):
    path = write(tmp_path / "games.pgn", [random_game(seed, 20) for seed in range(6)])
    whole = list(pgn.read(path, Cursor(), END))
    assert [cursor.game for cursor, _ in whole] == [1, 2, 3, 4, 5, 6]
    for cursor, _ in whole:
        assert list(pgn.read(path, cursor, END)) == whole[cursor.game :]
    begin = pgn.next_game(path, whole[2][0].offset + 5)
    assert read(path, Cursor(begin))[0].moves == whole[4][1].moves
    assert len(read(path, end=begin)) == 4
    assert pgn.next_game(path, path.stat().st_size - 3) == path.stat().st_size
    assert pgn.next_game(path, 0) == 0


BAD = {
    "illegal move": "1. e4 e5 2. Ke3 Nc6 1-0",
    "unreadable move": "1. e4 P@e5 1-0",
    "ambiguous move": "1. Nf3 d5 2. d3 c6 3. Nd2 1-0",
    "no moves": "1-0",
    "cut off": "1. e4 e5 2. Nf3",
    "no result": "1. e4 e5 *",
    "results disagree": "1. e4 e5 0-1",
    "moves after the result": "1. e4 e5 1-0 2. Nf3 Nc6",
    "unreadable lines": "1. e4 {[%lines e2e4]} e5 1-0",
}
HEADERS = {
    "another variant": '[Variant "Crazyhouse"]\n',
    "unknown result": '[Result "2-0"]\n',
    "bad position": '[SetUp "1"]\n[FEN "8/8/8/8 w - - 0 1"]\n',
}


@pytest.mark.parametrize("kind", [*BAD, *HEADERS])
def test_bad_games_are_told_with_number_and_line_and_passed_over(tmp_path, kind):
    good = '[Event "?"]\n[Result "1-0"]\n\n1. e4 e5 2. Nf3 1-0'
    result = "*" if kind == "no result" else "1-0"
    bad = f'[Event "?"]\n[Result "{result}"]\n{HEADERS.get(kind, "")}\n{BAD.get(kind, "1. e4 e5 1-0")}'
    path = write(tmp_path / "games.pgn", [good, bad, good])
    first, problem, last = read(path)
    assert isinstance(first, Played)
    assert isinstance(last, Played)
    assert (last.number, last.moves) == (3, first.moves)
    assert isinstance(problem, Problem)
    assert (problem.game, problem.kind) == (2, kind)
    assert 6 <= problem.line <= 11
    assert str(problem).startswith("game 2, line ")


@pytest.mark.parametrize(
    ("moves", "result", "headers", "kind"),
    [
        ("1. f3 e5 2. g4 Qh4#", "1-0", "", "results disagree"),
        ("1. e4 {[%lines e2e5 1]} e5", "1-0", "", "unreadable lines"),
        ("1. e4", "1-0", f'[SetUp "1"]\n[FEN "{chess.STARTING_FEN.replace("KQkq", "KQkq").replace("w", "b")}"]\n', ""),
    ],
)
def test_games_that_the_rules_refuse(tmp_path, moves, result, headers, kind):
    found = one(tmp_path / "game.pgn", moves, result=result, headers=headers)
    if isinstance(found, Played):
        games, (found,) = lessons.positions(GAME, [found])
        assert games is None
    assert found.kind == (kind or "illegal move")


def test_a_null_move_is_not_a_move(tmp_path):
    assert one(tmp_path / "game.pgn", "1. e4 -- 2. d4").kind == "illegal move"


def test_a_truncated_file_ends_with_a_problem(tmp_path):
    path = write(tmp_path / "games.pgn", [random_game(seed, 40) for seed in range(3)])
    path.write_bytes(path.read_bytes()[:-60])
    found = read(path)
    assert [type(item) for item in found] == [Played, Played, Problem]
    assert found[2].kind == "cut off"


def test_lines_become_a_soft_target(tmp_path):
    games = lesson(tmp_path / "game.pgn", "1. e4 {[%lines e2e4 0.6 d2d4 0.3 g1f3 0.3] [%eval 0.2]} e5")
    policy = unpack(games.policy[:1], GAME.legal(games.states[:1]))[0]
    shares = {GAME.action_name(games.states[0], int(a)): float(policy[a]) for a in np.flatnonzero(policy)}
    assert shares == pytest.approx({"e2e4": 0.5, "d2d4": 0.25, "g1f3": 0.25}, abs=1e-3)
    assert GAME.action_name(games.states[1], int(games.policy[1].argmax())) is not None
    assert games.policy[1].max() == 1


def test_evaluations_are_of_the_position_after_the_move_for_white(tmp_path):
    games = lesson(tmp_path / "game.pgn", "1. e4 {[%eval 1.5]} e5 {[%eval #-3]} 2. Nf3 Nc6", result="0-1")
    won = chess.engine.Cp(-150).wdl(model="lichess").expectation()  # of a point; black is to move
    win, draw, loss = games.wdl[1].astype(float)
    assert win + draw / 2 == pytest.approx(won, abs=1e-3)
    assert (win, loss) == pytest.approx((won**2, (1 - won) ** 2), abs=1e-3)
    assert games.wdl[0] == pytest.approx(games.wdl[1][::-1])  # nothing was said of the first position
    assert games.wdl[2].tolist() == [0, 0, 1]  # white will be mated
    assert games.wdl[3].tolist() == [1, 0, 0]  # nothing was said: the result
    assert games.results.tolist() == [2, 0, 2, 0]


def test_what_an_engine_expected_before_the_move_goes_before_evaluations(tmp_path):
    games = lesson(tmp_path / "game.pgn", "1. e4 {[%eval 0.3]} e5 {[%wdl 100 300 600] [%eval 9.0]} 2. Nf3")
    assert games.wdl[1] == pytest.approx([0.1, 0.3, 0.6], abs=1e-3)


def test_how_games_end(tmp_path):
    path = tmp_path / "game.pgn"
    assert lesson(path, "1. e4 e5").ended.tolist() == [RESIGNED]
    assert lesson(path, "1. e4 e5", result="1/2-1/2").ended.tolist() == [AGREED]
    assert lesson(path, "1. f3 e5 2. g4 Qh4#", result="0-1").ended.tolist() == [RULES]


def test_a_game_that_goes_on_after_a_draw_nobody_claimed_ends_there(tmp_path):
    moves = "1. Nf3 Nf6 2. Ng1 Ng8 3. Nf3 Nf6 4. Ng1 Ng8 5. e4 e5"
    games = lesson(tmp_path / "game.pgn", moves)
    assert games.lengths.tolist() == [8]
    assert set(games.results.tolist()) == {1}


def test_files_that_are_not_games_of_chess(tmp_path):
    path = tmp_path / "games.pgn"
    with pytest.raises(InputError, match=r"games\.pgn cannot be read: No such file"):
        pgn.check("chess", path)
    for content, message in [
        (b"", "is empty"),
        (b"\x28\xb5\x2f\xfd\x00", r"is packed \(zstd\); unpack it first"),
        (b"ab\0c", "is not a text file"),
    ]:
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            pgn.check("chess", path)
    with pytest.raises(InputError, match="games of Minichess cannot be learned from PGN files, only those of chess"):
        pgn.check("minichess", path)

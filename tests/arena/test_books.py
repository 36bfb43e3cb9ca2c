import io
from dataclasses import replace

import chess
import chess.pgn
import numpy as np
import pytest

import envs
from agents.uci.programs import find_engine
from arena.books import read_openings
from arena.ladder import Ladder
from arena.match import play_match
from arena.openings import Placed, after
from arena.pgn import to_pgn
from arena.records import from_json, to_json
from arena.replay import ask_again, movers, verify
from arena.roster import LadderConfig, read_config
from arena.runner import Limits
from arena.store import Query, Store
from arena.view.timeline import ReplayError, frames
from envs.core import InputError

stockfish = pytest.mark.skipif(find_engine("stockfish") is None, reason="stockfish is not installed")
CHESS, MINICHESS = envs.make("chess"), envs.make("minichess")
SPANISH = '[Event "a"]\n\n1. e4 e5 2. Nf3 (2. f4 exf4) Nc6 { usual } 3. Bb5 a6 4. O-O 1-0\n\n'
SCHOLAR = '[Event "b"]\n\n1. e4 e5 2. Bc4 Nc6 3. Qh5 Nf6 4. Qxf7# 1-0\n\n'
ENDGAME = "8/8/8/4k3/8/8/4K2P/8 w - - 0 1"
TRANSPOSED = '[Event "c"]\n\n1. Nf3 Nc6 2. e4 e5 *\n\n'


def write(folder, text, name="book.pgn"):
    path = folder / name
    path.write_text(text)
    return path


def names(game, opening):
    return [game.action_name(after(game, [opening[:ply]])[0], action) for ply, action in enumerate(opening)]


def test_the_first_moves_of_games(tmp_path):
    path = write(tmp_path, SPANISH + SCHOLAR + TRANSPOSED)
    spanish, scholar, transposed = read_openings(CHESS, path, plies=6)
    assert names(CHESS, spanish) == ["e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6"]
    assert names(CHESS, scholar)[-1] == "g8f6"
    assert len(transposed) == 4
    assert read_openings(CHESS, path, plies=6, at_most=2) == (spanish, scholar)
    assert read_openings(CHESS, path, plies=7) == (read_openings(CHESS, path, plies=7)[0], transposed)  # a mate is none
    assert len(read_openings(CHESS, path, plies=4)) == 2  # two games have the same position after four plies
    usual = f'[Variant "Standard"]\n[SetUp "1"]\n[FEN "{chess.Board().fen()}"]\n'
    assert read_openings(CHESS, write(tmp_path, usual + SPANISH), plies=6) == (spanish,)


@pytest.mark.parametrize("game", [CHESS, MINICHESS], ids=["chess", "minichess"])
def test_positions_of_an_epd_file(tmp_path, game):
    rng, lines = np.random.default_rng(1), []
    for length in (0, 1, 2, 3, 9, 20, 60):
        state = game.init(1)
        for _ in range(length):
            if not np.isnan(game.outcome(state)[0]):
                break
            legal = np.flatnonzero(game.legal(state)[0])
            state = game.step(state, rng.choice(legal, 1).astype(np.int32))
        lines.append(" ".join(game.to_fen(state[0]).split()[:4]))
    path = write(tmp_path, "# a book\n\n" + "".join(f'{line} hmvc 0; id "x";\n' for line in lines), "book.epd")
    found = read_openings(game, path)
    reached = [" ".join(game.to_fen(state).split()[:4]) for state in after(game, found)]
    assert reached == list(dict.fromkeys(lines))


def test_what_windows_writes_and_draws_that_nobody_claimed(tmp_path):
    path = write(tmp_path, f"\ufeff{ENDGAME} id 1;\n", "book.epd")
    assert read_openings(CHESS, path) == (Placed(ENDGAME),)
    there = "Nf3 Nf6 2. Ng1 Ng8 3. Nf3 Nf6 4. Ng1 Ng8 5. e4 e5"
    path = write(tmp_path, f'[Event "a"]\n\n1. {there} *\n\n' + SPANISH)
    assert read_openings(CHESS, path, plies=10) == read_openings(CHESS, write(tmp_path, SPANISH), plies=10)


def test_games_that_begin_elsewhere(tmp_path):
    path = write(tmp_path, f'[FEN "{ENDGAME}"]\n\n1. Kd2 Kd4 2. h3 *\n\n' + f'[FEN "{ENDGAME}"]\n\n*\n\n' + SPANISH)
    short, bare, spanish = read_openings(CHESS, path, plies=2)
    assert (short.fen, bare) == (ENDGAME, Placed(ENDGAME))
    assert [CHESS.to_fen(state).split()[0] for state in after(CHESS, [short, bare])] == [
        "8/8/8/8/3k4/8/3K3P/8",
        "8/8/8/4k3/8/8/4K2P/8",
    ]
    assert len(spanish) == 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.pgn", "", "x.pgn holds no openings of Chess"),
        ("x.pgn", '[Event "?"]\n\n*\n', "x.pgn holds no openings of Chess"),
        ("x.pgn", SPANISH + '[Event "?"]\n\n1. e4 e5 2. Ke3 *\n', "x.pgn, game 2: illegal san: 'Ke3'"),
        ("x.pgn", SPANISH + '[Event "?"]\n\n1. e4 -- 2. d4 *\n', "x.pgn, game 2: illegal move '0000'"),
        ("x.pgn", '[FEN "4k3/8/8/8/8/8/8/8 w - - 0 1"]\n\n*\n', "x.pgn, game 1: bad FEN '4k3/8/8/8/8/8/8/8 w"),
        ("x.pgn", '[Variant "Atomic"]\n\n1. e4 *\n', "game 1: it is a game of 'Atomic', not of chess"),
        ("x.epd", "8/8/8/8 w - -\n", "x.epd, line 1: bad FEN '8/8/8/8 w - -'"),
    ],
)
def test_books_of_no_use_are_quoted(tmp_path, name, text, message):
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        read_openings(CHESS, write(tmp_path, text, name))


def test_games_without_books(tmp_path):
    with pytest.raises(InputError, match=r"no\.pgn cannot be read: No such file"):
        read_openings(CHESS, tmp_path / "no.pgn")
    with pytest.raises(InputError, match="openings are read for chess and minichess, not for Othello"):
        read_openings(envs.make("othello"), write(tmp_path, SPANISH))
    with pytest.raises(InputError, match="PGN files of Minichess cannot be read, only EPD files"):
        read_openings(MINICHESS, write(tmp_path, SPANISH))


BLACK_FIRST = "r1bqk2r/pppp1ppp/2n2n2/2b1p3/2B1P3/3P1N2/PPP2PPP/RNBQK2R b KQkq - 0 5"


@pytest.mark.parametrize("agent", ["alphabeta?depth=1", pytest.param("uci:stockfish?nodes=200", marks=stockfish)])
def test_a_game_that_begins_elsewhere_replays_and_its_pgn_says_so(tmp_path, agent):
    """The engine has to be told where it began, or it would refuse the moves."""
    book = read_openings(CHESS, write(tmp_path, f"{BLACK_FIRST} hmvc 0;\n8/8/4k3/8/8/4K3/7P/8 w - -\n", "book.epd"))
    limits = Limits(max_plies=6)
    records = list(play_match(agent, "alphabeta?depth=2", "chess", 4, book=book, limits=limits))
    assert [record.fault for record in records] == [None] * 4
    assert [record.options["fen"].split()[1] for record in records] == ["b", "b", "w", "w"]
    for record in records:
        assert from_json(to_json(record)) == record
        assert verify(record) == ask_again(record) == []
        assert movers(record)[0] == "wb".index(record.options["fen"].split()[1])
        text = to_pgn(record)
        played = chess.pgn.read_game(io.StringIO(text))
        assert played is not None
        assert not played.errors
        assert played.board().fen().split()[:4] == record.options["fen"].split()[:4]
        assert len(list(played.mainline_moves())) == len(record.actions)
        assert frames(record)[0].mover == movers(record)[0]
    assert "\n1... " in to_pgn(records[0])
    for fen, message in (("nonsense", "bad FEN 'nonsense'"), (7, "bad FEN '7'")):
        assert message in verify(replace(records[0], options={"fen": fen}))[0].message
        with pytest.raises(ReplayError, match=message):
            frames(replace(records[0], options={"fen": fen}))
    assert "no option 'lineup'" in verify(replace(records[0], options={"lineup": 1}))[0].message


def test_a_ladder_keeps_its_book(tmp_path):
    text = f"{BLACK_FIRST}\n8/8/4k3/8/8/4K3/7P/8 w - -\n"
    book = read_openings(CHESS, write(tmp_path, text, "book.epd"))
    both = (*book, *read_openings(CHESS, write(tmp_path, SPANISH), plies=4))
    config = LadderConfig("chess", pairs=3, openings=both, limits=Limits(max_plies=8))
    store = Store(tmp_path / "arena.db")
    ladder = Ladder(store, "book", config)
    ladder.enter(["random", "alphabeta?depth=1"])
    ladder.run()
    again = read_config(store, "book")
    assert again is not None
    assert again.openings == both
    records = list(store.records(Query(ladder="book")))
    assert sorted(len(record.options) for record in records) == [0, 0, 1, 1, 1, 1]
    assert not any(verify(record) for record in records)
    store.close()

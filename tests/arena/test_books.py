import chess
import chess.pgn
import numpy as np
import pytest

import envs
from arena.books import DEEPEST, read_openings
from arena.openings import after
from envs.core import InputError

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
    for length in (0, 1, 2, 3, DEEPEST, DEEPEST):
        state = game.init(1)
        for _ in range(length):
            legal = np.flatnonzero(game.legal(state)[0])
            state = game.step(state, rng.choice(legal, 1).astype(np.int32))
        lines.append(" ".join(game.to_fen(state[0]).split()[:4]))
    path = write(tmp_path, "# a book\n\n" + "".join(f'{line} hmvc 0; id "x";\n' for line in lines), "book.epd")
    found = read_openings(game, path)
    reached = [" ".join(game.to_fen(state).split()[:4]) for state in after(game, found)]
    assert reached == list(dict.fromkeys(lines))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.pgn", "", "x.pgn holds no openings of Chess"),
        ("x.pgn", '[Event "?"]\n\n*\n', "x.pgn holds no openings of Chess"),
        ("x.pgn", SPANISH + '[Event "?"]\n\n1. e4 e5 2. Ke3 *\n', "x.pgn, game 2: illegal san: 'Ke3'"),
        ("x.pgn", f'[FEN "{ENDGAME}"]\n\n1. Kd2 *\n', "game 1: it does not begin with the initial position"),
        ("x.pgn", '[Variant "Atomic"]\n\n1. e4 *\n', "game 1: it is a game of 'Atomic', not of chess"),
        ("x.epd", "8/8/8/8 w - -\n", "x.epd, line 1: bad FEN '8/8/8/8 w - -'"),
        ("x.epd", "4k3/8/8/8/8/8/4P3/4K3 w - -\n", "x.epd, line 1: no line of 4 plies or less leads to 4k3/8"),
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

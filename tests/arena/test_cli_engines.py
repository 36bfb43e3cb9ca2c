"""Ladders with engines, as people call them; the engine is a small program that says it is Stockfish."""

import json

import chess.pgn
import pytest

from arena.cli.entrants import ENGINES, anchors
from tests.agents.uci.fakes import make

BOOK = '[Event "?"]\n[Result "*"]\n\n1. e4 e5 2. Nf3 *\n\n[Event "?"]\n[Result "*"]\n\n1. d4 d5 *\n'


@pytest.fixture
def stockfish(tmp_path, monkeypatch):
    make(tmp_path).rename(tmp_path / "stockfish")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def test_engines_that_are_there_are_anchors(stockfish):
    assert set(ENGINES["chess"]) <= set(anchors("chess"))
    assert not [anchor for anchor in anchors("connect_four") if anchor.startswith("uci:")]


def test_an_engine_keeps_the_elo_it_promises_and_games_begin_from_the_book(run, stockfish, tmp_path):
    (tmp_path / "book.pgn").write_text(BOOK)
    level = "uci:stockfish?elo=1350&depth=1"
    code, out, err = run(
        *("ladder", "random", level, "--game", "chess", "--anchor", level, "--name", "engines", "--pairs", "2"),
        *("--workers", "1", "--openings", "book.pgn", "--adjudicate", "--schedule", "round_robin", "--json"),
    )
    assert code == 0, err
    agents = {row["agent"]: row for row in json.loads(out)["agents"]}
    engine = next(row for name, row in agents.items() if "stockfish" in name)
    assert (engine["elo"], engine["games"]) == (1350.0, 4)
    code, out, err = run("export", "--all", "--ladder", "engines", "-o", "all.pgn")
    assert code == 0, err
    begun = []
    with (tmp_path / "all.pgn").open() as file:
        while game := chess.pgn.read_game(file):
            begun.append(" ".join(move.uci() for move in game.mainline_moves())[:14])
    assert sum(line == "e2e4 e7e5 g1f3" for line in begun) == 2
    assert sum(line.startswith("d2d4 d7d5") for line in begun) == 2

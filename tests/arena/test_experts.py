import os
import sys

import chess.pgn
import numpy as np
import pytest

import envs
from agents.core import AgentError
from agents.uci.programs import find_engine
from arena import experts
from arena.experts import ExpertConfig, Heard, finished, make
from arena.openings import after, largest_book
from envs.core import InputError
from selfplay import lessons, pgn

FAKE = """#!{python}
import os, sys
import chess
def say(text):
    print(text, flush=True)
board, lines, fault = chess.Board(), 1, {fault!r}
while True:
    words = sys.stdin.readline().split()
    if not words or words[0] == "quit":
        break
    if words[0] == "uci":
        say("id name Fake 1.0\\noption name MultiPV type spin default 1 min 1 max 9\\nuciok")
    elif words[0] == "isready":
        say("readyok")
    elif words[0] == "setoption":
        lines = int(words[-1])
    elif words[0] == "position":
        board = chess.Board(" ".join(words[2:8]))
        for move in words[9:]:
            board.push_uci(move)
    elif words[0] == "go":
        if fault and (fault == "always" or not os.path.exists(fault)) and len(board.move_stack) >= 4:
            fault == "always" or open(fault, "w").close()
            os._exit(3)
        moves = sorted((move.uci() for move in board.legal_moves), key=lambda m: (len(board.piece_map()), m))[:lines]
        for rank, move in enumerate(moves, 1):
            say(f"info depth 1 multipv {{rank}} score cp {{100 - 40 * rank}} wdl 300 600 100 nodes 9 pv {{move}}")
        say(f"bestmove {{moves[0]}}")
"""


def fake(folder, fault=""):
    path = folder / "fake"
    path.write_text(FAKE.format(python=sys.executable, fault=fault))
    path.chmod(0o755)
    return path


def learnable(path):
    """The games of a file, all of them sound, as python-chess and as the learner reads them."""
    found = [one for _, one in pgn.read(path, pgn.Cursor(), 1 << 60)]
    games, problems = lessons.positions(envs.make("chess"), found)
    assert not problems
    read = []
    with path.open() as file:
        while (game := chess.pgn.read_game(file)) is not None:
            assert not game.errors
            read.append(game)
    return read, games


def heard(*lines):
    listener = Heard()
    for line in lines:
        listener(line)
    return listener


def test_shares_by_hand():
    thought = heard(
        "info depth 9 multipv 1 score cp 100 wdl 400 500 100 pv e2e4 e7e5",
        "info depth 9 multipv 2 score cp 0 wdl 100 800 100 pv d2d4",
        "info depth 9 multipv 3 score mate -2 pv g2g4",
    ).thought("e2e4", 0.1)
    value = 2 / (1 + np.exp(-0.00368208 * 100)) - 1  # Lichess's winning chances
    weights = np.exp(np.array([value, 0.0, -1.25]) / 0.1)
    assert list(thought.shares) == ["e2e4", "d2d4", "g2g4"]
    assert list(thought.shares.values()) == pytest.approx(weights / weights.sum())
    assert [text for text, _ in thought.evals.values()] == ["1.00", "0.00", "#-2"]


def test_quick_mates_are_preferred_to_slow_ones_and_slow_ones_to_being_ahead():
    shares = heard(
        "info multipv 1 score mate 1 pv a1a8",
        "info multipv 2 score mate 4 pv a1a7",
        "info multipv 3 score cp 3000 pv a1a6",
    ).thought("a1a8", 0.1)
    first, second, third = shares.shares.values()
    assert first > 10 * second > 10 * third


def test_games_can_be_learned_from(tmp_path):
    path, states = tmp_path / "games.pgn", []
    config = ExpertConfig(engine=f"uci:{fake(tmp_path)}?multipv=3", plies=(3, 3))
    assert make(path, 3, config, workers=2, on_progress=states.append) == 3
    read, games = learnable(path)
    assert sorted(game.headers["Round"] for game in read) == ["1", "2", "3"]
    assert len({game.headers["FEN"] for game in read}) == 3
    first = next(iter(read[0].mainline()))
    white = 1 if first.parent.board().turn else -1
    assert first.eval().white().score() in (60 * white, 20 * white, -20 * white)
    assert (games.policy > 0).sum(axis=1).max() == 3
    won = 1 / (1 + np.exp(-0.00368208 * 60))  # the best line's 0.6 pawns by Lichess's winning chances
    assert games.wdl[0] == pytest.approx([won**2, 2 * won * (1 - won), (1 - won) ** 2], abs=1e-3)
    assert [state.done for state in states] == [1, 2, 3]
    assert states[-1].left == 0


def test_blunders_change_what_is_played_and_not_what_is_told(tmp_path):
    engine, game, best = f"uci:{fake(tmp_path)}?multipv=3", envs.make("chess"), []
    for share in (0.0, 1.0):
        path = tmp_path / f"{share}.pgn"
        make(path, 2, ExpertConfig(engine=engine, plies=(3, 3), drawn=0.0, blunders=share))
        games = learnable(path)[1]
        legal, rows = game.legal(games.states), np.arange(len(games))
        assert legal[rows, games.actions].all()
        slots = np.cumsum(legal, axis=1)[rows, games.actions] - 1
        assert games.policy.sum(axis=1) == pytest.approx(np.ones(len(games)), abs=0.01)
        best.append((games.policy[rows, slots] == games.policy.max(axis=1)).mean())
    assert best[0] == 1
    assert best[1] < 0.4


def test_some_games_go_on_although_both_sides_agree(tmp_path, monkeypatch):
    monkeypatch.setattr(experts, "MOST_PLIES", 12)
    monkeypatch.setattr(experts, "adjudicated", lambda values, _: 1.0 if len(values) >= 6 else None)
    lengths = set()
    for share in (0.0, 0.5, 1.0):
        path = tmp_path / f"{share}.pgn"
        make(path, 6, ExpertConfig(engine=f"uci:{fake(tmp_path)}", plies=(2, 2), to_the_end=share))
        lengths |= {(share, len(list(game.mainline_moves())), game.headers["Result"]) for game in learnable(path)[0]}
    early, late = (6, "1-0"), (12, "1/2-1/2")
    assert lengths == {(0.0, *early), (0.5, *early), (0.5, *late), (1.0, *late)}


def test_games_begin_fair_where_an_opening_is(tmp_path):
    """The fake engine takes every position for an advantage of 0.6 pawns: 0.11 of a result."""
    starts = []
    for fair in (0.2, 0.05):
        path = tmp_path / f"{fair}.pgn"
        make(path, 3, ExpertConfig(engine=str(fake(tmp_path)), plies=(2, 2), fair=fair))
        starts.append([game.headers["FEN"] for game in learnable(path)[0]])
    book = largest_book(envs.make("chess"), 3, (2, 2), 0)
    firsts = [envs.make("chess").to_fen(after(envs.make("chess"), [opening])[0]) for opening in book]
    assert starts[0] == firsts
    assert not set(starts[1]) & set(firsts), "others were tried"
    with pytest.raises(InputError, match=r"decided is from 0\.05 and fair from 0 to 1, not 0\.8 and 0"):
        ExpertConfig(fair=0.0)


def test_the_file_goes_on_where_it_was_cut_off(tmp_path):
    config = ExpertConfig(engine=f"uci:{fake(tmp_path)}", plies=(2, 2))
    path, alone = tmp_path / "games.pgn", tmp_path / "alone.pgn"
    make(alone, 4, config)
    make(path, 3, config)
    text = path.read_bytes()
    for cut in (1, 2, 30, 400):
        path.write_bytes(text[:-cut])
        assert finished(path, config.label) == {1, 2}
    assert make(path, 4, config) == 2
    assert path.read_bytes() == alone.read_bytes()
    assert make(path, 4, config) == 0
    with pytest.raises(InputError, match=r"games\.pgn holds .* seed=0, not .* seed=1; name another file"):
        make(path, 5, ExpertConfig(engine=config.engine, plies=(2, 2), seed=1))


def test_files_of_somebody_else_are_left_alone(tmp_path):
    path = tmp_path / "games.pgn"
    path.write_text('[Event "?"]\n\n1. e4 1-0\n\n')
    with pytest.raises(InputError, match="holds no such games, not "):
        make(path, 1, ExpertConfig(engine=str(fake(tmp_path))))
    assert path.read_text() == '[Event "?"]\n\n1. e4 1-0\n\n'


def test_two_do_not_write_one_file(tmp_path):
    path, config = tmp_path / "games.pgn", ExpertConfig(engine=str(fake(tmp_path)))

    def intrude(state):
        with pytest.raises(InputError, match="another process is making games for"):
            make(path, 9, config)

    assert make(path, 1, config, on_progress=intrude) == 1


def test_an_engine_that_crashes_is_started_again(tmp_path):
    engine, events = fake(tmp_path, str(tmp_path / "crashed")), []
    make(tmp_path / "games.pgn", 2, ExpertConfig(engine=str(engine)), on_progress=lambda s: events.append(s.event))
    assert any("game 1 is played again: engine fake exited (3)" in event for event in events)
    assert len(learnable(tmp_path / "games.pgn")[0]) == 2


def test_an_engine_that_always_crashes_is_given_up(tmp_path):
    with pytest.raises(AgentError, match=r"3 times without finishing game 1: engine fake exited \(3\)"):
        make(tmp_path / "games.pgn", 2, ExpertConfig(engine=str(fake(tmp_path, "always"))))


def test_wrong_settings(tmp_path):
    with pytest.raises(InputError, match="temperature is from"):
        ExpertConfig(temperature=0.0)
    with pytest.raises(InputError, match="moves drawn is from 0 to 1, not 2"):
        ExpertConfig(drawn=2.0)
    with pytest.raises(InputError, match="blunders is from 0 to 1, not -1"):
        ExpertConfig(blunders=-1.0)
    with pytest.raises(InputError, match="no engine 'nonesuch'"):
        make(tmp_path / "games.pgn", 1, ExpertConfig(engine="nonesuch"))
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(find_engine("stockfish") is None, reason="Stockfish is not installed")
def test_stockfish(tmp_path):
    path = tmp_path / "games.pgn"
    make(path, 2, ExpertConfig(engine="stockfish?nodes=200"), workers=2)
    read, games = learnable(path)
    assert len(read) == 2
    assert ((games.policy > 0).sum(axis=1) > 1).mean() > 0.8
    best = games.policy.argmax(axis=1)
    legal = envs.make("chess").legal(games.states)
    assert legal[np.arange(len(games)), games.actions].all()
    assert len(np.unique(best)) > 3

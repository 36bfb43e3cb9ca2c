"""Move generation against published counts: every position of the Chess Programming Wiki's page on perft results
(https://www.chessprogramming.org/Perft_Results), and Fairy-Stockfish's counts for minichess."""

import shutil
import subprocess

import numpy as np
import pytest

import envs
from envs.perft import perft

START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
KIWIPETE = "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1"
CHESS = {
    START: [20, 400, 8902, 197281, 4865609, 119060324],
    KIWIPETE: [48, 2039, 97862, 4085603, 193690690],
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1": [14, 191, 2812, 43238, 674624, 11030083, 178633661],
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1": [6, 264, 9467, 422333, 15833292, 706045033],
    "r2q1rk1/pP1p2pp/Q4n2/bbp1p3/Np6/1B3NBn/pPPP1PPP/R3K2R b KQ - 0 1": [6, 264, 9467, 422333, 15833292, 706045033],
    "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8": [44, 1486, 62379, 2103487, 89941194],
    "r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10": [46, 2079, 89890, 3894594, 164075551],
}
# Counted by Fairy-Stockfish 11.1, UCI_Variant gardner. The first is the initial position.
MINICHESS = {
    "rnbqk/ppppp/5/PPPPP/RNBQK w - - 0 1": [7, 53, 506, 4775, 52512, 572874],
    "3k1/PP3/5/3pp/1K3 w - - 0 1": [12, 106, 1050, 10542, 106267, 1074293],
    "1n2k/P1P2/5/2p1p/K2N1 b - - 0 1": [21, 283, 3293, 39507, 471291, 5480778],
    "rnbqk/p3p/p1Pp1/PPQP1/1RB1K w - - 4 6": [9, 106, 1240, 14943, 179343, 2298765],
    "B2k1/P4/2K2/5/3n1 w - - 1 24": [5, 34, 250, 1694, 15063, 102036],
    "4b/pPP1k/2Rp1/1B2r/3K1 b - - 2 22": [11, 154, 1455, 19680, 189887, 2542768],
    "4k/p2b1/b2P1/3P1/4K b - - 1 25": [10, 27, 224, 871, 7517, 30230],
    "rn2k/p1QpP/2N2/2pKP/RqB2 w - - 3 11": [24, 231, 3986, 44923, 715112, 8805894],
    "R1b2/3p1/p1k2/P1P1P/2RQK w - - 3 13": [10, 32, 446, 1708, 22314, 96442],
    "3rk/R3P/3P1/2p2/2B1K w - - 1 16": [18, 81, 1001, 6478, 74253, 529932],
    "4k/1b1pp/5/2QpK/5 w - - 2 20": [14, 123, 1157, 9437, 90755, 707327],
    "4k/5/R3P/1bK1P/2B2 b - - 0 23": [7, 99, 588, 7625, 43954, 575258],
    "2bqk/1p1pn/1Q3/P3P/2R1K b - - 0 9": [5, 93, 997, 14608, 164123, 2277626],
    "r1q1k/pbp1N/n2p1/4p/2K1B b - - 1 12": [16, 93, 1352, 8651, 134635, 871027],
    "4k/5/2p2/P1P2/1nb1K w - - 6 21": [3, 27, 88, 779, 2577, 22931],
    "1N1qk/3bp/1Q1pP/P2P1/2R1K b - - 0 9": [9, 194, 1846, 31051, 319462, 4804604],
}
ENGINE = shutil.which("fairy-stockfish") or shutil.which("fairy-stockfish", path="/usr/games")


def count(game_id, fen, depth):
    game = envs.make(game_id)
    return perft(game, depth, game.from_fen(fen))[1:]


@pytest.mark.parametrize("fen", CHESS)
def test_chess(fen):
    known = [n for n in CHESS[fen] if n < 200_000_000]
    assert count("chess", fen, len(known)) == known


@pytest.mark.slow
@pytest.mark.parametrize("fen", CHESS)
def test_chess_deep(fen):
    assert count("chess", fen, len(CHESS[fen])) == CHESS[fen]


@pytest.mark.parametrize("fen", MINICHESS)
def test_minichess(fen):
    assert count("minichess", fen, len(MINICHESS[fen])) == MINICHESS[fen]


def test_the_initial_positions_are_these():
    for game_id, fen in (("chess", START), ("minichess", next(iter(MINICHESS)))):
        game = envs.make(game_id)
        assert game.to_fen(game.init(1)[0]) == fen
        assert perft(game, 3) == perft(game, 3, game.from_fen(fen))


def test_depth_0_and_1_and_mate():
    game = envs.make("chess")
    assert perft(game, 0) == [1]
    assert perft(game, 1) == [1, 20]
    mated = game.from_fen("rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3")
    assert perft(game, 3, mated) == [1, 0, 0, 0]


def test_draws_end_no_line():
    """Published numbers go on through positions drawn by material or clock."""
    game = envs.make("chess")
    assert perft(game, 2, game.from_fen("k7/8/8/8/8/8/8/K7 w - - 0 1")) == [1, 3, 9]
    assert perft(game, 1, game.from_fen(START.replace("0 1", "100 80"))) == [1, 20]


@pytest.mark.skipif(ENGINE is None, reason="fairy-stockfish is not installed")
def test_minichess_against_fairy_stockfish():
    """Legal moves of positions from random play, and the counts above, asked of the engine itself."""
    game, rng = envs.make("minichess"), np.random.default_rng(4)
    states, seen = game.init(8), []
    while len(states):
        seen += list(states)
        legal = game.legal(states)
        states = game.step(states, np.argmax(rng.random(legal.shape) * legal, axis=1).astype(np.int32))
        states = states[np.isnan(game.outcome(states))]
    chosen = [seen[i] for i in rng.permutation(len(seen))[:300]]
    asked = [(game.to_fen(state), 1) for state in chosen] + [(fen, len(MINICHESS[fen])) for fen in MINICHESS]
    lines = ["uci", "setoption name UCI_Variant value gardner"]
    lines += [line for fen, depth in asked for line in (f"position fen {fen}", f"go perft {depth}")]
    done = subprocess.run([ENGINE], input="\n".join([*lines, "quit\n"]), capture_output=True, text=True, timeout=60)
    answers = done.stdout.split("uciok")[1].split("Nodes searched: ")
    for state, answer in zip(chosen, answers, strict=False):
        theirs = {line.split(":")[0] for line in answer.splitlines() if line.endswith(": 1")}
        ours = {game.action_name(state, int(action)) for action in np.flatnonzero(game.legal(state[None])[0])}
        assert ours == theirs, game.to_fen(state)
    counted = [int(answer.split()[0]) for answer in answers[1 + len(chosen) :]]
    assert counted == [numbers[-1] for numbers in MINICHESS.values()]

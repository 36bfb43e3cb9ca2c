"""A conversation with the engine, step by step: what a program may say, and what has to come back in which time."""

from __future__ import annotations

import pytest

from .engines import MOVE, Conversation, untrained

BEST = f"bestmove {MOVE}( ponder {MOVE})?"
MATE_IN_ONE = "6k1/5ppp/8/8/8/8/8/R3K3 w - - 0 1"  # Ra8#
MATE_IN_TWO = "7k/8/8/8/8/8/R7/1R4K1 w - - 0 1"  # Ra7 Kg8 Rb8#
ONLY_MOVE = "7k/8/8/8/8/8/1r6/K7 w - - 0 1"  # Kxb2
LOST = "k7/8/1K6/8/8/8/8/7R b - - 0 1"  # Kb8 Rh8#
CHECKMATE = "R5k1/5ppp/8/8/8/8/8/4K3 b - - 0 1"
STALEMATE = "7k/5Q2/6K1/8/8/8/8/8 b - - 0 1"

# (what to send, what has to come, within seconds); "!pattern": it must not come, for so many seconds
STEPS: list[tuple[str, str, float]] = [
    ("xyzzy", "!.+", 0.1),
    ("uci", "uciok", 2),
    ("isready", "readyok", 60),
    ("isready", "readyok", 0.5),
    ("hello uci", "uciok", 0.5),
    ("UCINEWGAME", "!.+", 0.1),
    ("ucinewgame\nisready", "readyok", 2),
    # limits
    ("position startpos\ngo nodes 1", BEST, 2),
    ("go nodes 200", BEST, 5),
    ("position startpos moves e2e4 e7e5\ngo movetime 200", BEST, 1),
    ("go depth 1", BEST, 5),
    ("go depth 2", BEST, 20),
    ("go wtime 3000 btime 3000 winc 0 binc 0", BEST, 2),
    ("go wtime 1000 btime 1000 movestogo 40", BEST, 1),
    ("go wtime 1 btime 1", BEST, 1),
    ("go wtime -20 btime 5 winc 0", BEST, 1),
    (f"position fen {ONLY_MOVE}\ngo wtime 600000 btime 600000", "bestmove a1b2.*", 1),
    # searches without end
    ("position startpos\ngo infinite", "!bestmove.*", 0.5),
    ("isready", "readyok", 0.5),
    ("stop", BEST, 0.5),
    ("stop", "!.+", 0.1),
    ("go\nstop", BEST, 0.5),
    ("go infinite nodes 10", "!bestmove.*", 0.5),
    ("stop", BEST, 0.5),
    # proofs
    (f"position fen {MATE_IN_ONE}\ngo nodes 2000", "info .* score mate 1 .* pv a1a8", 5),
    ("", "bestmove a1a8", 1),
    (f"position fen {MATE_IN_TWO}\ngo nodes 20000", "info .* score mate 2 .* pv [^ ]+ [^ ]+ [^ ]+", 20),
    ("", BEST, 1),
    (f"position fen {MATE_IN_TWO}\ngo mate 2", BEST, 20),
    (f"position fen {MATE_IN_TWO}\ngo infinite", "info .* score mate 2 .*", 20),
    ("", "!bestmove.*", 0.5),
    ("stop", BEST, 0.5),
    (f"position fen {LOST}\ngo nodes 2000", "info .* score mate -1 .* pv a8b8 h1h8", 5),
    ("", "bestmove a8b8 ponder h1h8", 1),
    # ends of games
    (f"position fen {CHECKMATE}\ngo nodes 10", "info depth 0 score mate 0", 1),
    ("", r"bestmove \(none\)", 0.5),
    (f"position fen {STALEMATE}\ngo infinite", "info depth 0 score cp 0", 1),
    ("", "!bestmove.*", 0.3),
    ("stop", r"bestmove \(none\)", 0.5),
    (f"position fen {CHECKMATE}\ngo ponder", "info depth 0 score mate 0", 1),
    ("ponderhit", r"bestmove \(none\)", 0.5),
    ("stop", "!bestmove.*", 0.3),
    ("position startpos moves g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8\ngo nodes 50", BEST, 2),
    ("position fen 7k/8/8/8/8/8/R7/K7 w - - 99 80 moves a2b2\ngo nodes 50", "bestmove h8.*", 2),
    # options
    ("setoption name UCI_ShowWDL value true", "!.+", 0.1),
    ("position startpos\ngo nodes 100", r"info .* score cp -?\d+ wdl \d+ \d+ \d+ nodes .*", 3),
    ("", BEST, 1),
    ("setoption name MultiPV value 3\ngo nodes 300", "info .* multipv 3 .*", 3),
    ("", BEST, 1),
    ("setoption name multipv value 1\nsetoption name UCI_ShowWDL value false\nisready", "readyok", 2),
    (
        "setoption name Hash value 32\nsetoption name Batch value 4\nsetoption name CPuct value 2.0\nisready",
        "readyok",
        5,
    ),
    ("setoption name Clear Hash\nisready", "readyok", 1),
    ("setoption name Hash value 1", "info string error: option Hash takes 16 to 65536, not '1'", 0.5),
    ("setoption name Hsh value 64", "info string error: unknown option 'Hsh'; .*Did you mean 'Hash'.*", 0.5),
    ("setoption name Threads value 2", "info string error: option Threads takes 1 to 1, not '2'", 0.5),
    ("setoption Hash 64", "info string error: setoption takes name NAME .*", 0.5),
    # restricted moves
    ("position startpos\ngo nodes 200 searchmoves a2a3 h2h4", "bestmove (a2a3|h2h4).*", 3),
    ("go searchmoves g1h3 nodes 100", "bestmove g1h3.*", 3),
    ("go nodes 100 searchmoves e2e5", "info string error: illegal move 'e2e5'; legal: .*", 0.5),
    ("", r"bestmove \(none\)", 0.5),
    # pondering
    ("position startpos moves e2e4 e7e5\ngo ponder wtime 1000 btime 1000 winc 100 binc 100", "!bestmove.*", 0.6),
    ("ponderhit", BEST, 1),
    ("go ponder wtime 1000 btime 1000", "!bestmove.*", 0.2),
    ("stop", BEST, 0.5),
    ("ponderhit", "!.+", 0.1),
    # what makes no sense
    ("position startpos moves e2e4 e7e4", "info string error: move 2: illegal move 'e7e4'; legal: .*", 0.5),
    ("position fen rubbish", "info string error: bad FEN 'rubbish': 1 fields instead of 4 to 6", 0.5),
    ("go nodes 50", "info string error: go where. The last position was refused", 0.5),
    ("", r"bestmove \(none\)", 0.5),
    ("position fen 8/8/8/8/8/8/8/8 w - - 0 1", "info string error: bad FEN .*: white has 0 kings instead of one", 0.5),
    ("position", "info string error: position takes startpos or fen, not ''", 0.5),
    ("position startpos\ngo nodes many", "info string error: go nodes takes a number, not 'many'", 0.5),
    ("", r"bestmove \(none\)", 0.5),
    ("go depth 0", "info string error: go depth takes a number above 0, not 0", 0.5),
    ("", r"bestmove \(none\)", 0.5),
    ("go nodes 50", BEST, 2),
    ("debug on\nsay what", "info string unknown command 'say what'", 0.5),
    ("go nodes 60", "info string .* visits kept, batches of up to 4 .*", 2),
    ("", BEST, 1),
    ("debug off", "!.+", 0.1),
    # one search ends where the next begins
    ("go infinite\ngo nodes 100", BEST, 1),
    ("", BEST, 2),
    ("go infinite\nucinewgame", BEST, 1),
    ("isready", "readyok", 1),
    ("go infinite", "!bestmove.*", 0.2),
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("uci") / "chess", "chess")


@pytest.fixture
def engine(checkpoint):
    conversation = Conversation(checkpoint)
    yield conversation
    conversation.close()


def test_every_step_is_answered_as_it_should_and_in_time(engine):
    assert len(STEPS) >= 35
    for sent, wanted, seconds in STEPS:
        if sent:
            engine.send(*sent.split("\n"))
        if wanted.startswith("!"):
            engine.silent(wanted[1:], seconds)
        else:
            engine.expect(wanted, seconds)
    assert engine.quit() == 0, "in the middle of a search"


def test_it_quits_while_it_loads_and_when_the_program_goes(engine, checkpoint):
    engine.send("uci", "isready")
    engine.expect("uciok", 2)
    assert engine.quit(1) == 0
    other = Conversation(checkpoint)
    other.send("uci", "position startpos", "go infinite")
    other.expect("uciok", 2)
    other.process.stdin.close()
    assert other.process.wait(1) == 0
    other.close()


def test_what_came_while_it_loaded_is_done_in_order(engine):
    engine.send("uci", "setoption name MultiPV value 2", "position startpos moves e2e4", "go nodes 100", "isready")
    engine.expect("uciok", 2)
    said = [*engine.expect("readyok|bestmove .*", 60), *engine.expect("readyok|bestmove .*", 60)]
    assert any(" multipv 2 " in line for line in said)


@pytest.mark.parametrize(
    ("target", "message"),
    [("nowhere/at/all", "nowhere/at/all: there is no such checkpoint"), ("shipped:connect_four", "connect_four")],
)
def test_a_checkpoint_of_no_use_ends_with_one_line(target, message):
    conversation = Conversation(target)
    assert conversation.process.wait(20) == 2
    complaint = conversation.process.stderr.read()
    assert message in complaint
    assert "Traceback" not in complaint
    conversation.close()


def test_a_damaged_checkpoint_ends_with_one_line(tmp_path):
    folder = untrained(tmp_path / "chess", "chess")
    (folder / "model.safetensors").write_bytes(b"nothing")
    conversation = Conversation(folder)
    conversation.send("uci")
    conversation.expect("uciok", 2)
    assert conversation.process.wait(30) == 2
    assert "truncated or altered" in conversation.process.stderr.read()
    conversation.close()


def test_an_engine_for_minichess(tmp_path):
    conversation = Conversation(untrained(tmp_path / "minichess", "minichess"))
    conversation.send("uci")
    said = conversation.expect("uciok", 2)
    assert "option name UCI_Variant type combo default gardner var gardner" in said
    conversation.send("setoption name UCI_Variant value gardner", "position startpos moves a2a3", "go nodes 100")
    conversation.expect("bestmove [a-e][1-5][a-e][1-5].*", 60)
    conversation.send("position fen 4k/5/4K/5/R4 w - - 0 1", "go nodes 500")
    conversation.expect("info .* score mate 1 .* pv a1a5", 5)
    assert conversation.quit() == 0
    conversation.close()

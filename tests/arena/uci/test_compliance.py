"""A conversation with the engine, step by step: what a program may say, and what has to come back, or not yet."""

from __future__ import annotations

import pytest

from .engines import MOVE, PATIENCE, Conversation, untrained

BEST = f"bestmove {MOVE}( ponder {MOVE})?"
MATE_IN_ONE = "6k1/5ppp/8/8/8/8/8/R3K3 w - - 0 1"  # Ra8#
MATE_IN_TWO = "7k/8/8/8/8/8/R7/1R4K1 w - - 0 1"  # Ra7 Kg8 Rb8#
ONLY_MOVE = "7k/8/8/8/8/8/1r6/K7 w - - 0 1"  # Kxb2
LOST = "k7/8/1K6/8/8/8/8/7R b - - 0 1"  # Kb8 Rh8#
CHECKMATE = "R5k1/5ppp/8/8/8/8/8/4K3 b - - 0 1"
STALEMATE = "7k/5Q2/6K1/8/8/8/8/8 b - - 0 1"

# (what to send, what has to come), or (what to send, "!" and what must not come, for so many seconds)
STEPS: list[tuple[str, str] | tuple[str, str, float]] = [
    ("xyzzy", "!.+", 0.1),
    ("uci", "uciok"),
    ("isready", "readyok"),
    ("isready", "readyok"),
    ("hello uci", "uciok"),
    ("UCINEWGAME", "!.+", 0.1),
    ("ucinewgame\nisready", "readyok"),
    # limits
    ("position startpos\ngo nodes 1", BEST),
    ("go nodes 200", BEST),
    ("position startpos moves e2e4 e7e5\ngo movetime 200", BEST),
    ("go depth 1", BEST),
    ("go depth 2", BEST),
    ("go wtime 3000 btime 3000 winc 0 binc 0", BEST),
    ("go wtime 1000 btime 1000 movestogo 40", BEST),
    ("go wtime 1 btime 1", BEST),
    ("go wtime -20 btime 5 winc 0", BEST),
    (f"position fen {ONLY_MOVE}\ngo wtime 36000000 btime 36000000", "bestmove a1b2.*"),
    # searches without end
    ("position startpos\ngo infinite", "!bestmove.*", 0.5),
    ("isready", "readyok"),
    ("stop", BEST),
    ("stop", "!.+", 0.1),
    ("go\nstop", BEST),
    ("go infinite nodes 10", "!bestmove.*", 0.5),
    ("stop", BEST),
    # proofs
    (f"position fen {MATE_IN_ONE}\ngo nodes 2000", "info .* score mate 1 .* pv a1a8"),
    ("", "bestmove a1a8"),
    (f"position fen {MATE_IN_TWO}\ngo nodes 20000", "info .* score mate 2 .* pv [^ ]+ [^ ]+ [^ ]+"),
    ("", BEST),
    (f"position fen {MATE_IN_TWO}\ngo mate 2", BEST),
    (f"position fen {MATE_IN_TWO}\ngo infinite", "info .* score mate 2 .*"),
    ("", "!bestmove.*", 0.5),
    ("stop", BEST),
    (f"position fen {LOST}\ngo nodes 2000", "info .* score mate -1 .* pv a8b8 h1h8"),
    ("", "bestmove a8b8 ponder h1h8"),
    # ends of games
    (f"position fen {CHECKMATE}\ngo nodes 10", "info depth 0 score mate 0"),
    ("", r"bestmove \(none\)"),
    (f"position fen {STALEMATE}\ngo infinite", "info depth 0 score cp 0"),
    ("", "!bestmove.*", 0.3),
    ("stop", r"bestmove \(none\)"),
    (f"position fen {CHECKMATE}\ngo ponder", "info depth 0 score mate 0"),
    ("ponderhit", r"bestmove \(none\)"),
    ("stop", "!bestmove.*", 0.3),
    ("position startpos moves g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8\ngo nodes 50", BEST),
    ("position fen 7k/8/8/8/8/8/R7/K7 w - - 99 80 moves a2b2\ngo nodes 50", "bestmove h8.*"),
    # options
    ("setoption name UCI_ShowWDL value true", "!.+", 0.1),
    ("position startpos\ngo nodes 100", r"info .* score cp -?\d+ wdl \d+ \d+ \d+ nodes .*"),
    ("", BEST),
    ("setoption name MultiPV value 3\ngo nodes 300", "info .* multipv 3 .*"),
    ("", BEST),
    ("setoption name multipv value 1\nsetoption name UCI_ShowWDL value false\nisready", "readyok"),
    (
        "setoption name Hash value 32\nsetoption name Batch value 4\nsetoption name CPuct value 2.0\nisready",
        "readyok",
    ),
    ("setoption name Clear Hash\nisready", "readyok"),
    ("setoption name Hash value 1", "info string error: option Hash takes 16 to 65536, not '1'"),
    (f"setoption name Hash value {'9' * 5000}", "info string error: option Hash takes 16 to 65536, not '9999.*"),
    ("setoption name Hsh value 64", "info string error: unknown option 'Hsh'; .*Did you mean 'Hash'.*"),
    ("setoption name Threads value 2", "info string error: option Threads takes 1 to 1, not '2'"),
    ("setoption Hash 64", "info string error: setoption takes name NAME .*"),
    # restricted moves
    ("position startpos\ngo nodes 200 searchmoves a2a3 h2h4", "bestmove (a2a3|h2h4).*"),
    ("go searchmoves g1h3 nodes 100", "bestmove g1h3.*"),
    ("go nodes 100 searchmoves e2e5 h2h4", "bestmove h2h4.*"),
    ("go nodes 100 searchmoves e2e5", BEST),
    # limits that make no sense are ignored
    ("go movestogo 0 wtime 1000 btime 1000", "info string error: go movestogo takes a number above 0, not 0"),
    ("", BEST),
    (f"go nodes 50 depth {'9' * 5000}", "info string error: go depth takes a number, not '9999.*"),
    ("", BEST),
    # pondering
    ("position startpos moves e2e4 e7e5\ngo ponder wtime 1000 btime 1000 winc 100 binc 100", "!bestmove.*", 0.6),
    ("ponderhit", BEST),
    ("go ponder wtime 1000 btime 1000", "!bestmove.*", 0.2),
    ("stop", BEST),
    ("ponderhit", "!.+", 0.1),
    # what makes no sense
    ("position startpos moves e2e4 e7e4", "info string error: move 2: illegal move 'e7e4'; legal: .*"),
    ("position fen rubbish", "info string error: bad FEN 'rubbish': 1 fields instead of 4 to 6"),
    ("go nodes 50", "info string error: go where. The last position was refused"),
    ("", r"bestmove \(none\)"),
    ("position fen 8/8/8/8/8/8/8/8 w - - 0 1", "info string error: bad FEN .*: white has 0 kings instead of one"),
    ("position", "info string error: position takes startpos or fen, not ''"),
    ("position startpos\ngo nodes many", "info string error: go nodes takes a number, not 'many'"),
    ("", r"bestmove \(none\)"),
    ("go depth 0", "info string error: go depth takes a number above 0, not 0"),
    ("", r"bestmove \(none\)"),
    ("go nodes 50", BEST),
    ("debug on\nsay what", "info string unknown command 'say what'"),
    ("go nodes 60", "info string .* visits kept, batches of up to 4 .*"),
    ("", BEST),
    ("debug off", "!.+", 0.1),
    # one search ends where the next begins
    ("go infinite\ngo nodes 100", BEST),
    ("", BEST),
    ("go infinite\nucinewgame", BEST),
    ("isready", "readyok"),
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


def test_every_step_is_answered_as_it_should(engine):
    for sent, wanted, *quiet in STEPS:
        if sent:
            engine.send(*sent.split("\n"))
        if quiet:
            engine.silent(wanted.removeprefix("!"), *quiet)
        else:
            engine.expect(wanted)
    assert engine.quit() == 0, "in the middle of a search"


def test_it_quits_while_it_loads_and_when_the_program_goes(engine, checkpoint):
    engine.send("uci", "isready")
    engine.expect("uciok")
    assert engine.quit() == 0
    assert "readyok" not in engine.rest(), "it has not waited for the network"
    other = Conversation(checkpoint)
    other.send("uci", "position startpos", "go infinite")
    other.expect("uciok")
    other.process.stdin.close()
    assert other.process.wait(PATIENCE) == 0
    assert not any(line.startswith("bestmove") for line in other.rest())
    other.close()


def test_what_came_while_it_loaded_is_done_in_order(engine):
    engine.send("uci", "setoption name MultiPV value 2", "position startpos moves e2e4", "go nodes 100", "isready")
    engine.expect("uciok")
    said = [*engine.expect("readyok|bestmove .*"), *engine.expect("readyok|bestmove .*")]
    assert any(" multipv 2 " in line for line in said)


@pytest.mark.parametrize(
    ("target", "message"),
    [("nowhere/at/all", "nowhere/at/all: there is no such checkpoint"), ("shipped:connect_four", "connect_four")],
)
def test_a_checkpoint_of_no_use_ends_with_one_line(target, message):
    conversation = Conversation(target)
    assert conversation.process.wait(PATIENCE) == 2
    complaint = conversation.process.stderr.read()
    assert message in complaint
    assert "Traceback" not in complaint
    conversation.close()


def test_a_damaged_checkpoint_ends_with_one_line(tmp_path):
    folder = untrained(tmp_path / "chess", "chess")
    (folder / "model.safetensors").write_bytes(b"nothing")
    conversation = Conversation(folder)
    conversation.send("uci")
    conversation.expect("uciok")
    assert conversation.process.wait(PATIENCE) == 2
    assert "truncated or altered" in conversation.process.stderr.read()
    conversation.close()


def test_an_engine_for_minichess(tmp_path):
    conversation = Conversation(untrained(tmp_path / "minichess", "minichess"))
    conversation.send("uci")
    said = conversation.expect("uciok")
    assert "option name UCI_Variant type combo default gardner var gardner" in said
    conversation.send("setoption name UCI_Variant value gardner", "position startpos moves a2a3", "go nodes 100")
    conversation.expect("bestmove [a-e][1-5][a-e][1-5].*")
    conversation.send("position fen 4k/5/4K/5/R4 w - - 0 1", "go nodes 500")
    conversation.expect("info .* score mate 1 .* pv a1a5")
    assert conversation.quit() == 0
    conversation.close()

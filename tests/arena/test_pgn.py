import io
from dataclasses import replace

import chess
import chess.pgn
import numpy as np
import pytest

import envs
from arena.pgn import to_pgn
from arena.records import Fault
from envs.core import InputError
from tests.arena.matches import HOSTILE, make_record


def read(text):
    game = chess.pgn.read_game(io.StringIO(text))
    assert game is not None
    assert game.errors == []
    return game


@pytest.mark.parametrize("seed", range(6))
def test_python_chess_reads_the_same_game_with_its_evaluations_and_times(seed):
    record = make_record("chess", seed, opening=3)
    rules, game = envs.make("chess"), read(to_pgn(record))
    states = rules.init(1)
    nodes = list(game.mainline())
    assert len(nodes) == len(record.actions)
    for ply, (node, action) in enumerate(zip(nodes, record.actions, strict=True)):
        assert node.move.uci() == rules.action_name(states[0], action)
        thought = record.analysis[ply]
        states = rules.step(states, np.array([action], np.int32))
        if thought is None:
            assert (node.comment, node.eval(), node.emt()) == ("book", None, None)
            continue
        told = node.eval()
        assert told is not None
        assert thought.value is not None
        wins = told.white().wdl(model="lichess").expectation() * 2 - 1  # which knows no more than ten pawns
        value = thought.value if ply % 2 == 0 else -thought.value
        assert wins == pytest.approx(min(max(value, -0.95), 0.95), abs=0.002)
        assert node.emt() == pytest.approx(0.012, abs=0.001)
    assert game.headers["Result"] == {1: "1-0", 0: "1/2-1/2", -1: "0-1"}[int(record.returns[0])]
    assert game.headers["Result"] == game.end().board().result(claim_draw=True)
    assert (game.headers["White"], game.headers["Black"]) == ("alice", "bob")
    assert game.headers["Date"] == "2026.01.02"
    assert game.headers["Termination"] == "normal"
    assert game.headers["PlyCount"] == str(len(record.actions))


def test_several_games_in_one_file():
    records = [make_record("chess", seed, thoughts=False) for seed in range(3)]
    file = io.StringIO("".join(map(to_pgn, records)))
    for record in records:
        game = chess.pgn.read_game(file)
        assert game is not None
        assert len(list(game.mainline_moves())) == len(record.actions)
    assert chess.pgn.read_game(file) is None


@pytest.mark.parametrize(
    ("fault", "termination", "result"),
    [
        (Fault("crash", 1, "it } died"), "abandoned", "1-0"),
        (Fault("illegal", 1, "a1a8"), "rules infraction", "1-0"),
        (Fault("time", 1, "late"), "time forfeit", "1-0"),
        (Fault("host", None, "memory"), "emergency", "*"),
    ],
)
def test_faults(fault, termination, result):
    record = make_record("chess", 0, fault=fault)
    record = replace(record, returns=(0.0, 0.0) if fault.kind == "host" else (1.0, -1.0))
    game = read(to_pgn(record))
    assert (game.headers["Termination"], game.headers["Result"]) == (termination, result)
    assert game.end().comment.endswith(f"{fault.kind}: {fault.message.replace('}', ')')}")


def test_an_adjudicated_game_says_so():
    record = make_record("chess", 0)
    short = replace(
        record, actions=record.actions[:9], analysis=record.analysis[:9], termination="adjudicated", returns=(0.0, 0.0)
    )
    game = read(to_pgn(short))
    assert (game.headers["Termination"], game.headers["Result"]) == ("adjudication", "1/2-1/2")


def test_names_cannot_break_out_of_their_headers():
    record = make_record("chess", 1, names=(HOSTILE, 'a"]\n[White "b\\'))
    game = read(to_pgn(record))
    assert len(list(game.mainline_moves())) == len(record.actions)
    assert game.headers["White"].startswith("</script>")
    assert game.headers["Black"] == "a']?[White 'b/"


def test_minichess_names_its_variant_and_its_start():
    record = make_record("minichess", 2, opening=0)
    text = to_pgn(record)
    assert '[Variant "gardner"]\n[SetUp "1"]\n[FEN "rnbqk/ppppp/5/PPPPP/RNBQK w - - 0 1"]' in text
    rules = envs.make("minichess")
    assert f"1. {rules.san(rules.init(1)[0], record.actions[0])} " in text  # type: ignore[attr-defined]


def test_other_games_have_no_pgn():
    with pytest.raises(InputError, match="PGN is for chess and minichess; match 'match-3' is one of Connect Four"):
        to_pgn(make_record("connect_four"))

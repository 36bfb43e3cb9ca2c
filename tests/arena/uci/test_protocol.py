"""Lines to commands and back; python-chess's parser is the judge of what the engine says."""

from __future__ import annotations

import re

import chess
import chess.engine
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.uci.protocol import (
    Info,
    Limits,
    Score,
    Settings,
    best_move,
    options,
    parse_go,
    parse_option,
    parse_position,
    set_option,
    split,
    thousandths,
)
from envs.core import InputError

CHESS = options("chess")


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("uci", ("uci", [])),
        ("  joho   debug on ", ("debug", ["on"])),
        ("position startpos moves e2e4", ("position", ["startpos", "moves", "e2e4"])),
        ("debug debug on", ("debug", ["debug", "on"])),
        ("", ("", [])),
        ("UCI", ("", [])),
        ("perft 5", ("", [])),
    ],
)
def test_unknown_words_before_a_command_are_ignored(line, parts):
    assert split(line) == parts


def test_go_takes_all_limits_in_any_order():
    line = "searchmoves e2e4 d2d4 infinite wtime 1000 btime 2000 winc 10 binc 20 movestogo 30 depth 4 nodes 5 mate 6"
    assert parse_go(f"{line} movetime 7 ponder".split()) == Limits(
        1000, 2000, 10, 20, 30, 4, 5, 6, 7, True, True, ("e2e4", "d2d4")
    )
    assert parse_go([]).endless
    assert parse_go(["infinite", "nodes", "5"]).endless
    assert parse_go(["searchmoves", "e2e4"]).endless
    assert not parse_go(["nodes", "5"]).endless
    assert not parse_go(["ponder", "wtime", "-5"]).endless, "a clock may show less than nothing"
    assert parse_go(["nonsense", "nodes", "5"]).nodes == 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("nodes many", "go nodes takes a number, not 'many'"),
        (f"nodes {'1' * 5000}", f"go nodes takes a number, not '{'1' * 40}'"),
        ("nodes", "go nodes takes a number, not 'ponder'"),
        ("depth 0", "go depth takes a number above 0, not 0"),
        ("movestogo 0", "go movestogo takes a number above 0, not 0"),
    ],
)
def test_go_says_what_is_wrong_and_ignores_it(words, message):
    told = []
    assert parse_go([*words.split(), "ponder", "movetime", "7"], told.append) == Limits(ponder=True, movetime=7)
    assert told == [message]
    with pytest.raises(InputError) as error:
        parse_go(["depth", "x", *words.split()])
    assert str(error.value).startswith("go depth takes a number, not 'x'; go ")


def test_positions():
    assert parse_position(["startpos"]) == (None, ())
    assert parse_position(["startpos", "moves", "e2e4", "e7e5"]) == (None, ("e2e4", "e7e5"))
    fen = "8/8/8/8/8/8/8/K1k5 w - - 0 1"
    assert parse_position(["fen", *fen.split()]) == (fen, ())
    assert parse_position(["fen", *fen.split(), "moves", "a1a2"]) == (fen, ("a1a2",))
    for bad in ("", "fen", "e2e4", "moves e2e4"):
        with pytest.raises(InputError, match="position takes startpos or fen"):
            parse_position(bad.split())


def test_options_have_the_form_that_the_protocol_wants():
    for option in (*CHESS, *options("gardner")):
        form = {
            "spin": r"type spin default \d+ min \d+ max \d+",
            "check": r"type check default (true|false)",
            "button": r"type button",
            "string": r"type string default \S+",
            "combo": r"type combo default gardner var gardner",
        }[option.type]
        assert re.fullmatch(f"option name {option.name} {form}", str(option))
    names = [option.name for option in CHESS]
    assert len(set(names)) == len(names)
    assert not {"UCI_Chess960", "UCI_Variant"} & set(names)


def test_options_are_set_without_regard_to_case_and_checked():
    assert parse_option(["name", "Clear", "Hash"]) == ("Clear Hash", "")
    assert parse_option(["name", "Move", "Overhead", "value", "30"]) == ("Move Overhead", "30")
    settings = set_option(Settings(), CHESS, "move overhead", "30")
    settings = set_option(settings, CHESS, "UCI_ShowWDL", "true")
    settings = set_option(settings, CHESS, "CPuct", "2.5")
    settings = set_option(settings, CHESS, "Ponder", "true")
    assert settings == Settings(overhead=30, show_wdl=True, cpuct=2.5)
    for name, value, message in [
        ("Hash", "1", "option Hash takes 16 to 65536, not '1'"),
        ("Hash", "much", "option Hash takes 16 to 65536, not 'much'"),
        ("Ponder", "yes", "option Ponder takes true or false, not 'yes'"),
        ("CPuct", "0", "option CPuct takes a number above 0 and up to 100, not '0'"),
        ("Hsh", "64", "unknown option 'Hsh'"),
    ]:
        with pytest.raises(InputError) as error:
            set_option(settings, CHESS, name, value)
        assert message in str(error.value)
    with pytest.raises(InputError, match="unknown value of option UCI_Variant: 'atomic'"):
        set_option(settings, options("gardner"), "UCI_Variant", "atomic")


@pytest.mark.parametrize("show_wdl", [False, True])
@pytest.mark.parametrize("score", [Score(-35, None, (300, 400, 300)), Score(mate=-2, wdl=(0, 0, 1000))])
def test_info_lines_are_what_python_chess_reads(score, show_wdl):
    info = Info(4, 9, 2, score, 1234, 5678, 12, 250, ("e2e4", "e7e5"))
    read = chess.engine._parse_uci_info(info.text(show_wdl).removeprefix("info "), chess.Board())
    assert (read["depth"], read["seldepth"], read["multipv"], read["nodes"], read["nps"]) == (4, 9, 2, 1234, 5678)
    assert (read["hashfull"], read["time"]) == (12, 0.25)
    assert [move.uci() for move in read["pv"]] == ["e2e4", "e7e5"]
    relative = read["score"].relative
    assert relative == (chess.engine.Cp(-35) if score.mate is None else chess.engine.Mate(-2))
    assert ("wdl" in read) == show_wdl
    if show_wdl:
        assert tuple(read["wdl"].relative) == score.wdl


@given(st.floats(-1, 1), st.floats(0, 1))
def test_thousandths_sum_to_one_thousand(value, share):
    draw = share * (1 - abs(value))
    win, middle, loss = thousandths(value, draw)
    assert win + middle + loss == 1000
    assert min(win, middle, loss) >= 0
    assert abs((win - loss) / 1000 - value) < 0.002
    assert abs(middle / 1000 - draw) < 0.001


def test_the_last_word():
    assert best_move(()) == "bestmove (none)"
    assert best_move(("e2e4",)) == "bestmove e2e4"
    assert best_move(("e2e4", "e7e5", "g1f3")) == "bestmove e2e4 ponder e7e5"

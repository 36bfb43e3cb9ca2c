import chess.engine
import pytest

from agents.uci.info import Line, Listener, centipawns_of, shares, value_of


def hear(*lines):
    listener = Listener()
    for line in lines:
        listener(line)
    return listener


@pytest.mark.parametrize("cp", [-900, -100, 0, 25, 400])
def test_values_are_lichess_winning_chances(cp):
    wins = chess.engine.Cp(cp).wdl(model="lichess").expectation()
    assert value_of(cp) == pytest.approx(2 * wins - 1, abs=0.002)
    assert centipawns_of(value_of(cp)) == pytest.approx(cp)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("info depth 9 score cp 100 wdl 400 500 100 nodes 5 pv e2e4 e7e5", Line(0.3, ("e2e4", "e7e5"))),
        ("info score cp 0 pv e2e4", Line(0.0, ("e2e4",))),
        ("info score mate 3 nodes 5 pv e2e4", Line(1.0, ("e2e4",))),
        ("info score mate -2 pv e2e4", Line(-1.0, ("e2e4",))),
        ("info depth 3 pv e2e4", Line(None, ("e2e4",))),
        ("info score cp many pv e2e4", Line(None, ("e2e4",))),
        ("info score cp", None),
    ],
)
def test_one_line(text, line):
    assert hear(text).chosen("e2e4") == line


@pytest.mark.parametrize("text", ["", "info", "info string pv e2e4", "readyok", "info currmove e2e4", "infopv e2e4"])
def test_what_is_no_line(text):
    assert hear(text).lines == {}


def test_the_last_exact_line_of_each_rank_counts():
    heard = hear(
        "info depth 1 multipv 1 score cp 10 pv e2e4",
        "info depth 1 multipv 2 score mate -1 pv d2d4",
        "info depth 2 multipv 1 score cp 0 pv d2d4 d7d5",
        "info depth 3 multipv 1 score cp 900 lowerbound pv c2c4",
    )
    assert heard.lines == {1: Line(0.0, ("d2d4", "d7d5")), 2: Line(-1.0, ("d2d4",))}
    assert heard.chosen("d2d4") == Line(0.0, ("d2d4", "d7d5"))
    assert heard.chosen("a2a3") == Line(0.0, ())  # played on purpose, as weak levels do
    assert hear("info score cp 0 upperbound pv e2e4").chosen("e2e4") == Line(0.0, ("e2e4",))
    assert hear().chosen("e2e4") is None


def test_shares_are_a_softmax():
    found = shares({1: 0.5, 2: 0.4, 3: -1.0})
    assert sum(found.values()) == pytest.approx(1)
    assert found[1] / found[2] == pytest.approx(2.718281828)
    assert shares({}) == {}

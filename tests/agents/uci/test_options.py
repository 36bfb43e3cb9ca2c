import pytest
from chess.engine import Option

from agents.registry import parse
from agents.uci.options import UciOptions, pairs, settings
from envs.core import InputError

KNOWN = {
    option.name: option
    for option in (
        Option("Threads", "spin", 1, 1, 4, []),
        Option("MultiPV", "spin", 1, 1, 500, []),
        Option("UCI_Elo", "spin", 1350, 1350, 2850, []),
        Option("UCI_LimitStrength", "check", False, None, None, []),
        Option("Style", "combo", "calm", None, None, ["calm", "wild"]),
        Option("Clear Hash", "button", None, None, None, []),
        Option("Book", "string", "", None, None, []),
    )
}


def commands(query: str) -> list[str]:
    return list(settings(parse(f"uci:fish?{query}")[2], "Fish 1", KNOWN))


def test_what_options_set_in_an_engine():
    assert commands("") == ["setoption name Threads value 1"]
    assert commands("elo=1500&multipv=3") == [
        "setoption name Threads value 1",
        "setoption name UCI_LimitStrength value true",
        "setoption name UCI_Elo value 1500",
        "setoption name MultiPV value 3",
    ]
    assert commands("options=Threads:2,Style:wild,Clear Hash:,Book:/a/b:c") == [
        "setoption name Threads value 2",
        "setoption name Style value wild",
        "setoption name Clear Hash",
        "setoption name Book value /a/b:c",
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("elo=1320", "option 'UCI_Elo' of Fish 1 takes 1350 to 2850, not '1320'"),
        ("options=Threads:many", "option 'Threads' of Fish 1 takes 1 to 4, not 'many'"),
        ("options=UCI_LimitStrength:yes", "takes true or false, not 'yes'"),
        ("options=Style:mild", "unknown value of option 'Style' of Fish 1: 'mild'; choose from: calm, wild"),
        ("skill=3", "unknown option of Fish 1: 'Skill Level'; choose from: Book, Clear Hash"),
        ("options=Bock:x", "Did you mean 'Book'"),
        ("options=Book", "agent 'uci': options are NAME:VALUE,NAME:VALUE, not 'Book'"),
        ("options=Book:x%0Aquit", "options are NAME:VALUE"),
        ("nodes=0", "nodes must be positive, not 0"),
        ("patience=nan", "patience must be positive"),
        ("time=5", "unknown option of agent 'uci': 'time'; choose from: depth"),
    ],
)
def test_what_an_engine_does_not_take_is_quoted(query, message):
    with pytest.raises(InputError, match=message):
        commands(query)


def test_limits():
    assert UciOptions().go == "go movetime 100"
    assert UciOptions(nodes=200, depth=3).go == "go nodes 200 depth 3"
    assert UciOptions(movetime=50).go == "go movetime 50"
    assert UciOptions(patience=2).seconds == pytest.approx(2.1)
    assert UciOptions(patience=2, movetime=500).seconds == 2.5
    assert UciOptions(patience=2, nodes=5).seconds == 2


def test_pairs():
    assert pairs("") == {}
    assert pairs("BackendOptions:backend=cuda,gpu=0,Book:/a,b/c") == {
        "BackendOptions": "backend=cuda,gpu=0",
        "Book": "/a,b/c",
    }
    assert pairs("Hash:64, Move Overhead : 0") == {"Hash": "64", "Move Overhead": "0"}

import io
import math

import pytest
from rich.console import Console

from arena.view.charts import ASCII, UNICODE
from arena.view.figures import clock, percent, rate
from arena.view.live import LiveScreen
from arena.view.training import TRAINING, line
from selfplay.progress import Progress


def progress(**changes) -> Progress:
    nan = float("nan")
    facts = dict.fromkeys(Progress.__dataclass_fields__, 0) | dict.fromkeys(
        ("moves_per_second", "evaluations_per_second", "cache_hits", "policy_loss", "value_loss"), nan
    )
    return Progress(**{**facts, "game": "connect_four", "budget": 180.0, "event": "", **changes})


def shown(screen: LiveScreen, state: Progress, width: int, using=UNICODE) -> str:
    file = io.StringIO()
    screen.update(state)
    Console(file=file, width=width, height=40).print(screen.panel(width, using))
    return file.getvalue()


@pytest.mark.parametrize("width", [34, 63, 80, 160])
@pytest.mark.parametrize("using", [UNICODE, ASCII])
def test_the_panel_fits_and_shows_what_matters(tmp_path, width, using):
    screen = LiveScreen(Console(file=io.StringIO()), tmp_path / "run", TRAINING)
    state = progress(
        seconds=60.0,
        games=1234,
        moves_per_second=812.4,
        evaluations_per_second=9100.0,
        cache_hits=0.41,
        policy_loss=1.5,
        value_loss=0.75,
    )
    text = shown(screen, state, width, using)
    assert max(map(len, text.split("\n"))) <= width
    for fact in ("01:00 of 03:00, 02:00 left", "1,234", "812", "9,100", "41%", "1.500", "Ctrl-C"):
        assert fact in text
    if using is ASCII:
        assert text.isascii()


def test_before_anything_is_measured_there_are_no_numbers(tmp_path):
    screen = LiveScreen(Console(file=io.StringIO()), tmp_path, TRAINING)
    assert "nan" not in shown(screen, progress(), 80)
    assert "nan" not in line(progress())
    assert [rate(math.nan), percent(math.nan), rate(1234.5, 1), percent(0.125)] == ["-", "-", "1,234.5", "12%"]


def test_without_a_terminal_there_is_a_line_now_and_then_and_one_for_every_event(tmp_path):
    file = io.StringIO()
    with LiveScreen(Console(file=file, width=80), tmp_path, TRAINING) as screen:
        for tenth in range(600):
            screen.update(progress(seconds=tenth / 10, event="worker 1 replaced" if tenth == 333 else ""))
    lines = file.getvalue().splitlines()
    assert lines[0].startswith("training in ")
    assert [text.split()[0] for text in lines[1:]] == ["00:00", "00:15", "00:30", "00:33", "00:48"]
    assert "worker 1 replaced" in lines[4]


def test_clocks():
    assert [clock(0), clock(59.6), clock(61), clock(3599.4), clock(3723)] == [
        "00:00",
        "01:00",
        "01:01",
        "59:59",
        "1:02:03",
    ]


def test_early_ends_are_told_where_there_are_any(tmp_path):
    screen = LiveScreen(Console(file=io.StringIO()), tmp_path / "run", TRAINING)
    assert "ended early" not in shown(screen, progress(ended_early=0.0, wrong_verdicts=float("nan")), 80)
    assert "40%, 3% of verdicts wrong" in shown(screen, progress(ended_early=0.4, wrong_verdicts=0.03), 80)

import io
import itertools

import pytest
from rich.console import Console

from arena.view.charts import ASCII, UNICODE
from arena.view.live import LiveScreen, Past
from arena.view.scoring import SCORING, line
from selfplay.dqn.progress import ScoreProgress


def progress(**changes):
    facts = dict.fromkeys(ScoreProgress.__dataclass_fields__, 0)
    measured = "steps_per_second samples_per_second emulator_share act_share learn_share loss value score best_score"
    facts |= dict.fromkeys(measured.split(), float("nan"))
    return ScoreProgress(**{**facts, "game": "breakout", "algo": "pqn", "budget": 180.0, "event": "", **changes})


@pytest.mark.parametrize("width", [34, 71, 80, 160])
@pytest.mark.parametrize("using", [UNICODE, ASCII])
def test_the_panel_fits_and_shows_what_matters(tmp_path, width, using):
    screen = LiveScreen(Console(file=io.StringIO()), tmp_path / "run", SCORING)
    state = progress(
        seconds=60.0,
        steps=123_456,
        steps_per_second=1234.0,
        emulator_share=0.11,
        act_share=0.22,
        learn_share=0.63,
        epsilon=0.07,
        score=31.25,
        best_score=32.5,
    )
    screen.update(state)
    file = io.StringIO()
    Console(file=file, width=width, height=40).print(screen.panel(width, using))
    text = file.getvalue()
    assert max(map(len, text.split("\n"))) <= width
    facts = ("01:00 of 03:00, 02:00 left", "123,456", "1,234", "11%", "22%", "63%", "7%", "31.2", "32.5", "Ctrl-C")
    for fact in facts:
        assert fact in text
    if using is ASCII:
        assert text.isascii()
    assert all(fact in line(state) for fact in facts[1:8] if fact != "32.5")


def test_before_anything_is_measured_there_are_no_numbers(tmp_path):
    screen, file = LiveScreen(Console(file=io.StringIO()), tmp_path, SCORING), io.StringIO()
    screen.update(progress())
    Console(file=file, width=80).print(screen.panel(80, UNICODE))
    assert "nan" not in file.getvalue()
    assert "nan" not in line(progress())


def test_without_a_terminal_there_is_a_line_now_and_then_and_one_for_every_event(tmp_path):
    file = io.StringIO()
    with LiveScreen(Console(file=file, width=80), tmp_path, SCORING) as screen:
        for tenth in range(600):
            screen.update(progress(seconds=tenth / 10, event="saved" if tenth == 333 else ""))
    lines = file.getvalue().splitlines()
    assert len(lines) == 1 + 5  # the folder; 0, 15 and 30 seconds, the event, and 15 seconds later
    assert sum("saved" in text for text in lines) == 1


def test_the_past_is_the_whole_course_thinned_and_ends_with_the_newest():
    past = Past(8)
    for number in range(1000):
        past.add(number)
        course = past.course()
        assert (course[0], course[-1]) == (0, number)
        assert len(course) <= 9
        steps = {b - a for a, b in itertools.pairwise(course[:-1])}
        assert len(steps) <= 1
    assert past.course() == [0, 128, 256, 384, 512, 640, 768, 896, 999]

import io
import math

import pytest
from rich.console import Console

from arena.experts import ExpertProgress
from arena.view import learning, making
from arena.view.charts import ASCII, UNICODE
from arena.view.live import LiveScreen
from selfplay.learn_progress import LearnProgress


def progress(**changes) -> LearnProgress:
    nan = float("nan")
    facts = dict.fromkeys(LearnProgress.__dataclass_fields__, 0) | dict.fromkeys(
        ("left", "samples_per_second", "policy_loss", "value_loss", "accuracy", "held_out_value_loss"), nan
    )
    return LearnProgress(**{**facts, "game": "chess", "event": "", **changes})


@pytest.mark.parametrize("width", [34, 63, 80, 160])
@pytest.mark.parametrize("using", [UNICODE, ASCII])
def test_the_panel_fits_and_shows_what_matters(tmp_path, width, using):
    screen = LiveScreen(Console(file=io.StringIO()), tmp_path / "run", learning.LEARNING)
    state = progress(
        seconds=60.0,
        share=0.25,
        left=180.0,
        games=1234,
        passes=1.5,
        passed_over=17,
        accuracy=0.41,
        policy_loss=1.5,
        value_loss=0.75,
        held_out_value_loss=0.987,
    )
    screen.update(state)
    file = io.StringIO()
    Console(file=file, width=width, height=40).print(screen.panel(width, using))
    assert max(map(len, file.getvalue().split("\n"))) <= width
    for fact in ("01:00, 03:00 left", "1,234", "1.50", "17", "41%", "1.500", "0.750", "0.987", "Ctrl-C"):
        assert fact in file.getvalue()


def test_before_anything_is_measured_there_are_no_numbers():
    assert "nan" not in learning.line(progress())
    assert learning.times(progress(share=0.1)) == "00:00, 10% done"


def test_without_a_terminal_there_is_a_line_now_and_then_and_one_for_every_event(tmp_path):
    file = io.StringIO()
    with LiveScreen(Console(file=file, width=80), tmp_path, learning.LEARNING) as screen:
        for tenth in range(600):
            screen.update(progress(seconds=tenth / 10, event="passed over: game 3" if tenth == 333 else ""))
    assert len(file.getvalue().splitlines()) == 1 + 4 + 1
    assert file.getvalue().count("passed over: game 3") == 1


@pytest.mark.parametrize("terminal", [False, True])
def test_games_being_made(tmp_path, terminal):
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=terminal, highlight=False)
    with making.MakingScreen(console, tmp_path / "games.pgn") as screen:
        for done in range(1, 61):
            event = "game 7 is played again: engine fake exited (3)" if done == 7 else ""
            screen.update(ExpertProgress(done, 60, 100 * done, float(done), 60.0 - done, event))
    assert file.getvalue().count("game 7 is played again") >= 1
    if not terminal:
        assert file.getvalue().splitlines()[1] == "1 of 60 games, 100 plies/s, 00:59 left"
        assert file.getvalue().splitlines()[-1] == "60 of 60 games, 100 plies/s, 00:00 left"
        assert len(file.getvalue().splitlines()) == 7
    assert "left" not in making.line(ExpertProgress(0, 60, 0, 0.0, math.nan, ""))

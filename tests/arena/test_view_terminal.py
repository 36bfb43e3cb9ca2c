import contextlib
import io
import os
import pty
import re
import select
import subprocess
import sys
import time

import numpy as np
import pytest
from rich.console import Console
from rich.text import Text

import envs
from arena.view import keys
from arena.view.charts import ASCII, SERIES, UNICODE, waiting
from arena.view.stepping import seek, step_through
from arena.view.terminal import board_text, printed, render, watch
from arena.view.timeline import frames
from tests.arena.matches import make_record

BLOCKS = re.compile("[^\x00-\x7f]")


def shown_as(renderable, width, height=40, encoding="utf-8", **options):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(file=file, width=width, height=height, **options).print(renderable)
    file.flush()
    return file.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("game_id", ["connect_four", "othello", "tic_tac_toe"])
@pytest.mark.parametrize("width", [30, 44, 80, 200])
def test_every_ply_fits_the_window(game_id, width):
    record = make_record(game_id, names=("alice?with=a&very=long&name=indeed", "bob"))
    shown = frames(record)
    for ply in range(0, len(shown), 7):
        text = shown_as(render(record, shown, ply, width, 24, UNICODE), width)
        assert max(map(len, text.split("\n"))) <= width
        assert f"ply {ply} of" in text
        if width >= 80:
            assert text.count("\n") <= 24


def test_a_screen_shows_board_agents_choice_visits_and_line():
    record = make_record()
    text = shown_as(render(record, frames(record), 6, 100, 30, UNICODE), 100)
    frame = frames(record)[6]
    assert "alice" in text
    assert "bob" in text
    assert f"alice plays {frame.choice_name}" in text
    assert re.search(rf"{frame.weighed[0].name} █+.* {frame.weighed[0].share:.0%} +100", text)
    assert "1 2 3 4 5 6 7" in text
    assert "space play" in text


def test_the_last_screen_shows_the_result_and_the_opening_is_named():
    record = make_record(seed=3)
    shown = frames(record)
    assert record.returns == (1, -1)
    assert "alice wins" in shown_as(render(record, shown, len(shown) - 1, 80, 24, UNICODE), 80)
    assert "opening:" in shown_as(render(record, shown, 1, 80, 24, UNICODE), 80)


def test_plain_terminals_get_plain_characters():
    record = make_record("othello")
    text = shown_as(render(record, frames(record), 9, 80, 24, ASCII), 80, encoding="ascii")
    assert not BLOCKS.search(text)
    assert "\x1b" not in text


def test_changed_squares_are_marked():
    record = make_record()
    shown = frames(record)
    board = board_text("connect_four", shown[5].state, shown[4].state)
    marked = [span for span in board.spans if "reverse" in str(span.style)]
    assert len(marked) == 1
    assert board.plain[marked[0].start] == "X"


def test_words_beside_the_board_are_no_squares():
    game = envs.make("chess")
    before = game.init(1)
    after = game.step(before, np.array([game.parse_action(before[0], "e2e4")], np.int32))
    board = board_text("chess", after[0], before[0])
    marked = sorted(span for span in board.spans if "reverse" in str(span.style))
    assert [board.plain[span.start : span.end] for span in marked] == ["P", "."]
    for side, pieces in zip(SERIES, ("KQRRBBNNPPPPPPPP", "kqrrbbnnpppppppp"), strict=True):
        coloured = [board.plain[span.start : span.end] for span in board.spans if side in str(span.style)]
        assert sorted(coloured) == sorted(pieces)


def test_names_are_never_read_as_markup():
    record = make_record(names=("[red]alice[/red]", "[link=x]bob"))
    assert "[red]alice[/red]" in shown_as(render(record, frames(record), 3, 100, 24, UNICODE), 100)
    assert "[link=x]bob" in shown_as(printed(record, frames(record)), 100)


def test_without_a_terminal_every_ply_is_printed():
    record, file = make_record(), io.StringIO()
    watch(record, Console(file=file, width=80))
    lines = file.getvalue().split("\n")
    assert [int(line[:3]) for line in lines if re.match(r" *\d+  ", line)] == list(range(1, len(record.actions) + 1))
    assert any("wins" in line or "draw" in line for line in lines)


def test_keys_lead_to_plies():
    assert [seek(key, 10, 36, 5) for key in ("right", "left", "down", "up", "home", "end", "x")] == [
        11,
        9,
        15,
        5,
        0,
        36,
        10,
    ]
    assert seek("left", 0, 36, 5) == 0
    assert seek("down", 35, 36, 5) == 36


def test_keys_are_taken_apart():
    assert keys.decode("\x1b[C\x1b[C\x1b[D q\x1b[1~\x1b") == ["right", "right", "left", "space", "q", "home", "escape"]
    assert keys.decode("é") == ["é"]


def test_what_has_no_second_place_stays_where_it_is(monkeypatch):
    """A game that was lost before its first decision."""
    presses, seen = iter([[], [], ["down"], ["q"]]), []
    monkeypatch.setattr(keys, "raw", contextlib.nullcontext)
    monkeypatch.setattr(keys, "read", lambda timeout: next(presses))

    def draw(at, playing):
        seen.append(at)
        return Text("")

    step_through(Console(file=io.StringIO()), draw, 0, seconds=1.0, jump=5)
    assert set(seen) == {0}


def test_waiting_needs_no_more_than_ascii():
    file = io.TextIOWrapper(io.BytesIO(), "ascii")
    with waiting(Console(file=file, force_terminal=True), "[/b] compiling ..."):
        pass
    file.flush()
    assert b"[/b] compiling ..." in file.buffer.getvalue()


@pytest.mark.parametrize("sequence", ["\x1b[3~", "\x1b[15~", "\x1b[1;5C", "\x1b[Z", "\x1bOP", "\x1bx", "\x1b[?1;2c"])
def test_keys_without_a_meaning_are_one_key_and_no_escape(sequence):
    assert keys.decode(f"{sequence}q") == [sequence, "q"]


def test_a_person_steps_through_a_match_in_a_real_terminal():
    child, terminal = pty.openpty()
    program = (
        "from rich.console import Console; from arena.view.terminal import watch; "
        "from tests.arena.matches import make_record; watch(make_record(), Console())"
    )
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=terminal, stdout=terminal, stderr=terminal, env=environment
    )
    os.close(terminal)
    try:
        assert "ply 2 of" in read_until(child, "ply 2 of")
        os.write(child, b"\x1b[C")
        read_until(child, "ply 3 of")
        os.write(child, b"\x1b[H")
        read_until(child, "ply 0 of")
        os.write(child, b"q")
        read_until(child, None)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(child)


def read_until(descriptor: int, wanted: str | None, patience: float = 60) -> str:
    """What the terminal shows up to ``wanted`` (None: up to its end), without control sequences."""
    text, end = "", time.monotonic() + patience
    while wanted is None or wanted not in text:
        assert select.select([descriptor], [], [], max(end - time.monotonic(), 0))[0], f"no {wanted!r} in {text!r}"
        try:
            data = os.read(descriptor, 65536)
        except OSError:  # the child has closed its side
            data = b""
        if not data:
            assert wanted is None, text
            break
        text += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", data.decode(errors="replace"))
    return text

"""A match in the terminal: stepped through with the arrow keys, or printed where there is no screen to redraw."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

import envs
from arena.records import MatchRecord
from arena.view import keys
from arena.view.charts import SERIES, Glyphs, bar, glyphs, value_curve
from arena.view.figures import printable
from arena.view.stepping import step_through
from arena.view.timeline import Frame, curves, frames, names, result
from envs.core import State

SECONDS_PER_PLY = 0.8  # while playing by itself
JUMP = 5  # plies
MOST_ACTIONS = 7  # rows of visits shown
NARROW = 58  # columns below which board and thoughts stand one above the other


def watch(record: MatchRecord, console: Console) -> None:
    """Shows the match: with keys where a person can press them, every ply printed otherwise."""
    if keys.available() and console.is_terminal:
        _interactive(record, frames(record), console)
    else:
        console.print(lines(record, console))


def lines(record: MatchRecord, console: Console) -> Text:
    """The whole match, every ply, for a console that is not redrawn."""
    return printed(record, frames(record))


def _interactive(record: MatchRecord, shown: list[Frame], console: Console) -> None:
    def draw(ply: int, playing: bool) -> RenderableType:
        return render(record, shown, ply, console.width, console.height, glyphs(console), playing)

    start = len(record.opening)
    step_through(console, draw, len(shown) - 1, seconds=SECONDS_PER_PLY, jump=JUMP, start=start, playing=False)


def render(
    record: MatchRecord, shown: Sequence[Frame], ply: int, width: int, height: int, using: Glyphs, playing: bool = False
) -> RenderableType:
    """One screen of at most ``height`` lines: board beside the mover's thoughts, value curve, keys."""
    frame, title = shown[ply], envs.make(record.game).spec.title
    heading = Text.assemble((title, "bold"), f"  ply {ply} of {len(shown) - 1}", no_wrap=True, overflow="crop")
    board = board_text(record.game, frame.state, shown[ply - 1].state if ply else None)
    board_lines, board_width = len(board.plain.splitlines()), max(map(cell_len, board.plain.splitlines()))
    room = width - 2 if width < NARROW else width - board_width - 8
    players, thoughts = _players(record, shown, ply, room, using), _thoughts(record, frame, room, using)
    parts: list[RenderableType] = [heading, Text()]
    if width < NARROW:
        parts += [players, Text(), board, Text(), thoughts]
        used = 7 + board_lines + _lines(players, thoughts)
    else:
        side = Table.grid(padding=(0, 4, 0, 2))
        side.add_row(board, Group(players, Text(), thoughts))
        parts.append(side)
        used = 4 + max(board_lines, 1 + _lines(players, thoughts))
    series = curves(shown)
    if height - used >= 6 and any(value is not None for values in series for value in values):
        parts += [Text(), value_curve(series, ply, width - 1, 7 if height - used >= 8 else 5, using)]
    arrows = "arrows" if using.floor == "-" else "← → ↑ ↓"
    keys_help = f"{arrows} step   home end   space {'stop' if playing else 'play'}   q quit"
    parts += [Text(), Text(keys_help, "dim", no_wrap=True, overflow="crop")]
    return Group(*parts)


def _lines(*texts: Text) -> int:
    return sum(text.plain.count("\n") + 1 for text in texts)


def board_text(game_id: str, state: State, before: State | None = None) -> Text:
    """The board in the players' colours; squares that changed since the position ``before`` are shown reversed."""
    game = envs.make(game_id)
    now = game.to_text(state)
    then = game.to_text(before) if before is not None else now
    board = Text(now, no_wrap=True)
    letters = hasattr(game, "uci_variant")
    for line, old in zip(re.finditer(".+", now), then.split("\n"), strict=False):
        for square in re.finditer(r"(?<!\S)\S(?!\S)", line[0]):  # longer words are no squares
            at = line.start() + square.start(), line.start() + square.end()
            seat = _seat(square[0], line[0], letters)
            if seat is not None:
                board.stylize(f"bold {SERIES[seat]}", *at)
            elif square[0] == ".":
                board.stylize("dim", *at)
            if old[square.start() : square.end()] != square[0]:
                board.stylize("reverse", *at)
    return board


def _seat(square: str, line: str, letters: bool) -> int | None:
    """Whose piece stands there: X and O, or letters, which in the lines that begin with a rank's number are pieces of
    chess, the first player's in upper case."""
    if letters:
        return int(square.islower()) if square.isalpha() and line[0].isdigit() else None
    return "XO".index(square) if square in "XO" else None


def _players(record: MatchRecord, shown: Sequence[Frame], ply: int, width: int, using: Glyphs) -> Text:
    """Both agents with the last value each of them had at this ply, from its own view."""
    lines = []
    for seat, values in enumerate(curves(shown)):
        known = [value for value in values[: ply + 1] if value is not None]
        line = Text(no_wrap=True, overflow="crop")
        line.append(using.points[seat] + (" " if shown[ply].mover != seat else using.turn), f"bold {SERIES[seat]}")
        space = max(min(width - 20, 28), 8)
        line.append(_cut(names(record)[seat], space).ljust(space))
        if known:
            own = known[-1] if seat == 0 else -known[-1]
            line.append(f" {own:+.2f} ")
            line.append(bar((own + 1) / 2, 10, using), SERIES[seat])
        lines.append(line)
    return Text("\n").join(lines)


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 2] + ".."


def _thoughts(record: MatchRecord, frame: Frame, width: int, using: Glyphs) -> Text:
    """What the mover looked at and chose, or the result at the end."""
    if frame.mover is None:
        return _ending(record)
    name, style = _cut(names(record)[frame.mover], max(width - 24, 8)), SERIES[frame.mover]
    text = Text(no_wrap=True, overflow="crop")
    if frame.ply < len(record.opening):
        return text.append(f"opening: {frame.choice_name}", "dim")
    text.append(name, style).append(" plays ").append(frame.choice_name, "bold")
    if frame.thought is not None and frame.thought.ms is not None:
        text.append(f"  {frame.thought.ms:.0f} ms", "dim")
    for weighed in frame.weighed[:MOST_ACTIONS]:
        chosen = weighed.action == frame.choice
        text.append(f"\n{weighed.name:>4} ", "bold" if chosen else "")
        text.append(bar(weighed.share, max(min(width - 20, 24), 4), using), style if chosen else "dim")
        text.append(f" {weighed.share:4.0%} {weighed.visits or '':>6}", "" if chosen else "dim")
    if frame.pv:
        text.append(f"\nexpects {' '.join(frame.pv[:10])}", "dim")
    return text


def _ending(record: MatchRecord) -> Text:
    """The result, and what went wrong if something did."""
    text = Text(result(record), "bold")
    return text if record.fault is None else text.append(f"\n{printable(record.fault.message)}", "red")


def printed(record: MatchRecord, shown: Sequence[Frame]) -> Text:
    """The whole match as lines: one a ply, then the final position and the result."""
    spec = envs.make(record.game).spec
    text = Text().append(spec.title, "bold").append("\n\n")
    for seat, name in enumerate(names(record)):
        text.append(f"{spec.seats[seat]:<11} ").append(name, SERIES[seat]).append("\n")
    text.append("\n")
    for frame in shown[:-1]:
        mover = frame.mover or 0
        text.append(f"{frame.ply + 1:>3}  ").append(f"{frame.choice_name:<5}", SERIES[mover])
        if frame.ply < len(record.opening):
            text.append(" opening", "dim")
        if frame.thought is not None and frame.thought.value is not None:
            text.append(f" {frame.thought.value:+.2f}")
        if frame.weighed:
            text.append("  " + "  ".join(f"{w.name} {w.share:.0%}" for w in frame.weighed[:4]), "dim")
        text.append("\n")
    text.append("\n").append(board_text(record.game, shown[-1].state)).append("\n\n").append(_ending(record))
    return text

"""A team game in the terminal: its map in characters, what the units have, and the course of the sides' strength."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

import envs
from arena.records import MatchRecord
from arena.view import keys
from arena.view.charts import SERIES, Glyphs, glyphs, sparkline, waiting
from arena.view.figures import printable
from arena.view.film import Picture
from arena.view.screen import blocks, in_colour
from arena.view.stepping import step_through
from arena.view.team_reel import events, expectations, reel
from arena.view.timeline import names, result
from envs.core import TeamGame, TeamShot

SECONDS = 1 / 8  # a decision, while playing by itself
JUMP = 20  # decisions
FOGS = (None, 0, 1)
LATEST = 3  # events shown
WEST, EAST = "123456789", "!@#$&"  # the heroes' marks on a map


def watch(record: MatchRecord, console: Console) -> None:
    """Shows the game: with keys where a person can press them; otherwise its events in lines, and the last map."""
    if keys.available() and console.is_terminal:
        with waiting(console, "replaying ..."):
            shots = reel(record)
        _interactive(record, shots, console)
    else:
        console.print(lines(record, console))


def lines(record: MatchRecord, console: Console) -> Text:
    """The whole game for a console that is not redrawn."""
    with waiting(console, "replaying ..."):
        shots = reel(record)
    return printed(record, shots, in_colour(console))


def _interactive(record: MatchRecord, shots: Sequence[TeamShot], console: Console) -> None:
    fogs = deque(FOGS)

    def draw(at: int, playing: bool) -> RenderableType:
        size = (console.width, console.height)
        return render(record, shots, at, fogs[0], size, glyphs(console), playing, in_colour(console))

    def on_key(key: str) -> None:
        if key == "f":
            fogs.rotate(-1)

    step_through(console, draw, len(shots) - 1, seconds=SECONDS, jump=JUMP, on_key=on_key)


def render(
    record: MatchRecord,
    shots: Sequence[TeamShot],
    at: int,
    fog: int | None,
    size: tuple[int, int],
    using: Glyphs,
    playing: bool = False,
    colour: bool = True,
) -> RenderableType:
    """One screen of ``size`` (columns, lines) or less: map, units, curves, the latest events, keys."""
    game, shot, (width, height) = envs.team_game(record.game), shots[at], size
    above, below = _split(shot.text(fog))
    course = [_course(*line, at, width, using) for line in _courses(record, game, shots)]
    news = [_event(event) for event in events(shots[: at + 1])[-LATEST:]]
    if at == len(shots) - 1:
        news.append(Text(result(record), "bold"))
    room = height - 3 - len(course)
    beside = bool(above) and width >= 52 + max((cell_len(line) for line in below), default=0)
    if len(above) > (room if beside else max(room - len(below) - len(news), room // 2)):
        above = _squeezed(above)
    drawn, told = coloured(above, game), [Text(line) for line in below]
    if shot.picture is not None:
        drawn = _blocks(shot.picture, max(room - len(below) - len(news), room // 2), width, colour)
    if beside:
        body = Table.grid(padding=(0, 3, 0, 0))
        body.add_row(Text("\n").join(drawn[:room]), Text("\n").join([*told, Text(), *news][:room]))
        middle: list[RenderableType] = [body]
    else:
        middle = [*map(_cropped, [*drawn, *told][: max(room - len(news), 0)]), *map(_cropped, news)]
    arrows = "arrows" if using.floor == "-" else "← → ↑ ↓"
    looks = "f fog   " if game.scenery is not None else ""
    foot = Text(f"{arrows} step   home end   {looks}space {'stop' if playing else 'play'}   q quit", "dim")
    head = _cropped(heading(record, game, shot, len(shots) - 1, fog))
    return Group(head, *middle, *map(_cropped, [*course, foot]))


def _blocks(picture: Picture, rows: int, width: int, colour: bool) -> list[Text]:
    """A picture in half-block characters, in its proportions."""
    high, wide = picture.shape[:2]
    rows = max(min(rows, width * high // (2 * wide)), 1)
    return list(blocks(picture, rows, max(min(round(2 * rows * wide / high), width), 1), colour).split("\n"))


def _split(text: str) -> tuple[list[str], list[str]]:
    """The map, which are the lines of equal width at the top, and the lines about units."""
    lines = [printable(line) for line in text.split("\n")]
    count = 0
    while count < len(lines) and len(lines[count]) == len(lines[0]):
        count += 1
    count = count if count > 4 else 0
    return lines[:count], lines[count:]


def _squeezed(lines: Sequence[str]) -> list[str]:
    """A map of half as many lines: of two marks one above the other, the one that tells more."""
    pairs = zip(lines[::2], [*lines[1::2], "." * len(lines[-1])], strict=False)
    return ["".join(max(two, key=_weight) for two in zip(*pair, strict=True)) for pair in pairs]


def _weight(mark: str) -> int:
    return next((w for w, marks in enumerate((".", "%", "oO", "tT", "aA", WEST + EAST)) if mark in marks), 5)


def _cropped(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "crop"
    return text


def heading(record: MatchRecord, game: TeamGame, shot: TeamShot, last: int, fog: int | None) -> Text:
    """Who plays which side, and when it is."""
    text = Text.assemble((game.spec.title, "bold"), "  ")
    for seat, name in enumerate(names(record)):
        text.append("" if seat == 0 else " against ").append(name, SERIES[seat])
        text.append(f" ({game.spec.seats[seat]})", "dim")
    text.append(f"  decision {shot.decision} of {last}", "dim")
    return text if fog is None else text.append(f"  as {game.spec.seats[fog]} sees it", "bold")


def coloured(lines: Sequence[str], game: TeamGame) -> list[Text]:
    """A map's lines, its marks in the sides' colours."""
    drawn = [Text(line, no_wrap=True) for line in lines]
    for line in drawn if game.scenery is not None else ():
        for place, mark in enumerate(line.plain):
            hero = "bold " if mark in WEST + EAST else ""
            seat = int(not mark.islower() and mark not in WEST)
            line.stylize("dim" if mark in ".%" else f"{hero}{SERIES[seat]}", place, place + 1)
    return drawn


def _courses(record: MatchRecord, game: TeamGame, shots: Sequence[TeamShot]) -> Iterator[tuple[str, list[list[float]]]]:
    """What is shown as a curve, and its values of both sides."""
    for name in shots[0].gauges:
        yield name, [[shot.gauges[name][seat] for shot in shots] for seat in (0, 1)]
    hopes = [[value for value in side if value is not None] for side in expectations(record, game)]
    if all(hopes):
        yield "expect", hopes


def _course(name: str, sides: Sequence[Sequence[float]], at: int, width: int, using: Glyphs) -> Text:
    """Sparklines of both sides over the whole game, what has been seen in colour."""
    text = Text(f"{name:<11}", "dim")
    room = max((width - 11) // 2 - 10, 8)
    for seat, values in enumerate(sides):
        line = sparkline(values, room, using)
        seen = round(len(line) * min(at / max(len(values) - 1, 1), 1.0))
        text.append(f"{values[min(at, len(values) - 1)]:>7.6g} ")
        text.append(line[:seen], SERIES[seat]).append(line[seen:], "dim").append(" ")
    return text


def _event(event: tuple[int, int, str]) -> Text:
    decision, seat, what = event
    return Text.assemble((f"{decision:>5}  ", "dim"), (printable(what), SERIES[seat]))


def printed(record: MatchRecord, shots: Sequence[TeamShot], colour: bool = False) -> Text:
    """The game as lines, one an event, then the last map and the result."""
    game = envs.team_game(record.game)
    text = heading(record, game, shots[-1], len(shots) - 1, None).append("\n\n")
    for event in events(shots):
        text.append(_event(event)).append("\n")
    above, below = _split(shots[-1].text(None))
    drawn, picture = coloured(above, game), shots[-1].picture
    if picture is not None:
        drawn = _blocks(picture, 20, 80, colour)
    text.append("\n").append(Text("\n").join([*drawn, *map(Text, below)])).append("\n\n")
    text.append(result(record), "bold")
    return text if record.fault is None else text.append(f"\n{printable(record.fault.message)}", "red")

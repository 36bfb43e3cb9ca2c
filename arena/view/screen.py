"""A game played for points in the terminal: its pictures in half-block characters, the score, and what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PIL import Image
from rich.console import Console, Group, RenderableType
from rich.text import Text

import envs
from arena.records import MatchRecord
from arena.view import keys
from arena.view.charts import SERIES, Glyphs, glyphs, sparkline, waiting
from arena.view.figures import printable, score
from arena.view.film import Picture, Scene, reel
from arena.view.stepping import step_through
from arena.view.timeline import names, result

SECONDS_PER_PLY = 1 / 15  # as in the game
ASPECT = 4 / 3  # width over height, as on a television
SHADES = " .:-=+*#%@"
JUMP = 15  # plies


def watch(record: MatchRecord, console: Console) -> None:
    """Shows the game: with keys where a person can press them; otherwise its course in lines, and the last picture."""
    if keys.available() and console.is_terminal:
        with waiting(console, "replaying ..."):
            scenes = reel(record)
        _interactive(record, scenes, console)
    else:
        console.print(lines(record, console))


def lines(record: MatchRecord, console: Console) -> Text:
    """The whole game for a console that is not redrawn."""
    with waiting(console, "replaying ..."):
        scenes = reel(record)
    return printed(record, scenes, in_colour(console))


def _interactive(record: MatchRecord, scenes: Sequence[Scene], console: Console) -> None:
    def draw(ply: int, playing: bool) -> RenderableType:
        size = (console.width, console.height)
        return render(record, scenes, ply, size, glyphs(console), in_colour(console), playing)

    step_through(console, draw, len(scenes) - 1, seconds=SECONDS_PER_PLY, jump=JUMP)


def render(
    record: MatchRecord,
    scenes: Sequence[Scene],
    ply: int,
    size: tuple[int, int],
    using: Glyphs,
    colour: bool,
    playing: bool = False,
) -> RenderableType:
    """One screen of ``size`` (columns, lines) or less: the picture, the score's and the expectation's course, keys."""
    width, height = size
    scene, title = scenes[ply], envs.spec(record.game).title
    heading = Text.assemble((title, "bold"), "  ", (names(record)[0], SERIES[0]), no_wrap=True, overflow="crop")
    lives = f"  lives {scene.lives}" if scenes[0].lives else ""
    heading.append(f"  score {score(scene.score)}{lives}", "bold")
    heading.append(f"  ply {ply} of {len(scenes) - 1}", "dim")
    rows = max(height - 6, 4)
    columns = min(round(rows * 2 * ASPECT), width - 1)
    parts: list[RenderableType] = [
        heading,
        blocks(scene.picture, min(rows, round(columns / ASPECT / 2)), columns, colour),
    ]
    parts.append(_course("score", [s.score for s in scenes], ply, width, using))
    if len(values := [thought.value for thought in record.analysis if thought and thought.value is not None]) > 1:
        parts.append(_course("expects", values, ply, width, using))
    parts.append(Text(_choice(record, ply), "dim", no_wrap=True, overflow="crop"))
    arrows = "arrows" if using.floor == "-" else "← → ↑ ↓"
    keys_help = f"{arrows} step   home end   space {'stop' if playing else 'play'}   q quit"
    return Group(*parts, Text(keys_help, "dim", no_wrap=True, overflow="crop"))


def in_colour(console: Console) -> bool:
    """Whether pictures can be shown as half-block characters in colours."""
    return console.color_system is not None and not console.options.ascii_only


def blocks(picture: Picture, rows: int, columns: int, colour: bool) -> Text:
    """A picture in colours, two pixels a character; or in characters that look darker and brighter."""
    rows, columns = max(rows, 1), max(columns, 1)  # in however small a terminal
    image = Image.fromarray(picture)
    text = Text(no_wrap=True, overflow="crop")
    if not colour:
        grey = np.asarray(image.convert("L").resize((columns, rows), Image.Resampling.BOX), np.float64)
        lines = ["".join(SHADES[round(value / 255 * (len(SHADES) - 1))] for value in line) for line in grey]
        return text.append("\n".join(lines))
    pixels = np.asarray(image.resize((columns, 2 * rows), Image.Resampling.BOX))
    for row in range(rows):
        upper, lower = pixels[2 * row].tolist(), pixels[2 * row + 1].tolist()
        start = 0
        for column in range(1, columns + 1):
            here = (upper[start], lower[start])
            if column == columns or (upper[column], lower[column]) != here:  # characters of one style go together
                (r, g, b), (r2, g2, b2) = here
                text.append("▀" * (column - start), f"rgb({r},{g},{b}) on rgb({r2},{g2},{b2})")
                start = column
        text.append("\n" if row < rows - 1 else "")
    return text


def _course(name: str, values: Sequence[float], ply: int, width: int, using: Glyphs) -> Text:
    """A sparkline of a whole game, the part that has been seen in colour."""
    line = sparkline(values, max(width - 26, 10), using)
    seen = round(len(line) * min(ply / max(len(values) - 1, 1), 1.0))
    text = Text(f"{name:<8}", "dim", no_wrap=True, overflow="crop")
    text.append(line[:seen], SERIES[0]).append(line[seen:], "dim")
    return text.append(f" {score(values[min(ply, len(values) - 1)])} of {score(max(values))}")


def _choice(record: MatchRecord, ply: int) -> str:
    """What the player does next, or the result."""
    if ply >= len(record.actions):
        return result(record) + (f": {printable(record.fault.message)}" if record.fault else "")
    action = envs.score_game(record.game).action_names[record.actions[ply]].lower()
    thought = record.analysis[ply] if ply < len(record.analysis) else None
    return action if thought is None or thought.value is None else f"{action}, expects {thought.value:+.2f}"


def printed(record: MatchRecord, scenes: Sequence[Scene], colour: bool) -> Text:
    """The game as lines, one whenever points or a life came or went, then the last picture and the result."""
    text = Text().append(envs.spec(record.game).title, "bold").append("  ").append(names(record)[0], SERIES[0])
    text.append("\n\n")
    for before, scene in pairwise(scenes):
        if (scene.score, scene.lives) != (before.score, before.lives):
            gain = f"{scene.score - before.score:+g}" if scene.score != before.score else ""
            lost = "a life lost" if scene.lives < before.lives else ""
            lives = f"lives {scene.lives}  " if scenes[0].lives else ""
            text.append(f"ply {scene.ply:>5}  score {score(scene.score):>6}  {lives}").append(
                f"{gain} {lost}".strip() + "\n", "dim"
            )
    text.append("\n").append(blocks(scenes[-1].picture, 20, round(40 * ASPECT), colour)).append("\n\n")
    text.append(result(record), "bold")
    return text if record.fault is None else text.append(f"\n{printable(record.fault.message)}", "red")

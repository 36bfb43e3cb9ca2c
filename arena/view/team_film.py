"""A team game as a film: its map, or the game's own pictures, under a line that says who plays and what has fallen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import envs
from arena.records import MatchRecord
from arena.view.film import Picture, write_film
from arena.view.team_reel import reel
from arena.view.timeline import names
from envs import raster
from envs.core import Scenery, TeamGame, TeamShot

SIDE = 720  # pixels of a map
FINER = 2  # maps are drawn this many times larger, then averaged down
HEAD = 44  # pixels of the line on top
PER_SECOND = 12  # decisions
GIF_EVERY, GIF_MS = 4, 160  # decisions of a picture, and how long it stays
INK, PAPER, SOFT = "#1a1e24", "#f4f5f7", "#5f6875"
HEALTH, MANA, TROUGH = "#58c16b", "#5b9bf0", "#3a3f47"
NO_FOG = 1 << 2  # of a token's last column


def frames(record: MatchRecord, side: int = SIDE, every: int = 1) -> Iterator[Picture]:
    """A picture of every ``every``-th moment and of the last, uint8[height, width, 3] with even height and width.

    Raises `ReplayError` for a record that does not replay."""
    shots, game, called = reel(record), envs.team_game(record.game), names(record)
    felled = [0, 0]
    for at, shot in enumerate(shots):
        for event in shot.events:
            felled[event.seat] += 1
        if at % every == 0 or at == len(shots) - 1:
            yield _frame(game, shot, called, felled, side)


def _frame(game: TeamGame, shot: TeamShot, called: list[str], felled: list[int], side: int) -> Picture:
    scenery = game.scenery
    if scenery is not None:
        body = _map(game.spec.id, scenery, shot, side)
    else:
        body = Image.fromarray(_shown(shot))
        body = body.resize((side, round(body.height * side / body.width)), Image.Resampling.NEAREST)
    whole = Image.new("RGB", (side, (HEAD + body.height) // 2 * 2), PAPER)
    whole.paste(body, (0, HEAD))
    draw, font = ImageDraw.Draw(whole), _font(18)
    colours = game.spec.colours
    middle, room = side / 2, side * 0.36
    score = f"{felled[0]} : {felled[1]}"
    draw.text((12, HEAD / 2), _fitted(called[0], font, room), fill=colours[0], font=font, anchor="lm")
    draw.text((side - 12, HEAD / 2), _fitted(called[1], font, room), fill=colours[1], font=font, anchor="rm")
    draw.text((middle, HEAD / 2 - 7), score, fill=INK, font=_font(20), anchor="mm")
    draw.text((middle, HEAD - 9), str(shot.decision), fill=SOFT, font=_font(12), anchor="mm")
    return np.asarray(whole)


def _shown(shot: TeamShot) -> Picture:
    if shot.picture is None:
        raise AssertionError("a game without a scenery has pictures")
    return shot.picture


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    """The text, or as much of it as has room."""
    while text and font.getlength(text) > room:
        text = text[:-3] + ".." if not text.endswith("..") else text[:-4] + ".."
    return text


@cache
def _ground(game_id: str, side: int) -> Image.Image:
    """The map without anybody on it, in the size it is drawn in."""
    scenery = envs.team_game(game_id).scenery
    if scenery is None:
        raise AssertionError("only for games with a scenery")
    return Image.fromarray(raster.render(scenery.background, side * FINER))


def _map(game_id: str, scenery: Scenery, shot: TeamShot, side: int) -> Image.Image:
    image = _ground(game_id, side).copy()
    draw, scale = ImageDraw.Draw(image), image.width / scenery.background.width
    for token in [] if shot.tokens is None else shot.tokens.tolist():
        if token[6] & NO_FOG:
            _token(draw, scenery, token, image.size, scale)
    return image.reduce(FINER)


def _token(draw: ImageDraw.ImageDraw, scenery: Scenery, token: list[int], size: tuple[int, int], scale: float) -> None:
    number, owner, across, down, health, mana, _ = token
    kind, colour = scenery.kinds[number], scenery.colours[owner]
    x, y, r = across / 255 * size[0], down / 255 * size[1], kind.radius * scale
    box, line = (x - r, y - r, x + r, y + r), max(round(1.2 * scale), 1)
    if kind.shape == "ring":
        draw.ellipse(box, outline=colour, width=line)
        return
    edge = "#ffffff" if kind.label or kind.shape == "square" else None
    if kind.shape == "square":
        draw.rounded_rectangle(box, r / 3, fill=colour, outline=edge, width=line)
    else:
        draw.ellipse(box, fill=colour, outline=edge, width=line)
    if kind.label:
        draw.text((x, y), kind.label, fill="#ffffff", font=_font(round(r)), anchor="mm")
    if edge is None:
        return
    wide, high = max(2.4 * r, 16 * scale), 2.6 * scale
    bars = [
        (y - r - 2 * high - (high if mana else 0), health, HEALTH),
        *([(y - r - 1.8 * high, mana, MANA)] if mana else []),
    ]
    for top, part, fill in bars:
        draw.rectangle((x - wide / 2, top, x + wide / 2, top + high), fill=TROUGH)
        draw.rectangle((x - wide / 2, top, x - wide / 2 + wide * part / 255, top + high), fill=fill)


def _mp4(record: MatchRecord, path: Path) -> None:
    write_film(frames(record), path, PER_SECOND)


def _gif(record: MatchRecord, path: Path) -> None:
    pictures = frames(record, SIDE // 2, GIF_EVERY)
    images = [Image.fromarray(picture).quantize(48, dither=Image.Dither.NONE) for picture in pictures]
    images[0].save(path, save_all=True, append_images=images[1:], duration=GIF_MS, loop=0, optimize=False)


def _png(record: MatchRecord, path: Path) -> None:
    *_, last = frames(record, every=len(record.actions) + 1)
    Image.fromarray(last).save(path)


WRITERS: dict[str, Callable[[MatchRecord, Path], None]] = {".mp4": _mp4, ".gif": _gif, ".png": _png}
"""What a game can be written as, by the file's ending: all of it, or (png) its last moment."""

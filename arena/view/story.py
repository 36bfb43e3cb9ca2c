"""The story of a training for points: games after 10, 120 and 240 minutes, say, side by side, as a film and a still.

All of it comes from records of games: their seeds and actions give the pictures and the score, their analysis gives
what the network expected.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import envs
from arena.milestones import typical
from arena.records import MatchRecord
from arena.view.figures import score as points
from arena.view.film import PER_SECOND, Picture, Scene, reel, write_film
from arena.view.panels import (
    DIM,
    GROUND,
    SCORE,
    TEXT,
    VALUE,
    Box,
    Canvas,
    Floats,
    course,
    draw_course,
    stepped,
)
from envs.core import InputError

MOST = 6  # panels
LONGEST = 90  # seconds of film; longer games are shown faster
SETTLED = 4  # pictures
LINGER = 3 * PER_SECOND  # pictures after the last game is over
SCREEN = (560, 420)  # width and height, as on a television: 4 to 3
MARGIN, GAP, HEIGHT = 60, 60, 1080
TITLE_Y, PANEL_Y, SCREEN_Y, SCORE_Y = 62, 142, 176, 660
SCORE_BOX, VALUE_BOX, AXIS_Y = (758, 106), (914, 88), 1022  # y and height; y
CAPTION = 22  # a curve's, above its box
DIGITS = 104  # height of the score
LIFE = 8  # radius of a dot
CURSOR = (244, 245, 247)


@dataclass(frozen=True, slots=True)
class Moment:
    """A training at one time: some games, and the typical one of them as pictures."""

    minutes: float
    scores: tuple[float, ...]
    record: MatchRecord
    scenes: list[Scene]

    @property
    def mean(self) -> float:
        return sum(self.scores) / len(self.scores)


def moment(minutes: float, games: Sequence[MatchRecord]) -> Moment:
    """Shows the game of the median score. Raises `ReplayError`."""
    shown = typical(games)
    return Moment(minutes, tuple(game.returns[0] for game in games), shown, reel(shown, every_picture=True))


class Story:
    """``subtitle``: beside the game's name. Raises `InputError` for no moments, or too many."""

    def __init__(self, moments: Sequence[Moment], subtitle: str = "") -> None:
        if not 1 <= len(moments) <= MOST:
            raise InputError(f"a story has 1 to {MOST} moments, not {len(moments)}")
        self.moments, self._subtitle = list(moments), subtitle
        self.width = 2 * MARGIN + len(moments) * SCREEN[0] + (len(moments) - 1) * GAP
        self.longest = max(len(moment.scenes) for moment in moments)
        self.speed = next(s for s in (1 << n for n in itertools.count()) if self.longest <= LONGEST * PER_SECOND * s)
        self._courses = [course(m.scenes, _values(m.record), SCREEN[0] // 2) for m in moments]
        told = np.concatenate([values[~np.isnan(values)] for _, values in self._courses])
        scores = np.concatenate([gained for gained, _ in self._courses])
        self._scores = (min(0.0, float(scores.min())), float(scores.max()))
        self._values = (min(0.0, float(told.min())), float(told.max())) if len(told) else None

    def write_film(self, path: Path, on_picture: Callable[[int, int], None] = lambda done, total: None) -> None:
        """An mp4. Raises `InputError` where it cannot be written."""
        total = -(-self.longest // self.speed) + LINGER

        def pictures() -> Iterator[Picture]:
            faint, bright = (self._backdrop(lit, f"{self.speed}x speed" * (self.speed > 1)) for lit in (False, True))
            for number in range(total):
                yield self._picture(faint, bright, [number * self.speed] * len(self.moments))
                on_picture(number + 1, total)

        write_film(pictures(), path)

    def write_still(self, path: Path) -> None:
        """A png: every game when it had just made its last points, or in its middle if it made none. Raises
        `InputError` where it cannot be written."""
        bright = self._backdrop(True)
        try:
            Image.fromarray(self._picture(bright, bright, [_telling(m.scenes) for m in self.moments])).save(path)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror or error}") from None

    def _backdrop(self, bright: bool, note: str = "") -> Picture:
        """All that stands still."""
        canvas = Canvas(self.width, HEIGHT)
        title = envs.score_game(self.moments[0].record.game).spec.title
        canvas.text(MARGIN, TITLE_Y, title, 46)
        told = f"{self._subtitle}   {note}" if len(self.moments) > 1 else note  # which there is room for
        canvas.text(self.width - MARGIN, TITLE_Y, told.strip(), 24, DIM, "rm")
        for number, (moment, curves) in enumerate(zip(self.moments, self._courses, strict=True)):
            self._panel(canvas, self._left(number), moment, curves, bright)
        return canvas.picture()

    def _panel(self, canvas: Canvas, x: int, moment: Moment, curves: tuple[Floats, Floats], bright: bool) -> None:
        right = x + SCREEN[0]
        canvas.text(x, PANEL_Y, f"after {_duration(moment.minutes)}", 36)
        games = f"mean of {len(moment.scores)} games" if len(moment.scores) > 1 else "one game"
        canvas.text(right, SCORE_Y + 30, f"{games}: {moment.mean:.1f}", 20, DIM, "rm")
        score, value = curves
        for (y, height), line, low, high, colour in (
            (SCORE_BOX, stepped(score), *self._scores, SCORE),
            (VALUE_BOX, value, *(self._values or (0.0, 0.0)), VALUE),
        ):
            box = Box(x, y, SCREEN[0], height)
            canvas.box(box, GROUND, 6)
            draw_course(canvas, box, line, low, 1.1 * high or 1.0, colour, bright)
        canvas.text(x, SCORE_BOX[0] - CAPTION, "score", 19, SCORE)
        canvas.text(right, SCORE_BOX[0] - CAPTION, points(moment.record.returns[0]), 19, SCORE, "rm")
        canvas.text(x, VALUE_BOX[0] - CAPTION, "what the network expects", 19, VALUE)
        seconds = len(moment.scenes) / PER_SECOND
        canvas.text(x, AXIS_Y, "0:00", 17, DIM)
        canvas.text(right, AXIS_Y, f"{int(seconds) // 60}:{int(seconds) % 60:02d}", 17, DIM, "rm")

    def _left(self, number: int) -> int:
        return MARGIN + number * (SCREEN[0] + GAP)

    def _picture(self, faint: Picture, bright: Picture, at: Sequence[int]) -> Picture:
        """The story when its games are at these pictures, or over."""
        whole = faint.copy()
        for number, (moment, index) in enumerate(zip(self.moments, at, strict=True)):
            x, last = self._left(number), len(moment.scenes) - 1
            scene = moment.scenes[min(index, last)]
            screen = television(scene.picture)
            _paste(whole, dimmed(screen) if index > last else screen, x, SCREEN_Y)
            _paste(whole, _points(points(scene.score)), x, SCORE_Y - DIGITS // 2)
            lives = _lives(scene.lives)
            _paste(whole, lives, x + SCREEN[0] - lives.shape[1], SCORE_Y - 14 - lives.shape[0] // 2)
            seen = x + round(SCREEN[0] * (min(index, last) + 1) / len(moment.scenes))
            for top, height in (SCORE_BOX, VALUE_BOX):
                rows = slice(top, top + height)
                whole[rows, x:seen] = bright[rows, x:seen]
                if index <= last and seen < x + SCREEN[0]:
                    whole[rows, seen] = CURSOR
        return whole


def _paste(whole: Picture, part: Picture, x: int, y: int) -> None:
    height, width, _ = part.shape
    whole[y : y + height, x : x + width] = part


def television(picture: Picture) -> Picture:
    """A console's picture in the proportions of a television: rows twice, columns three and a half times."""
    wide = np.repeat(np.repeat(picture, 7, axis=1).reshape(len(picture), -1, 2, 3).mean(axis=2), 2, axis=0)
    return np.asarray(wide + 0.5, np.uint8)


def dimmed(screen: Picture) -> Picture:
    """A game that is over."""
    image = Image.fromarray(screen // 3)
    words = ImageFont.load_default(44)
    ImageDraw.Draw(image).text((SCREEN[0] / 2, SCREEN[1] / 2), "game over", TEXT, words, anchor="mm")
    return np.asarray(image)


@lru_cache(maxsize=1024)
def _points(text: str) -> Picture:
    """The score."""
    canvas = Canvas(max(len(text), 1) * 60, DIGITS)
    canvas.text(0, DIGITS / 2, text, 92)
    return canvas.picture()


@lru_cache(maxsize=16)
def _lives(lives: int) -> Picture:
    """A dot each."""
    canvas = Canvas(max(lives, 1) * 3 * LIFE, 2 * LIFE)
    for number in range(lives):
        canvas.box(Box(number * 3 * LIFE + LIFE, 0, 2 * LIFE, 2 * LIFE), TEXT, LIFE)
    return canvas.picture()


def _telling(scenes: Sequence[Scene]) -> int:
    """The picture that says most of a game, a moment later: as points change, a console's digits overlap."""
    last = scenes[-1].score
    found = next(i for i, scene in enumerate(scenes) if scene.score == last) if last else len(scenes) // 2
    return min(found + SETTLED, len(scenes) - 1)


def _values(record: MatchRecord) -> list[float | None]:
    return [thought.value if thought else None for thought in record.analysis]


def _duration(minutes: float) -> str:
    return "1 minute" if minutes == 1 else f"{minutes:g} minutes"

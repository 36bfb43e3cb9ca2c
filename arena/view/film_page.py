"""A game played for points as one web page in one file: its screen, a slider, the score's and the expectation's course.

See `arena.view.page`.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from html import escape
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

import envs
from arena.records import MatchRecord
from arena.view.film import PER_SECOND, Picture, reel
from arena.view.page import Parts, asset, document
from envs.atari.game import NUM_SHOTS

CHUNK = 64  # pictures that are packed together
MOST_COLOURS = 256


class Pictured(Protocol):
    """Has a picture."""

    @property
    def picture(self) -> Picture: ...


def page(record: MatchRecord) -> str:
    """The whole page. Raises `arena.view.timeline.ReplayError` when the record does not replay."""
    scenes = reel(record)
    game = envs.score_game(record.game)
    palette, chunks = packed(scenes)
    thoughts = [thought.value if thought else None for thought in record.analysis]
    height, width, _ = scenes[0].shape
    data = {
        "rate": PER_SECOND // NUM_SHOTS,
        "names": [name.lower() for name in game.action_names],
        "actions": record.actions,
        "scores": [scene.score for scene in scenes],
        "lives": [scene.lives for scene in scenes],
        "values": (thoughts + [None] * len(scenes))[: len(scenes)],
        "palette": palette.tolist(),
        "chunk": CHUNK,
        "chunks": chunks,
    }
    name = escape(record.agents[0].name)
    return document(
        record,
        Parts(
            title=game.spec.title,
            facts=f"{len(record.actions)} plies",
            stage_label="Screen",
            stage=f'<div class="board">{canvas(width, height, "The screen")}</div>',
            step="Ply",
            last=len(scenes) - 1,
            players=f"""    <div class="player first moving"><span class="dot"></span><span class="name">{name}"""
            """<small id="action"></small></span><span class="value" id="score"></span>"""
            """<span class="meter"><i id="meter"></i></span></div>
    <p class="facts" id="lives"></p>""",
            side=asset("film.html"),
            style="film.css",
            script="film.js",
            data=data,
        ),
    )


def canvas(width: int, height: int, label: str) -> str:
    """Where a script draws."""
    return f'<canvas id="screen" width="{width}" height="{height}" role="img" aria-label="{escape(label)}"></canvas>'


def packed(scenes: Sequence[Pictured]) -> tuple[NDArray[np.uint8], list[str]]:
    """The colours, [k, 3], and the pictures as numbers of them: ``CHUNK`` in a piece, each picture xor the one before
    it, deflated, in base 64."""
    codes = np.unique(np.concatenate([np.unique(_codes(scene.picture)) for scene in scenes]))
    mask = 0xFFFFFF if len(codes) <= MOST_COLOURS else 0xE0E0C0  # 3, 3 and 2 bits are enough for any picture
    codes = np.unique(codes & mask)
    chunks = []
    for start in range(0, len(scenes), CHUNK):
        pictures = [np.searchsorted(codes, _codes(s.picture) & mask) for s in scenes[start : start + CHUNK]]
        numbers = np.array(pictures, np.uint8)
        numbers[1:] ^= numbers[:-1].copy()
        chunks.append(base64.b64encode(zlib.compress(numbers.tobytes(), 9)).decode())
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8), chunks


def _codes(picture: Picture) -> NDArray[np.int32]:
    """[H, W]: a number for each colour."""
    red, green, blue = (picture[..., channel].astype(np.int32) for channel in range(3))
    codes: NDArray[np.int32] = red << 16 | green << 8 | blue
    return codes

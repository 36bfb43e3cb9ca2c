"""A game played for points as a film: its pictures, from the record's seed and actions, and files made of them."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import envs
from arena.records import MatchRecord
from arena.view.timeline import ReplayError
from envs.core import InputError

Picture = NDArray[np.uint8]  # [H, W, 3] RGB

SCALE = (3, 5)  # rows and columns that one of the console's pixels takes up, on a television about 12 to 7
PER_SECOND = 30
GIF_EVERY = 2  # of the pictures, each shown for `GIF_MS`
GIF_MS = 70


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture of a reel."""

    ply: int  # actions made
    score: float
    lives: int
    packed: bytes  # its pixels deflated: a tenth of a megabyte otherwise, and games have thousands
    shape: tuple[int, ...]

    @property
    def picture(self) -> Picture:
        return np.frombuffer(zlib.decompress(self.packed), np.uint8).reshape(self.shape)


def reel(record: MatchRecord, every_picture: bool = False) -> list[Scene]:
    """The start and the picture after each ply, or all pictures, `PER_SECOND` of them in a second of play.

    Raises `ReplayError` for a record that does not replay."""
    game = envs.score_game(record.game)
    if record.game_version != game.spec.version:
        raise ReplayError(
            f"match {record.id!r} was played by version {record.game_version} of {record.game}; "
            f"only version {game.spec.version} is here"
        )
    if bad := [action for action in record.actions if not 0 <= action < game.spec.num_actions]:
        raise ReplayError(f"match {record.id!r} does not replay: {record.game} has no action {bad[0]}")
    scenes: list[Scene] = []
    try:
        for shot in game.film(record.seed, record.actions):
            if not every_picture and scenes and scenes[-1].ply == shot.ply:
                scenes.pop()
            packed = zlib.compress(shot.picture.tobytes(), 1)
            scenes.append(Scene(shot.ply, shot.score, shot.lives, packed, shot.picture.shape))
    except InputError as error:
        raise ReplayError(f"match {record.id!r} does not replay: {error}") from None
    return scenes


def enlarged(picture: Picture) -> Picture:
    """As a television shows it, every pixel a sharp rectangle."""
    return np.repeat(np.repeat(picture, SCALE[0], axis=0), SCALE[1], axis=1)


def write_film(pictures: Iterator[Picture], path: Path, per_second: int = PER_SECOND) -> None:
    """An mp4 (H.264, which every browser plays) of pictures of one even height and width. Raises `InputError`."""
    from imageio_ffmpeg import get_ffmpeg_exe

    first = next(pictures)
    height, width = first.shape[:2]
    raw = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {per_second} -i -"
    coded = "-c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p -movflags +faststart -f mp4"
    command = [get_ffmpeg_exe(), "-y", "-loglevel", "error", *raw.split(), *coded.split(), f"file:{path}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as ffmpeg:
        if ffmpeg.stdin is None or ffmpeg.stderr is None:
            raise AssertionError("both are pipes")
        with suppress(BrokenPipeError):  # it has said why
            for picture in chain([first], pictures):
                ffmpeg.stdin.write(picture.tobytes())
            ffmpeg.stdin.close()
        said = ffmpeg.stderr.read().decode(errors="replace").split("\n")[0]
    if ffmpeg.returncode:
        raise InputError(f"{path} cannot be written: {said.rpartition(': ')[2] or said}")


def _mp4(record: MatchRecord, path: Path) -> None:
    write_film((enlarged(scene.picture) for scene in reel(record, every_picture=True)), path)


def _gif(record: MatchRecord, path: Path) -> None:
    scenes = reel(record, every_picture=True)[::GIF_EVERY]
    wide = (np.repeat(scene.picture, 2, axis=1) for scene in scenes)
    images = [Image.fromarray(picture).quantize(64, dither=Image.Dither.NONE) for picture in wide]
    images[0].save(path, save_all=True, append_images=images[1:], duration=GIF_MS, loop=0, optimize=False)


def _png(record: MatchRecord, path: Path) -> None:
    Image.fromarray(enlarged(reel(record)[-1].picture)).save(path)


WRITERS: dict[str, Callable[[MatchRecord, Path], None]] = {".mp4": _mp4, ".gif": _gif, ".png": _png}
"""What a game can be written as, by the file's ending: all of it, or (png) its last picture."""

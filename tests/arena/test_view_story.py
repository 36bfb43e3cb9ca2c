"""A story's pictures, from made-up games whose pictures are one colour each."""

import subprocess
import zlib
from types import SimpleNamespace

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from arena.records import Ply
from arena.view import story
from arena.view.film import PER_SECOND, Scene
from arena.view.panels import GROUND, SCORE, course, mixed
from arena.view.story import SCORE_BOX, SCREEN, SCREEN_Y, Moment, Story, television
from envs.core import InputError


def scene(ply, score, lives=3):
    picture = np.full((210, 160, 3), [ply % 200, 40, 90], np.uint8)
    return Scene(ply, score, lives, zlib.compress(picture.tobytes()), picture.shape)


def made(minutes, plies, scores=(5.0, 3.0, 9.0)):
    """A point at every tenth ply, and two pictures a ply."""
    scenes = [scene(0, 0)] + [scene(ply, ply // 10) for ply in range(1, plies + 1) for _ in range(2)]
    analysis = tuple(Ply(value=ply / plies) for ply in range(plies))
    return Moment(minutes, scores, SimpleNamespace(game="breakout", analysis=analysis, returns=(plies // 10,)), scenes)


def test_a_course_has_last_scores_and_mean_values():
    scenes = [scene(ply, ply // 2) for ply in range(8)]
    score, value = course(scenes, [0.0, 0.1, 0.2, 0.3, None, None, 0.6], 4)
    assert score.tolist() == [0, 1, 2, 3]
    assert value[:2].tolist() == pytest.approx([0.05, 0.25])
    assert np.isnan(value[2])
    assert value[3] == pytest.approx(0.6)
    score, value = course(scenes[:2], [], 6)
    assert score.tolist() == [0] * 6
    assert np.isnan(value).all()


def test_a_television_keeps_the_picture():
    picture = np.zeros((210, 160, 3), np.uint8)
    picture[10, 20] = 100
    shown = television(picture)
    assert shown.shape == (420, 560, 3)
    assert shown[20:22, 70:73].min() == 100  # three and a half columns
    assert shown[20, 73, 0] == 50
    assert shown.astype(int).sum() == 100 * 7 * 3


def rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def test_a_still_shows_each_game_as_it_made_its_last_points(tmp_path):
    moments = [made(10, 45), made(120, 80)]
    Story(moments, "pqn").write_still(tmp_path / "story.png")
    with Image.open(tmp_path / "story.png") as image:
        assert image.size == (1300, 1080)
        pixels = np.asarray(image)
    middle = SCREEN_Y + 200
    assert [pixels[middle, x].tolist() for x in (300, 920)] == [[42, 40, 90], [80, 40, 90]]
    assert (pixels == rgb(SCORE)).all(axis=2).sum() > 500
    with pytest.raises(InputError, match=r"story\.png cannot be written: No such file"):
        Story(moments).write_still(tmp_path / "no" / "story.png")


def test_a_film_reveals_the_curves_and_dims_what_is_over():
    short, long = made(10, 45), made(120, 90)
    whole = Story([short, long])
    faint, bright = whole._backdrop(False), whole._backdrop(True)
    row = SCORE_BOX[0] + SCORE_BOX[1] - 3  # within the area below both curves
    picture = whole._picture(faint, bright, [100, 100])
    assert picture[SCREEN_Y + 20, 300].tolist() == [45 // 3, 40 // 3, 90 // 3]
    assert picture[SCREEN_Y + 20, 920].tolist() == [50, 40, 90]
    lit, unlit = rgb(mixed(SCORE, GROUND, 0.22)), rgb(mixed(SCORE, GROUND, 0.07))
    end = 60 + SCREEN[0]
    assert picture[row, end - 4].tolist() == lit  # a game that is over is revealed to its end
    left = end + 60
    assert picture[row, left + SCREEN[0] * 4 // 10].tolist() == lit
    assert picture[row, left + SCREEN[0] * 7 // 10].tolist() == unlit
    assert picture[row, left + round(SCREEN[0] * 101 / 181)].tolist() == list(story.CURSOR)


def test_a_film_is_as_long_as_its_longest_game_or_faster(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(story, "LONGEST", 1)
    monkeypatch.setattr(story, "LINGER", 3)
    whole = Story([made(1, 4), made(3, 40)])
    assert whole.speed == 4  # 81 pictures are 2.7 seconds
    whole.write_film(tmp_path / "story.mp4", lambda done, total: told.append((done, total)))
    assert told[-1] == (24, 24)
    decode = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", tmp_path / "story.mp4", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    decoded = subprocess.run(decode, capture_output=True, check=True)
    assert b"1300x1080" in decoded.stderr
    assert f"{PER_SECOND} fps".encode() in decoded.stderr
    assert len(decoded.stdout) == 24 * 1300 * 1080


def test_a_story_has_one_to_six_moments(tmp_path):
    for count in (0, 7):
        with pytest.raises(InputError, match=f"a story has 1 to 6 moments, not {count}"):
            Story([made(1, 10)] * count)
    without = made(1, 10)
    without.record.analysis = ()
    without.scenes[:] = [scene(0, 0, lives=0)]
    Story([without]).write_still(tmp_path / "one.png")

import base64
import io
import json
import re
import subprocess
import zlib
from dataclasses import replace
from itertools import pairwise

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from arena.match import play_for_points
from arena.records import AgentRef, Ply
from arena.runner import Limits
from arena.view import film_page, points, screen
from arena.view.charts import ASCII, UNICODE
from arena.view.film import WRITERS, enlarged, reel
from arena.view.timeline import ReplayError, result
from envs.core import InputError
from tests.arena.matches import HOSTILE
from tests.arena.test_view_page import browse, needs_browser, text_of


@pytest.fixture(scope="module")
def record():
    """The first 100 plies of a game, with made-up expectations."""
    (record,) = play_for_points(["random"], "breakout", 1, limits=Limits(max_plies=100))
    return replace(record, analysis=tuple(Ply(value=ply / 50, ms=1.0) for ply in range(len(record.actions))))


@pytest.fixture(scope="module")
def scenes(record):
    return reel(record)


def shown(renderable, width, height, colour):
    out = io.StringIO()
    system = "truecolor" if colour else None
    Console(file=out, width=width, height=height, force_terminal=colour, color_system=system).print(renderable)
    return out.getvalue()


def test_a_reel_has_a_picture_a_ply_or_thirty_a_second(record, scenes):
    assert [scene.ply for scene in scenes] == list(range(101))
    assert scenes[-1].score == record.returns[0]
    every = reel(record, every_picture=True)
    assert len(every) >= 2 * 100 + 3  # and the serve
    last = {scene.ply: scene for scene in every}
    assert [last[scene.ply].packed for scene in scenes] == [scene.packed for scene in scenes]


def test_what_does_not_replay_makes_no_film(record):
    for change in ({"game_version": 9}, {"actions": (17,)}, {"actions": record.actions * 30}):
        with pytest.raises(ReplayError, match=record.id):
            reel(replace(record, **change))


def test_an_mp4_has_all_pictures_in_time(record, tmp_path):
    WRITERS[".mp4"](record, tmp_path / "game.mp4")
    every = reel(record, every_picture=True)
    decode = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", tmp_path / "game.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    decoded = subprocess.run(decode, capture_output=True, check=True)
    assert re.search(rb"Video: h264.*yuv420p.*800x630.*30 fps", decoded.stderr)
    frames = np.frombuffer(decoded.stdout, np.uint8).reshape(-1, 630, 800, 3)
    assert len(frames) == len(every)
    for at in (0, len(frames) // 2, len(frames) - 1):
        assert np.abs(frames[at].astype(int) - enlarged(every[at].picture)).mean() < 6
    with pytest.raises(InputError, match=r"game\.mp4 cannot be written: No such file or directory"):
        WRITERS[".mp4"](record, tmp_path / "no" / "game.mp4")


def test_a_gif_and_a_png(record, scenes, tmp_path):
    WRITERS[".gif"](record, tmp_path / "game.gif")
    with Image.open(tmp_path / "game.gif") as image:
        assert (image.size, image.info["duration"]) == ((320, 210), 70)
        assert image.n_frames > 50  # equal pictures have become one that lasts
    WRITERS[".png"](record, tmp_path / "end.png")
    with Image.open(tmp_path / "end.png") as image:
        np.testing.assert_array_equal(np.asarray(image), enlarged(scenes[-1].picture))


def test_packed_pictures_are_the_pictures(scenes):
    palette, chunks = film_page.packed(scenes)
    assert len(chunks) == -(-len(scenes) // film_page.CHUNK)
    found = []
    for chunk in chunks:
        numbers = np.frombuffer(zlib.decompress(base64.b64decode(chunk)), np.uint8).reshape(-1, 210, 160)
        found.append(palette[np.bitwise_xor.accumulate(numbers, axis=0)])
    np.testing.assert_array_equal(np.concatenate(found), [scene.picture for scene in scenes])


def test_more_colours_than_a_palette_holds_become_fewer(scenes):
    noise = np.random.default_rng(0).integers(0, 256, (210, 160, 3), dtype=np.uint8)
    scene = replace(scenes[0], packed=zlib.compress(noise.tobytes()))
    palette, (chunk,) = film_page.packed([scene])
    assert len(palette) == 256
    seen = palette[np.frombuffer(zlib.decompress(base64.b64decode(chunk)), np.uint8)].reshape(210, 160, 3)
    assert np.abs(seen.astype(int) - noise).max() < 64


def test_the_page_is_whole_and_harmless(record):
    hostile = replace(record, agents=(AgentRef(HOSTILE, HOSTILE, HOSTILE),))
    html = film_page.page(hostile)
    assert "<img src=x" not in html
    assert not re.search(r'(?:src|href)="?(?:https?:)?//', html)
    data = json.loads(re.search(r'<script type="application/json" id="match">(.*?)</script>', html, re.DOTALL)[1])
    assert data["scores"][-1] == record.returns[0]
    assert len(data["values"]) == len(data["scores"]) == 101


@needs_browser
def test_the_page_plays_in_a_browser(record, scenes, tmp_path):
    html = film_page.page(record)
    document = browse(tmp_path, html, "#70")
    assert text_of(document, "ply") == "70 / 100"
    assert text_of(document, "score") == f"{scenes[70].score:g}"
    script = """
    const seen = [], press = (key, on = "slider") =>
          document.getElementById(on).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const note = () => seen.push(document.getElementById("ply").textContent);
    const keys = ["End", "ArrowRight", "Home", "ArrowLeft", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft", " "];
    for (const key of keys) press(key), note();
    setTimeout(() => {
      note();
      const shown = document.getElementById("screen").getContext("2d").getImageData(0, 0, 160, 210).data;
      let sum = 0;
      for (let i = 0; i < shown.length; i += 4) sum += shown[i] + 2 * shown[i + 1] + 3 * shown[i + 2];
      document.title = [...seen, sum].join();
    }, 8500);
    """
    title = re.search(r"<title>(.*?)</title>", browse(tmp_path, html, script=script))[1].split(",")
    plies = [100, 100, 0, 0, 1, 16, 1, 0, 0, 100]
    assert title[:-1] == [f"{ply} / 100" for ply in plies]
    assert int(title[-1]) == int((scenes[-1].picture.astype(int) * [1, 2, 3]).sum())


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
@pytest.mark.parametrize("colour", [True, False])
def test_a_screen_fits_the_terminal(record, scenes, size, colour):
    for ply in (0, 50, 100):
        text = shown(screen.render(record, scenes, ply, size, UNICODE if colour else ASCII, colour), *size, colour)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert len(plain.splitlines()) <= size[1]
        assert max(map(len, plain.splitlines())) <= size[0]
        assert f"score {scenes[ply].score:g}" in plain
        assert ("▀" in plain) == colour
    assert result(record)[:30] in plain


def test_half_blocks_are_two_pixels():
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[0, :3], picture[3, 3:] = (255, 0, 0), (0, 0, 255)
    text = screen.blocks(picture, 2, 6, True)
    assert text.plain == "▀▀▀▀▀▀\n▀▀▀▀▀▀"
    assert [str(span.style) for span in text.spans] == [
        *("rgb(255,0,0) on rgb(0,0,0)", "rgb(0,0,0) on rgb(0,0,0)"),
        *("rgb(0,0,0) on rgb(0,0,0)", "rgb(0,0,0) on rgb(0,0,255)"),
    ]
    assert screen.blocks(np.full((4, 4, 3), 255, np.uint8), 1, 2, False).plain == "@@"


def test_a_printed_game_tells_points_and_lives(record, scenes):
    text = shown(screen.printed(record, scenes, False), 100, 50, False)
    changes = sum((a.score, a.lives) != (b.score, b.lives) for a, b in pairwise(scenes))
    assert text.count("ply ") == changes >= 3
    assert f"random scores {record.returns[0]:g} (truncated)" in text


def test_scores_beside_what_is_published():
    records = list(play_for_points(["random"], "breakout", 3, limits=Limits(max_plies=60)))
    told = points.facts(records, ["random"], "breakout")
    (row,) = told["agents"]
    assert row["scores"] == [record.returns[0] for record in sorted(records, key=lambda record: record.id)]
    assert row["mean"]["value"] == pytest.approx(np.mean(row["scores"]))
    assert row["normalised"] == pytest.approx((np.mean(row["scores"]) - 1.7) / (30.5 - 1.7))
    assert told["published"] == {"random": 1.7, "human": 30.5, "dqn": 401.2}
    text = shown(points.table([("random", row)], "breakout"), 100, 20, False)
    assert "random play 1.7, human 30.5, Nature DQN 401.2 (human=1: 13.87)" in text
    assert "faults" not in text
    broken = shown(points.table([("random", row), ("wild", {**row, "faults": 7})], "breakout"), 120, 20, False)
    assert broken.splitlines()[0].endswith("faults")
    assert broken.splitlines()[2].endswith(" 7")
    by_kind = shown(points.table([("wild", {**row, "faults": {"crash": 2}})], "breakout"), 120, 20, False)
    assert "2 crash" in by_kind
    one, *_ = records
    alone = points.facts([one], ["random"], "pong")["agents"][0]
    assert alone["mean"]["low"] is None  # one game has no interval

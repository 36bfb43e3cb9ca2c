"""Watching team games: terminal, web page, film."""

import base64
import io
import json
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import envs
from arena.match import play_match
from arena.records import AgentRef, Fault, Ply
from arena.runner import Limits
from arena.view import team, team_film, team_page
from arena.view.charts import ASCII, UNICODE
from arena.view.team_reel import events, expectations, reel
from arena.view.timeline import ReplayError, result
from envs.core import InputError
from tests.arena.matches import HOSTILE
from tests.arena.test_view_page import Elements, browse, needs_browser, text_of

GAMES = ["moba_1v1", "moba_5v5"]
LAST = 150


def short(game):
    """The first 150 decisions of a game in which much happens, with made-up expectations."""
    record, _ = play_match("bot:brawler", "bot:pusher", game, 2, limits=Limits(max_plies=LAST), seed=1)
    seen = tuple(None if ply is None else Ply(value=at / len(record.actions)) for at, ply in enumerate(record.analysis))
    return replace(record, analysis=seen)


@pytest.fixture(scope="module", params=GAMES)
def record(request):
    return short(request.param)


@pytest.fixture(scope="module")
def shots(record):
    return reel(record)


def test_a_reel_has_a_shot_a_decision(record, shots):
    game = envs.team_game(record.game)
    assert [shot.decision for shot in shots] == list(range(LAST + 1))
    assert all(shot.stats.shape == (len(game.units), len(game.stats)) for shot in shots)
    assert shots[0].gauges["health"] == (100, 100)
    falls = [event for event in events(shots) if "falls" in event[2]]
    deaths = shots[-1].stats[:, game.stats.index("deaths")].sum()
    assert deaths == sum("(" in what for _, _, what in falls) > 0
    kills = shots[-1].stats[:, game.stats.index("kills")]
    named = [what for _, _, what in falls if " to " in what]
    assert len(named) <= kills.sum()
    first, second = expectations(record, game)
    assert (len(first), first[0], second[0]) == (LAST, 0, pytest.approx(-len(game.units) / 2 / len(record.actions)))


def test_tokens_show_a_side_what_it_sees_and_no_more(record):
    """Of a foe's hero out of sight a side has a ring where it saw it last; its own units it always sees."""
    game, world = envs.team_game(record.game), []
    play = game.start([record.seed])
    units = len(game.units)
    for decision, shot in enumerate(reel(record)):
        world = play.games.worlds[0]
        heroes = shot.tokens[shot.tokens[:, 0] > 4]
        assert len(heroes) == (world["hp"] > 0).sum()
        assert (heroes[:, 6] & 4).all()
        for side in range(2):
            own = heroes[heroes[:, 1] == side]
            assert (own[:, 6] >> side & 1).all()
            seen = (own[:, 6] >> (1 - side) & 1).sum()
            assert seen == ((world["seen"][side] > 0) & (world["hp"][side] > 0)).sum()
            rings = shot.tokens[(shot.tokens[:, 0] == 4) & (shot.tokens[:, 1] == side)]
            assert len(rings) == len(own) - seen
            assert (rings[:, 6] == 1 << (1 - side)).all()
        if decision < LAST:
            play.step(np.zeros(1, np.int64), np.array([record.actions[decision * units : (decision + 1) * units]]))
    play.close()


def test_what_does_not_replay_is_not_shown(record):
    for change in (
        {"game_version": 9},
        {"actions": (99,) * 10},
        {"actions": record.actions[:-1]},
        {"options": {"lineupp": 1}},
    ):
        with pytest.raises(ReplayError, match=record.id):
            reel(replace(record, **change))


def drawn(renderable, width, height, colour):
    out = io.StringIO()
    system = "truecolor" if colour else None
    Console(file=out, width=width, height=height, force_terminal=colour, color_system=system).print(renderable)
    return out.getvalue()


@pytest.mark.parametrize("size", [(130, 40), (80, 24), (80, 60), (40, 12)])
@pytest.mark.parametrize("fog", [None, 0, 1])
def test_a_screen_fits_the_terminal(record, shots, size, fog):
    for at in (0, 80, LAST):
        for using, colour in ((UNICODE, True), (ASCII, False)):
            text = drawn(team.render(record, shots, at, fog, size, using), *size, colour)
            plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
            assert len(plain.splitlines()) <= size[1]
            assert max(map(len, plain.splitlines())) <= size[0]
            assert "gold" in plain
            assert "..........." in plain
            if size[0] >= 130:
                assert ("as west sees it" in plain) == (fog == 0)
    assert result(record)[:30] in plain


def test_a_game_is_printed_where_there_is_no_screen(record, shots):
    plain = drawn(team.printed(record, shots), 200, 60, False)
    assert all(what in plain for _, _, what in events(shots))
    assert "bot:brawler (west) against bot:pusher (east)" in plain
    assert result(record) in plain
    assert plain.count("\n") > 26


def data_of(html):
    return json.loads(re.search(r'<script type="application/json" id="match">(.*?)</script>', html, re.DOTALL)[1])


def unpacked(text):
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)


def test_the_page_holds_the_game(record, shots):
    game, data = envs.team_game(record.game), data_of(team_page.page(record))
    tokens = [unpacked(chunk).reshape(7, -1).T for chunk in data["chunks"]]
    np.testing.assert_array_equal(np.concatenate(tokens), np.concatenate([shot.tokens for shot in shots]))
    assert data["counts"] == [len(shot.tokens) for shot in shots]
    stats = unpacked(data["numbers"]).view("<u2").reshape(len(game.units), len(game.stats), -1)
    np.testing.assert_array_equal(stats.transpose(2, 0, 1), [shot.stats for shot in shots])
    assert unpacked(data["actions"]).tolist() == list(record.actions)
    assert data["units"][0].startswith("west_0 ")
    assert data["events"] == [list(event) for event in events(shots)]
    assert data["gauges"]["gold"][1][-1] == shots[-1].gauges["gold"][1]


def test_the_page_is_whole_and_harmless(record):
    agents = tuple(AgentRef(HOSTILE, HOSTILE + str(seat), HOSTILE) for seat in range(2))
    fault = Fault("crash", 1, HOSTILE)
    hostile = replace(record, agents=agents, id=HOSTILE, started=HOSTILE, versions={HOSTILE: HOSTILE}, fault=fault)
    harmless = replace(record, fault=Fault("crash", 1, "x"))
    parsed, other = Elements(team_page.page(hostile)), Elements(team_page.page(harmless))
    assert [tag for tag, _ in parsed.elements] == [tag for tag, _ in other.elements]
    assert [list(a) for _, a in parsed.elements] == [list(a) for _, a in other.elements]
    html = team_page.page(hostile)
    for _, attributes in parsed.elements:
        assert not {"src", "href", "srcset", "data", "action", "background"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html
    assert set(re.findall(r"https?://[^\"' ]+", html)) == {"http://www.w3.org/2000/svg"}
    assert len(html) < 200_000


@needs_browser
def test_hostile_names_run_nothing_in_a_browser(tmp_path):
    record = short("moba_1v1")
    agents = tuple(AgentRef(HOSTILE, HOSTILE, HOSTILE) for _ in range(2))
    document = browse(tmp_path, team_page.page(replace(record, agents=agents, id=HOSTILE)))
    assert "<title>MOBA 1v1: &lt;/script&gt;" in document
    assert text_of(document, "ply") == f"0 / {LAST}"


@needs_browser
def test_the_page_plays_in_a_browser(tmp_path):
    record = short("moba_5v5")
    html, shots = team_page.page(record), reel(record)
    document = browse(tmp_path, html, "#70,1")
    assert text_of(document, "ply") == f"70 / {LAST}"
    assert re.search(r'<button[^>]*value="1"[^>]*aria-pressed="true"', document)
    row = re.search(r"<td>west_0 guardian</td>(.*?)</tr>", document)[1]
    assert re.findall(r"<td[^>]*>(\d+)</td>", row) == [str(value) for value in shots[70].stats[0].tolist()]
    script = """
    const seen = [], press = (key, on = "slider") =>
          document.getElementById(on).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const note = () => seen.push(document.getElementById("ply").textContent);
    const keys = ["End", "ArrowRight", "Home", "ArrowLeft", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft"];
    for (const key of keys) press(key), note();
    document.getElementById("events").querySelector("button").click(), note();
    const painted = () => {
      const screen = document.getElementById("screen");
      const shown = screen.getContext("2d").getImageData(0, 0, screen.width, screen.height).data;
      let sum = 0;
      for (let i = 3; i < shown.length; i += 4) sum += shown[i] > 0;
      return sum;
    };
    setTimeout(() => {
      const clear = painted();
      press("f"), setTimeout(() => (document.title = [...seen, clear > 1000, painted() > 4 * clear].join()), 2000);
    }, 3000);
    """
    title = re.search(r"<title>(.*?)</title>", browse(tmp_path, html, script=script))[1].split(",")
    places = [LAST, LAST, 0, 0, 1, 21, 1, 0, events(shots)[0][0]]
    assert title == [*(f"{place} / {LAST}" for place in places), "true", "true"]


def test_films(tmp_path):
    record = short("moba_5v5")
    few = replace(record, actions=record.actions[:200], analysis=())
    pictures = list(team_film.frames(few))
    assert len(pictures) == 21
    assert {picture.shape for picture in pictures} == {(team_film.HEAD + team_film.SIDE, team_film.SIDE, 3)}
    assert not np.array_equal(pictures[0], pictures[-1])
    team_film.WRITERS[".mp4"](few, tmp_path / "game.mp4")
    assert (tmp_path / "game.mp4").stat().st_size > 5000
    team_film.WRITERS[".gif"](few, tmp_path / "game.gif")
    with Image.open(tmp_path / "game.gif") as image:
        assert image.n_frames == 6
        assert image.width == 360
    team_film.WRITERS[".png"](few, tmp_path / "end.png")
    with Image.open(tmp_path / "end.png") as image:
        np.testing.assert_array_equal(np.asarray(image), pictures[-1])
    with pytest.raises(InputError, match=r"game\.mp4 cannot be written"):
        team_film.WRITERS[".mp4"](few, tmp_path / "no" / "game.mp4")

import base64
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import envs
from arena.records import AgentRef, Fault
from arena.view.board_page import page
from arena.view.timeline import ReplayError, frames
from tests.arena.matches import HOSTILE, make_record

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
GAMES = ["chess", "connect_four", "minichess", "othello", "tic_tac_toe"]


class Elements(HTMLParser):
    """Every element with its attributes, and the text inside each kind of element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag):
        if tag in self.inside:
            del self.inside[len(self.inside) - 1 - self.inside[::-1].index(tag) :]

    def handle_data(self, data):
        if self.inside:
            self.texts.setdefault(self.inside[-1], []).append(data)


def hostile_record():
    record = make_record(names=(HOSTILE, "<b>bob</b>"), fault=Fault("crash", 1, HOSTILE))
    agents = tuple(AgentRef(HOSTILE, agent.name, HOSTILE) for agent in record.agents)
    return replace(record, id=HOSTILE, agents=agents, started=HOSTILE, versions={HOSTILE: HOSTILE}, returns=(1.0, -1.0))


@pytest.mark.parametrize("game_id", GAMES)
def test_nothing_is_loaded_from_elsewhere(game_id):
    record = make_record(game_id)
    html = page(record)
    for _, attributes in Elements(html).elements:
        assert not {"src", "href", "srcset", "data", "action", "background"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html
    assert set(re.findall(r"https?://[^\"' ]+", html)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert len(html) < 60_000 + 3_000 * len(record.actions)


def test_hostile_names_stay_text():
    harmless, hostile = Elements(page(make_record(fault=Fault("crash", 1, "x")))), Elements(page(hostile_record()))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in harmless.elements]
    assert [list(a) for _, a in hostile.elements] == [list(a) for _, a in harmless.elements]
    data, _ = hostile.texts["script"]
    assert json.loads(data)["names"] == [HOSTILE, "<b>bob</b>"]
    assert not set("<>&") & set(data)
    assert "".join(hostile.texts["title"]).startswith("Connect Four: " + HOSTILE)
    assert HOSTILE in "".join(hostile.texts["span"])


def test_the_policy_allows_exactly_this_script_and_style():
    parsed = Elements(page(make_record()))
    policy = next(a["content"] for _, a in parsed.elements if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    for kind, text in (("script-src", parsed.texts["script"][1]), ("style-src", parsed.texts["style"][0])):
        assert rules[kind] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"


@pytest.mark.parametrize("game_id", GAMES)
def test_boards_are_put_together_from_existing_shapes(game_id):
    record, game = make_record(game_id), envs.make(game_id)
    html = page(record)
    shapes = re.search(r'<template id="shapes">(.*?)</template>', html, re.DOTALL).group(1).split("\n")[2:-1]
    data = json.loads(Elements(html).texts["script"][0])
    for frame, shown in zip(frames(record), data["frames"], strict=True):
        arrows = [(w.action, w.share) for w in frame.weighed[:7]]
        expected = game.to_svg(frame.state, arrows, frame.last).split("\n")[2:-1]
        assert [shapes[number] for number in shown["board"]] == expected


def test_a_record_that_does_not_replay_makes_no_page():
    with pytest.raises(ReplayError):
        page(replace(make_record(), game_version=99))


def browse(tmp_path, html: str, fragment: str = "", script: str = "") -> str:
    """The document after a real browser has run it. ``script`` is run after its own, without the policy."""
    if script:
        html = html.replace('http-equiv="Content-Security-Policy"', "").replace(
            "</body>", f"<script>{script}</script></body>"
        )
    (tmp_path / "match.html").write_text(html, encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    command = [
        CHROMIUM,
        *flags.split(),
        f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=9000",
        "--dump-dom",
    ]
    run = subprocess.run(
        [*command, f"file://{tmp_path}/match.html{fragment}"], capture_output=True, text=True, timeout=120
    )
    return run.stdout


def text_of(document: str, element: str) -> str:
    return re.search(rf'<\w+[^>]* id="{element}"[^>]*>(.*?)</', document, re.DOTALL).group(1)


needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found: the page is only parsed, not run")


@needs_browser
def test_hostile_names_run_nothing_in_a_browser(tmp_path):
    document = browse(tmp_path, page(hostile_record()))
    assert "<title>Connect Four: &lt;/script&gt;" in document
    assert text_of(document, "ply").startswith("2 / ")  # the page's own script did run


@needs_browser
def test_the_policy_alone_stops_a_script_that_got_in(tmp_path):
    html = page(make_record()).replace(
        "<footer>", "<footer><script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
    )
    assert "<title>Connect Four: alice against bob</title>" in browse(tmp_path, html)


@needs_browser
def test_the_page_steps_plays_and_seeks(tmp_path):
    record = make_record("tic_tac_toe", opening=1)
    last = len(record.actions)
    html = page(record)
    assert text_of(browse(tmp_path, html, "#3"), "ply") == f"3 / {last}"
    script = """
    const seen = [], press = (key, on = "slider") =>
          document.getElementById(on).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const note = () => seen.push(document.getElementById("ply").textContent);
    note();
    const keys = ["ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowLeft"];
    for (const key of keys) press(key), note();
    press("ArrowDown", "board"), note();
    document.getElementById("moves").children[2].click(), note();
    const slider = document.getElementById("slider");
    slider.value = 1, slider.dispatchEvent(new Event("input")), note();
    press(" ");
    setTimeout(() => { note(), document.title = seen.join() }, 8000);
    """
    plies = [1, 2, 3, 2, last, last, 0, 0, 0, 3, 1, last]
    title = re.search(r"<title>(.*?)</title>", browse(tmp_path, html, script=script)).group(1)
    assert title.split(",") == [f"{ply} / {last}" for ply in plies]

"""A match as one web page in one file: no remote parts, opened from a disk or a mail, on a desktop or a phone.

Everything that people or agents may have named is escaped where it stands in the markup, put in place as text by the
script, and kept from running anything by a content security policy that allows exactly this page's script and style.
Positions of one match share most of their shapes, so each is there once and a position is a list of their numbers.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import envs
from arena.records import MatchRecord
from arena.view.timeline import Frame, frames, result
from envs import svg

MOST_ACTIONS = 7  # rows of visits


def page(record: MatchRecord) -> str:
    """The whole page. Raises `timeline.ReplayError` when the record does not replay."""
    shown = frames(record)
    game = envs.make(record.game)
    style, script = asset("page.css"), asset("page.js")
    pictures = [game.picture(f.state, [(w.action, w.share) for w in f.weighed[:MOST_ACTIONS]], f.last) for f in shown]
    start = pictures[len(record.opening)]
    shapes = {
        shape: number for number, shape in enumerate(dict.fromkeys(s for picture in pictures for s in picture.shapes))
    }
    names, seats = [agent.name for agent in record.agents], game.spec.seats
    return Template(asset("page.html")).substitute(
        policy=policy(style, script),
        title=escape(f"{game.spec.title}: {' against '.join(names)}"),
        style=style,
        game=escape(game.spec.title),
        facts=escape(f"{record.started[:10]}, {len(record.actions)} plies"),
        board=svg.render(start),
        shapes=svg.render(dataclasses.replace(start, shapes=tuple(shapes))),
        last=len(shown) - 1,
        players="\n".join(_player(seat, name, seats[seat]) for seat, name in enumerate(names)),
        first=escape(seats[0]),
        second=escape(seats[1]),
        result=escape(result(record)),
        fault=f'    <p class="fault">{escape(record.fault.message)}</p>' if record.fault else "",
        opening_note=f"the first {len(record.opening)} are the opening" if record.opening else "",
        footer=escape(footer(record)),
        data=_data(record, shown, [[shapes[shape] for shape in picture.shapes] for picture in pictures]),
        script=script,
    )


def asset(name: str) -> str:
    """A file of this folder."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def policy(style: str, script: str) -> str:
    """A content security policy that lets in these two inline blocks, known by their hashes, and nothing else."""
    allowed = [base64.b64encode(hashlib.sha256(block.encode()).digest()).decode() for block in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{allowed[0]}'; script-src 'sha256-{allowed[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _player(seat: int, name: str, title: str) -> str:
    side = ("first", "second")[seat]
    return (
        f'    <div class="player {side}"><span class="dot"></span>'
        f'<span class="name">{escape(name)}<small>{escape(title)}</small></span>'
        '<span class="value"></span><span class="meter"><i></i></span></div>'
    )


def footer(record: MatchRecord) -> str:
    """Everything that identifies the match and its agents."""
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    agents = "; ".join(f"{agent.name} is {agent.spec}, {agent.fingerprint}" for agent in record.agents)
    return f"Match {record.id}, {record.game} version {record.game_version}, seed {record.seed}. {agents}. {versions}."


def _data(record: MatchRecord, shown: Sequence[Frame], boards: Sequence[Sequence[int]]) -> str:
    data = {
        "names": [agent.name for agent in record.agents],
        "opening": len(record.opening),
        "outcome": record.returns[0],
        "result": result(record),
        "frames": [_frame(frame, board) for frame, board in zip(shown, boards, strict=True)],
    }
    return harmless_json(data)


def harmless_json(data: Any) -> str:
    """JSON that cannot end its script element: no ``<``, ``>`` or ``&`` occurs in it."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _frame(frame: Frame, board: Sequence[int]) -> dict[str, Any]:
    visits = [[w.name, w.visits, round(w.share, 4), w.action == frame.choice] for w in frame.weighed[:MOST_ACTIONS]]
    return {
        "board": board,  # numbers of shapes, the lowest layer first
        "mover": frame.mover,
        "choice": frame.choice_name,
        "value": frame.value,
        "visits": visits,
        "pv": " ".join(frame.pv),
        "ms": frame.thought.ms if frame.thought else None,
    }

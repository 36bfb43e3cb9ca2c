"""The frame of a match as one web page in one file: no remote parts, opened from a disk or a mail, on a desktop or a
phone. What is shown of a board game, a game for points and a team game is in `board_page`, `film_page`, `team_page`.

Everything that people or agents may have named is escaped where it stands in the markup, put in place as text by the
script, and kept from running anything by a content security policy that allows exactly this page's script and style.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from arena.records import MatchRecord
from arena.view.timeline import result


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What differs from page to page. Markup, unless said otherwise: names in it are escaped already."""

    title: str  # text: the game
    facts: str  # text: how long it was
    stage_label: str  # text: what the stage is
    stage: str  # where the game is seen
    step: str  # text: what the slider counts
    last: int  # its last value
    under: str = ""  # beneath the slider
    players: str
    side: str  # the cards beside the stage, the end of their section, and what follows it
    style: str = ""  # a file of this folder, beside the frame's own
    script: str  # a file of this folder, after player.js
    data: Any  # what the script shows, as JSON


def document(record: MatchRecord, parts: Parts) -> str:
    """The whole page."""
    style, script = (
        asset("page.css") + (asset(parts.style) if parts.style else ""),
        asset("player.js") + asset(parts.script),
    )
    return fill(
        "page.html",
        policy=_policy(style, script),
        title=escape(f"{parts.title}: {' against '.join(agent.name for agent in record.agents)}"),
        style=style,
        game=escape(parts.title),
        facts=escape(f"{record.started[:10]}, {parts.facts}"),
        stage_label=escape(parts.stage_label),
        stage=parts.stage,
        step=escape(parts.step),
        last=parts.last,
        under=parts.under,
        players=parts.players,
        result=escape(result(record)),
        fault=f'    <p class="fault">{escape(record.fault.message)}</p>' if record.fault else "",
        side=parts.side,
        footer=escape(_footer(record)),
        data=_harmless_json(parts.data),
        script=script,
    )


def fill(name: str, **values: Any) -> str:
    """A file of this folder with ``$names`` replaced."""
    return Template(asset(name)).substitute(values)


def asset(name: str) -> str:
    """A file of this folder."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """A content security policy that lets in these two inline blocks, known by their hashes, and nothing else."""
    allowed = [base64.b64encode(hashlib.sha256(block.encode()).digest()).decode() for block in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{allowed[0]}'; script-src 'sha256-{allowed[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _footer(record: MatchRecord) -> str:
    """Everything that identifies the match and its agents."""
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    agents = "; ".join(f"{agent.name} is {agent.spec}, {agent.fingerprint}" for agent in record.agents)
    return f"Match {record.id}, {record.game} version {record.game_version}, seed {record.seed}. {agents}. {versions}."


def _harmless_json(data: Any) -> str:
    """JSON that cannot end its script element: no ``<``, ``>`` or ``&`` occurs in it."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")

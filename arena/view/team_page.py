"""A team game as one web page in one file: its map through the eyes of either side or of none, a slider, the course of
the sides' strength, and what happened when.

See `arena.view.page`.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

import envs
from arena.records import MatchRecord
from arena.view.film_page import CHUNK, canvas, packed
from arena.view.page import Parts, asset, document
from arena.view.team_reel import events, expectations, reel
from arena.view.timeline import ReplayError
from envs import svg
from envs.core import Scenery, TeamGame, TeamShot

PIXELS = 2  # of the map for each unit of its background
NO_FOG = 2


def page(record: MatchRecord) -> str:
    """The whole page. Raises `arena.view.timeline.ReplayError` when the record does not replay."""
    shots, game = reel(record), envs.team_game(record.game)
    names, seats, scenery = [agent.name for agent in record.agents], game.spec.seats, game.scenery
    if scenery is not None:
        size = (round(PIXELS * scenery.background.width), round(PIXELS * scenery.background.height))
        background = svg.render(scenery.background)
    else:
        size, background = (_picture(shots[0]).shape[1], _picture(shots[0]).shape[0]), ""
    decisions = len(record.actions) // len(game.units)
    return document(
        record,
        Parts(
            title=game.spec.title,
            facts=f"{decisions} decisions",
            stage_label="Map",
            stage=f'<div class="board map">{background}{canvas(*size, "The map")}</div>',
            step="Decision",
            last=len(shots) - 1,
            under=_fog(seats if scenery is not None else ()),
            players="\n".join(_player(seat, name, seats[seat]) for seat, name in enumerate(names)),
            side=asset("team.html"),
            style="team.css",
            script="team.js",
            data=_data(record, game, shots, scenery),
        ),
    )


def _player(seat: int, name: str, title: str) -> str:
    side = ("first", "second")[seat]
    return (
        f'    <div class="player {side}"><span class="dot"></span>'
        f'<span class="name">{escape(name)}<small>{escape(title)}</small></span>'
        f'<span class="value" id="value{seat}"></span></div>'
    )


def _fog(seats: Sequence[str]) -> str:
    """Buttons: who looks at the map; none where all see everything."""
    sees = [(NO_FOG, "No fog"), *((seat, f"As {name} sees it") for seat, name in enumerate(seats))] if seats else []
    buttons = "".join(
        f'<button type="button" value="{seat}" aria-pressed="{str(seat == NO_FOG).lower()}">{escape(text)}</button>'
        for seat, text in sees
    )
    return f'  <div class="fog" id="fog" role="group" aria-label="Who looks">{buttons}</div>'


def _data(record: MatchRecord, game: TeamGame, shots: Sequence[TeamShot], scenery: Scenery | None) -> dict[str, Any]:
    stats = np.stack([shot.stats for shot in shots])  # [T, U, S]
    told = events(shots)
    return {
        "last": len(shots) - 1,
        "colours": game.spec.colours,
        "decisions": len(record.actions) // len(game.units),
        "units": shots[0].labels or game.units,
        "stats": game.stats,
        "health": next((game.stats.index(name) for name in ("health", "alive") if name in game.stats), -1),
        "names": [name.lower() for name in game.action_names],
        "gauges": {
            name: [[shot.gauges[name][seat] for shot in shots] for seat in range(2)] for name in shots[0].gauges
        },
        "values": [values or [None] for values in expectations(record, game)],
        "events": told,
        "score": _score(told, len(shots)),
        "numbers": _deflated(np.clip(stats, 0, 0xFFFF).astype("<u2").transpose(1, 2, 0)),
        "actions": _deflated(np.array(record.actions, np.uint8)),
        "chunk": CHUNK,
        **(_film(shots) if scenery is None else _map(shots, scenery)),
    }


def _score(told: Sequence[tuple[int, int, str]], moments: int) -> list[list[int]]:
    """For each side how much it has brought down by each moment."""
    gains = np.zeros((2, moments), np.int64)
    for decision, seat, _ in told:
        gains[seat, min(decision, moments - 1)] += 1
    return [list(accumulate(side)) for side in gains.tolist()]


def _map(shots: Sequence[TeamShot], scenery: Scenery) -> dict[str, Any]:
    """Tokens, `CHUNK` moments in a piece, column by column, which deflates best."""
    tokens = [np.zeros((0, 7), np.uint8) if shot.tokens is None else shot.tokens for shot in shots]
    pieces = [np.concatenate(tokens[start : start + CHUNK]) for start in range(0, len(tokens), CHUNK)]
    kinds = [
        {"shape": kind.shape, "radius": kind.radius, "label": kind.label, "sight": kind.sight} for kind in scenery.kinds
    ]
    return {
        "map": {"width": scenery.background.width, "kinds": kinds, "colours": scenery.colours},
        "counts": [len(part) for part in tokens],
        "chunks": [_deflated(piece.T) for piece in pieces],
    }


def _film(shots: Sequence[TeamShot]) -> dict[str, Any]:
    palette, chunks = packed([_Still(_picture(shot)) for shot in shots])
    return {"map": None, "palette": palette.tolist(), "chunks": chunks}


@dataclass(frozen=True, slots=True)
class _Still:
    picture: NDArray[np.uint8]


def _picture(shot: TeamShot) -> NDArray[np.uint8]:
    if shot.picture is None:
        raise ReplayError("the game shows neither a map nor a picture")
    return shot.picture


def _deflated(numbers: NDArray[Any]) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(numbers).tobytes(), 9)).decode()

"""A board game as one web page in one file, see `arena.view.page`.

Positions of one match share most of their shapes, so each is there once and a position is a list of their numbers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from html import escape
from typing import Any

import envs
from arena.records import MatchRecord
from arena.view.page import Parts, document, fill
from arena.view.timeline import Frame, frames, result
from envs import svg

MOST_ACTIONS = 7  # rows of visits


def page(record: MatchRecord) -> str:
    """The whole page. Raises `timeline.ReplayError` when the record does not replay."""
    shown = frames(record)
    game = envs.make(record.game)
    pictures = [
        game.picture(f.state, [(w.action, w.share) for w in f.weighed[:MOST_ACTIONS] if w.legal], f.last) for f in shown
    ]
    start = pictures[len(record.opening)]
    shapes = {
        shape: number for number, shape in enumerate(dict.fromkeys(s for picture in pictures for s in picture.shapes))
    }
    names, seats = [agent.name for agent in record.agents], game.spec.seats
    return document(
        record,
        Parts(
            title=game.spec.title,
            facts=f"{len(record.actions)} plies",
            stage_label="Board",
            stage=f'<div class="board" id="board">{svg.render(start)}</div>',
            step="Ply",
            last=len(shown) - 1,
            players="\n".join(_player(seat, name, seats[seat]) for seat, name in enumerate(names)),
            side=fill(
                "board.html",
                first=escape(seats[0]),
                second=escape(seats[1]),
                opening_note=f"the first {len(record.opening)} are the opening" if record.opening else "",
                shapes=svg.render(dataclasses.replace(start, shapes=tuple(shapes))),
            ),
            script="board.js",
            data=_data(record, shown, [[shapes[shape] for shape in picture.shapes] for picture in pictures]),
        ),
    )


def _player(seat: int, name: str, title: str) -> str:
    side = ("first", "second")[seat]
    return (
        f'    <div class="player {side}"><span class="dot"></span>'
        f'<span class="name">{escape(name)}<small>{escape(title)}</small></span>'
        '<span class="value"></span><span class="meter"><i></i></span></div>'
    )


def _data(record: MatchRecord, shown: Sequence[Frame], boards: Sequence[Sequence[int]]) -> dict[str, Any]:
    return {
        "colours": envs.spec(record.game).colours,
        "names": [agent.name for agent in record.agents],
        "opening": len(record.opening),
        "outcome": record.returns[0],
        "result": result(record),
        "frames": [_frame(frame, board) for frame, board in zip(shown, boards, strict=True)],
    }


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

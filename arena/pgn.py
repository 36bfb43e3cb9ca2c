"""Games of chess and its kin as PGN, with what the players expected (``[%eval]``) and their times (``[%emt]``).

Evaluations are in pawns for white, as the readers of these comments want it: a player's expected result turned into the
advantage that gives it by Lichess's fit (`agents.uci.info`). Another variant than chess is named by the headers
``Variant`` and ``FEN``; programs that know the variant read the file, python-chess does not.
"""

from __future__ import annotations

from datetime import datetime

import chess
import chess.pgn

import envs
from agents.uci.info import centipawns_of
from arena.records import MatchRecord, Ply
from arena.view.figures import printable
from arena.view.timeline import Frame, frames
from envs.core import InputError

_MOST_PAWNS = 99.0  # of an evaluation
_RESULTS = {1.0: "1-0", 0.0: "1/2-1/2", -1.0: "0-1"}
_ENDINGS = {"rules": "normal", "truncated": "adjudication", "adjudicated": "adjudication"}
_FAULTS = {"crash": "abandoned", "hang": "abandoned", "illegal": "rules infraction", "time": "time forfeit"}


def has_pgn(game_id: str) -> bool:
    """Whether it is chess or one of its kin."""
    return game_id in envs.ids() and hasattr(envs.make(game_id), "uci_variant")


def to_pgn(record: MatchRecord) -> str:
    """One game, with a blank line at its end. Raises `InputError`: another kind of game, or it does not replay."""
    game = envs.make(record.game)
    variant = getattr(game, "uci_variant", None)
    if variant is None:
        raise InputError(f"PGN is for chess and minichess; match {record.id!r} is one of {game.spec.title}")
    shown = frames(record)
    exporter = chess.pgn.StringExporter(columns=100)
    start = game.to_fen(shown[0].state)  # type: ignore[attr-defined]
    first = int(start.split()[5])
    for name, value in _headers(record, start, variant).items():
        exporter.visit_header(name, value)
    exporter.end_headers()
    numbered = True
    for frame in shown[:-1]:
        if frame.mover == 0 or numbered:
            number = first + (frame.ply + (shown[0].mover or 0)) // 2
            exporter.write_token(f"{number}{'...' if frame.mover else '.'} ")
        exporter.write_token(game.san(frame.state, frame.choice) + " ")  # type: ignore[attr-defined]
        comment = "book" if frame.ply < len(record.opening) else _comment(frame)
        if comment:
            exporter.visit_comment(comment)
        numbered = bool(comment)
    if record.fault is not None:
        exporter.visit_comment(_safe(f"{record.fault.kind}: {record.fault.message}"))
    exporter.visit_result(_result(record))
    return str(exporter) + "\n\n"


def _headers(record: MatchRecord, start: str, variant: str) -> dict[str, str]:
    began = datetime.fromisoformat(record.started)
    headers = {
        "Event": "Arena",
        "Site": "?",
        "Date": f"{began:%Y.%m.%d}",
        "Round": record.id,
        "White": record.agents[0].name,
        "Black": record.agents[1].name,
        "Result": _result(record),
        "UTCDate": f"{began:%Y.%m.%d}",
        "UTCTime": f"{began:%H:%M:%S}",
        "PlyCount": str(len(record.actions)),
        "Termination": _termination(record),
    }
    if variant != "chess":
        headers["Variant"] = variant
    if variant != "chess" or record.options:
        headers |= {"SetUp": "1", "FEN": start}
    return {name: _safe(value) for name, value in headers.items()}


def _result(record: MatchRecord) -> str:
    return _RESULTS.get(record.returns[0], "*") if record.counts else "*"


def _termination(record: MatchRecord) -> str:
    """The standard's word (PGN specification 9.8.1)."""
    if record.fault is not None:
        return _FAULTS.get(record.fault.kind, "emergency")
    return _ENDINGS.get(record.termination, "unterminated")


def _comment(frame: Frame) -> str:
    thought = frame.thought or Ply()
    said = []
    if frame.value is not None:
        said.append(f"[%eval {_pawns(frame.value):.2f}]")
    if thought.ms is not None:
        seconds = thought.ms / 1e3
        said.append(f"[%emt {int(seconds // 3600)}:{int(seconds // 60 % 60):02d}:{seconds % 60:06.3f}]")
    return " ".join(said)


def _pawns(value: float) -> float:
    if abs(value) >= 1:
        return _MOST_PAWNS * value
    return max(-_MOST_PAWNS, min(centipawns_of(value) / 100, _MOST_PAWNS))


def _safe(text: str) -> str:
    """Fit for a header's quotes or a comment's braces: nothing that ends them, and one line."""
    return printable(text).translate(str.maketrans('"\\{}', "'/()"))

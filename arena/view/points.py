"""Scores of games played for points, for people and programs: statistics with intervals, beside what is published."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from arena.duplicates import Points, duplicates
from arena.ratings import fit
from arena.records import MatchRecord, line_hash
from arena.schedule import pair_number
from arena.scores import Scores, Summary, summarize
from arena.standings import wins_draws_losses
from arena.view.figures import printable
from envs.atari import PUBLISHED, Published

STATISTICS = ("mean", "median", "iqm")


def published(game_id: str) -> Published | None:
    """What others have scored in a game, whatever the protocol."""
    return PUBLISHED.get(game_id.removesuffix("_sticky"))


def statistics(scores: Scores | None, game_id: str) -> dict[str, Any]:
    """Plain values; None where nothing is known. normalised: 0 for random play, 1 for a human (mean)."""
    known = published(game_id)
    if scores is None:
        return dict.fromkeys((*STATISTICS, "normalised")) | {"played": 0}
    return {
        "played": scores.runs,
        **{name: _summary(getattr(scores, name)) for name in STATISTICS},
        "normalised": known.normalised(scores.mean.value) if known else None,
    }


def _summary(summary: Summary) -> dict[str, float | None]:
    ends = {name: getattr(summary, name) for name in ("value", "low", "high")}
    return {name: end if math.isfinite(end) else None for name, end in ends.items()}


def facts(records: Sequence[MatchRecord], specs: Sequence[str], game_id: str) -> dict[str, Any]:
    """All of a match for programs: every raw score, in the order of the games' ids; intervals are of 95%."""
    by_agent = [[record for record in records if record.agents[0].spec == spec] for spec in specs]
    agents = []
    for spec, own in zip(specs, by_agent, strict=True):
        own.sort(key=lambda record: record.id)
        scores = [record.returns[0] for record in own if record.counts]
        agents.append(
            {
                "agent": spec,
                **statistics(summarize(scores) if scores else None, game_id),
                "best": max(scores, default=None),
                "scores": scores,
                "matches": [record.id for record in own if record.counts],
                "faults": sum(record.fault is not None for record in own),
            }
        )
    known = published(game_id)
    told: dict[str, Any] = {"game": game_id, "agents": agents}
    if known is not None:
        told["published"] = {name: getattr(known, name) for name in ("random", "human", "dqn")}
    return told | ({"duplicates": _duplicates(by_agent)} if len(specs) == 2 else {})


def _duplicates(by_agent: Sequence[Sequence[MatchRecord]]) -> dict[str, Any]:
    """From the first agent's view."""
    games = [
        Points(agent, pair_number(record.id), record.returns[0], line_hash(record))
        for agent, own in enumerate(by_agent)
        for record in own
        if record.counts
    ]
    tally = duplicates(2, games)
    won, drawn, lost = wins_draws_losses(tally)[0].tolist()
    ratings = fit(tally)
    elo = ratings.difference(0, 1)
    interval = [float(end) if np.isfinite(end) else None for end in (elo.low, elo.value, elo.high)]
    return {
        **{"won": won, "drawn": drawn, "lost": lost, "elo": interval},
        "a_is_better": float(ratings.superiority(0, 1)),
    }


def table(rows: Iterable[tuple[str, dict[str, Any]]], game_id: str) -> RenderableType:
    """Agents and what `statistics` (and, if there, ``best``, ``elo`` and ``faults``) say about them; then what is
    published."""
    rows = list(rows)
    extra = [name for name in ("best", "elo") if any(name in row for _, row in rows)]
    extra += ["faults"] if any(row.get("faults") for _, row in rows) else []
    known = published(game_id)
    grid = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    titles = ["agent", "games", *(f"{name} (95%)" for name in STATISTICS), *(["human=1"] if known else []), *extra]
    # In a narrow terminal intervals go below their numbers before names are cut to pieces.
    longest = max((len(printable(name)) for name, _ in rows), default=0)
    least = {"agent": min(14, longest), **{f"{name} (95%)": 12 for name in STATISTICS}}
    for title in titles:
        grid.add_column(
            title,
            header_style="dim",
            justify="left" if title == "agent" else "right",
            overflow="fold",
            no_wrap=title not in least,
            min_width=least.get(title),
        )
    for name, row in rows:
        cells = [printable(name), f"{row['played']:,}", *(_cell(row[statistic]) for statistic in STATISTICS)]
        if known:
            cells.append("" if row["normalised"] is None else f"{row['normalised']:.2f}")
        cells += [_extra(row.get(name)) for name in extra]
        grid.add_row(*map(Text, cells))
    if known is None:
        return grid
    others = f"random play {known.random:g}, human {known.human:g}, Nature DQN {known.dqn:g}"
    return Group(grid, Text(f"published means: {others} (human=1: {known.normalised(known.dqn):.2f})", "dim"))


def _extra(value: float | dict[str, int] | None) -> str:
    """A number, or numbers by kind."""
    if isinstance(value, dict):
        return ", ".join(f"{count} {kind}" for kind, count in value.items())
    return "" if value is None else f"{value:.0f}"


def _cell(summary: dict[str, float | None] | None) -> str:
    if summary is None:
        return "-"
    value, low, high = (summary[name] for name in ("value", "low", "high"))
    ends = "" if low is None or high is None else f" ({low:.1f}..{high:.1f})"
    return f"{value:.1f}{ends}"


def verdict(told: dict[str, Any]) -> str:
    """What duplicates say about two agents; empty for a single one."""
    if "duplicates" not in told:
        return ""
    a, b = (printable(row["agent"]) for row in told["agents"])
    pairs = told["duplicates"]
    better, sure = (a, pairs["a_is_better"]) if pairs["a_is_better"] >= 0.5 else (b, 1 - pairs["a_is_better"])
    seeds = f"of {pairs['won'] + pairs['drawn'] + pairs['lost']} seeds {a} won {pairs['won']}, {b} {pairs['lost']}"
    return f"{seeds}, {pairs['drawn']} equal; {better} is better with {sure:.1%} certainty"

"""A ladder's standings for people and programs: the table, cycles in words, the learning curve of a training."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agents import checkpoints, registry
from arena.cycles import find_cycles, goodness_of_fit
from arena.standings import Standings
from arena.view import points
from arena.view.charts import Estimate
from arena.view.figures import printable
from envs.core import InputError

MISFIT = 0.001  # p-value below which the standings say that ratings do not explain the results


def table(state: Standings, most: int | None = None) -> RenderableType:
    """The best agent first, at most so many. Elo is relative to the mean of all agents, or on the scale of the
    anchors."""
    every = rows(state)
    found = every[:most]
    hidden = [Text(f"and {len(every) - len(found)} below them", "dim")] if len(found) < len(every) else []
    if any(row.points for row in state.rows):
        return Group(points.table(((row["agent"], row) for row in found), state.game), *hidden)
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", "agent", "Elo", "95% interval", "games", "score", "beats\nnext", "stronger\nthan next", "faults"):
        if name != "faults" or any(row.faults for row in state.rows):
            left = name in ("agent", "faults")
            grid.add_column(name, header_style="dim", justify="left" if left else "right", overflow="fold")
    sign = "" if state.ratings.anchors else "+"
    short, note = of_one_run([row["agent"] for row in every])
    for row in found:
        known = row["games"] > 0 or row["anchor"]
        interval = "fixed" if row["anchor"] else "unknown" if row["low"] is None else ""
        cells = [
            Text(str(row["rank"])),
            Text(printable(short.get(row["agent"], row["agent"])), "bold" if row["rank"] == 1 else ""),
            Text(f"{row['elo']:{sign}.0f}" if known else "-"),
            Text(interval or f"{row['low']:{sign}.0f} to {row['high']:{sign}.0f}"),
            Text(f"{row['games']:,}"),
            *(Text("" if row[share] is None else f"{row[share]:.0%}") for share in ("score", "beats_next", "stronger")),
            Text(", ".join(f"{count} {kind}" for kind, count in row["faults"].items()), "red"),
        ]
        grid.add_row(*cells[: len(grid.columns)])
    return Group(grid, *hidden, *([Text(), Text(printable(note), "dim")] if note else []))


def of_one_run(names: Sequence[str]) -> tuple[dict[str, str], str]:
    """Checkpoints of one run have all but a number in common: their numbers by their names, and a line that says what
    they have in common. Nothing where there are no two of them, or several runs."""
    groups: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for name in names:
        run, number, options = _parts(name)
        if run:
            groups[run, options][name] = number
    if len(groups) != 1:
        return {}, ""
    (((run, options), numbers),) = groups.items()
    if len(numbers) < 2:
        return {}, ""
    return numbers, f"{min(numbers.values())} to {max(numbers.values())}: checkpoints of {run} {options}".rstrip()


def _parts(name: str) -> tuple[str, str, str]:
    """(run, number, options) of a checkpoint of a run; an empty run for other agents."""
    path, _, options = name.partition("?")
    run, _, number = path.rpartition("/")
    return (run, number, options) if number.isdigit() else ("", "", "")


def rows(state: Standings) -> list[dict[str, Any]]:
    """The standings as plain values, the best first; None where nothing is known.

    score: share of the points. beats_next: probability to win a game against the agent one rank below, seats drawn by
    lot. stronger: probability to be stronger than that agent. minutes: of training, for checkpoints that say so.
    anchor: whether the Elo is given. In games for points also what `points.statistics` says; won, drawn and lost are
    duplicates then."""
    out = []
    solo = any(row.points for row in state.rows)
    for rank, row in enumerate(state.rows):
        number = row.entrant.number
        after = state.rows[rank + 1] if rank + 1 < len(state.rows) and row.games else None
        below = after.entrant.number if after is not None and after.known(state.ratings) else None
        out.append(
            {
                "rank": rank + 1,
                "agent": row.entrant.label,
                "spec": row.entrant.ref.spec,
                "fingerprint": row.entrant.ref.fingerprint,
                "elo": row.elo,
                "low": _finite(row.low),
                "high": _finite(row.high),
                "anchor": number in state.ratings.anchors,
                "games": row.games,
                "won": row.wins,
                "drawn": row.draws,
                "lost": row.losses,
                "score": _finite(row.score),
                "beats_next": None if below is None else float(state.ratings.win(number, below).value),
                "stronger": None if below is None else float(state.ratings.superiority(number, below)),
                "minutes": training_minutes(row.entrant.ref.spec),
                "faults": dict(row.faults),
                **(points.statistics(row.points, state.game) if solo else {}),
            }
        )
    return out


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def scale(state: Standings) -> str:
    """What the numbers are relative to."""
    fixed = [f"{printable(row['agent'])} at {row['elo']:.0f}" for row in rows(state) if row["anchor"]]
    return f"on the scale of {', '.join(fixed)}" if fixed else "relative to the mean of these agents"


def cycles(state: Standings) -> list[str]:
    """Where the table lies: ``a beats b beats c beats a``, the surest first."""
    names = {row.entrant.number: printable(row.entrant.label) for row in state.rows}
    found = find_cycles(state.tally).cycles
    return [" beats ".join(names[agent] for agent in (*cycle.agents, cycle.agents[0])) for cycle in found]


def misfit(state: Standings) -> str | None:
    """What a reader should know when one number an agent cannot explain the results; None where it does."""
    found = goodness_of_fit(state.tally, state.ratings)
    if found.p >= MISFIT:
        return None
    return (
        f"Ratings do not explain all results (chi-squared {found.chi2:.0f} on {found.degrees} degrees of freedom, "
        f"p = {found.p:.1g}): some agents suit others better than their ratings say."
    )


def learning_curve(state: Standings) -> list[Estimate]:
    """Elo against minutes of training, the youngest first, of the checkpoints of one run: that with the most of them
    in the ladder, all with the same options."""
    curves: dict[tuple[str, str], list[Estimate]] = defaultdict(list)
    for row in rows(state):
        run, _, options = _parts(row["spec"])
        if run and row["minutes"] is not None and row["low"] is not None:
            curves[run, options].append(Estimate(row["minutes"], row["elo"], row["low"], row["high"]))
    longest: list[Estimate] = max(curves.values(), key=len) if curves else []
    return sorted(longest, key=lambda point: point.x)


def training_minutes(spec: str) -> float | None:
    """How long the agent of a spec was trained, if it is a checkpoint that says so."""
    try:
        _, target, _ = registry.parse(spec)
        minutes = checkpoints.read_card(target).meta.get("minutes") if target else None
    except InputError:  # no checkpoint, or one whose files have been removed since; its games still count
        return None
    return float(minutes) if isinstance(minutes, int | float) else None

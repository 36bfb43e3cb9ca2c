"""The table of a ladder: ratings with intervals, and the bare results behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import case, func, or_, select

from arena.duplicates import widened
from arena.families import for_points
from arena.ladder import Ladder
from arena.ratings import Ratings, fit
from arena.records import MatchRecord
from arena.roster import Entrant, read_points
from arena.scores import Scores, summarize
from arena.tables import matches
from arena.tally import Ints, Tally


@dataclass(frozen=True, slots=True)
class Standing:
    """One agent's row."""

    entrant: Entrant
    elo: float
    low: float  # 95% interval
    high: float
    games: int
    wins: int
    draws: int
    losses: int
    faults: Mapping[str, int]  # games it lost by a fault, by kind
    points: Scores | None = None  # its scores, where games are played for points; results are those of duplicates then

    @property
    def score(self) -> float:
        """Share of the points, NaN without games."""
        return (self.wins + self.draws / 2) / self.games if self.games else float("nan")

    def known(self, ratings: Ratings) -> bool:
        """Whether anything is known of its strength: it has played, or its rating is given."""
        return self.games > 0 or self.entrant.number in ratings.anchors


@dataclass(frozen=True, slots=True)
class Standings:
    """A ladder's state. `ratings` answers what the rows do not: ``ratings.win(a, b)`` for entrants' numbers."""

    rows: tuple[Standing, ...]  # the strongest first, those of which nothing is known last
    ratings: Ratings
    tally: Tally
    game: str


def standings(ladder: Ladder) -> Standings:
    """Rates the agents of a ladder anew from all its games."""
    tally = ladder.tally()
    ratings = fit(tally, anchors=ladder.anchors())
    if for_points(ladder.config.game):
        ratings = widened(ratings)
    intervals, bare, faults = ratings.intervals(), wins_draws_losses(tally), _faults(ladder)
    scores = read_points(ladder.store, ladder.name)
    rows = [
        Standing(
            entrant=entrant,
            elo=float(intervals.value[i]),
            low=float(intervals.low[i]),
            high=float(intervals.high[i]),
            games=int(bare[i].sum()),
            wins=int(bare[i, 0]),
            draws=int(bare[i, 1]),
            losses=int(bare[i, 2]),
            faults=faults.get(entrant.ref.fingerprint, {}),
            points=summarize(own) if (own := scores.get(entrant.ref.fingerprint)) else None,
        )
        for i, entrant in enumerate(ladder.entrants()[: tally.agents])  # another process may enter more meanwhile
    ]
    rows.sort(key=lambda row: (not row.known(ratings), -row.elo, row.entrant.number))
    return Standings(tuple(rows), ratings, tally, ladder.config.game)


def expectation(state: Standings) -> Callable[[MatchRecord], float | None]:
    """What the ratings say of a match: the first player's expected score; None of others than two of these agents."""
    number = {row.entrant.ref.fingerprint: row.entrant.number for row in state.rows}

    def expected(record: MatchRecord) -> float | None:
        known = [number[agent.fingerprint] for agent in record.agents if agent.fingerprint in number]
        return float(state.ratings.score(*known).value) if len(known) == 2 else None

    return expected


def wins_draws_losses(tally: Tally) -> Ints:
    """int64[agents, 3]."""
    low = (tally.cells.sum(axis=2) + tally.cells.sum(axis=1))[:, 1:]  # [m, 3]: games that `low` lost, drew, won
    table = np.zeros((tally.agents, 3), np.int64)
    np.add.at(table, tally.low, low[:, ::-1])
    np.add.at(table, tally.high, low)
    return table


def _faults(ladder: Ladder) -> dict[str, Counter[str]]:
    """Faults by fingerprint and kind; who is to blame has lost."""
    m = matches.c
    loser = case((or_(m.second.is_(None), m.result < 0), m.first), else_=m.second).label("loser")
    query = select(loser, m.fault, func.count().label("games")).where(m.ladder == ladder.name, m.fault.is_not(None))
    found: dict[str, Counter[str]] = {}
    with ladder.store.reading() as db:
        for row in db.execute(query.where(m.fault != "host").group_by("loser", m.fault)):
            found.setdefault(row.loser, Counter())[row.fault] = row.games
    return found

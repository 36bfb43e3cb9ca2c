"""The score of a match as it is played, and what it says about the two agents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from rich.text import Text

from arena.ratings import fit
from arena.records import MatchRecord, line_hash
from arena.sprt import Sprt
from arena.tally import Floats, Tally, tally


@dataclass
class Score:
    """The games so far between A and B, from A's view, and a sequential test fed with them, if there is one."""

    test: Sprt | None = None  # "A is better by elo1" against "A is no better"
    records: list[MatchRecord] = field(default_factory=list)
    counts: list[int] = field(default_factory=lambda: [0, 0, 0])  # games that A lost, drew, won
    spoilt: int = 0  # games that ended with a fault of the host and do not count
    faults: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))  # of A, of B
    _halves: dict[str, MatchRecord] = field(default_factory=dict)  # games whose mirror image is still to come
    _seen: set[frozenset[int]] = field(default_factory=set)

    def add(self, record: MatchRecord) -> None:
        """Counts a game. A pair that repeats an earlier one move by move tells the test nothing new."""
        if not record.counts:
            self.spoilt += 1
            return
        self.records.append(record)
        self.counts[1 + round(result_of_a(record))] += 1
        if record.fault is not None and record.fault.seat is not None:
            self.faults[(record.fault.seat == 0) != a_moves_first(record)][record.fault.kind] += 1
        other = self._halves.pop(pair_of(record), None)
        if other is None:
            self._halves[pair_of(record)] = record
            return
        lines = frozenset((line_hash(record), line_hash(other)))
        if self.test is not None and lines not in self._seen:
            self._seen.add(lines)
            counts = [0] * 5
            counts[2 + round(result_of_a(record) + result_of_a(other))] = 1
            self.test = self.test.add(counts)

    def tally(self) -> Tally:
        """For `arena.ratings`: agent 0 is A, agent 1 is B."""
        first = np.array([int(not a_moves_first(record)) for record in self.records], np.int64)
        numbers = {pair: number for number, pair in enumerate(dict.fromkeys(map(pair_of, self.records)))}
        return tally(
            2,
            first,
            1 - first,
            np.array([record.returns[0] for record in self.records], np.int64),
            np.array([numbers[pair_of(record)] for record in self.records], np.int64),
            np.array([line_hash(record) for record in self.records], np.int64),
        )

    def facts(self) -> dict[str, object]:
        """All of it for programs; intervals are of 95%."""
        lost, drawn, won = self.counts
        facts: dict[str, object] = {"games": len(self.records), "won": won, "drawn": drawn, "lost": lost}
        if self.records:
            ratings = fit(self.tally())
            score, elo = ratings.score(0, 1), ratings.difference(0, 1)
            facts |= {"score": (won + drawn / 2) / len(self.records)}
            facts |= {"expected_score": [float(x) for x in (score.low, score.value, score.high)]}
            facts |= {"elo": [float(x) for x in (elo.low, elo.value, elo.high)]}
            facts |= {"a_is_stronger": float(ratings.superiority(0, 1))}
        if self.test is not None:
            facts |= {"test": {"elo": self.test.elo1, "llr": self.test.llr, "verdict": self.test.verdict}}
        return facts | {"faults": {"a": dict(self.faults[0]), "b": dict(self.faults[1])}, "spoilt": self.spoilt}


def a_moves_first(record: MatchRecord) -> bool:
    """Of the two games of a pair, A begins the one whose id ends in "-1" (see `arena.match`)."""
    return record.id.endswith("-1")


def pair_of(record: MatchRecord) -> str:
    return record.id.rsplit("-", 1)[0]


def result_of_a(record: MatchRecord) -> float:
    """1, 0 or -1."""
    return record.returns[0] if a_moves_first(record) else record.returns[1]


def headline(score: Score, a: str, b: str) -> Text:
    """The score in a line: ``alice 12, bob 5, 3 drawn of 20``."""
    lost, drawn, won = score.counts
    return Text.assemble((a, "cyan"), f" {won}, ", (b, "magenta"), f" {lost}, {drawn} drawn of {len(score.records):,}")


def points(elo: Floats) -> str:
    return f"{round(float(elo)):+d}"


def verdict(score: Score, a: str, b: str) -> Text:
    """What the games say about the strengths, with the interval."""
    text = Text()
    if score.records:
        ratings = fit(score.tally())
        elo, stronger = ratings.difference(0, 1), float(ratings.superiority(0, 1))
        better, worse, sure = (a, b, stronger) if stronger >= 0.5 else (b, a, 1 - stronger)
        text.append(f"{a} is {points(elo.value)} Elo to {b} (95%: {points(elo.low)} to {points(elo.high)}); ")
        text.append(f"{better} is stronger than {worse} with {sure:.1%} certainty")
    if score.test is not None:
        low, high = score.test.bounds
        says = {
            "elo1": f"{a} is better, by {score.test.elo1:g} Elo rather than by none",
            "elo0": f"{a} is no better, at least not by {score.test.elo1:g} Elo",
            None: f"undecided; log-likelihood ratio {score.test.llr:+.2f}, decided at {low:+.2f} or {high:+.2f}",
        }
        text.append(f"\nSequential test: {says[score.test.verdict]}")
    lines = []
    for who, kinds in zip((a, b), score.faults, strict=True):
        if kinds:
            each = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
            lines.append(f"{who} lost {kinds.total():,} of these games by faults of its own ({each})")
    if score.spoilt:
        lines.append(f"{score.spoilt:,} games ended by faults of this machine and do not count")
    for line in lines:
        text.append("\n" * bool(text) + line, "yellow")
    return text

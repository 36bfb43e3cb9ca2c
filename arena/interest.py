"""How much a match is worth watching, judged from what the agents thought while they played."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from arena.records import MatchRecord
from arena.replay import movers, plies, width
from envs.core import InputError

_SURE = 0.5  # a value from which an agent can be said to believe in its win
_Curve = list[tuple[int, float]]  # (ply, value) of one agent, from its own view


@dataclass(frozen=True, slots=True)
class Interest:
    """``score`` from 0 to 5 in board games, more is better; ``reason``: a clause about what weighs most."""

    score: float
    reason: str


def interest(record: MatchRecord, expected: float | None = None) -> Interest:
    """Adds up how far a board game strays from a foregone conclusion, each of these from 0 to 1:

    * upset (twice): the result against ``expected``, the first player's expected score in 0..1, where it is known;
    * comeback: the most that the loser ever hoped for; * suspense: how late a win was still in doubt;
    * swing: the greatest change of one agent's mind from one of its moves to the next.

    Games that end by a fault are worth 0, games without any values next to nothing: the longer, the more. A game for
    points is worth its points.
    """
    if len(record.agents) == 1:
        return Interest(record.returns[0], f"it scored {record.returns[0]:g}")
    if record.fault is not None:
        return Interest(0.0, f"it ended by a fault ({record.fault.kind})")
    told = [_upset(record, expected)] if expected is not None else []
    try:
        curves = _curves(record)
    except InputError as error:
        return Interest(0.0, f"it does not replay ({error})")
    if any(curves):
        told += [_swing(record, curves), *_doubts(record, curves)]
    long = 100 if width(record) == 1 else 1000
    told.append(Interest(min(plies(record), long) / long / 100, f"it lasted {plies(record)} plies"))
    best = max(told, key=lambda part: part.score)
    return Interest(sum(part.score for part in told), best.reason)


def most_interesting(
    records: Iterable[MatchRecord], expected: Callable[[MatchRecord], float | None] = lambda record: None
) -> tuple[MatchRecord, Interest] | None:
    """The record of the highest score, the first of equals; None of none. ``expected``: as for `interest`."""
    judged = ((record, interest(record, expected(record))) for record in records)
    return max(judged, key=lambda pair: pair[1].score, default=None)


def _curves(record: MatchRecord) -> list[_Curve]:
    """What each seat's agent expected at its own plies."""
    curves: list[_Curve] = [[] for _ in record.agents]
    actions = width(record)
    for place, (mover, thought) in enumerate(zip(movers(record), record.analysis, strict=False)):
        if thought is not None and thought.value is not None:
            curves[mover].append((place // actions, thought.value))
    return curves


def _upset(record: MatchRecord, expected: float) -> Interest:
    result = (record.returns[0] + 1) / 2
    winner = 0 if result > expected else 1
    chance = expected if winner == 0 else 1 - expected
    return Interest(2 * abs(result - expected), f"{record.agents[winner].name} was expected to score {chance:.0%}")


def _swing(record: MatchRecord, curves: list[_Curve]) -> Interest:
    best = Interest(0.0, "")
    for agent, curve in zip(record.agents, curves, strict=True):
        for (_, before), (ply, after) in pairwise(curve):
            change = abs(after - before) / 2
            if change > best.score:
                best = Interest(change, f"{agent.name} went from {before:+.2f} to {after:+.2f} at ply {ply + 1}")
    return best


def _doubts(record: MatchRecord, curves: list[_Curve]) -> Iterator[Interest]:
    """Comeback and suspense of a game that somebody won."""
    if record.returns[0] == record.returns[1]:
        return
    loser = 0 if record.returns[0] < 0 else 1
    hopes = [(value, ply) for ply, value in curves[loser]]
    if hopes:
        hope, ply = max(hopes)
        name = record.agents[loser].name
        yield Interest(max(hope, 0.0), f"{name} lost although it stood at {hope:+.2f} at ply {ply + 1}")
    doubts = [ply for ply, value in curves[loser] if value > -_SURE]
    doubts += [ply for ply, value in curves[1 - loser] if value < _SURE]
    if doubts:
        last, length = max(doubts) + 1, plies(record)
        yield Interest(last / length, f"undecided until ply {last} of {length}")

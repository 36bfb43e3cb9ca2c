"""How long to think about a move."""

from __future__ import annotations

from dataclasses import dataclass

HORIZON = 35  # moves that the time on the clock should last for where nobody says
MOST_MOVES_TO_GO = 50  # a far control is no nearer than the end of the game
STRETCH = 2.5  # a doubtful move may take so many times its share
LARGEST_PART = 0.5  # of the clock that one move may take, however doubtful
LAST_PART = 0.8  # before a time control's last move
FIRST_LOOK = 0.1  # of the time for a move, before which nobody knows how fast this search is


@dataclass(frozen=True, slots=True)
class Allowance:
    """Milliseconds from now: what a move should take, and what it must not exceed."""

    soft: float
    hard: float


def allowance(remaining: int, increment: int, moves_to_go: int | None, overhead: int) -> Allowance:
    """The time for one move of a side with ``remaining`` milliseconds and an ``increment`` a move.

    ``overhead``: milliseconds that every move loses between the two programs. ``hard`` plus the overhead stays below
    what remains as long as anything remains beyond the overhead. With a time nearly gone the increment carries the
    game: a move takes less than it gets back."""
    usable = max(1.0, remaining - overhead)
    moves = HORIZON if moves_to_go is None else max(1, min(moves_to_go, MOST_MOVES_TO_GO))
    gain = max(0.0, increment - overhead)
    share = usable / moves + 0.75 * gain
    part = LAST_PART if moves == 1 else LARGEST_PART
    hard = max(1.0, min(STRETCH * share, part * usable))
    return Allowance(min(share, hard), hard)


def enough(soft: float, elapsed: float, lead: int, speed: float) -> bool:
    """Whether the time is up, or the second best move could not catch up with the best before it is.

    ``lead``: visits between the two; ``speed``: visits a millisecond."""
    return elapsed >= soft or (elapsed >= FIRST_LOOK * soft and lead > speed * (soft - elapsed))

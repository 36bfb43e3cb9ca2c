"""Games that both sides agree on end early: a loss both see coming, or a draw neither can avoid.

What counts is what the agents themselves expect, `agents.core.Decision.value`, over the last plies without a gap: a
ply without a value, such as one of an agent that has none, begins the count anew. This is the rule of match programs
for chess, where both sides have to agree (cutechess-cli: ``-resign twosided=true``, ``-draw``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from envs.core import InputError


@dataclass(frozen=True, slots=True)
class Adjudication:
    """When a game is over although its rules go on. Values as in `agents.core.Decision`: 1 a sure win, 0 a draw."""

    win: float = 0.95  # both expect one side to win by at least that ...
    win_plies: int = 8  # ... in each of so many plies
    draw: float = 0.03  # or both expect no more than that for either side ...
    draw_plies: int = 20  # ... in each of so many plies ...
    draw_from: int = 80  # ... and the game has so many plies

    def __post_init__(self) -> None:
        if not 0 <= self.draw < self.win <= 1:
            raise InputError(f"adjudication needs 0 <= draw < win <= 1, not draw {self.draw} and win {self.win}")
        if self.win_plies < 2 or self.draw_plies < 2:
            raise InputError("adjudication needs at least 2 plies, one of each side")


def adjudicated(values: Sequence[float | None], rule: Adjudication) -> float | None:
    """The outcome for the first player, 1, 0 or -1; None: the game goes on.

    values: what the mover of each ply expected, from the first player's view; None where it did not say."""
    last = _run(values, rule.win_plies)
    if last and min(last) >= rule.win:
        return 1.0
    if last and max(last) <= -rule.win:
        return -1.0
    last = _run(values, rule.draw_plies)
    if last and len(values) >= rule.draw_from and max(map(abs, last)) <= rule.draw:
        return 0.0
    return None


def _run(values: Sequence[float | None], plies: int) -> list[float]:
    """The last so many values; empty if there are fewer, or gaps."""
    last = [value for value in values[-plies:] if value is not None]
    return last if len(last) == plies else []

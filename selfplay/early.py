"""Games that end before their rules end them: a player resigns, or both agree on a draw.

Long games are mostly decided long before they are over, and playing them out teaches little. What is saved has a price,
since a resigned game's result is only what the network believes; so a share of the games is played on, to learn the
ends of games too, and to count how often the verdict was wrong (AlphaGo Zero, Nature 2017, "Self-play": resignation,
disabled in 10 % of games to measure false positives).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from envs.core import InputError

RULES, RESIGNED, AGREED = range(3)  # how a game ended


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyConfig:
    """When games end early. Values are in [-1, 1], from the view of the player who has just searched.

    A draw needs searches that expect one, for a network that knows nothing expects 0 everywhere as well."""

    resign_below: float = -1.0  # a player whose searches say less gives up; -1: nobody ever does
    resign_after: int = 3  # of the player's own searches, one after the other
    draw_above: float = 1.0  # both agree on a draw that all searches give a greater probability; 1: they never do
    draw_after: int = 16  # searches, of both players together
    played_on: float = 0.1  # share of games in which verdicts are noted but not carried out

    def __post_init__(self) -> None:
        for name, low, high in (
            ("resign_below", -1, 0),
            ("resign_after", 1, 1_000),
            ("draw_above", 0, 1),
            ("draw_after", 1, 10_000),
            ("played_on", 0, 1),
        ):
            if not low <= getattr(self, name) <= high:
                raise InputError(
                    f"training option 'early': {name!r} is from {low} to {high}, not {getattr(self, name)!r}"
                )


class Verdicts:
    """What the searches of running games amount to, one row a slot."""

    def __init__(self, config: EarlyConfig, slots: int) -> None:
        self._config = config
        self._hopeless = np.zeros((slots, 2), np.int64)  # searches without hope in a row, by player
        self._even = np.zeros(slots, np.int64)  # searches in a row that expect a draw
        self._plays_on = np.zeros(slots, np.bool_)
        self._noted = np.full(slots, np.nan, np.float32)  # first verdict in a game that is played on, for player 0
        self.ended = self.checked = self.wrong = (
            0  # games ended early; verdicts noted, and those that did not come true
        )

    def begin(self, slots: NDArray[np.int64], u: NDArray[np.float64]) -> None:
        """New games in these slots; ``u`` uniform in [0, 1) decides which of them are played on."""
        self._hopeless[slots], self._even[slots], self._noted[slots] = 0, 0, np.nan
        self._plays_on[slots] = u < self._config.played_on

    def judge(
        self, slots: NDArray[np.int64], movers: NDArray[np.int8], wdl: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        """Takes note of what a search in each slot expects, float32[n, 3]. Returns the outcome for player 0 (NaN: play
        on) and how it ended."""
        config, rows = self._config, np.arange(len(slots))
        hopeless = self._hopeless[slots]
        values = wdl[:, 0] - wdl[:, 2]
        hopeless[rows, movers] = np.where(values < config.resign_below, hopeless[rows, movers] + 1, 0)
        self._hopeless[slots] = hopeless
        self._even[slots] = np.where(wdl[:, 1] > config.draw_above, self._even[slots] + 1, 0)
        resigns = hopeless[rows, movers] >= config.resign_after
        agrees = self._even[slots] >= config.draw_after
        outcome = np.where(resigns, np.where(movers == 0, -1, 1), np.where(agrees, 0, np.nan)).astype(np.float32)
        on, first = self._plays_on[slots], np.isnan(self._noted[slots])
        self._noted[slots] = np.where(on & first, outcome, self._noted[slots])
        outcome[on] = np.nan
        how = np.where(np.isnan(outcome), RULES, np.where(resigns, RESIGNED, AGREED)).astype(np.int8)
        self.ended += int((how != RULES).sum())
        return outcome, how

    def check(self, slots: NDArray[np.int64], outcomes: NDArray[np.float32]) -> None:
        """Holds the verdicts of games that were played on against their outcomes for player 0."""
        noted = self._noted[slots]
        known = ~np.isnan(noted)
        self.checked += int(known.sum())
        self.wrong += int((noted[known] != outcomes[known]).sum())

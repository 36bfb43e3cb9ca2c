"""Ladders whose truth is known: agents with given strengths, and pairs of games drawn from them.

The chances are written down here once more, straight from Davidson (1970), so that the package is not its own witness.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from arena.ratings import Ratings, fit
from arena.tally import Tally

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def davidson(elo_lead, draw):
    """[..., 3]: loss, draw, win of the agent that leads by so much."""
    ratio = 10 ** (np.asarray(elo_lead, float) / 400)  # pi_a / pi_b
    parts = np.stack([np.ones_like(ratio), draw * np.sqrt(ratio), ratio], axis=-1)
    return parts / parts.sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class Field:
    """Who plays whom, how often, and with what chances."""

    elo: np.ndarray  # [n]
    low: np.ndarray  # [m]
    high: np.ndarray  # [m]
    pairs: np.ndarray  # [m]
    seat: float = 60.0  # Elo
    draw: float = 0.5
    bias: float | np.ndarray = 0.0  # Elo, standard deviation: what an opening gives to the first player, in both games
    luck: float = 0.0  # Elo, standard deviation: what a pair gives to one of the agents, in both games

    @cached_property
    def chances(self) -> np.ndarray:
        """[m, 3, 3]: of the results of `low` in the game it starts and in the other one."""
        lead = (self.elo[self.low] - self.elo[self.high])[:, None, None]
        bias = np.broadcast_to(self.bias, self.low.shape)[:, None, None] * NODES[:, None]
        luck = self.luck * NODES
        own = davidson(lead + self.seat + bias + luck, self.draw)
        other = davidson(lead - self.seat - bias + luck, self.draw)
        return np.einsum("b,l,mbli,mblj->mij", WEIGHTS, WEIGHTS, own, other)

    def sample(self, rng: np.random.Generator) -> Tally:
        cells = np.zeros((len(self.low), 4, 4), np.int64)
        drawn = rng.multinomial(self.pairs, self.chances.reshape(-1, 9))
        cells[:, 1:, 1:] = drawn.reshape(-1, 3, 3)
        return self.tally(cells)

    def tally(self, cells: np.ndarray) -> Tally:
        played = cells.any(axis=(1, 2))
        return Tally(len(self.elo), self.low[played], self.high[played], cells[played], np.ones(played.sum()))

    def limit(self) -> Ratings:
        """What ratings come to if every pair is played a million times: the truth that intervals have to cover.

        Without bias and luck this is ``elo``. With them the chances, averaged over openings, are those of agents that
        are a little closer to each other."""
        cells = np.zeros((len(self.low), 4, 4))
        cells[:, 1:, 1:] = self.chances * self.pairs[:, None, None] * 1e6
        return fit(self.tally(cells), spread=1e5)


def everyone(elo, pairs, **rest) -> Field:
    """A round robin."""
    low, high = np.triu_indices(len(elo), 1)
    return Field(np.asarray(elo, float), low, high, np.broadcast_to(pairs, low.shape).copy(), **rest)


def chain(elo, pairs, **rest) -> Field:
    """Checkpoints that only met the one before and the one after."""
    low = np.arange(len(elo) - 1)
    return Field(np.asarray(elo, float), low, low + 1, np.full(len(low), pairs), **rest)


def gauntlet(elo, pairs, **rest) -> Field:
    """Agent 0 against each other one."""
    high = np.arange(1, len(elo))
    return Field(np.asarray(elo, float), np.zeros_like(high), high, np.full(len(high), pairs), **rest)

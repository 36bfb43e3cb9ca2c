"""Whom the learner plays: itself, its own past, and scripted bots.

Of the games, a share is against bots, the more against one the less often it is beaten. Of the others, a share is
against past selves and the rest is self-play, in which both sides are learned from. Past selves are chosen

- ``quality``: by the softmax of their qualities, as OpenAI Five (Berner et al. 2019, arXiv 1912.06680, appendix N). A
  new one has the quality of the best; whenever one with probability ``p`` among ``N`` loses to the learner, its quality
  falls by ``rate / (N p)``;
- ``pfsp``: by ``(1 - w) ** power``, where ``w`` is the learner's rate of winning against it (Vinyals et al. 2019,
  AlphaStar, prioritised fictitious self-play), Laplace-smoothed and forgetting.

What is drawn during a rollout depends on the league as it was when it began, so that it does not matter which thread
finishes a game first.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from agents.moba_bots import BOTS, TRAINING_BOTS

Choice = Literal["quality", "pfsp"]
LATEST = -1  # who plays a side: the learner, from 0 a past self by number, ...
FIRST_BOT = -2  # ... from -2 downwards the bots, in the order of `BOTS`
WINDOW = 100  # games in a recent rate of winning
LITTLE = 0.1  # by which even a bot that always loses is met
FADE = 0.98  # what a past self's earlier games count for, with each new one


def bot_code(name: str) -> int:
    return FIRST_BOT - BOTS.index(name)


def bot_name(code: int) -> str:
    return BOTS[FIRST_BOT - code]


@dataclass(slots=True)
class Member:
    """A past self."""

    number: int  # of its checkpoint
    quality: float
    games: float = 0.0  # fading counts
    wins: float = 0.0  # of the learner's; half for a game without a winner


@dataclass(frozen=True, slots=True)
class Field:
    """The league as it is when a rollout begins: who may be met, and how likely."""

    members: list[int]  # past selves by number
    chances: NDArray[np.float64]  # of each
    bots: NDArray[np.float64]  # of each of `TRAINING_BOTS`


@dataclass(slots=True)
class League:
    """What is known of the opponents."""

    choice: Choice
    rate: float  # eta of `quality`
    power: float  # of `pfsp`
    members: list[Member] = dataclasses.field(default_factory=list)
    recent: dict[str, deque[float]] = dataclasses.field(
        default_factory=dict
    )  # by bot's name and "past": the last results

    def add(self, number: int) -> None:
        """A snapshot of the learner joins."""
        best = max((member.quality for member in self.members), default=0.0)
        self.members.append(Member(number, best))

    def adopt(self, numbers: Iterable[int]) -> None:
        """Those who are not members yet join, in order."""
        for number in sorted(set(numbers) - {member.number for member in self.members}):
            self.add(number)

    def keep(self, numbers: Collection[int]) -> None:
        """The others, whose checkpoints somebody has deleted, are forgotten."""
        self.members = [member for member in self.members if member.number in numbers]

    def chances(self) -> NDArray[np.float64]:
        """float64[N]: the probability of each member."""
        if self.choice == "quality":
            quality = np.array([member.quality for member in self.members])
            weight = np.exp(quality - quality.max())
        else:
            won = np.array([(member.wins + 1) / (member.games + 2) for member in self.members])
            weight = (1 - won) ** self.power
        chances: NDArray[np.float64] = weight / weight.sum()
        return chances

    def bot_chances(self) -> NDArray[np.float64]:
        """float64 for each of `TRAINING_BOTS`: in proportion to the share of recent games not won, and a little."""
        lost = np.array([1.0 - (sum(r) + 1) / (len(r) + 2) for r in map(self._recent, TRAINING_BOTS)]) + LITTLE
        chances: NDArray[np.float64] = lost / lost.sum()
        return chances

    def _recent(self, name: str) -> list[float]:
        return [float(score == 1.0) for score in self.recent.get(name, ())]

    def result(self, code: int, score: float) -> None:
        """A game against ``code`` has ended: 1 the learner has won, 0 lost, 0.5 neither."""
        if code == LATEST:
            return
        name = "past" if code >= 0 else bot_name(code)
        self.recent.setdefault(name, deque(maxlen=WINDOW)).append(score)
        for i, member in enumerate(self.members):
            if member.number == code:
                if score == 1.0:
                    member.quality -= self.rate / (len(self.members) * max(self.chances()[i], 1e-6))
                member.games, member.wins = FADE * member.games + 1, FADE * member.wins + score

    def rates(self) -> dict[str, float]:
        """The share of recent games that the learner has won, by kind of opponent."""
        return {name: scores.count(1.0) / len(scores) for name, scores in sorted(self.recent.items())}

    def field(self) -> Field:
        members = [member.number for member in self.members]
        return Field(members, self.chances() if members else np.zeros(0), self.bot_chances())

    def facts(self) -> dict[str, Any]:
        """Everything that changes, for JSON."""
        return {
            "members": [[m.number, m.quality, m.games, m.wins] for m in self.members],
            "recent": {name: list(scores) for name, scores in self.recent.items()},
        }

    def restore(self, facts: dict[str, Any]) -> None:
        """The inverse. Raises `KeyError`, `TypeError` or `ValueError` for what is not such facts."""
        self.members = [Member(int(n), float(q), float(g), float(w)) for n, q, g, w in facts["members"]]
        self.recent = {str(name): deque(map(float, scores), maxlen=WINDOW) for name, scores in facts["recent"].items()}


class Draw:
    """Opponents for the games of one thread. A past self that is drawn is met in ``batch`` games in a row, so that few
    networks have to be asked at a time."""

    def __init__(self, past: float, bots: float, batch: int, random: np.random.Generator) -> None:
        self._past, self._bots, self._batch, self._random = past, bots, batch, random
        self._left, self._current = 0, LATEST
        self.kinds = [bot_code(name) for name in TRAINING_BOTS]

    def next(self, known: Field) -> int:
        """Who the opponent of a game that begins is."""
        kind = self._random.random()
        if kind < self._bots:
            return int(self._random.choice(self.kinds, p=known.bots))
        if kind >= self._bots + (1 - self._bots) * self._past or not known.members:
            return LATEST
        if self._left == 0:
            self._current, self._left = int(self._random.choice(known.members, p=known.chances)), self._batch
        self._left -= 1
        return self._current

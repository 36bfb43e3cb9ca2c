"""Many team games at once between two crews, for measurements: kernels, networks and bots without the arena.

A crew is named like an agent: ``bot:captain``, or whatever names a team's checkpoint, with ``?temperature=0`` if asked.
Half of the games have the first crew in the west, and each of the same seeds is played again with the sides swapped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from agents.moba_bots import BOTS, act_rows
from agents.registry import parse
from agents.team.network import TeamNetwork, acting
from agents.team.player import KIND, TeamOptions, load
from agents.team.sampling import draw_actions
from envs.core import InputError
from envs.moba.games import Games
from envs.moba.setup import Setup

SIDE_BY_SIDE = 200  # games


class Crew(Protocol):
    """Who decides for some units of a side, in games that all begin together."""

    def start(self, games: int, units: int, seed: int) -> None: ...

    def act(self, rows: NDArray[np.int64], seen: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """int64[k, u] for the games ``rows``, float32[k, u, F] and bool[k, u, A]."""
        ...


class Scripted:
    """A bot."""

    def __init__(self, bot: str) -> None:
        self.bot = bot

    def start(self, games: int, units: int, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def act(self, rows: NDArray[np.int64], seen: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        flat = seen.reshape(-1, seen.shape[-1]), mask.reshape(-1, mask.shape[-1])
        keys = self._random.integers(0, 2**63, len(flat[0]), np.uint64)
        return act_rows(self.bot, *flat, keys).reshape(mask.shape[:2])


class Network:
    """A team's network."""

    def __init__(self, net: TeamNetwork, temperature: float) -> None:
        self.net, self.temperature = acting(net, half=False), temperature

    def start(self, games: int, units: int, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._state = np.zeros((games, units, self.net.shape.state_size), np.float32)

    def act(self, rows: NDArray[np.int64], seen: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        flat = np.ascontiguousarray(seen.reshape(1, -1, seen.shape[-1]))
        state = self._state[rows].reshape(flat.shape[1], -1)
        with torch.inference_mode():
            logits, _, state_after = self.net(torch.from_numpy(flat), torch.from_numpy(state))
        self._state[rows] = state_after.numpy().reshape(*mask.shape[:2], -1)
        actions, logp = np.empty(flat.shape[1], np.int64), np.empty(flat.shape[1], np.float32)
        chance = self._random.random(len(actions), np.float32)
        draw_actions(logits[0].numpy(), mask.reshape(-1, mask.shape[-1]), chance, self.temperature, actions, logp)
        return actions.reshape(mask.shape[:2])


class Mixed:
    """Two crews in one side: ``guests`` of the second, in slots that change from game to game."""

    def __init__(self, hosts: Crew, others: Crew, guests: int) -> None:
        self.crews, self.guests = (hosts, others), guests

    def start(self, games: int, units: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self._guest = np.argsort(random.random((games, units)), axis=1) < self.guests
        for i, crew in enumerate(self.crews):
            crew.start(games, units, seed + 1 + i)

    def act(self, rows: NDArray[np.int64], seen: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        ours, theirs = (crew.act(rows, seen, mask) for crew in self.crews)
        return np.where(self._guest[rows], theirs, ours)


def crew(spec: str) -> Crew:
    """Raises `InputError` if it is no team or bot."""
    kind, target, options = parse(spec)
    if kind.id == "bot" and target in BOTS:
        return Scripted(target)
    if kind.id == KIND and isinstance(options, TeamOptions):
        return Network(load(target)[1], options.temperature)
    raise InputError(f"{spec}: neither a bot (bot:captain) nor a team's checkpoint")


def heroes_of(spec: str, game: str | None = None) -> int:
    """A side of the game that a team's checkpoint plays, or of ``game`` for a bot. Raises `InputError`."""
    kind, target, _ = parse(spec)
    if kind.id == "bot":
        if game is None:
            raise InputError(f"{spec} plays both games: say which with --game")
        return 5 if game == "moba_5v5" else 1
    if kind.id != KIND:
        raise InputError(f"{spec}: not a team's checkpoint")
    return 5 if load(target)[0].game == "moba_5v5" else 1


@dataclass(frozen=True, slots=True)
class Score:
    """Of the first crew."""

    wins: int
    draws: int  # both ancients fell, or the game was cut off
    losses: int
    decisions: float  # a game

    @property
    def games(self) -> int:
        return self.wins + self.draws + self.losses

    @property
    def rate(self) -> float:
        """Of games won; a draw is not."""
        return self.wins / self.games if self.games else 0.0

    @property
    def points(self) -> float:
        """A draw counts half."""
        return (self.wins + 0.5 * self.draws) / self.games if self.games else 0.5


def games(setup: Setup, west: Crew, east: Crew, seeds: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """float32[n] results for the west (1, 0, -1) and int64[n] decisions."""
    n, units = len(seeds), setup.heroes
    play = Games(n, setup, autoreset=False)
    step = play.reset(np.array(seeds, np.uint64))
    for place, side in enumerate((west, east)):
        side.start(n, units, int(seeds[0]) * 2 + place)
    result, lengths = np.full(n, np.nan, np.float32), np.zeros(n, np.int64)
    actions = np.zeros((n, 2 * units), np.int64)
    while len(rows := np.flatnonzero(np.isnan(result))):
        actions[:] = 0
        seen, mask = step.observations[rows], step.mask[rows]
        actions[rows, :units] = west.act(rows, seen[:, :units], mask[:, :units])
        actions[rows, units:] = east.act(rows, seen[:, units:], mask[:, units:])
        step = play.step(actions)
        result[rows] = step.outcome[rows]
        lengths[rows] += 1
    return result, lengths


def duel(setup: Setup, first: Crew, second: Crew, count: int, seed: int = 0) -> Score:
    """``count`` games (an even number), each seed once from either side."""
    seeds = np.random.default_rng(seed).integers(0, 2**62, count // 2).tolist()
    results, lengths = [], []
    for begin in range(0, len(seeds), SIDE_BY_SIDE):
        some = seeds[begin : begin + SIDE_BY_SIDE]
        for sign, sides in ((1, (first, second)), (-1, (second, first))):
            found, took = games(setup, *sides, some)
            results.append(sign * found)
            lengths.append(took)
    every = np.concatenate(results)
    return Score(
        int((every > 0).sum()), int((every == 0).sum()), int((every < 0).sum()), float(np.concatenate(lengths).mean())
    )

"""What an agent is: something that, shown a batch of positions from many games, chooses an action in each.

The protocol is batched so that 256 games of a match share one network call; a match of one game is a batch of one row.

In board games and games for points a row is a game. In team games an agent is a whole side and a row is a unit:

* every game of a batch has one row for each unit of the side that the agent has, the dead included (for them ``legal``
  allows one action only), in slot order and beside each other, so all arrays reshape to [games, units of a side, ...];
* all running games are asked for every decision, once, from the first to the last, so a recurrent agent keeps a memory
  for each game and slot and clears all of them in `Agent.start`. After one game of a batch has made an agent fail, it
  is started anew in the middle of the others, which then go on from an empty memory;
* how many units a side has, ``len(envs.team_game(spec.id).units) // 2`` says, and any batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from envs.core import GameSpec


class AgentError(Exception):
    """An agent cannot go on: its engine died, its checkpoint is for another game, its answer makes no sense."""

    fault: Literal["crash", "hang", "illegal"] = "crash"  # how a game that this ends is recorded


class NoAnswer(AgentError):
    """What the agent relies on, such as an engine, has been silent for too long."""

    fault = "hang"


class IllegalAnswer(AgentError):
    """What the agent relies on answers with something that is no legal action."""

    fault = "illegal"


@dataclass(frozen=True, slots=True)
class GameKey:
    """One game an agent is about to play."""

    id: str  # unique within the match
    seat: int  # the seat this agent has: 0 moves first; in team games it is the side, as named in `GameSpec.seats`
    seed: int  # 0..2**63-1; the agent's only source of chance in this game, so that the game can be repeated
    fen: str = ""  # where a board game begins, if not with its initial position


@dataclass(frozen=True, slots=True)
class Batch:
    """Positions in which the agent has to move, one row each; a game appears at most once, in team games for each unit
    of the agent's side once."""

    games: NDArray[np.int64]  # [n], indices into the sequence given to `Agent.start`; team: repeated for every unit
    observations: NDArray[Any]  # board: states uint64[n, W]; score: frames; team: float32[n, F], what the unit sees
    legal: NDArray[np.bool_]  # [n, A]
    history: Sequence[Sequence[int]]
    """n lists: every action of the game so far, the opening's included. Team: those of the row's unit alone, one a
    decision, so that nothing comes past the fog."""

    def __len__(self) -> int:
        return len(self.games)


@dataclass(frozen=True, slots=True)
class Decision:
    """An action and, where the agent has them, its reasons. Values are from the view of the player to move."""

    action: int
    value: float | None = (
        None  # expected in [-1, 1]: the result; team: the side's pay, a win being 1; points: their pay
    )
    visits: dict[int, int] | None = None  # search visits by action
    policy: dict[int, float] | None = None  # probabilities by action, illegal ones left out
    pv: tuple[int, ...] = ()  # the line the agent expects, its own action first
    ms: float | None = None  # its own time for this decision; the runner measures it where None


def by_action(policy: NDArray[np.float32], legal: NDArray[np.bool_]) -> dict[int, float]:
    """The probabilities of legal actions, of float[A] and bool[A]."""
    actions = np.flatnonzero(legal)
    return dict(zip(actions.tolist(), policy[actions].tolist(), strict=True))


def require_game(name: str, game: str, version: int, spec: GameSpec) -> None:
    """Raises `AgentError` unless the agent of this name, made for one version of a game, is asked to play that."""
    if (spec.id, spec.version) != (game, version):
        raise AgentError(f"{name} plays {game} version {version}, not {spec.id} version {spec.version}")


class Agent(Protocol):
    """Plays any number of games at once. Not safe for use by several threads."""

    @property
    def name(self) -> str:
        """Short, unique within a ladder, stable across runs."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of all that decides how it plays: kind, options, the content of its files. Equal: the same player."""
        ...

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        """Forget all earlier games and get ready for these. Raises `AgentError` if it cannot play the game."""
        ...

    def act(self, batch: Batch) -> list[Decision]:
        """One decision a row, in order."""
        ...

    def close(self) -> None:
        """Give back processes and memory; calling it twice does no harm."""
        ...


@dataclass(frozen=True, slots=True)
class AgentKind:
    """One row of an agent module's ``AGENTS`` table."""

    id: str
    summary: str
    options: type  # a frozen dataclass; its fields, types and defaults are the options that a spec may set
    make: Callable[[str, Any], Agent]  # (target, options) -> agent; target is what follows "id:" in a spec
    target: Literal["none", "checkpoint", "other"] = "none"  # what that is
    plays: Callable[[GameSpec], bool] = lambda spec: True  # whether it can play a game at all
    example: str = ""  # a spec to show in help
    rating: Callable[[Any], float | None] = lambda options: None  # Elo that the options promise, on a common scale
    runs: Callable[[str, Any], str | None] = lambda target, options: None  # other people's code that loading it runs
    thinks: Callable[[Any], float] = lambda options: 0.0  # seconds a move that the options ask for

    def fields(self) -> dict[str, dataclasses.Field[Any]]:
        return {field.name: field for field in dataclasses.fields(self.options)}

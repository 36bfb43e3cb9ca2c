"""A match as the sequence of positions a viewer steps through; terminal and web page are both drawn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import envs
from arena.openings import begin
from arena.records import MatchRecord, Ply
from arena.view.figures import printable, score
from envs.core import BoardGame, GameSpec, InputError, State


class ReplayError(InputError):
    """A record that today's rules cannot replay. The message names the match, the ply and the reason."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One action the mover looked at."""

    action: int
    name: str
    visits: int  # 0: what it has is a probability
    share: float  # of all visits, or that probability; 0..1
    legal: bool = True


@dataclass(frozen=True, slots=True)
class Frame:
    """The position after ``ply`` actions and, if the game goes on, what the mover thought and chose in it."""

    ply: int
    state: State
    last: int | None  # the action that led here; None in the initial position
    mover: int | None  # seat to move; None when the record ends here
    choice: int | None  # the action made next
    choice_name: str
    thought: Ply | None
    weighed: tuple[Weighed, ...]  # most visited first
    pv: tuple[str, ...]  # names of the line the mover expected

    @property
    def value(self) -> float | None:
        """The mover's expectation from the first player's view, so that both agents' values share one scale."""
        if self.thought is None or self.thought.value is None:
            return None
        return self.thought.value if self.mover == 0 else -self.thought.value


def require_seats(record: MatchRecord, spec: GameSpec) -> None:
    """Raises `ReplayError` unless as many agents have played as the game has seats."""
    if len(record.agents) != spec.num_players:
        raise ReplayError(
            f"match {record.id!r} does not replay: {len(record.agents)} agents, and {record.game} is for "
            f"{spec.num_players}"
        )


def frames(record: MatchRecord) -> list[Frame]:
    """One frame more than there are actions, the initial position first. Raises `ReplayError` for a broken record."""
    game = envs.make(record.game)
    if record.game_version != game.spec.version:
        raise ReplayError(
            f"match {record.id!r} was played by version {record.game_version} of {record.game}; "
            f"only version {game.spec.version} is here"
        )
    require_seats(record, game.spec)
    if len(record.opening) > len(record.actions):
        raise ReplayError(f"match {record.id!r} does not replay: its opening is longer than the game")
    shown: list[Frame] = []
    try:
        states = begin(game, record.options)
    except InputError as error:
        raise ReplayError(f"match {record.id!r} does not replay: {error}") from None
    last = None
    for ply, action in enumerate((*record.actions, None)):
        if action is not None and not _is_legal(game, states, action):
            raise ReplayError(f"match {record.id!r} does not replay: action {action} at ply {ply} is illegal")
        shown.append(_frame(game, record, ply, states[0], last, action))
        if action is not None:
            last = action
            states = game.step(states, np.array([action], np.int32))
    return shown


def curves(shown: Sequence[Frame]) -> tuple[list[float | None], list[float | None]]:
    """What each agent expected at each frame, from the first player's view; None where it did not move or say."""
    first = [frame.value if frame.mover == 0 else None for frame in shown]
    second = [frame.value if frame.mover == 1 else None for frame in shown]
    return first, second


def names(record: MatchRecord) -> list[str]:
    """The agents' names by seat, fit for a terminal: what could control it is replaced."""
    return [printable(agent.name) for agent in record.agents]


def result(record: MatchRecord) -> str:
    """The result in words: ``alphazero wins``, ``draw``, and why, where the rules did not decide."""
    called, best = names(record), max(record.returns)
    winners = [name for name, points in zip(called, record.returns, strict=True) if points == best]
    text = f"{winners[0]} wins" if len(winners) == 1 else "draw"
    if len(called) == 1:
        text = f"{called[0]} scores {score(best)}"
    if record.fault is not None:
        blame = "" if record.fault.seat is None else f" of {called[record.fault.seat]}"
        text += f" ({record.fault.kind} fault{blame})"
    elif record.termination != "rules":
        text += f" ({record.termination})"
    return text


def _is_legal(game: BoardGame, states: np.ndarray, action: int) -> bool:
    return 0 <= action < game.spec.num_actions and bool(game.legal(states)[0, action])


def _frame(game: BoardGame, record: MatchRecord, ply: int, state: State, last: int | None, action: int | None) -> Frame:
    thought = record.analysis[ply] if ply < len(record.analysis) else None
    weighed = []
    if thought:
        total = sum(n for _, n in thought.visits)
        shares = [(a, n, n / max(total, 1)) for a, n in thought.visits] or [(a, 0, p) for a, p in thought.policy]
        weighed = [Weighed(a, _name(game, state, a), n, p, _is_legal(game, state[None], a)) for a, n, p in shares]
    return Frame(
        ply=ply,
        state=state,
        last=last,
        mover=None if action is None else int(game.mover(state[None])[0]),
        choice=action,
        choice_name="" if action is None else _name(game, state, action),
        thought=thought,
        weighed=tuple(sorted(weighed, key=lambda w: -w.share)),
        pv=_line(game, state, thought.pv if thought else ()),
    )


def _name(game: BoardGame, state: State, action: int) -> str:
    """The action's notation, or its number where a record's analysis holds an action that is not legal here."""
    return game.action_name(state, action) if _is_legal(game, state[None], action) else f"#{action}"


def _line(game: BoardGame, state: State, actions: tuple[int, ...]) -> tuple[str, ...]:
    """Names along a line of play, cut off where it leaves the rules."""
    names: list[str] = []
    states = state[None]
    for action in actions:
        if not _is_legal(game, states, action):
            break
        names.append(game.action_name(states[0], action))
        states = game.step(states, np.array([action], np.int32))
    return tuple(names)

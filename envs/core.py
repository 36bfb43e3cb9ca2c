"""The contract between games and everything above them.

A board game is a set of pure functions over batches. One position is one row of ``W`` unsigned 64-bit words
(``states[b] : uint64[W]``); what the words mean is the game's own business. Because a row is all there is to a
position, the search tree, the replay window and the evaluation cache can store, copy, hash and compare positions of any
game without knowing it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from envs import svg
from envs.picture import Picture

States = NDArray[np.uint64]  # [B, W]
State = NDArray[np.uint64]  # [W]
Actions = NDArray[np.int32]  # [B]
Arrows = Sequence[tuple[int, float]]  # (action, weight in 0..1)
Family = Literal["board", "score", "team"]
COLOURS = ("#2563eb", "#d9570c")  # of sides that have none of their own: told apart by everybody, on light and dark


class InputError(ValueError):
    """What a person typed, or a file they named, is of no use. The message quotes it and names the valid choices."""


def unknown(what: str, bad: object, choices: Iterable[str]) -> InputError:
    """An `InputError` for a name that is not one of ``choices``, with the nearest one suggested."""
    known = sorted(choices)
    near = difflib.get_close_matches(str(bad), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return InputError(f"unknown {what} {bad!r}; choose from: {', '.join(known) or '(none)'}.{hint}")


class IllegalAction(InputError):
    """An action, or a text standing for one, that the position does not allow."""


@dataclass(frozen=True, slots=True)
class GameSpec:
    """The facts about a game that others may rely on. The conformance suite holds each of them against play."""

    id: str
    title: str
    version: int  # raised whenever the rules, the action numbers or the observation change: old records stay readable
    family: Family
    num_players: int
    num_actions: int  # A
    max_legal: int  # the most legal actions any position can have
    observation_shape: tuple[int, ...]  # board games: (C, H, W); score games: (stack, H, W)
    max_plies: int
    num_symmetries: int = 1  # S, the identity included
    seats: tuple[str, ...] = ("first", "second")  # what people call the sides, with their marks in `to_text`
    colours: tuple[str, str] = COLOURS  # of the sides in curves and lists: #rrggbb


class BoardGame(Protocol):
    """Rules of a two-player board game, batched. No method writes to its arguments; equal input gives equal output."""

    @property
    def spec(self) -> GameSpec: ...

    def init(self, n: int) -> States:
        """``n`` copies of the initial position, uint64[n, W]."""
        ...

    def step(self, states: States, actions: Actions) -> States:
        """Successors, uint64[B, W]. A finished game stays as it is whatever the action.

        Actions must be legal: kernels do not check; `IllegalAction` is raised by whoever takes actions from outside."""
        ...

    def legal(self, states: States) -> NDArray[np.bool_]:
        """bool[B, A]; a finished game has no legal action, any other at least one."""
        ...

    def outcome(self, states: States) -> NDArray[np.float32]:
        """float32[B] in [-1, 1] from the view of player 0; NaN while the game runs."""
        ...

    def mover(self, states: States) -> NDArray[np.int8]:
        """int8[B]: the player to move, 0 or 1."""
        ...

    def observe(self, states: States) -> NDArray[np.uint8]:
        """uint8[B, C, H, W] planes from the mover's view.

        Planes 0 and 1 hold the same kind of piece, the mover's and the opponent's, whoever that is."""
        ...

    def key(self, states: States) -> NDArray[np.uint64]:
        """uint64[B]: equal for positions that look the same to the mover, and for no others but by a hash's bad luck.

        Look the same: equal observation, mover, legal actions and outcome. Where rules remember more than that (how
        often a position has occurred), rows tell positions with different futures apart, keys do not."""
        ...

    def symmetry(self, states: States, k: NDArray[np.int8]) -> States:
        """Row ``b`` mapped by the board's symmetry ``k[b]`` in 0..S-1; 0 is the identity."""
        ...

    @property
    def action_symmetry(self) -> NDArray[np.int32]:
        """int32[S, A]: action ``a`` of a position is action ``action_symmetry[k, a]`` of its image under ``k``."""
        ...

    @property
    def action_squares(self) -> NDArray[np.int16] | None:
        """int16[A, 3]: the square that each action leaves, the one it goes to (numbered row by row as in observations),
        and 0, or a number from 1 for each other action between the same two; None where actions are not like that."""
        return None

    @property
    def square_symmetry(self) -> NDArray[np.int32]:
        """int32[S, H*W]: square ``q`` of an observation plane is square ``square_symmetry[k, q]`` of the image's."""
        ...

    @property
    def all_symmetries(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """`action_symmetry` and `square_symmetry`, with more rows than S where `symmetry` knows further ones that hold
        in some positions only: in those that are `symmetric`."""
        return self.action_symmetry, self.square_symmetry

    def symmetric(self, states: States) -> NDArray[np.bool_]:
        """bool[B]: whether `all_symmetries` hold in a position."""
        return np.ones(len(states), np.bool_)

    def rollout(self, states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
        """float32[B]: outcome for player 0 after uniformly random play; row ``b`` draws on ``seeds[b]`` alone."""
        ...

    def prove(self, states: States, nodes: int) -> NDArray[np.float32]:
        """float32[B]: the outcome under perfect play, where looking at about ``nodes`` positions tells it, else NaN.

        What a game finds in so many is its own business; a game without such a search knows finished ones only."""
        return self.outcome(states)

    def to_text(self, state: State) -> str:
        """A small picture of one position in characters, several lines, for a terminal."""
        ...

    def picture(self, state: State, arrows: Arrows = (), last_action: int | None = None) -> Picture:
        """What the position looks like, the last action marked and the arrows drawn as hints."""
        ...

    def to_svg(self, state: State, arrows: Arrows = (), last_action: int | None = None) -> str:
        """`picture` as one self-contained ``<svg>`` element."""
        return svg.render(self.picture(state, arrows, last_action))

    def action_name(self, state: State, action: int) -> str:
        """The usual short notation of a legal action, free of blanks."""
        ...

    def parse_action(self, state: State, text: str) -> int:
        """The legal action ``text`` stands for. Raises `IllegalAction`, which quotes the text and lists the legal ones.

        Unless a game knows better, the text is what `action_name` gives, in upper or lower case."""
        legal = {self.action_name(state, int(a)): int(a) for a in np.flatnonzero(self.legal(state[None])[0])}
        for name, action in legal.items():
            if name.lower() == text.strip().lower():
                return action
        raise IllegalAction(f"illegal move {text!r}; legal: {' '.join(legal) or '(the game is over)'}")


class ScorePlay(Protocol):
    """Games played for points that are under way, ``n`` of them; the rows of all arrays are games."""

    over: NDArray[np.bool_]  # [n]
    truncated: NDArray[np.bool_]  # [n] over, but cut off by the limit on its length
    scores: NDArray[np.float64]  # [n] raw points so far

    def observe(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """uint8[k, *observation_shape] of these games."""
        ...

    def step(self, rows: NDArray[np.int64], actions: NDArray[np.integer]) -> None:
        """One action, 0..A-1, in each of these games, none of which is over; the others stay as they are."""
        ...

    def close(self) -> None:
        """Ends what the games run on. Nothing may be called after it."""
        ...


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a game that was played for points."""

    ply: int  # actions that the player has made
    picture: NDArray[np.uint8]  # [H, W, 3] RGB
    score: float
    lives: int


class ScoreGame(Protocol):
    """A game that one player plays for points, wherever it comes from. Every action is legal until the game is over."""

    @property
    def spec(self) -> GameSpec: ...

    @property
    def action_names(self) -> tuple[str, ...]:
        """[A]"""
        ...

    def start(self, seeds: Sequence[int]) -> ScorePlay:
        """A game for every seed, 0..2**63-1. Seed and actions decide a game bit for bit, whatever else is started."""
        ...

    def film(self, seed: int, actions: Sequence[int]) -> Iterator[Shot]:
        """The pictures of a game, the start's first. Raises `InputError` where an action follows the end."""
        ...


class TeamPlay(Protocol):
    """Team games that are under way, ``n`` of them; the rows of all arrays are games, units are `TeamGame.units`."""

    over: NDArray[np.bool_]  # [n]
    truncated: NDArray[np.bool_]  # [n] over, but cut off by the limit on its length
    outcome: NDArray[np.float32]  # [n] 1, 0 or -1 from the view of seat 0; NaN while the game runs

    def observe(self, rows: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """What each unit of these games sees, [k, U, *observation_shape], and its legal actions, bool[k, U, A], of
        which every unit always has one. May be overwritten by the next call."""
        ...

    def step(self, rows: NDArray[np.int64], actions: NDArray[np.integer]) -> None:
        """One decision of these games, none of which is over: int[k, U] legal actions. A game that is left out once
        is not used any more."""
        ...

    def close(self) -> None:
        """Ends what the games run on. Nothing may be called after it."""
        ...


@dataclass(frozen=True, slots=True)
class TeamEvent:
    """Something that people want to see on the time line."""

    seat: int  # whose success it is
    text: str


@dataclass(frozen=True, slots=True)
class TokenKind:
    """What a token on a map looks like."""

    name: str
    shape: Literal["disc", "square", "ring"]
    radius: float  # in units of the scenery's background
    label: str = ""  # one or two letters
    sight: float = 0.0  # how far it sees, in the same units


@dataclass(frozen=True, slots=True)
class Scenery:
    """The map of games that have one; a shot's tokens stand on it."""

    background: Picture
    kinds: tuple[TokenKind, ...]
    colours: tuple[str, str, str]  # of the sides, and of what belongs to nobody


@dataclass(frozen=True, slots=True)
class TeamShot:
    """A moment of a team game. ``fog``: what seat 0 or 1 knows; None: everything."""

    decision: int  # that have been made
    text: Callable[[int | None], str]  # fog -> the moment in characters, several lines
    gauges: dict[str, tuple[float, float]]  # by name: of either side
    stats: NDArray[np.int64]  # [U, S], in the order of `TeamGame.stats`
    events: tuple[TeamEvent, ...]  # since the shot before
    labels: tuple[str, ...] = ()  # [U] what the units are called here, where their names do not tell enough
    tokens: NDArray[np.uint8] | None = None
    """[k, 7] where the game has a scenery: kind, owner (2: nobody), x and y (0..255 over the background's width and
    height), health and mana (0..255; 0: shows none), and who sees it: bits 0 and 1 for the seats, 2 for no fog."""
    picture: NDArray[np.uint8] | None = None  # [H, W, 3] RGB where it has none


class TeamGame(Protocol):
    """A game of two sides whose units all act at once, as PettingZoo knows it."""

    @property
    def spec(self) -> GameSpec: ...

    @property
    def units(self) -> tuple[str, ...]:
        """The agents' names, seat 0's first and each side's in the order of a record's actions; both sides have as
        many."""
        ...

    @property
    def action_names(self) -> tuple[str, ...]:
        """[A]; action 0 is what units do that can do nothing."""
        ...

    @property
    def stats(self) -> tuple[str, ...]:
        """What `TeamShot.stats` holds of every unit."""
        ...

    @property
    def scenery(self) -> Scenery | None:
        """The map, if there is one."""
        ...

    def start(self, seeds: Sequence[int], options: Mapping[str, Any] = {}) -> TeamPlay:
        """A game for every seed, 0..2**63-1. Seed, options and actions decide a game bit for bit, whatever else is
        started. Raises `InputError` for options it lacks."""
        ...

    def film(self, seed: int, actions: Sequence[int], options: Mapping[str, Any] = {}) -> Iterator[TeamShot]:
        """What a game looks like, the start first and then after each decision; ``actions`` as in a record. Raises
        `InputError` where an action follows the end or a decision is not whole."""
        ...

    def parallel_env(self, render_mode: str | None = None, **options: Any) -> Any:
        """A PettingZoo parallel environment whose agents are ``units``. Raises `InputError` for options it lacks."""
        ...

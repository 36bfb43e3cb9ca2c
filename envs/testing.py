"""The conformance suite: what `envs.core.BoardGame` promises, as checks that any game can be put through.

``check_game(make("othello"))`` raises `ConformanceError` at the first broken promise. The checks see random play only:
they cannot know the rules, which is why each game is also held against numbers and programs from outside.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.core import Actions, BoardGame, IllegalAction, States

GAMES_PLAYED = 64
MOST_ROWS = 4096  # positions kept of all that were seen


class ConformanceError(AssertionError):
    """A game breaks a promise."""


def require(truth: bool | np.bool_, broken: str) -> None:
    if not truth:
        raise ConformanceError(broken)


def same(left: NDArray[Any], right: NDArray[Any], broken: str) -> None:
    """Equal in shape, type and every entry, NaN being equal to NaN."""
    equal = left.dtype == right.dtype and left.shape == right.shape and np.array_equal(left, right, equal_nan=True)
    require(equal, broken)


@dataclass(frozen=True)
class Sample:
    """Positions of random games: ``before`` and ``after`` one of the ``actions``, and ``states`` of all kinds."""

    game: BoardGame
    before: States
    actions: Actions
    after: States
    states: States  # the running and the finished ones
    unfinished: int  # games that went on after `max_plies`

    @cached_property
    def running(self) -> NDArray[np.bool_]:
        """bool[len(states)]"""
        return np.isnan(self.game.outcome(self.states))

    @cached_property
    def seeds(self) -> NDArray[np.uint64]:
        return np.arange(len(self.states), dtype=np.uint64)

    @cached_property
    def symmetries(self) -> NDArray[np.int8]:
        """A random symmetry for each state."""
        return np.random.default_rng(1).integers(0, self.game.spec.num_symmetries, len(self.states), dtype=np.int8)

    def random_actions(self, states: States) -> Actions:
        """A random legal action for each row; 0 where there is none."""
        return _choose(self.game.legal(states), np.random.default_rng(2))

    def methods(self) -> dict[str, tuple[Callable[..., NDArray[Any]], tuple[NDArray[Any], ...]]]:
        """Every batched method with arguments for it."""
        game, states = self.game, self.states
        return {
            "step": (game.step, (states, self.random_actions(states))),
            "legal": (game.legal, (states,)),
            "outcome": (game.outcome, (states,)),
            "mover": (game.mover, (states,)),
            "observe": (game.observe, (states,)),
            "key": (game.key, (states,)),
            "symmetry": (game.symmetry, (states, self.symmetries)),
            "rollout": (game.rollout, (states, self.seeds)),
            "prove": (partial(game.prove, nodes=100), (states,)),
        }


def _choose(legal: NDArray[np.bool_], rng: np.random.Generator) -> Actions:
    actions, choices = np.zeros(len(legal), np.int32), legal.sum(axis=1)
    first = np.cumsum(choices) - choices  # of each row's legal actions, among those of all rows
    some = choices > 0
    drawn = first + (rng.random(len(legal)) * choices).astype(np.int64)
    actions[some] = np.nonzero(legal)[1][drawn[some]]
    return actions


def play(game: BoardGame, games: int = GAMES_PLAYED) -> Sample:
    """Plays random games and keeps what was seen."""
    rng = np.random.default_rng(0)
    now, seen = game.init(games), [game.init(games)]
    steps: list[tuple[States, Actions, States]] = []
    for _ in range(game.spec.max_plies):
        legal = game.legal(now)
        live = np.isnan(game.outcome(now)) & legal.any(axis=1)
        if not live.any():
            break
        now = now[live].copy()
        actions = _choose(legal[live], rng)
        after = game.step(now.copy(), actions)
        steps.append((now, actions, after))
        seen.append(after)
        now = after
    before, actions, after = (np.concatenate(parts) for parts in zip(*steps, strict=True))
    kept = rng.permutation(len(before))[:MOST_ROWS]
    states = np.concatenate(seen)
    states = states[rng.permutation(len(states))[:MOST_ROWS]]
    unfinished = int(np.isnan(game.outcome(now)).sum())
    return Sample(game, before[kept], actions[kept], after[kept], states, unfinished)


def _finals(game: BoardGame, games: int) -> NDArray[np.float32]:
    """float32[games]: outcomes of random games."""
    rng, now, ended = np.random.default_rng(5), game.init(games), [np.empty(0, np.float32)]
    for _ in range(game.spec.max_plies):
        now = game.step(now, _choose(game.legal(now), rng))
        outcome = game.outcome(now)
        live = np.isnan(outcome)
        ended.append(outcome[~live])
        now = now[live]
        if len(now) == 0:
            break
    return np.concatenate(ended)


def check_shapes(sample: Sample) -> None:
    game, spec, n = sample.game, sample.game.spec, len(sample.states)
    require(spec.family == "board" and spec.num_players == 2, "spec: not a board game for two")
    require(re.fullmatch(r"[a-z][a-z0-9_]*", spec.id) is not None, f"spec: bad id {spec.id!r}")
    require(len(set(spec.seats)) == spec.num_players, "spec: not a name of its own for each seat")
    require(len(spec.observation_shape) == 3, "spec: observation_shape is not (C, H, W)")
    width = game.init(1).shape[1]
    for size in (0, 1, 3):
        same(game.init(size), np.tile(game.init(1), (size, 1)), f"init({size}) is not {size} rows of one position")
    expected: dict[str, tuple[type, tuple[int, ...]]] = {
        "step": (np.uint64, (width,)),
        "legal": (np.bool_, (spec.num_actions,)),
        "outcome": (np.float32, ()),
        "mover": (np.int8, ()),
        "observe": (np.uint8, spec.observation_shape),
        "key": (np.uint64, ()),
        "symmetry": (np.uint64, (width,)),
        "rollout": (np.float32, ()),
        "prove": (np.float32, ()),
    }
    for name, (method, arguments) in sample.methods().items():
        dtype, shape = expected[name]
        result = method(*arguments)
        require(result.dtype == dtype and result.shape == (n, *shape), f"{name}: {result.dtype}{list(result.shape)}")


def check_facts(sample: Sample) -> None:
    spec = sample.game.spec
    most = int(sample.game.legal(sample.states).sum(axis=1).max())
    require(most <= spec.max_legal, f"a position has {most} legal actions, max_legal is {spec.max_legal}")
    require(sample.unfinished == 0, f"{sample.unfinished} games went on after max_plies = {spec.max_plies}")


def check_purity(sample: Sample) -> None:
    game = sample.game
    first = game.init(2)
    kept = first.copy()
    first[:] = 12345
    same(game.init(2), kept, "init: what a caller does to the result shows in the next")
    for name, (method, arguments) in sample.methods().items():
        copies = [argument.copy() for argument in arguments]
        result = method(*arguments)
        for argument, copy in zip(arguments, copies, strict=True):
            same(argument, copy, f"{name} changes its arguments")
            require(not np.shares_memory(result, argument), f"{name} gives back its argument's memory")
        same(method(*arguments), result, f"{name} gives different results for equal arguments")


def check_rows(sample: Sample) -> None:
    """Every row is computed from that row alone, in batches of any size."""
    order = np.random.default_rng(3).permutation(len(sample.states))
    for name, (method, arguments) in sample.methods().items():
        result = method(*arguments)
        for rows in (order, order[: len(order) // 3], order[:1], order[:0]):
            part = method(*(argument[rows] for argument in arguments))
            same(part, result[rows], f"{name}: a row's result depends on other rows")


def check_legality(sample: Sample) -> None:
    game, running = sample.game, sample.running
    require(np.isnan(game.outcome(game.init(1))[0]), "the game is over before it begins")
    legal = game.legal(sample.states)
    require(legal[running].any(axis=1).all(), "a running game has no legal action")
    require(not legal[~running].any(), "a finished game has a legal action")
    require((np.abs(game.outcome(sample.states)[~running]) <= 1).all(), "an outcome is outside [-1, 1]")
    require((sample.before != sample.after).any(axis=1).all(), "a legal action changes nothing")


def check_ends(sample: Sample) -> None:
    ends = sample.states[~sample.running]
    require(len(ends) > 0, "no game has ended")
    rng = np.random.default_rng(4)
    for _ in range(20):
        actions = rng.integers(0, sample.game.spec.num_actions, len(ends), dtype=np.int32)
        same(sample.game.step(ends, actions), ends, "a finished game moves on")


def check_mover(sample: Sample) -> None:
    """Planes 0 and 1 are the mover's and the opponent's pieces: nobody gains pieces by the other's action."""
    game = sample.game
    require(game.mover(game.init(1))[0] == 0, "player 0 does not begin")
    movers, next_movers = game.mover(sample.before), game.mover(sample.after)
    require(np.isin([movers, next_movers], (0, 1)).all(), "the mover is neither 0 nor 1")
    require((movers == 1).any(), "player 1 never moves")
    count = game.observe(sample.before)[:, :2].sum(axis=(2, 3), dtype=np.int64)
    next_count = game.observe(sample.after)[:, :2].sum(axis=(2, 3), dtype=np.int64)
    rows = np.arange(len(movers))
    waiting, waiting_next = count[:, 1], next_count[rows, np.where(next_movers == movers, 1, 0)]
    require((waiting_next <= waiting).all(), "plane 0 of an observation is not the mover's")


def check_symmetry_tables(sample: Sample) -> None:
    game, spec = sample.game, sample.game.spec
    _, height, width = spec.observation_shape
    for name, table, size in (
        ("action_symmetry", game.action_symmetry, spec.num_actions),
        ("square_symmetry", game.square_symmetry, height * width),
    ):
        require(table.dtype == np.int32 and table.shape == (spec.num_symmetries, size), f"{name}: wrong shape or type")
        require((np.sort(table, axis=1) == np.arange(size)).all(), f"{name}: a row is not a permutation")
        require((table[0] == np.arange(size)).all(), f"{name}: row 0 is not the identity")
        products = {row.tobytes() for second in table for row in second[table]}
        require(products == {row.tobytes() for row in table}, f"{name}: two symmetries make one that is not listed")
    squares = game.square_symmetry
    require(len(np.unique(squares, axis=0)) == len(squares), "square_symmetry: two rows are equal")
    for mine, every in zip((game.action_symmetry, squares), game.all_symmetries, strict=True):
        same(every[: spec.num_symmetries], mine, "all_symmetries does not begin with those that always hold")
    zeros = np.zeros(len(sample.states), np.int8)
    same(game.symmetry(sample.states, zeros), sample.states, "symmetry 0 is not the identity")


def check_symmetry(sample: Sample) -> None:
    """A symmetry commutes with everything."""
    game, planes_of = sample.game, sample.game.spec.observation_shape[0]
    all_actions, all_squares = game.all_symmetries
    for k, (images, squares) in enumerate(zip(all_actions, all_squares, strict=True)):
        everywhere = k < game.spec.num_symmetries
        states = sample.states[game.symmetric(sample.states) | everywhere]
        steps = game.symmetric(sample.before) | everywhere
        require(steps.any(), f"symmetry {k} holds nowhere")
        before, after, actions = sample.before[steps], sample.after[steps], sample.actions[steps]
        observations = game.observe(states).reshape(len(states), planes_of, -1)
        image = game.symmetry(states, np.full(len(states), k, np.int8))
        same(game.outcome(image), game.outcome(states), f"symmetry {k} changes the outcome")
        same(game.mover(image), game.mover(states), f"symmetry {k} changes the mover")
        same(game.legal(image)[:, images], game.legal(states), f"symmetry {k}: wrong legal actions")
        planes = game.observe(image).reshape(observations.shape)[:, :, squares]
        same(planes, observations, f"symmetry {k}: wrong observation")
        ks = np.full(len(before), k, np.int8)
        stepped = game.step(game.symmetry(before, ks), images[actions])
        same(stepped, game.symmetry(after, ks), f"symmetry {k} does not commute with step")


def check_key(sample: Sample) -> None:
    game, states, methods = sample.game, sample.states, sample.methods()
    keys, index, group = np.unique(game.key(states), return_index=True, return_inverse=True)
    told: dict[str, NDArray[Any]] = {name: method(states) for name, (method, (_, *more)) in methods.items() if not more}
    for name, values in told.items():
        same(values[index][group], values, f"key: one key for two positions with different {name}")
    seen = np.hstack([values.reshape(len(states), -1).view(np.uint8) for name, values in told.items() if name != "key"])
    require(len(np.unique(seen, axis=0)) == len(keys), "key: two keys for positions that look the same")
    share = ((keys[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)).mean(axis=0)
    spread = 6 / (2 * len(keys) ** 0.5)  # six standard deviations of a fair bit's share
    require((np.abs(share - 0.5) <= spread).all(), "key: some bits are nearly constant")
    orbits = np.sort([game.key(game.symmetry(states, np.full_like(sample.symmetries, k))) for k in _all(game)], axis=0)
    image = game.symmetry(states, sample.symmetries)
    images = np.sort([game.key(game.symmetry(image, np.full_like(sample.symmetries, k))) for k in _all(game)], axis=0)
    same(orbits, images, "key: a position and its image have different sets of symmetric keys")


def _all(game: BoardGame) -> range:
    return range(game.spec.num_symmetries)


def check_rollout(sample: Sample) -> None:
    """Rollouts end as games end, draw on their seeds, and are as good as uniformly random play."""
    game, ends = sample.game, sample.states[~sample.running]
    require((np.abs(game.rollout(sample.states, sample.seeds)) <= 1).all(), "rollout: a result that no game has")
    same(
        game.rollout(ends, sample.seeds[: len(ends)]),
        game.outcome(ends),
        "rollout of a finished game is not its outcome",
    )
    many = game.rollout(game.init(20_000), np.arange(20_000, dtype=np.uint64))
    require(len(np.unique(many)) > 1, "rollout does not depend on the seed")
    finals = _finals(game, 2000)
    deviation = np.sqrt(many.var() / len(many) + finals.var() / len(finals))
    require(abs(many.mean() - finals.mean()) <= 5 * deviation, "rollout is not uniformly random play")


def check_prove(sample: Sample) -> None:
    """What is proven stays proven with more nodes, and no move does better than the result under perfect play."""
    game, ends = sample.game, ~sample.running
    few, many = game.prove(sample.states, 10), game.prove(sample.states, 1000)
    same(many[ends], game.outcome(sample.states)[ends], "prove: a finished game's result is not its outcome")
    require((np.isnan(few) | (few == many)).all(), "prove: more nodes, another result")
    view = np.where(game.mover(sample.before) == 0, 1, -1)
    result, after = view * game.prove(sample.before, 1000), view * game.prove(sample.after, 1000)
    require(not (after > result).any(), "prove: a move does better than the result")


def check_text(sample: Sample) -> None:
    game = sample.game
    for state in sample.states[:200]:
        legal = np.flatnonzero(game.legal(state[None])[0]).tolist()
        names = [game.action_name(state, action) for action in legal]
        require(len(set(names)) == len(names), f"two legal actions have one name: {names}")
        for action, name in zip(legal, names, strict=True):
            require(name.split() == [name], f"the name {name!r} is empty or has blanks")
            for text in (name, f" {name}\n"):
                require(game.parse_action(state, text) == action, f"parse_action({text!r}) is not {action}")
        for text in ("", "no such move", "<b>&"):
            _rejects(game, state, text, names)
    for state, action, after in zip(sample.before[:200], sample.actions, sample.after, strict=False):
        name = game.action_name(state, int(action))
        if not game.legal(after[None])[0, action]:
            _rejects(game, after, name, [])
        require(game.to_text(state) != game.to_text(after), "to_text does not show what an action has changed")
        require(len(game.to_text(state).splitlines()) > 1, "to_text is a single line")


def _rejects(game: BoardGame, state: NDArray[np.uint64], text: str, names: list[str]) -> None:
    try:
        action = game.parse_action(state, text)
    except IllegalAction as error:
        require(repr(text) in str(error), f"the message for {text!r} does not quote it: {error}")
        require(all(name in str(error) for name in names), f"the message for {text!r} does not list the legal actions")
    else:
        raise ConformanceError(f"parse_action takes {text!r} for {action}, which is not legal")


def check_picture(sample: Sample) -> None:
    game = sample.game
    for before, action, state in zip(sample.before[:20], sample.actions, sample.after, strict=False):
        legal = np.flatnonzero(game.legal(state[None])[0]).tolist()
        plain = game.to_svg(state)
        root = ElementTree.fromstring(plain)
        require(root.tag.endswith("svg") and "viewBox" in root.attrib, "to_svg: not an <svg> with a viewBox")
        require(plain != game.to_svg(before), "to_svg does not show what an action has changed")
        require(plain != game.to_svg(state, last_action=int(action)), "to_svg does not mark the last action")
        for arrow in legal[:4]:
            marked = game.to_svg(state, arrows=[(arrow, 0.5)])
            require(marked != plain, f"to_svg does not draw an arrow for action {arrow}")
            require(marked != game.to_svg(state, arrows=[(arrow, 1.0)]), "to_svg draws all arrows with equal weight")


CHECKS: dict[str, Callable[[Sample], None]] = {
    "shapes": check_shapes,
    "facts": check_facts,
    "purity": check_purity,
    "rows": check_rows,
    "legality": check_legality,
    "ends": check_ends,
    "mover": check_mover,
    "symmetry_tables": check_symmetry_tables,
    "symmetry": check_symmetry,
    "key": check_key,
    "rollout": check_rollout,
    "prove": check_prove,
    "text": check_text,
    "picture": check_picture,
}


def check_game(game: BoardGame) -> None:
    """All checks. Raises `ConformanceError`, whose message starts with the game's id and the check's name."""
    sample = play(game)
    for name, check in CHECKS.items():
        try:
            check(sample)
        except ConformanceError as error:
            raise ConformanceError(f"{game.spec.id}: {name}: {error}") from None

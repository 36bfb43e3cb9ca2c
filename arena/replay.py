"""Checks a record against the rules, and on request against the agents."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import envs
from agents.core import Agent, AgentError, Batch, GameKey
from agents.registry import load
from arena.openings import FEN, begin
from arena.records import MatchRecord
from arena.runner import agent_seed, one_line
from envs.core import InputError, ScoreGame, TeamGame


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold. ``ply``: index into the record's actions, or None for the record as a whole."""

    ply: int | None
    message: str


def verify(record: MatchRecord) -> list[Finding]:
    """Replays the actions through the rules; an empty list: all holds. Raises `InputError`: unknown game.

    Checked are the version of the rules, that every action was legal and none followed the end, the actions named in
    the analysis, and that the returns are those of the final position or of the fault.
    """
    return list(_findings(record))


def ask_again(record: MatchRecord, loader: Callable[[str], Agent] = load) -> list[Finding]:
    """Loads the agents and asks for each action once more, in the recorded positions and with the recorded seeds.

    Agents whose play depends on the clock, or on rounding that differs with the size of a batch, may well differ.
    Raises `InputError`: an agent's spec stands for none.
    """
    return [finding for seat in range(len(record.agents)) for finding in _differences(record, seat, loader)]


def movers(record: MatchRecord) -> list[int]:
    """The seat that made each action, for a record that `verify` finds nothing wrong with. Raises `InputError` for
    actions that the game does not have, which no kernel may see."""
    if len(record.agents) == 1:
        return [0] * len(record.actions)
    if envs.spec(record.game).family == "team":
        units = len(envs.team_game(record.game).units)
        return [int(entry % units >= units // 2) for entry in range(len(record.actions))]
    game = envs.make(record.game)
    if bad := [action for action in record.actions if not 0 <= action < game.spec.num_actions]:
        raise InputError(f"match {record.id!r} does not replay: {record.game} has no action {bad[0]}")
    states, seats = begin(game, record.options), []
    for action in record.actions:
        seats.append(int(game.mover(states)[0]))
        states = game.step(states, np.array([action], np.int32))
    return seats


def width(record: MatchRecord) -> int:
    """How many actions make a ply: 1, or in team games one for each unit."""
    return len(envs.team_game(record.game).units) if envs.spec(record.game).family == "team" else 1


def plies(record: MatchRecord) -> int:
    """How long a match was: moves, or the decisions of a team game."""
    return len(record.actions) // width(record)


def _findings(record: MatchRecord) -> Iterator[Finding]:
    spec = envs.spec(record.game)
    if record.game_version != spec.version:
        yield Finding(None, f"played by version {record.game_version} of the rules, which are {spec.version} now")
        return
    if len(record.agents) != spec.num_players or len(record.returns) != spec.num_players:
        yield Finding(None, f"returns are {record.returns}, agents {len(record.agents)}; seats {spec.num_players}")
        return
    if record.actions[: len(record.opening)] != record.opening:
        yield Finding(None, "the actions do not begin with the opening")
    if record.analysis and len(record.analysis) != len(record.actions):
        yield Finding(None, f"analysis of {len(record.analysis)} plies for {len(record.actions)} actions")
    if spec.family == "score":
        yield from _points(record, envs.score_game(record.game))
        return
    if spec.family == "team":
        yield from _teams(record, envs.team_game(record.game))
        return
    game = envs.make(record.game)
    try:
        states = begin(game, record.options)
    except InputError as error:
        yield Finding(None, str(error))
        return
    for ply, action in enumerate(record.actions):
        legal = np.flatnonzero(game.legal(states)[0]).tolist()
        if action not in legal:
            over = not math.isnan(game.outcome(states)[0])
            yield Finding(ply, f"action {action} after the end of the game" if over else f"illegal action {action}")
            return
        thought = record.analysis[ply] if ply < len(record.analysis) else None
        named = {action for action, _ in (*thought.visits, *thought.policy)} | {*thought.pv[:1]} if thought else set()
        if named - set(legal):
            yield Finding(ply, f"the analysis names illegal actions: {sorted(named - set(legal))}")
        states = game.step(states, np.array([action], np.int32))
    yield from _end(record, float(game.outcome(states)[0]))


def _points(record: MatchRecord, game: ScoreGame) -> Iterator[Finding]:
    """Plays a game for points again."""
    play, row = game.start([record.seed]), np.zeros(1, np.int64)
    try:
        for ply, action in enumerate(record.actions):
            if play.over[0]:
                yield Finding(ply, f"action {action} after the end of the game")
                return
            if not 0 <= action < game.spec.num_actions:
                yield Finding(ply, f"illegal action {action}")
                return
            play.step(row, np.array([action], np.int64))
        over, cut, score = bool(play.over[0]), bool(play.truncated[0]), float(play.scores[0])
    finally:
        play.close()
    if (record.termination == "fault") != (record.fault is not None):
        yield Finding(None, f"termination {record.termination!r} does not go with fault {record.fault}")
    elif (record.termination == "rules") != (over and not cut):
        yield Finding(None, f"termination is {record.termination!r}, but the game {'is' if over else 'is not'} over")
    if record.returns != (score,):
        yield Finding(None, f"returns are {record.returns}, but should be {(score,)}")


def _teams(record: MatchRecord, game: TeamGame) -> Iterator[Finding]:
    """Plays a team game again."""
    units, row = len(game.units), np.zeros(1, np.int64)
    if len(record.actions) % units:
        yield Finding(None, f"{len(record.actions)} actions are no whole number of decisions of {units} units")
        return
    try:
        play = game.start([record.seed], record.options)
    except InputError as error:
        yield Finding(None, str(error))
        return
    try:
        for ply in range(0, len(record.actions), units):
            joint = record.actions[ply : ply + units]
            if play.over[0]:
                yield Finding(ply, f"actions {joint} after the end of the game")
                return
            legal = play.observe(row)[1][0]
            for unit, action in enumerate(joint):
                if not (0 <= action < game.spec.num_actions and legal[unit, action]):
                    yield Finding(ply + unit, f"illegal action {action} of {game.units[unit]}")
                    return
            play.step(row, np.array([joint], np.int64))
        ended = bool(play.over[0]) and not play.truncated[0]
        yield from _end(record, float(play.outcome[0]) if ended else math.nan)
    finally:
        play.close()


def _end(record: MatchRecord, outcome: float) -> Iterator[Finding]:
    """Whether the returns follow from how the game ended. ``outcome``: of the final position, for seat 0, or NaN."""
    if (record.termination == "fault") != (record.fault is not None):
        yield Finding(None, f"termination {record.termination!r} does not go with fault {record.fault}")
        return
    if (record.termination == "rules") == math.isnan(outcome):
        over = "is not over" if math.isnan(outcome) else "is over"
        yield Finding(None, f"termination is {record.termination!r}, but the final position {over}")
        return
    expected = outcome
    if record.termination == "truncated" or (record.fault and record.fault.kind == "host"):
        expected = 0.0
    elif record.fault:
        expected = -1.0 if record.fault.seat == 0 else 1.0
    elif record.termination == "adjudicated":
        expected = record.returns[0]
    if record.returns != (expected, 0.0 - expected):
        yield Finding(None, f"returns are {record.returns}, but should be {(expected, 0.0 - expected)}")


def _differences(record: MatchRecord, seat: int, loader: Callable[[str], Agent]) -> Iterator[Finding]:
    """Where the agent of a seat decides otherwise now."""
    spec, ref = envs.spec(record.game), record.agents[seat]
    try:
        agent = loader(ref.spec)
    except InputError as error:  # a person, or a checkpoint that has gone
        yield Finding(None, f"{ref.name} cannot be asked: {one_line(error)}")
        return
    try:
        if agent.fingerprint != ref.fingerprint:
            yield Finding(None, f"{ref.spec} is another player now: {agent.fingerprint}, it was {ref.fingerprint}")
            return
        agent.start(spec, [GameKey(record.id, seat, agent_seed(record.seed, seat), record.options.get(FEN, ""))])
        for plies, observations, legal, histories in _asked(record, seat):
            batch = Batch(np.zeros(len(plies), np.int64), observations, legal, histories)
            for ply, decision in zip(plies, agent.act(batch), strict=True):
                if decision.action != record.actions[ply]:
                    yield Finding(ply, f"{ref.name} chooses {decision.action} now, it was {record.actions[ply]}")
    except AgentError as error:
        yield Finding(None, f"{ref.name} cannot be asked: {one_line(error)}")
    finally:
        agent.close()


Question = tuple[Sequence[int], NDArray[Any], NDArray[np.bool_], list[list[int]]]
"""Indices of actions, and what the agent was shown before it chose them: the fields of a `Batch`."""


def _asked(record: MatchRecord, seat: int) -> Iterator[Question]:
    """Everything that a seat's agent was asked."""
    if len(record.agents) == 1:
        points = envs.score_game(record.game)
        play, row = points.start([record.seed]), np.zeros(1, np.int64)
        legal = np.ones((1, points.spec.num_actions), np.bool_)
        for ply, action in enumerate(record.actions):
            yield [ply], play.observe(row), legal, [list(record.actions[:ply])]
            play.step(row, np.array([action], np.int64))
        play.close()
        return
    if envs.spec(record.game).family == "team":
        yield from _asked_side(record, seat)
        return
    game = envs.make(record.game)
    states = begin(game, record.options)
    for ply, action in enumerate(record.actions):
        if ply >= len(record.opening) and game.mover(states)[0] == seat:
            yield [ply], states.copy(), game.legal(states), [list(record.actions[:ply])]
        states = game.step(states, np.array([action], np.int32))


def _asked_side(record: MatchRecord, seat: int) -> Iterator[Question]:
    """The same of a team game."""
    game, row = envs.team_game(record.game), np.zeros(1, np.int64)
    units = len(game.units)
    own = range(seat * units // 2, (seat + 1) * units // 2)
    play = game.start([record.seed], record.options)
    try:
        for ply in range(0, len(record.actions), units):
            seen, legal = play.observe(row)
            side = slice(own.start, own.stop)
            histories = [list(record.actions[unit:ply:units]) for unit in own]
            yield [ply + unit for unit in own], seen[0, side].copy(), legal[0, side].copy(), histories
            play.step(row, np.array([record.actions[ply : ply + units]], np.int64))
    finally:
        play.close()

"""Games of experts as positions to learn from: the games of `selfplay.pgn`, replayed by the arena's own rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.search.tree import UNKNOWN
from envs.chess.actions import move_actions
from envs.core import BoardGame, InputError, States
from selfplay.chunks import Games, pack, result
from selfplay.early import AGREED, RESIGNED, RULES
from selfplay.pgn import Played, Problem

_TURN = 0b111000_111000  # exclusive-or with a move's code: ranks as black counts them


def positions(game: BoardGame, played: Sequence[Played]) -> tuple[Games | None, list[Problem]]:
    """All positions of these games; those that do not hold against the rules are left out and told.

    A game that went on after the arena's rules had ended it, as a draw that nobody claimed, is a draw up to there."""
    lengths = np.array([len(one.moves) for one in played], np.int64)
    begins = np.cumsum(lengths) - lengths
    problems: dict[int, Problem] = {}
    states = game.init(len(played))
    for g, one in enumerate(played):
        if one.fen:
            try:
                states[g] = game.from_fen(one.fen)  # type: ignore[attr-defined]
            except InputError as error:
                problems[g] = Problem(one.number, one.line, "bad position", str(error))
    rows = _replay(game, played, states, begins, lengths, problems)
    outcomes = game.outcome(states)
    ended = np.full(len(played), RULES, np.int8)
    expected, results = np.zeros((len(rows.movers), 3), np.float16), np.zeros(len(rows.movers), np.int8)
    for g, one in enumerate(played):
        outcome, here = float(outcomes[g]), slice(begins[g], begins[g] + rows.lengths[g])
        if math.isnan(outcome):
            outcome, ended[g] = one.result, AGREED if one.result == 0 else RESIGNED
        elif game.ending(states[g]) in ("checkmate", "stalemate") and outcome != one.result:  # type: ignore[attr-defined]
            text = f"its result is not that of the {game.ending(states[g])} on the board"  # type: ignore[attr-defined]
            problems.setdefault(g, Problem(one.number, one.line, "results disagree", text))
        elif not rows.lengths[g]:
            problems.setdefault(g, Problem(one.number, one.line, "no moves", "it begins with a finished position"))
        results[here] = result(outcome, rows.movers[here])
        expected[here] = _expectations(one, rows.movers[here], results[here])
    sound = [g for g in range(len(played)) if g not in problems]
    if not sound:
        return None, list(problems.values())
    keep = np.concatenate([np.arange(begins[g], begins[g] + rows.lengths[g]) for g in sound])
    n = len(keep)
    games = Games(
        states=rows.states[keep],
        movers=rows.movers[keep],
        plies=np.concatenate([np.arange(rows.lengths[g]) for g in sound]).astype(np.int16),
        actions=rows.actions[keep],
        policy=rows.policy[keep],
        wdl=expected[keep],
        surprise=np.zeros(n, np.float16),
        proven=np.full(n, UNKNOWN, np.int8),
        full=np.ones(n, np.bool_),
        versions=np.zeros(n, np.int32),
        results=results[keep],
        lengths=rows.lengths[sound].astype(np.int32),
        ended=ended[sound],
    )
    return games, list(problems.values())


def _expectations(one: Played, movers: NDArray[np.int8], results: NDArray[np.int8]) -> NDArray[np.float64]:
    """float64[n, 3]: what was expected at each ply; where nothing was said, what was expected next, or came out."""
    out = np.zeros((len(movers), 3))
    for ply in reversed(range(len(movers))):
        known = one.expected.get(ply)
        if known is not None:
            out[ply] = known
        elif ply + 1 < len(movers):
            out[ply] = out[ply + 1] if movers[ply] == movers[ply + 1] else out[ply + 1, ::-1]
        else:
            out[ply, results[ply]] = 1.0
    return out


@dataclass(frozen=True, slots=True)
class _Rows:
    """Positions of games, those of game ``g`` from its begin on; those not played are zeros."""

    states: States
    movers: NDArray[np.int8]
    actions: NDArray[np.int32]
    policy: NDArray[np.float16]
    lengths: NDArray[np.int64]  # plies played, by game


def _replay(
    game: BoardGame,
    played: Sequence[Played],
    states: States,
    begins: NDArray[np.int64],
    lengths: NDArray[np.int64],
    problems: dict[int, Problem],
) -> _Rows:
    """Plays all games side by side, in ``states`` itself."""
    n, actions_of = int(lengths.sum()), move_actions(8)
    rows = _Rows(
        np.zeros((n, states.shape[1]), np.uint64),
        np.zeros(n, np.int8),
        np.zeros(n, np.int32),
        np.zeros((n, game.spec.max_legal), np.float16),
        np.zeros(len(played), np.int64),
    )
    on = np.array([g for g in range(len(played)) if g not in problems], np.int64)
    for ply in range(int(lengths.max(initial=0))):
        on = on[(lengths[on] > ply)]
        on = on[np.isnan(game.outcome(states[on]))]
        if not len(on):
            break
        here, legal, movers = states[on], game.legal(states[on]), game.mover(states[on])
        actions, policy = np.zeros(len(on), np.int32), np.zeros(legal.shape, np.float16)
        for i, g in enumerate(on.tolist()):
            one = played[g]
            turn = _TURN if movers[i] else 0
            actions[i] = actions_of[one.moves[ply] ^ turn]
            for move, share in one.shares.get(ply, {one.moves[ply]: 1.0}).items():
                action = actions_of[move ^ turn]
                if action < 0 or not legal[i, action]:
                    text = f"ply {ply + 1}: [%lines] names an illegal move"
                    problems[g] = Problem(one.number, one.line, "unreadable lines", text)
                    break
                policy[i, action] = share
            if not legal[i, actions[i]]:
                text = f"ply {ply + 1} is illegal here"
                problems.setdefault(g, Problem(one.number, one.line, "illegal move", text))
        fine = np.array([g not in problems for g in on.tolist()], np.bool_)
        on, at = on[fine], begins[on[fine]] + ply
        rows.states[at], rows.movers[at], rows.actions[at] = here[fine], movers[fine], actions[fine]
        rows.policy[at] = pack(policy[fine], legal[fine], game.spec.max_legal)
        rows.lengths[on] += 1
        states[on] = game.step(here[fine], actions[fine])
    return rows

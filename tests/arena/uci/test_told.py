"""Positions as programs tell them, in lockstep with python-chess."""

from __future__ import annotations

import random

import chess
import numpy as np
import pytest

import envs
from arena.uci.told import follow
from envs.core import InputError

GAME = envs.make("chess")
SHUFFLE = ("g1f3", "g8f6", "f3g1", "f6g8")


def legal(state) -> set[str]:
    return {GAME.action_name(state, int(a)) for a in np.flatnonzero(GAME.legal(state[None])[0])}


@pytest.mark.parametrize("seed", range(4))
def test_games_longer_than_their_draws_stay_in_step_with_python_chess(seed):
    rng, board, told, moves = random.Random(seed), chess.Board(), None, []
    while not (board.is_checkmate() or board.is_stalemate() or board.is_insufficient_material()) and len(moves) < 300:
        quiet = [m for m in board.legal_moves if not board.is_zeroing(m)] if rng.random() < 0.97 else []
        board.push(rng.choice(quiet or list(board.legal_moves)))
        moves.append(board.peek().uci())
        told = follow(GAME, None, tuple(moves), told)
        if board.is_insufficient_material():
            break
        assert legal(told.state) == {move.uci() for move in board.legal_moves}
    afresh = follow(GAME, None, tuple(moves))
    assert (afresh.state == told.state).all()
    assert (afresh.start == told.start).all()
    assert afresh.actions == told.actions


def test_a_draw_nobody_claims_is_forgotten():
    told = follow(GAME, None, SHUFFLE * 2)
    assert legal(told.state) == legal(GAME.init(1)[0])
    assert told.actions == ()
    on = follow(GAME, None, (*SHUFFLE * 2, "e2e4"), told)
    assert len(on.actions) == 1
    stale = follow(GAME, "7k/8/8/8/8/8/R7/K7 w - - 100 80", ())
    assert "a2a3" in legal(stale.state)


def test_mate_and_stalemate_stay_the_end():
    mated = follow(GAME, None, ("f2f3", "e7e5", "g2g4", "d8h4"))
    assert GAME.ending(mated.state) == "checkmate"
    with pytest.raises(InputError, match=r"move 5: illegal move 'a2a3'; legal: \(the game is over\)"):
        follow(GAME, None, ("f2f3", "e7e5", "g2g4", "d8h4", "a2a3"), mated)


def test_errors_say_where():
    with pytest.raises(InputError, match=r"move 2: illegal move 'e7e4'; legal: .*e7e5"):
        follow(GAME, None, ("e2e4", "e7e4"))
    with pytest.raises(InputError, match="bad FEN '8/8/8/8 w - -': 4 ranks instead of 8"):
        follow(GAME, "8/8/8/8 w - -", ())

"""All bots behind one call, for any number of heroes at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.moba_bots import rules
from agents.moba_bots.reading import own_lane
from agents.moba_bots.tempers import TEMPERS
from envs.bits import below, draw
from envs.core import unknown
from envs.kernels import njit
from envs.moba import tables as t

BOTS = ("idle", "random", "pusher", "farmer", "brawler", "captain", "raider")
TRAINING_BOTS = BOTS[:-1]  # learners never meet the raider
VERSION = 5
"""Raised whenever a bot decides otherwise: results of another version are not of the same player."""

U = np.uint64


@njit(cache=True, nogil=True)
def at_random(mask: NDArray[np.bool_], key: np.uint64) -> int:
    """One of the legal actions with equal chances."""
    left = below(draw(key, U(0)), U(mask.sum()))
    for action in range(len(mask)):
        if mask[action]:
            if left == U(0):
                return action
            left -= U(1)
    return t.WAIT


@njit(cache=True, nogil=True)
def act_all(
    kind: int, seen: NDArray[np.float32], mask: NDArray[np.bool_], keys: NDArray[np.uint64], out: NDArray[np.int64]
) -> None:
    """Fills int64[N] actions for float32[N, F] observations, bool[N, A] masks and uint64[N] sources of chance."""
    for n in range(len(out)):
        if kind == 0:
            out[n] = t.WAIT
        elif kind == 1:
            out[n] = at_random(mask[n], keys[n])
        elif kind == 2:
            out[n] = rules.push(seen[n], mask[n], own_lane(seen[n]))
        else:
            out[n] = rules.decide(seen[n], mask[n], TEMPERS[kind - 3])
        if not mask[n, out[n]]:
            out[n] = t.WAIT


def act_rows(
    bot: str, observations: NDArray[np.float32], mask: NDArray[np.bool_], keys: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """int64[N] actions for float32[N, F] observations, bool[N, A] masks and uint64[N], on which alone chance rests.
    Raises `InputError`: no such bot."""
    if bot not in BOTS:
        raise unknown("bot", bot, BOTS)
    out = np.empty(len(keys), np.int64)
    act_all(BOTS.index(bot), np.ascontiguousarray(observations), np.ascontiguousarray(mask), keys, out)
    return out


def act(
    bot: str, observations: NDArray[np.float32], mask: NDArray[np.bool_], seed: int = 0, decision: int = 0
) -> NDArray[np.int64]:
    """int64[...] actions for float32[..., F] observations and bool[..., A] masks. Chance is a hash of ``seed``,
    ``decision`` and the row. Raises `InputError`: no such bot."""
    rows, legal = observations.reshape(-1, observations.shape[-1]), mask.reshape(-1, mask.shape[-1])
    key: np.uint64 = draw(U(seed), U(decision))
    actions = act_rows(bot, rows, legal, np.arange(len(rows), dtype=U) + key)
    return actions.reshape(mask.shape[:-1])

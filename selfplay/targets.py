"""What is learned from finished games: value targets and sampling weights, pure functions of the facts in a chunk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.search.tree import UNKNOWN
from envs.kernels import njit
from selfplay.chunks import Games
from selfplay.early import RULES

UNIT = 1024  # sampling weights are whole numbers of 1/1024, so that sums over millions of them are exact


@njit(cache=True, nogil=True)
def _returns(
    wdl: NDArray[np.float32],
    results: NDArray[np.int8],
    proven: NDArray[np.int8],
    movers: NDArray[np.int8],
    lengths: NDArray[np.int32],
    mix: np.float32,
) -> NDArray[np.float32]:
    out = np.empty((wdl.shape[0], 3), np.float32)
    end = 0
    for length in lengths:
        end += length
        for i in range(end - 1, end - length - 1, -1):
            for k in range(3):
                if proven[i] != UNKNOWN:
                    out[i, k] = 1 - proven[i] == k
                    continue
                if i == end - 1:
                    later = np.float32(results[i] == k)
                else:
                    later = out[i + 1, k if movers[i] == movers[i + 1] else 2 - k]
                out[i, k] = wdl[i, k] + mix * (later - wdl[i, k])
    return out


def value_targets(games: Games, td_lambda: float) -> NDArray[np.float32]:
    """float32[N, 3]: win/draw/loss for the mover, a mix of the game's result and of all searches from here to its end.

    TD(lambda) backwards through each game (Sutton and Barto, 2nd ed., equation 12.2):
    ``target[t] = (1 - lambda) * search[t] + lambda * target[t + 1]``, turned round where the mover changes, and the
    result itself after the last ply. The result alone is blurred by every exploratory move that follows; the search
    alone repeats what the network believes. (Early in trainings of Connect Four, the root mean square error against
    exact values was 0.8-1.0 for lambda 1, 0.7 for 0.8, 0.75 for 0: bench/targets.py measures it.) Where a search proved
    its position, the proof is the target, whatever happened later."""
    wdl = games.wdl.astype(np.float32)
    return _returns(wdl, games.results, games.proven, games.movers, games.lengths, np.float32(td_lambda))


def weights(games: Games, fast_weight: float, surprise: float) -> NDArray[np.int64]:
    """int64[N] in units of 1/1024: how often each position is sampled, relative to an unsurprising full search's.

    A share ``surprise`` of the weight goes to full searches in proportion to how far the search moved away from the
    network's policy (KataGo's "policy surprise weighting"), so the mean over a chunk's full searches stays 1."""
    weight: NDArray[np.float64] = np.where(games.full, 1.0, fast_weight)
    shock = np.where(games.full, games.surprise.astype(np.float64), 0.0)
    if shock.sum() > 0:
        weight[games.full] *= 1.0 - surprise
        weight += surprise * games.full.sum() * shock / shock.sum()
    return np.rint(weight * UNIT).astype(np.int64)


def replies(games: Games) -> NDArray[np.int32]:
    """int32[N]: what the opponent played next; -1 after a game's last ply and where the same player moves again."""
    out = np.full(len(games), -1, np.int32)
    out[:-1] = np.where(games.movers[1:] != games.movers[:-1], games.actions[1:], -1)
    out[np.cumsum(games.lengths) - 1] = -1
    return out


def plies_left(games: Games) -> NDArray[np.float32]:
    """float32[N]: plies until the game's end, this one included; NaN in games that ended before their rules said so."""
    ends = np.cumsum(games.lengths)
    left = np.repeat(ends, games.lengths) - np.arange(len(games))
    return np.where(np.repeat(games.ended == RULES, games.lengths), left, np.nan).astype(np.float32)

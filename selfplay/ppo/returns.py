"""Advantages by generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438, eq. 16)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.kernels import njit

Numbers = NDArray[np.float32]


@njit(cache=True, nogil=True)
def advantages(
    rewards: Numbers,
    values: Numbers,
    last: Numbers,
    ended: NDArray[np.bool_],
    beyond: Numbers,
    gamma: float,
    trace: float,
    out: Numbers,
) -> None:
    """Fills float32[T, R] for rewards and values float32[T, R] and the values ``last`` float32[R] of what followed.

    ``ended`` bool[T, R]: the game ended with this step, so nothing of the next counts; in its place counts ``beyond``
    float32[T, R], which is the value of the last observation where the game was cut off, and 0 where its rules ended
    it."""
    for r in range(rewards.shape[1]):
        ahead, advantage = last[r], np.float32(0)
        for t in range(len(rewards) - 1, -1, -1):
            if ended[t, r]:
                ahead, advantage = beyond[t, r], np.float32(0)
            error = rewards[t, r] + np.float32(gamma) * ahead - values[t, r]
            advantage = error + np.float32(gamma * trace) * advantage
            out[t, r] = advantage
            ahead = values[t, r]

"""Actions from logits and masks, for many heroes at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.kernels import njit


@njit(cache=True, nogil=True)
def draw_actions(
    logits: NDArray[np.float32],
    mask: NDArray[np.bool_],
    chance: NDArray[np.float32],
    temperature: float,
    actions: NDArray[np.int64],
    logp: NDArray[np.float32],
) -> None:
    """Fills int64[n] legal actions and the logarithms of their probabilities, float32[n].

    ``chance``, float32[n] in [0, 1), decides among them by their probabilities at this temperature; with 0 it is the
    likeliest one. ``logp`` is that of temperature 1."""
    for i in range(len(actions)):
        top, first = np.float32(-np.inf), -1
        for a in range(mask.shape[1]):
            if mask[i, a] and (first < 0 or logits[i, a] > top):
                top, first = logits[i, a], a
        total, warm = 0.0, 0.0
        for a in range(mask.shape[1]):
            if mask[i, a]:
                total += np.exp(logits[i, a] - top)
                if temperature > 0:
                    warm += np.exp((logits[i, a] - top) / temperature)
        chosen = first
        if temperature > 0:
            left = chance[i] * warm
            for a in range(mask.shape[1]):
                if mask[i, a]:
                    left -= np.exp((logits[i, a] - top) / temperature)
                    chosen = a
                    if left < 0:
                        break
        actions[i] = chosen
        logp[i] = logits[i, chosen] - top - np.log(total)

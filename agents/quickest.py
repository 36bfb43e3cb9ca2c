"""Among moves that win alike, the one that the network expects to end the game soonest.

A search that is sure of winning sees hardly any difference between its moves, and may shuffle its pieces until a draw
by rule. A network that predicts how long the game goes on (`networks.NetConfig.plies_left_head`) breaks such ties; the
search itself is left alone. Only moves that the search took as seriously as its own choice are alike: what was
looked at twice is not known to win.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from agents.networks import Net
from envs.core import BoardGame, States

SURE = 0.98  # value from which a win is taken to be certain
ALIKE = 0.02  # moves within so much of the best value win alike


def quickest(
    game: BoardGame,
    net: Net,
    states: States,
    choice: NDArray[np.int32],
    visits: NDArray[np.int32],
    q: NDArray[np.float32],
    values: NDArray[np.float32],
) -> NDArray[np.int32]:
    """int32[n]: the search's ``choice``, or in won positions the move that wins soonest. ``net`` has the head for it.

    ``visits`` and ``q`` [n, A] are the root's, by action, NaN where it was not visited; ``values`` [n] its own."""
    actions = choice.copy()
    chosen = actions[:, None].astype(np.int64)
    best = np.take_along_axis(q, chosen, axis=1)  # NaN where it was not visited, ...
    alike = q >= np.where(best < 1.0, best - ALIKE, best)  # ... and no better than any; 1: a proven win
    serious = (2 * visits >= np.take_along_axis(visits, chosen, axis=1)) | (q >= 1.0)
    rows, moves = np.nonzero((values >= SURE)[:, None] & alike & serious)
    if not len(rows):
        return actions
    after = game.step(states[rows], moves.astype(np.int32))
    with torch.inference_mode():
        plies = net.eval().heads(torch.from_numpy(game.observe(after)).float()).plies_left
    assert plies is not None, "the network has no plies_left head"
    left = np.where(np.isnan(game.outcome(after)), plies.numpy(), -1.0)  # an immediate end is the soonest
    order = np.lexsort((left, rows))  # by row, the soonest first
    firsts = order[np.unique(rows[order], return_index=True)[1]]
    actions[rows[firsts]] = moves[firsts]
    return actions

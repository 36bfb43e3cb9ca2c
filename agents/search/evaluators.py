"""What a search asks about positions it has not seen: an action's prior and who will win."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.networks import Net, folded
from envs.core import BoardGame, States

Logits = NDArray[np.float32]  # [n, A]
WDL = NDArray[np.float32]  # [n, 3]


class Evaluator(Protocol):
    def __call__(self, states: States, legal: NDArray[np.bool_]) -> tuple[Logits, WDL]:
        """uint64[n, W], bool[n, A] -> logits float32[n, A] (unnormalised log-probabilities; entries of illegal actions mean
        nothing) and win/draw/loss probabilities float32[n, 3], both from the mover's view and C-contiguous.

        Never asked about a finished game. A row's answer depends on that row alone."""
        ...


class NetworkEvaluator:
    def __init__(self, game: BoardGame, net: Net) -> None:
        self._game = game
        self._source = net
        self.load_weights(net.state_dict())

    def load_weights(self, tensors: Mapping[str, Tensor]) -> None:
        self._source.load_state_dict(tensors)
        self._net = folded(self._source).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, states: States, legal: NDArray[np.bool_]) -> tuple[Logits, WDL]:
        planes = torch.from_numpy(self._game.observe(states)).to(torch.float32)
        logits, wdl = self._net(planes.contiguous(memory_format=torch.channels_last))
        return logits.numpy(), wdl.softmax(dim=1).numpy()


class UniformEvaluator:
    """Knows nothing: all actions alike, a sure draw. For tests, and to time a search by itself."""

    def __call__(self, states: States, legal: NDArray[np.bool_]) -> tuple[Logits, WDL]:
        wdl = np.zeros((len(states), 3), np.float32)
        wdl[:, 1] = 1.0
        return np.zeros(legal.shape, np.float32), wdl

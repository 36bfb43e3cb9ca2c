"""What Q-learning learns towards: returns from rewards and a network's opinion, as pure functions.

Signs used throughout: ``rewards[t]`` is what action ``t`` brought; ``ends[t]``: nothing comes after it (the life or the
game is lost); ``cuts[t]``: what came after it was not seen (the game was stopped), so the value of the frame after it
has to stand for all the rest.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.dqn.network import expected

Floats = NDArray[np.float32]


def lambda_returns(
    rewards: Floats, ends: NDArray[np.bool_], cuts: NDArray[np.bool_], next_values: Floats, gamma: float, lambda_: float
) -> Floats:
    """float32[T, N]: Peng's Q(lambda) as in PQN (arXiv 2407.04811, section 3.2):

    ``R[t] = r[t] + gamma * (lambda * R[t+1] + (1 - lambda) * V[t+1])``, where ``V[t+1] = next_values[t]``, the maximum
    over actions of Q in the frame after action ``t``. An end stops the sum; at a cut and at ``T - 1``, V stands for R.
    """
    returns = np.empty_like(rewards)
    later = next_values[-1]
    for t in range(len(rewards) - 1, -1, -1):
        mixed = np.where(cuts[t], next_values[t], lambda_ * later + (1 - lambda_) * next_values[t])
        later = rewards[t] + gamma * mixed * ~ends[t]
        returns[t] = later
    return returns


def bootstrap(rewards: Tensor, discounts: Tensor, next_outputs: Tensor, chooser: Tensor) -> Tensor:
    """float32[n] or float32[n, quantiles]: ``rewards + discounts * Q(next, argmax over actions of chooser)``.

    ``rewards`` and ``discounts`` (float32[n]) are n-step ones, a discount of 0 an end. ``next_outputs`` is what the
    target network says of the next frame; ``chooser`` (float32[n, A]) the same network's means for plain Q-learning, or
    the learning network's for double Q-learning (van Hasselt et al. 2016, arXiv 1509.06461, eq. 4)."""
    rows = torch.arange(len(rewards), device=rewards.device)
    best = next_outputs[rows, chooser.argmax(dim=1)]
    return torch.addcmul(_like(rewards, best), _like(discounts, best), best)


def _like(column: Tensor, target: Tensor) -> Tensor:
    return column.unsqueeze(1) if target.dim() == 2 else column


def loss(outputs: Tensor, actions: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Sum over the batch times ``weights`` (float32[n]; 1 / n: the mean): Huber for means (Mnih et al. 2015: the
    clipped error), for quantiles the quantile Huber loss (arXiv 1710.10044, eq. 10, kappa = 1), summed over the
    predicted and averaged over the target's quantiles. Targets are float32[n], or float32[n, quantiles] for quantiles,
    where one number is the whole target's distribution."""
    if outputs.dim() == 2:
        chosen = outputs.gather(1, actions.unsqueeze(1)).squeeze(1)
        return weights @ torch.nn.functional.smooth_l1_loss(chosen, targets, reduction="none")
    chosen = outputs.gather(1, actions.view(-1, 1, 1).expand(-1, 1, outputs.shape[2])).squeeze(1)
    count = chosen.shape[1]
    levels = (torch.arange(count, device=chosen.device) + 0.5) / count
    errors = targets.view(len(chosen), 1, -1) - chosen.unsqueeze(2)  # [n, predicted, target]
    huber = torch.where(errors.abs() <= 1, 0.5 * errors * errors, errors.abs() - 0.5)
    sides = (levels.unsqueeze(1) - (errors.detach() < 0).float()).abs()
    return weights @ (sides * huber).mean(dim=2).sum(dim=1)


def greedy(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """The best actions, int64[n], and their expected returns, float32[n]."""
    values, actions = expected(outputs).max(dim=1)
    return actions, values

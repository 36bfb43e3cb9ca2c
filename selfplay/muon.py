"""Muon: steps of gradient descent whose matrices have been made orthogonal, so that no direction is learned faster
than another (Jordan et al. 2024, kellerjordan.github.io/posts/muon). All other parameters follow AdamW.

In learning who wins at Connect Four from a given number of positions, it took about two thirds of AdamW's steps
(BENCHMARKS.md). PyTorch's own Muon takes matrices only; here a convolution's filters count as one, a row for each
output channel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

MOMENTUM = 0.95
SPEED = 10.0  # learning rate of a matrix in units of the others', which is AdamW's
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # of x, x**3 and x**5: five rounds take singular values to about 1
ROUNDS = 5


def orthogonalised(matrix: Tensor) -> Tensor:
    """Nearly ``U @ V.T`` of the singular value decomposition ``U @ S @ V.T``: all singular values in about 0.7..1.2,
    but for those that were below a thousandth of the greatest."""
    tall = matrix.shape[0] > matrix.shape[1]
    x: Tensor = matrix.T if tall else matrix
    x = x / (torch.linalg.vector_norm(x) + 1e-7)
    a, b, c = NEWTON_SCHULZ
    for _ in range(ROUNDS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


class Muon(torch.optim.AdamW):
    """``matrices`` by Muon, ``groups`` by AdamW; all with the learning rate and the decay of their group."""

    def __init__(self, matrices: Iterable[Parameter], groups: list[dict[str, Any]], lr: float, decay: float) -> None:
        orthogonal = {"params": list(matrices), "weight_decay": decay, "orthogonal": True}
        super().__init__([orthogonal, *({**group, "orthogonal": False} for group in groups)], lr=lr)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Gradients of the matrices are gone afterwards."""
        assert closure is None, "gradients are there already"
        for group in self.param_groups:
            if group["orthogonal"]:
                for matrix in group["params"]:
                    self._move(matrix, group["lr"], group["weight_decay"])
                    matrix.grad = None  # so that AdamW passes it over
        super().step()

    def _move(self, matrix: Parameter, rate: float, decay: float) -> None:
        gradient = matrix.grad
        if gradient is None:
            return
        state = self.state[matrix]
        if not state:
            state["momentum"] = torch.zeros_like(matrix)
            state["step"] = torch.zeros(())  # AdamW looks for it when it is loaded
        state["step"] += 1
        momentum: Tensor = state["momentum"]
        momentum.lerp_(gradient, 1.0 - MOMENTUM)
        ahead = gradient.lerp(momentum, MOMENTUM).flatten(1)  # Nesterov's
        rows, columns = ahead.shape
        turn = orthogonalised(ahead) * max(1.0, rows / columns) ** 0.5
        matrix.mul_(1.0 - rate * decay).add_(turn.view_as(matrix), alpha=-rate * SPEED)

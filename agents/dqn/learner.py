"""One step of learning: a loss, its gradient, the optimizer, and the averaged weights that are saved to play.

On a processor a batch is computed in shards, one a core, each by a thread of its own, and their gradients are added.
PyTorch's own threads meet after every operation and spin while they wait, which they do for long wherever the emulators
or anything else needs a core: with them a training on a busy machine is up to five times slower.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agents.dqn import lean, targets
from agents.dqn.lean import Lean
from agents.dqn.memory import Sample
from agents.dqn.network import QNetwork, expected
from agents.precision import Precision, autocast, in_half

Frames = NDArray[np.uint8]  # [n, stack, H, W]
Optimizer = Literal["adam", "radam"]
Parts = Sequence[Sequence[Tensor]]  # gradients of the shards
T = TypeVar("T")


class Learner:
    """The learning network, its average over the latest steps, and, where a target network is wanted, that."""

    def __init__(
        self,
        net: QNetwork,
        *,
        optimizer: Optimizer = "adam",
        learning_rate: float = 2.5e-4,
        adam_epsilon: float = 1e-8,
        max_gradient_norm: float = 10.0,
        average: float = 0.999,
        with_target: bool = False,
        precision: Precision = "auto",
        device: str = "cpu",
        shards: int = 1,
    ) -> None:
        self.device = torch.device(device)
        self._shards = shards
        self._pool = ThreadPoolExecutor(shards - 1, "shard", torch.set_num_threads, (1,)) if shards > 1 else None
        self.net = net.to(self.device)
        self.average = _frozen(self.net)
        self.target = _frozen(self.net) if with_target else None
        self.optimizer: torch.optim.Optimizer
        if optimizer == "adam":
            self.optimizer = torch.optim.Adam(self.net.parameters(), learning_rate, eps=adam_epsilon, fused=True)
        else:
            self.optimizer = torch.optim.RAdam(self.net.parameters(), learning_rate, eps=adam_epsilon)
        self.steps = 0
        self._decay, self._max_norm = average, max_gradient_norm
        self._precision = precision
        self._is_lean = self.device.type == "cpu" and lean.fits(net.shape)
        self._lean: dict[QNetwork, tuple[list[int], Lean]] = {}  # by network, with its parameters' versions
        self._loss = torch.zeros((), device=self.device)
        self._averaged = 0  # steps that are in the average

    def outputs(self, net: QNetwork, frames: Frames) -> Tensor:
        """What a network says of these frames, without a gradient."""
        forward = self._forward(net)[0]

        def part(rows: slice) -> Tensor:
            with torch.no_grad():
                return forward(frames[rows])

        return torch.cat(self._sharded(part, len(frames)))

    def greedy(self, frames: Frames) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The learning network's best actions and their expected returns, [n] each."""
        actions, values = targets.greedy(self.outputs(self.net, frames))
        return actions.numpy(force=True), values.numpy(force=True)

    def learn(self, frames: Frames, actions: NDArray[np.int64], wanted: Tensor) -> None:
        """One step of the optimizer towards ``wanted``, float32[n] or float32[n, quantiles]."""
        wanted, parameters = wanted.to(self.device), list(self.net.parameters())
        forward, leaves, sums = self._forward(self.net)

        def part(rows: slice) -> tuple[Tensor, tuple[Tensor, ...]]:
            output = forward(frames[rows])
            share = (rows.stop - rows.start) / len(frames)
            loss = targets.loss(output, self._there(actions[rows]), wanted[rows]) * share
            return loss.detach(), torch.autograd.grad(loss, leaves)

        losses, gradients = zip(*self._sharded(part, len(frames)), strict=True)
        for parameter, gradient in zip(parameters, sums(gradients), strict=True):
            parameter.grad = gradient
        nn.utils.clip_grad_norm_(parameters, self._max_norm)
        self.optimizer.step()
        self._lean.pop(self.net, None)  # a fused optimizer's steps leave no trace in the versions
        loss = torch.stack(losses).sum()
        self._loss = loss
        self.steps += 1

    def learn_sample(self, sample: Sample, double: bool) -> None:
        """One step of DQN (Mnih et al. 2015, algorithm 1), with double Q-learning or without."""
        assert self.target is not None, "DQN has a target network"
        after = self.outputs(self.target, sample.next_frames)
        chooser = self.outputs(self.net, sample.next_frames) if double else after
        rewards, discounts = self._there(sample.rewards), self._there(sample.discounts)
        wanted = targets.bootstrap(rewards, discounts, after, expected(chooser))
        self.learn(sample.frames, sample.actions, wanted)

    def close(self) -> None:
        """Ends its threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def set_learning_rate(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    @torch.no_grad()
    def take_average(self) -> None:
        """Moves the average on by the steps since the last call."""
        fresh, self._averaged = self.steps - self._averaged, self.steps
        decay = min(self._decay, 1 - 1 / (1 + self.steps))  # a young average is not tied to where the network began
        if fresh:
            torch._foreach_lerp_(list(self.average.parameters()), list(self.net.parameters()), 1 - decay**fresh)

    @torch.no_grad()
    def renew_target(self) -> None:
        """The target network becomes a copy of the learning one."""
        assert self.target is not None
        torch._foreach_copy_(list(self.target.parameters()), list(self.net.parameters()))

    def restart(self, steps: int) -> None:
        """Goes on counting from there."""
        self.steps = self._averaged = steps

    @property
    def last_loss(self) -> float:
        return float(self._loss)

    def _forward(
        self, net: QNetwork
    ) -> tuple[Callable[[Frames], Tensor], list[Tensor], Callable[[Parts], list[Tensor]]]:
        """How a network answers; the tensors to take gradients of; what makes its parameters' gradients of several."""
        if not self._is_lean:

            def forward(frames: Frames) -> Tensor:
                with autocast(self._precision, self.device):
                    output: Tensor = net(self._there(frames))
                return output

            return forward, list(net.parameters()), _sums
        versions = [parameter._version for parameter in net.parameters()]
        known = self._lean.get(net)
        if known is None or known[0] != versions:
            known = self._lean[net] = versions, Lean(net, in_half(self._precision, self.device))
        return known[1], known[1].leaves, known[1].gradients

    def _sharded(self, work: Callable[[slice], T], n: int) -> list[T]:
        """The work on ``n`` rows, in parts of them; in order."""
        cuts = [n * i // self._shards for i in range(self._shards + 1)]
        first, *others = (slice(a, b) for a, b in pairwise(cuts) if a < b)
        if self._pool is None or not others:
            return [work(slice(0, n))]
        waiting = [self._pool.submit(work, rows) for rows in others]
        return [work(first), *(future.result() for future in waiting)]

    def _there(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(array).to(self.device, non_blocking=True)


def _sums(parts: Parts) -> list[Tensor]:
    """Of each parameter's gradients."""
    return [sum(terms[1:], start=terms[0]) for terms in zip(*parts, strict=True)]


def _frozen(net: QNetwork) -> QNetwork:
    return copy.deepcopy(net).requires_grad_(False)

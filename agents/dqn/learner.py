"""One step of learning: a loss, its gradient, the optimizer, and the averaged weights that are saved to play.

On a processor a batch is computed in shards, one a core, each by a thread of its own, and their gradients are added.
PyTorch's own threads meet after every operation and spin while they wait, which they do for long wherever the emulators
or anything else needs a core: with them a training on a busy machine is up to five times slower.

On a GPU every step is recorded and replayed (`agents.recorded`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agents.dqn import lean, targets
from agents.dqn.lean import Lean
from agents.dqn.memory import Sample
from agents.dqn.network import QNetwork, expected
from agents.precision import Precision, autocast, in_half
from agents.recorded import Recorded
from agents.shards import sharded

Frames = NDArray[np.uint8]  # [n, stack, H, W]
Optimizer = Literal["adam", "radam"]
Parts = Sequence[Sequence[Tensor]]  # gradients of the shards
ROOM = 16  # batches on a GPU have room for a multiple of so many rows, so that a few recordings serve all sizes


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
        device: torch.device | str = "cpu",
        shards: int = 1,
    ) -> None:
        self.device = torch.device(device)
        self._shards = shards
        self._pool = ThreadPoolExecutor(shards - 1, "shard", torch.set_num_threads, (1,)) if shards > 1 else None
        self.net = net.to(self.device)
        self.average = _frozen(self.net)
        self.target = _frozen(self.net) if with_target else None
        self.optimizer = self._optimizer(optimizer, learning_rate, adam_epsilon)
        self._recorded: dict[tuple[QNetwork | None, int], Recorded[Tensor]] = {}  # by network and rows; None: a step
        self.steps = 0
        self._decay, self._max_norm = average, max_gradient_norm
        self._precision = precision
        self._is_lean = self.device.type == "cpu" and lean.fits(net.shape)
        self._lean: dict[QNetwork, tuple[list[int], Lean]] = {}  # by network, with its parameters' versions
        self._loss = torch.zeros((), device=self.device)
        self._averaged = 0  # steps that are in the average

    def outputs(self, net: QNetwork, frames: Frames) -> Tensor:
        """What a network says of these frames, without a gradient. Use it before asking for as many again."""
        if self.device.type == "cuda":
            return self._replayed(net, len(frames), torch.from_numpy(frames))
        forward = self._forward(net)[0]

        def part(rows: slice) -> Tensor:
            with torch.no_grad():
                return forward(frames[rows])

        return torch.cat(sharded(self._pool, self._shards, part, len(frames)))

    def greedy(self, frames: Frames) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The learning network's best actions and their expected returns, [n] each."""
        actions, values = targets.greedy(self.outputs(self.net, frames))
        return actions.numpy(force=True), values.numpy(force=True)

    def learn(self, frames: Frames, actions: NDArray[np.int64], wanted: Tensor) -> None:
        """One step of the optimizer towards ``wanted``, float32[n] or float32[n, quantiles]."""
        n, chosen = len(frames), torch.from_numpy(actions)
        self.steps += 1
        if self.device.type == "cuda":
            room = -(-n // ROOM) * ROOM
            weights = torch.zeros(room)
            weights[:n] = 1 / n
            self._loss = self._replayed(None, room, torch.from_numpy(frames), chosen, wanted, weights)
            return
        forward, leaves, sums = self._forward(self.net)

        def part(rows: slice) -> tuple[Tensor, tuple[Tensor, ...]]:
            output = forward(frames[rows])
            loss = targets.loss(output, chosen[rows], wanted[rows], torch.full((len(output),), 1 / n))
            return loss.detach(), torch.autograd.grad(loss, leaves)

        losses, gradients = zip(*sharded(self._pool, self._shards, part, n), strict=True)
        norm = self._descend(sums(gradients))
        self._lean.pop(self.net, None)  # a fused optimizer's steps leave no trace in the versions
        self._loss = torch.stack(losses).sum() + 0 * norm

    def _descend(self, gradients: Sequence[Tensor]) -> Tensor:
        """A step of the optimizer by these gradients of the network's parameters; their norm. Where that is not finite,
        the weights are spoilt: 0 times it, added to the loss, tells."""
        parameters = list(self.net.parameters())
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.contiguous()  # fused optimizers do not look at strides
        norm = nn.utils.clip_grad_norm_(parameters, self._max_norm)
        self.optimizer.step()
        return norm

    def _replayed(self, net: QNetwork | None, room: int, *given: Tensor) -> Tensor:
        """What a network says of frames, or, without a network, a whole step of learning, as one call of the GPU."""
        if (net, room) not in self._recorded:
            work = self._step if net is None else torch.no_grad()(partial(self._said, net))
            self._recorded[net, room] = Recorded(work, self.device)
        return self._recorded[net, room](*given, room=room)

    def _step(self, frames: Tensor, actions: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
        loss = targets.loss(self._said(self.net, frames), actions, wanted, weights)
        norm = self._descend(torch.autograd.grad(loss, list(self.net.parameters())))
        return loss.detach() + 0 * norm

    def _said(self, net: QNetwork, frames: Tensor) -> Tensor:
        with autocast(self._precision, self.device):
            output: Tensor = net(frames)
        return output

    def _optimizer(self, name: Optimizer, rate: float, epsilon: float) -> torch.optim.Optimizer:
        gpu = self.device.type == "cuda"  # where the rate of what is recorded has to be a tensor
        lr = torch.tensor(rate, device=self.device) if gpu else rate
        if name == "adam":
            return torch.optim.Adam(self.net.parameters(), lr, eps=epsilon, fused=True, capturable=gpu)
        return torch.optim.RAdam(self.net.parameters(), lr, eps=epsilon, capturable=gpu)

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
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
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
            return lambda frames: self._said(net, self._there(frames)), list(net.parameters()), _sums
        versions = [parameter._version for parameter in net.parameters()]
        known = self._lean.get(net)
        if known is None or known[0] != versions:
            known = self._lean[net] = versions, Lean(net, in_half(self._precision, self.device))
        return known[1], known[1].leaves, known[1].gradients

    def _there(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(array).to(self.device, non_blocking=True)


def _sums(parts: Parts) -> list[Tensor]:
    """Of each parameter's gradients."""
    return [sum(terms[1:], start=terms[0]) for terms in zip(*parts, strict=True)]


def _frozen(net: QNetwork) -> QNetwork:
    return copy.deepcopy(net).requires_grad_(False)

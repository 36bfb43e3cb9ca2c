"""One step of learning: positions to tensors, losses, the optimizer, and the averaged weights that play."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from agents.devices import find
from agents.networks import PLIES, Heads, Net
from agents.precision import autocast
from envs.core import BoardGame, States
from selfplay.chunks import unpack_turned
from selfplay.config import TrainConfig
from selfplay.errors import Diverged
from selfplay.window import Rows


class Batch(NamedTuple):
    observations: Tensor  # uint8[n, C, H, W]
    legal: Tensor  # bool[n, A]
    policy: Tensor  # float16[n, A]
    value: Tensor  # float32[n, 3]
    replies: Tensor  # int64[n], -1: none
    plies_left: Tensor  # float32[n], NaN: not known


def draw_symmetries(game: BoardGame, states: States, random: np.random.Generator) -> NDArray[np.int8]:
    """int8[n]: for each position one of the symmetries that hold there."""
    k = random.integers(0, len(game.all_symmetries[0]), len(states))
    return np.where(game.symmetric(states), k, k % game.spec.num_symmetries).astype(np.int8)


def make_batch(game: BoardGame, rows: Rows, k: NDArray[np.int8]) -> Batch:
    """Row ``i`` under the board's symmetry ``k[i]``, its policy and the reply along with it."""
    images = game.all_symmetries[0]  # where each action goes
    states = game.symmetry(rows.states, k)
    policy, legal = unpack_turned(rows.policy, game.legal(rows.states), images, k)
    replies = np.where(rows.replies < 0, -1, images[k, rows.replies])
    return Batch(
        observations=torch.from_numpy(game.observe(states)),
        legal=torch.from_numpy(legal),
        policy=torch.from_numpy(policy),
        value=torch.from_numpy(rows.value),
        replies=torch.from_numpy(replies).long(),
        plies_left=torch.from_numpy(rows.plies_left),
    )


class Losses(NamedTuple):
    """Means over a batch, in nats where not said otherwise; 0 for a head that the network does not have."""

    policy: Tensor  # cross-entropy over the legal actions
    value: Tensor  # cross-entropy with win/draw/loss
    reply: Tensor  # cross-entropy of the opponent's next action
    plies_left: Tensor  # Huber loss, in units of `networks.PLIES` squared


def _exact(heads: Heads) -> Heads:
    """The same in float32, for losses need more digits than a network does."""
    policy, wdl, reply, plies_left = heads
    return Heads(
        policy=policy.float(),
        wdl=wdl.float(),
        reply=None if reply is None else reply.float(),
        plies_left=None if plies_left is None else plies_left.float(),
    )


def losses(found: Heads, batch: Batch) -> Losses:
    reply = plies_left = torch.zeros(())
    if found.reply is not None:
        known = batch.replies >= 0
        reply = F.cross_entropy(found.reply, batch.replies, ignore_index=-1, reduction="sum") / known.sum().clamp(min=1)
    if found.plies_left is not None:
        ended = ~batch.plies_left.isnan()
        wrong = F.huber_loss(found.plies_left[ended], batch.plies_left[ended] / PLIES, reduction="sum")
        plies_left = wrong / ended.sum().clamp(min=1)
    # illegal actions get no share: the search ignores their logits, so nothing is spent on learning the rules
    log_policy = found.policy.masked_fill(~batch.legal, -1e9).log_softmax(dim=1)
    return Losses(
        policy=-(batch.policy.float() * log_policy).sum(dim=1).mean(),
        value=-(batch.value * found.wdl.log_softmax(dim=1)).sum(dim=1).mean(),
        reply=reply,
        plies_left=plies_left,
    )


def learning_rate(config: TrainConfig, step: int, share: float) -> float:
    """Rises linearly over the first steps, then is constant, then falls linearly over the last `decay` of the budget.

    ``share``: of the budget that has passed, 0..1."""
    warm = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    left = min(1.0, (1.0 - share) / config.decay) if config.decay else 1.0
    return warm * (config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * max(left, 0.0))


def make_optimizer(net: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Weight decay acts on matrices and convolutions, not on biases and norms."""
    parameters = list(net.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=0.9, nesterov=True)
    # not fused: that kind takes moments as they lie in memory, and after a resume they lie otherwise than the weights
    return torch.optim.AdamW(groups, lr=config.learning_rate)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step has measured."""

    policy_loss: float
    value_loss: float
    gradient_norm: float
    learning_rate: float


class Learner:
    """A network in training. Its whole state: `net`, `optimizer`, `average`, `generator`, `steps` and `smoothed`."""

    def __init__(self, game: BoardGame, net: Net, config: TrainConfig) -> None:
        self.game, self.config = game, config
        self.device = find(config.device)
        self.net = net.to(device=self.device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.optimizer = make_optimizer(net, config)
        self.average = {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}
        self.generator = np.random.default_rng([config.seed, 1])  # draws samples and their symmetries
        self.steps = 0
        self.smoothed = self.ignorance = math.log(game.spec.max_legal) + config.value_weight * math.log(3.0)

    def step(self, rows: Rows, share: float) -> Step:
        """Learns from these positions, each under a random symmetry. Raises `Diverged`; the averaged weights are
        unharmed then."""
        config = self.config
        k = draw_symmetries(self.game, rows.states, self.generator)
        batch = Batch(*(part.to(self.device, non_blocking=True) for part in make_batch(self.game, rows, k)))
        with autocast(config.precision, self.device):
            heads = self.net.heads(batch.observations.to(torch.float32, memory_format=torch.channels_last))
        found = losses(_exact(heads), batch)
        total = (
            found.policy
            + config.value_weight * found.value
            + config.reply_weight * found.reply
            + config.plies_left_weight * found.plies_left
        )
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), config.max_gradient_norm).item()
        self._check(total.item(), norm)
        rate = learning_rate(config, self.steps, share)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.steps += 1
        self._follow()
        return Step(found.policy.item(), found.value.item(), norm, rate)

    def _check(self, loss: float, norm: float) -> None:
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise Diverged(f"step {self.steps}: the loss is {loss} and its gradient {norm}")
        self.smoothed += 0.02 * (loss - self.smoothed)
        if self.smoothed > self.config.diverged * self.ignorance:
            raise Diverged(
                f"step {self.steps}: loss {self.smoothed:.3g}, where knowing nothing costs {self.ignorance:.3g}"
            )

    @torch.no_grad()
    def _follow(self) -> None:
        """Moves the averaged weights on; at first quickly, so that they forget a random start."""
        quick = 1.0 if self.config.initial else (1 + self.steps) / (10 + self.steps)
        decay = min(self.config.average, quick)
        for name, tensor in self.net.state_dict().items():
            if tensor.is_floating_point():
                self.average[name].lerp_(tensor, 1.0 - decay)
            else:
                self.average[name].copy_(tensor)

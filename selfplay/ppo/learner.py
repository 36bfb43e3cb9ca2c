"""Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) of the network that all heroes share.

A minibatch is computed in parts, one a core, each by a thread of its own, and their gradients are added; see
`agents.dqn.learner` for why. Without a memory a sequence is one decision; with one it is ``chunk`` decisions of a hero,
from the state its memory had when it decided.
"""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from agents.precision import in_half
from agents.shards import sharded
from agents.team.network import TeamNetwork, acting, halved, log_policy
from selfplay.ppo.config import PpoConfig
from selfplay.ppo.rollout import SAMPLED, Rollout


class Losses(NamedTuple):
    """Means over an update; all are parts of the loss but the last two."""

    policy: float
    value: float
    entropy: float
    kl: float  # how far the policy has moved since the play: Schulman's estimate (ratio - 1) - log(ratio)
    clipped: float  # share of the decisions whose ratio was outside the clip range


@dataclass(frozen=True, slots=True)
class Batch:
    """Sequences, decision by decision: [t, n]."""

    seen: Tensor
    mask: Tensor
    actions: Tensor
    logp: Tensor
    advantages: Tensor  # normalised
    targets: Tensor  # of the value, in its own unit
    weight: Tensor  # 1 where the learner decided, 0 elsewhere; divided by their number in the whole minibatch
    keep: Tensor | None
    state: Tensor  # [n, S]


def loss(
    net: TeamNetwork, batch: Batch, clip: float, value_weight: float, entropy_weight: float
) -> tuple[Tensor, Tensor]:
    """The loss, and float32[5] of `Losses`, both as this batch's share of the minibatch's."""
    logits, values, _ = net.decide(batch.seen, batch.state, batch.keep)
    log_all = log_policy(logits, batch.mask)
    logp = log_all.gather(-1, batch.actions.unsqueeze(-1)).squeeze(-1)
    change = logp - batch.logp
    ratio = change.exp()
    gain = torch.minimum(ratio * batch.advantages, ratio.clamp(1 - clip, 1 + clip) * batch.advantages)
    policy = -(gain * batch.weight).sum()
    value = (functional.smooth_l1_loss(values, batch.targets, reduction="none") * batch.weight).sum()
    entropy = -((log_all.exp() * log_all).sum(-1) * batch.weight).sum()
    with torch.no_grad():
        kl = ((ratio - 1 - change) * batch.weight).sum()
        clipped = (((ratio - 1).abs() > clip) * batch.weight).sum()
    parts = torch.stack([policy, value, entropy, kl, clipped]).detach()
    return policy + value_weight * value - entropy_weight * entropy, parts


class Learner:
    """The network that learns, and its optimizer."""

    def __init__(self, net: TeamNetwork, settings: PpoConfig, threads: int, random: np.random.Generator) -> None:
        self.net, self.settings, self.random = net, settings, random
        self.half = in_half(settings.precision, torch.device("cpu"))
        self._worked = halved(copy.deepcopy(net)) if self.half else net  # what gradients are computed of
        self.optimizer = torch.optim.Adam(net.parameters(), settings.learning_rate, eps=1e-5, fused=True)
        self.updates = 0
        self.chunk = settings.chunk if net.memory is not None else 1
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads - 1, "shard", torch.set_num_threads, (1,)) if threads > 1 else None

    def player(self) -> TeamNetwork:
        """A frozen copy of the network as it is now."""
        return acting(self.net, self.half)

    def learn(self, rollout: Rollout, share: float) -> Losses:
        """All updates that a rollout is good for, when ``share`` of the time has passed."""
        settings, net = self.settings, self.net
        rate = settings.between(settings.learning_rate, settings.final_learning_rate, share)
        entropy = settings.between(settings.first_entropy, settings.final_entropy, share)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        chosen = rollout.learns
        gains = rollout.advantages[chosen]
        returns = torch.from_numpy(gains + rollout.values[chosen]).unsqueeze(1)
        net.tell_returns(returns, settings.returns_weight)
        targets = net.scaled(torch.from_numpy(rollout.advantages + rollout.values)).numpy()
        normal = (rollout.advantages - gains.mean()) / (gains.std() + np.float32(1e-8))
        sequences = self._sequences(rollout)
        size = max(1, settings.batch // self.chunk)
        sums, count = np.zeros(len(Losses._fields)), 0
        for _ in range(settings.epochs):
            order = sequences[self.random.permutation(len(sequences))]
            for some in np.array_split(order, max(1, len(order) // size)):
                sums += self._update(rollout, some, normal, targets, entropy)
                count += 1
        net.observed.tell(torch.from_numpy(rollout.raw[chosen[::SAMPLED]]))
        return Losses(*(sums / count).tolist())

    def _sequences(self, rollout: Rollout) -> NDArray[np.int64]:
        """The flat places of the first decisions of all sequences in which the learner decided anything."""
        parts = rollout.learns.reshape(-1, self.chunk, rollout.rows).any(1)
        k, row = np.nonzero(parts)
        found: NDArray[np.int64] = k * (self.chunk * rollout.rows) + row
        return found

    def _update(
        self,
        rollout: Rollout,
        sequences: NDArray[np.int64],
        normal: NDArray[np.float32],
        targets: NDArray[np.float32],
        entropy: float,
    ) -> NDArray[np.float64]:
        """One step of the optimizer. Returns float64[5], `Losses`."""
        places = sequences + np.arange(self.chunk)[:, None] * rollout.rows  # [t, n]
        total = np.float32(rollout.learns.reshape(-1)[places].sum())
        parameters: list[Tensor] = list(self.net.parameters())
        worked: list[Tensor] = list(self._worked.parameters())
        if self.half:
            with torch.no_grad():
                torch._foreach_copy_(worked, parameters)

        def part(columns: slice) -> tuple[Tensor, tuple[Tensor, ...]]:
            batch = self._batch(rollout, places[:, columns], normal, targets, total)
            whole, facts = loss(self._worked, batch, self.settings.clip, self.settings.value_weight, entropy)
            return facts, torch.autograd.grad(whole, worked)

        facts, gradients = zip(*sharded(self._pool, self._threads, part, len(sequences)), strict=True)
        for parameter, *parts in zip(parameters, *gradients, strict=True):
            parameter.grad = parts[0].float().contiguous()  # fused optimizers do not look at strides
            for other in parts[1:]:
                parameter.grad += other
        norm = nn.utils.clip_grad_norm_(parameters, self.settings.max_gradient_norm)
        self.optimizer.step()
        self.updates += 1
        # A gradient that is not finite spoils the weights, while the losses before it may be sound.
        summed: NDArray[np.float64] = (torch.stack(facts).sum(0) + 0 * norm).double().numpy()
        return summed

    def _batch(
        self,
        rollout: Rollout,
        places: NDArray[np.int64],
        normal: NDArray[np.float32],
        targets: NDArray[np.float32],
        total: np.float32,
    ) -> Batch:
        flat = places.reshape(-1)

        def take(array: NDArray[np.generic]) -> Tensor:
            rest = array.shape[2:]
            return torch.from_numpy(array.reshape(-1, *rest).take(flat, 0).reshape(*places.shape, *rest))

        keep = None
        if self.chunk > 1:
            keep = torch.ones(places.shape, dtype=torch.bool)
            keep[1:] = ~take(rollout.ended)[:-1]
        starts = places[0] // rollout.rows // rollout.chunk, places[0] % rollout.rows
        return Batch(
            seen=rollout.seen.flatten(0, 1).index_select(0, torch.from_numpy(flat)).view(*places.shape, -1),
            mask=take(rollout.mask),
            actions=take(rollout.actions),
            logp=take(rollout.logp),
            advantages=take(normal),
            targets=take(targets),
            weight=take(rollout.learns) / float(total),
            keep=keep,
            state=torch.from_numpy(rollout.states[starts]),
        )

    def close(self) -> None:
        """Ends its threads."""
        if self._pool is not None:
            self._pool.shutdown()

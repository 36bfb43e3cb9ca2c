"""The network of one hero, shared by all heroes of a side: what a hero knows -> logits of its actions and a value.

Roles and slots are one-hot in the observation, so one network is all five heroes. Layers: the observation less its
running mean, by its running spread; two or more linear layers with ReLU; optionally a memory (GRU or LSTM) whose output
stands beside theirs; one layer for the policy, one for the value. The value is predicted in units of the returns'
running spread (van Hasselt et al. 2016, arXiv 1602.07714, "PopArt"): when that changes, the last layer changes with it
so that no prediction does. Both statistics are tensors of the network, so checkpoints carry them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from envs.core import InputError, unknown

Memory = Literal["none", "gru", "lstm"]
FLOOR = 1e-3  # least variance of an observation's number that it is divided by: most are 0 for a whole game of one hero
LIMIT = 6.0  # a normalised number is at most so far from 0


@dataclass(frozen=True, slots=True)
class TeamConfig:
    """The shape of a team's network. Raises `InputError` for a senseless number."""

    hidden: int = 256  # units of a layer
    layers: int = 2
    memory: Memory = "none"
    cells: int = 128  # of the memory

    def __post_init__(self) -> None:
        if self.memory not in get_args(Memory):
            raise unknown("value of network option 'memory':", self.memory, get_args(Memory))
        for name, high in (("hidden", 4096), ("layers", 16), ("cells", 4096)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= high:
                raise InputError(f"network option {name!r} is a whole number from 1 to {high}, not {value!r}")

    @property
    def state_size(self) -> int:
        """Numbers that a hero's memory holds between decisions."""
        return {"none": 0, "gru": self.cells, "lstm": 2 * self.cells}[self.memory]


def config(values: Mapping[str, Any]) -> TeamConfig:
    """A configuration from a checkpoint's dictionary. Raises `InputError` for unknown names."""
    known = {field.name for field in fields(TeamConfig)}
    for name in values:
        if name not in known:
            raise unknown("network option", name, known)
    return TeamConfig(**values)


class Moments(nn.Module):
    """Running mean and variance of ``size`` numbers, exact over all that was ever told (Chan et al. 1979)."""

    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    @torch.no_grad()
    def tell(self, rows: Tensor) -> None:
        """float32[n, size]."""
        n, before = len(rows), self.count.item()
        if not n:
            return
        variance, mean = torch.var_mean(rows, 0, correction=0)
        share = n / (before + n)
        gap = mean - self.mean
        self.mean += gap * share
        self.variance.copy_(self.variance * (1 - share) + variance * share + gap.square() * (share * (1 - share)))
        self.count += n

    def forward(self, rows: Tensor) -> Tensor:
        scaled: Tensor = (rows - self.mean) * (self.variance + FLOOR).rsqrt()
        return scaled.clamp_(-LIMIT, LIMIT)


class Recurrence(nn.Module):
    """A GRU (Cho et al. 2014) or LSTM whose state can be emptied anywhere within a sequence."""

    def __init__(self, inputs: int, cells: int, kind: Memory) -> None:
        super().__init__()
        self.kind, self.cells = kind, cells
        gates = (3 if kind == "gru" else 4) * cells
        self.given = nn.Linear(inputs, gates)
        self.kept = nn.Linear(cells, gates)
        nn.init.orthogonal_(self.given.weight)
        for part in torch.split(self.kept.weight.data, cells):
            nn.init.orthogonal_(part)
        nn.init.zeros_(self.given.bias)
        nn.init.zeros_(self.kept.bias)
        if kind == "lstm":  # remember at first (Jozefowicz et al. 2015)
            self.given.bias.data[cells : 2 * cells] = 1.0

    def forward(self, x: Tensor, state: Tensor, keep: Tensor | None) -> tuple[Tensor, Tensor]:
        """[T, n, inputs], float32[n, S] and bool[T, n] (False: the state is emptied first) -> [T, n, cells], [n, S]."""
        given = self.given(x)
        outputs = []
        for t in range(len(x)):
            if keep is not None:
                state = state * keep[t].unsqueeze(1)
            state = self._gru(given[t], state) if self.kind == "gru" else self._lstm(given[t], state)
            outputs.append(state[:, : self.cells])
        return torch.stack(outputs), state

    def _gru(self, given: Tensor, h: Tensor) -> Tensor:
        kept = self.kept(h.to(self.kept.weight.dtype))
        size = 2 * self.cells
        reset, update = torch.sigmoid((given[:, :size] + kept[:, :size]).float()).chunk(2, 1)
        fresh = torch.tanh(torch.addcmul(given[:, size:].float(), reset, kept[:, size:].float()))
        return torch.lerp(fresh, h, update)

    def _lstm(self, given: Tensor, state: Tensor) -> Tensor:
        h, c = state.chunk(2, 1)
        gates = (given + self.kept(h.to(self.kept.weight.dtype))).float()
        enter, forget, fresh, show = gates.chunk(4, 1)
        c = torch.sigmoid(forget) * c + torch.sigmoid(enter) * torch.tanh(fresh)
        return torch.cat([torch.sigmoid(show) * torch.tanh(c), c], 1)


class TeamNetwork(nn.Module):
    """See the module. Works in float32, or with its layers in bfloat16 (`halved`)."""

    def __init__(self, shape: TeamConfig, num_features: int, num_actions: int) -> None:
        super().__init__()
        self.shape, self.num_features, self.num_actions = shape, num_features, num_actions
        self.observed, self.returned = Moments(num_features), Moments(1)
        layers: list[nn.Module] = []
        inputs = num_features
        for _ in range(shape.layers):
            layer = nn.Linear(inputs, shape.hidden)
            nn.init.orthogonal_(layer.weight, math.sqrt(2))
            nn.init.zeros_(layer.bias)
            layers += [layer, nn.ReLU()]
            inputs = shape.hidden
        self.body = nn.Sequential(*layers)
        self.memory = Recurrence(inputs, shape.cells, shape.memory) if shape.memory != "none" else None
        inputs += shape.cells if self.memory is not None else 0
        self.policy, self.value = nn.Linear(inputs, num_actions), nn.Linear(inputs, 1)
        nn.init.orthogonal_(self.policy.weight, 0.01)  # all legal actions alike at first
        nn.init.orthogonal_(self.value.weight, 0.1)
        nn.init.zeros_(self.policy.bias)
        nn.init.zeros_(self.value.bias)

    def forward(self, seen: Tensor, state: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """float32[T, n, F], float32[n, S] and bool[T, n] -> logits float32[T, n, A], values float32[T, n] in units of
        the returns' spread, and the state afterwards. Without a memory S is 0."""
        return self.decide(self.prepare(seen), state, keep)

    def prepare(self, seen: Tensor) -> Tensor:
        """Observations as the layers take them: normalised, in the layers' precision."""
        prepared: Tensor = self.observed(seen).to(self.policy.weight.dtype)
        return prepared

    def decide(self, x: Tensor, state: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """What `forward` returns, for observations that are prepared."""
        x = self.body(x)
        if self.memory is not None:
            told, state = self.memory(x, state, keep)
            x = torch.cat([x, told.to(x.dtype)], -1)
        return self.policy(x).float(), self.value(x).float().squeeze(-1), state

    def blank(self, n: int) -> Tensor:
        """The state of ``n`` heroes whose games begin: float32[n, S]."""
        return torch.zeros(n, self.shape.state_size)

    def returns(self, values: Tensor) -> Tensor:
        """Values in the unit of rewards."""
        return values * self.returned.variance.sqrt() + self.returned.mean

    def scaled(self, returns: Tensor) -> Tensor:
        """The inverse."""
        scaled: Tensor = (returns - self.returned.mean) / self.returned.variance.sqrt()
        return scaled

    @torch.no_grad()
    def tell_returns(self, returns: Tensor, weight: float) -> None:
        """Moves the returns' statistics towards these, float32[n], by ``weight``, and the value's layer along."""
        before = self.returned.mean.clone(), self.returned.variance.sqrt()
        variance, mean = torch.var_mean(returns, 0, correction=0)
        first = self.returned.count.item() == 0
        square = self.returned.variance + self.returned.mean.square()
        weight = 1.0 if first else weight
        self.returned.mean.lerp_(mean, weight)
        square.lerp_(variance + mean.square(), weight)
        self.returned.variance.copy_((square - self.returned.mean.square()).clamp_(min=1e-4))
        self.returned.count += len(returns)
        if not first:
            spread = self.returned.variance.sqrt()
            self.value.weight.mul_(before[1] / spread)
            self.value.bias.copy_((before[1] * self.value.bias + before[0] - self.returned.mean) / spread)


def acting(net: TeamNetwork, half: bool) -> TeamNetwork:
    """A frozen copy to play with, its layers in bfloat16 if ``half``."""
    copied = copy.deepcopy(net).requires_grad_(False).eval()
    return halved(copied) if half else copied


def halved(net: TeamNetwork) -> TeamNetwork:
    """The same network, its layers, but not its statistics, now in bfloat16."""
    for part in (net.body, net.memory, net.policy, net.value):
        if part is not None:
            part.bfloat16()
    return net


def log_policy(logits: Tensor, mask: Tensor) -> Tensor:
    """Logarithms of the probabilities of the legal actions; -1e9 for the others, so that they weigh nothing."""
    return functional.log_softmax(logits.masked_fill(~mask, -1e9), -1)

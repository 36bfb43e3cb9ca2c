"""The AlphaZero network: a residual tower with global pooling, a policy head and a win/draw/loss head.

Choices, and why:

- Batch norm *after* each convolution (He et al. 2015, arXiv 1512.03385), not before it: then every normalisation
  folds into the weights of the convolution in front of it, and a network that plays is convolutions, ReLUs and two
  small heads.
- Every k-th block pools globally (KataGo, arXiv 1902.10565, section 3.3): some channels of the block's first
  convolution are reduced to their mean and maximum over the board and bias all the others. KataGo's third statistic,
  the mean scaled by the board's width, tells boards of several sizes apart; a network here serves one game, where it
  would only repeat the first.
- Both heads are a 1x1 convolution and a linear layer that sees where on the board a feature is: in Connect Four the row
  of a threat decides who gets it.
- Where actions are moves from square to square, a linear layer would learn each of them apart. There a move's logit is
  the product of what the network says about its start and about its end, as in Leela Chess Zero's attention policy
  (lczero.org/dev/wiki, "Attention policy"), and what is learned of one move holds all over the board.
- A win/draw/loss value: a sure draw and an even chance are different things.
- The last layers of both heads start at zero: an untrained network believes in all actions and results alike.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

import envs
from agents import convolution
from envs.core import GameSpec, InputError, unknown


@dataclass(frozen=True, slots=True)
class NetConfig:
    """The size of a network; everything else follows from the game. Raises `InputError` for a senseless number."""

    blocks: int = 3  # residual blocks of two 3x3 convolutions
    channels: int = 32
    pool_every: int = 2  # every k-th block pools globally; 0: none
    pool_channels: int = 8  # channels given to the pool in such a block
    policy_channels: int = 8  # 1x1 convolution in front of the policy's linear layer
    move_keys: int = 0  # length of the vectors whose products are the logits of moves; 0: the linear layer instead
    value_channels: int = 8  # 1x1 convolution in front of the value's small perceptron
    value_hidden: int = 64
    reply_head: bool = False  # also predict the opponent's reply while training (KataGo, section 3.4); not used in play
    plies_left_head: bool = False  # also predict how long the game goes on: tells quick wins from slow ones

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = (0, 1024) if field.name in ("pool_every", "move_keys") else (1, 1024)
            if field.name in ("reply_head", "plies_left_head"):
                if not isinstance(value, bool):
                    raise InputError(f"network option {field.name!r} is true or false, not {value!r}")
            elif not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise InputError(f"network option {field.name!r} is a whole number from {low} to {high}, not {value!r}")
        if self.pool_every and self.pool_channels >= self.channels:
            raise InputError(
                f"network options: pool_channels={self.pool_channels} is not below channels={self.channels}"
            )


HEADS = ("move_keys", "reply_head", "plies_left_head")  # for the game to decide, whatever the size

SIZES: Mapping[str, NetConfig] = {
    "tiny": NetConfig(blocks=1, channels=16, pool_every=1, value_hidden=32),
    "small": NetConfig(blocks=3, channels=32),
    "medium": NetConfig(blocks=4, channels=64, pool_channels=16),
    "large": NetConfig(
        blocks=6, channels=96, pool_channels=24, policy_channels=16, value_channels=16, value_hidden=128
    ),
}


def config(values: Mapping[str, Any] | str, **changes: Any) -> NetConfig:
    """A configuration from a size's name or from a checkpoint's dictionary. Raises `InputError` for unknown names."""
    if isinstance(values, str):
        if values not in SIZES:
            raise unknown("network size", values, SIZES)
        return replace(SIZES[values], **changes)
    known = {field.name for field in fields(NetConfig)}
    for name in values:
        if name not in known:
            raise unknown("network option", name, known)
    return replace(NetConfig(**values), **changes)


PLIES = 20.0  # the unit in which the length of the rest of a game is predicted


class Heads(NamedTuple):
    """All that a network says about n positions, from the mover's view; None where it has no such head."""

    policy: Tensor  # logits [n, A]
    wdl: Tensor  # win/draw/loss logits [n, 3]
    reply: Tensor | None  # logits [n, A] of the opponent's next action
    plies_left: Tensor | None  # [n] plies until the game ends, in units of `PLIES`


class ConvNorm(nn.Module):
    """A convolution without bias, then batch norm; once folded, a convolution with bias, and if ``fused`` with the sum
    and ReLU that follow."""

    fused = False

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        quick = self.training and convolution.serves(x, self.conv.weight)
        return self.norm(convolution.convolve(x, self.conv.weight) if quick else self.conv(x))  # type: ignore[no-any-return]

    def rectified(self, x: Tensor, plus: Tensor | None = None) -> Tensor:
        """``relu(self(x) + plus)``."""
        if not self.fused:
            y = self(x)
            return F.relu(y if plus is None else plus + y)
        conv, onednn = self.conv, torch.ops.mkldnn._convolution_pointwise  # of which PyTorch's compiler makes use
        rest: tuple[Any, ...] = (conv.weight, conv.bias, conv.padding, conv.stride, conv.dilation, conv.groups)
        if plus is None:
            return onednn(x, *rest, "relu", [], "")  # type: ignore[no-any-return]
        return onednn.binary(x, plus, *rest, "add", 1.0, "relu", [], "")  # type: ignore[no-any-return]


def pooled(x: Tensor) -> Tensor:
    """[n, C, H, W] -> [n, 2C]: each channel's mean and maximum over the board."""
    return torch.cat([x.mean(dim=(2, 3)), F.max_pool2d(x, x.shape[2:]).flatten(1)], dim=1)


class Block(nn.Module):
    """x + f(x), f two convolutions. The last ``pool`` channels of the first bias the others by their global pool."""

    def __init__(self, channels: int, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.first = ConvNorm(channels, channels, 3)
        self.second = ConvNorm(channels - pool, channels, 3)
        self.bias = nn.Linear(2 * pool, channels - pool) if pool else None

    def forward(self, x: Tensor) -> Tensor:
        if self.bias is None:
            y = self.first.rectified(x)
        else:
            # not two slices, whose gradients come in another memory format and take batch norm ten times as long
            y, pool = self.first(x).split([self.second.conv.in_channels, self.pool], dim=1)
            y = F.relu(y + self.bias(pooled(F.relu(pool)))[:, :, None, None])
        return self.second.rectified(y, x)


class MovePolicy(nn.Module):
    """Logits of moves: ``q[start] . k[end] / sqrt(d) + bias``, and for every further action between the same two
    squares (promotions) what another layer says about its end. [n, C, H, W] -> [n, A]."""

    pairs: Tensor  # int64[A]: start * cells + end of each action
    special: Tensor  # int64: the actions of a further kind, ...
    ends: Tensor  # ... and, as long, (kind - 1) * cells + end of each

    def __init__(self, channels: int, keys: int, squares: NDArray[np.int16]) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, keys, 1)
        self.key = nn.Conv2d(channels, keys, 1)
        self.kind = nn.Conv2d(channels, int(squares[:, 2].max()), 1)
        self.bias = nn.Parameter(torch.zeros(len(squares)))
        for part in (self.query, self.kind):  # all moves alike at first
            nn.init.zeros_(part.weight)
            assert part.bias is not None
            nn.init.zeros_(part.bias)
        start, end, kind = (torch.from_numpy(column.astype(np.int64)) for column in squares.T)
        cells = int(squares[:, :2].max()) + 1
        self.register_buffer("pairs", start * cells + end, persistent=False)
        self.register_buffer("special", torch.nonzero(kind).squeeze(1), persistent=False)
        self.register_buffer("ends", ((kind - 1) * cells + end)[kind > 0], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        q, k = (part(x).permute(0, 2, 3, 1).flatten(1, 2) for part in (self.query, self.key))  # [n, cells, d]
        products = (q * q.shape[2] ** -0.5) @ k.transpose(1, 2)
        logits: Tensor = products.flatten(1).gather(1, self.pairs.expand(len(x), -1)) + self.bias
        further = self.kind(x).flatten(1)[:, self.ends]
        return logits.index_add(1, self.special, further.to(logits.dtype))


class Net(nn.Module):
    """Observations of one game to a policy and a win/draw/loss prediction, both from the mover's view.

    squares: `envs.core.BoardGame.action_squares`, needed for ``config.move_keys``."""

    def __init__(
        self,
        observation_shape: tuple[int, ...],
        num_actions: int,
        config: NetConfig,
        squares: NDArray[np.int16] | None = None,
    ) -> None:
        super().__init__()
        if config.move_keys and squares is None:
            raise InputError("network option 'move_keys' is for games whose actions go from square to square")
        planes, height, width = observation_shape
        self.observation_shape, self.num_actions, self.config = (planes, height, width), num_actions, config
        pools = [bool(config.pool_every) and (i + 1) % config.pool_every == 0 for i in range(config.blocks)]
        self.stem = ConvNorm(planes, config.channels, 3)
        self.tower = nn.Sequential(*[Block(config.channels, config.pool_channels if pool else 0) for pool in pools])
        features = config.policy_channels * height * width
        self.policy_conv = (
            ConvNorm(config.channels, config.policy_channels, 1) if not config.move_keys or config.reply_head else None
        )
        self.policy: nn.Linear | MovePolicy
        if config.move_keys and squares is not None:
            self.policy = MovePolicy(config.channels, config.move_keys, squares)
        else:
            self.policy = nn.Linear(features, num_actions)
        self.reply = nn.Linear(features, num_actions) if config.reply_head else None
        self.value_conv = ConvNorm(config.channels, config.value_channels, 1)
        self.value_hidden = nn.Linear(config.value_channels * height * width, config.value_hidden)
        self.value = nn.Linear(config.value_hidden, 3)
        self.plies_left = nn.Linear(config.value_hidden, 1) if config.plies_left_head else None
        for head in (self.policy, self.reply, self.value, self.plies_left):
            if isinstance(head, nn.Linear):
                nn.init.zeros_(head.weight)
                nn.init.zeros_(head.bias)

    def heads(self, observations: Tensor) -> Heads:
        """What every head says about float[n, C, H, W]."""
        x = self.tower(self.stem.rectified(observations))
        features = x if self.policy_conv is None else self.policy_conv.rectified(x).flatten(1)
        hidden = F.relu(self.value_hidden(self.value_conv.rectified(x).flatten(1)))
        return Heads(
            policy=self.policy(x if isinstance(self.policy, MovePolicy) else features),
            wdl=self.value(hidden),
            reply=self.reply(features) if self.reply else None,
            plies_left=F.softplus(self.plies_left(hidden)).squeeze(1) if self.plies_left else None,
        )

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """float[n, C, H, W] -> policy logits [n, A] and win/draw/loss logits [n, 3]."""
        found = self.heads(observations)
        return found.policy, found.wdl


def make(spec: GameSpec, config: NetConfig) -> Net:
    """A freshly initialised network for a board game; torch's generator decides the weights. Raises `InputError`."""
    squares = envs.make(spec.id).action_squares if config.move_keys else None
    return Net(spec.observation_shape, spec.num_actions, config, squares)


def folded(net: Net, *, fused: bool = False) -> Net:
    """A copy in evaluation mode with every batch norm merged into its convolution: the same function, fewer passes.

    fused: sums and ReLUs too, by oneDNN; for processors that compute in bfloat16."""
    copied = copy.deepcopy(net).eval().requires_grad_(False)
    for module in copied.modules():
        if isinstance(module, ConvNorm):
            assert isinstance(module.norm, nn.BatchNorm2d), "the network has been folded before"
            module.conv = fuse_conv_bn_eval(module.conv, module.norm)
            module.norm = nn.Identity()
            module.fused = fused
    return copied

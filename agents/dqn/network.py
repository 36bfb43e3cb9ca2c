"""The Q-network: the Nature DQN's convolutions (Mnih et al. 2015, Methods, "Model architecture"), with options.

- ``layer_norm`` after every hidden layer, before its ReLU, is what makes Q-learning without a target network stable
  (PQN, arXiv 2407.04811, section 4). ``pixel_norm``: after a convolution each pixel's channels are normalised, as the
  authors' code does, and not the whole picture, where walls and bricks decide the scale and the ball all but vanishes.
- ``dueling`` splits the last layers into a value and the actions' advantages (Wang et al., arXiv 1511.06581, eq. 9).
- ``quantiles`` predicts so many quantiles of the return instead of its mean (QR-DQN, arXiv 1710.10044).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from envs.core import InputError, unknown

SHAPE = (4, 84, 84)  # of an observation: the newest four frames, oldest first


@dataclass(frozen=True, slots=True)
class QConfig:
    """The shape of a Q-network. Raises `InputError` for a senseless number."""

    channels: int = 32  # of the first convolution; the other two have twice as many, as in the Nature network
    hidden: int = 512  # units of the linear layer behind the convolutions
    layer_norm: bool = False
    pixel_norm: bool = False  # those after convolutions over the channels of each pixel
    dueling: bool = False
    quantiles: int = 0  # of the return's distribution, by action; 0: its mean only
    stack: int = SHAPE[0]  # frames in an observation
    height: int = SHAPE[1]
    width: int = SHAPE[2]

    def __post_init__(self) -> None:
        for field in fields(self):
            value, what = getattr(self, field.name), f"network option {field.name!r}"
            if field.name in ("layer_norm", "pixel_norm", "dueling"):
                if not isinstance(value, bool):
                    raise InputError(f"{what} is true or false, not {value!r}")
                continue
            low = {"quantiles": 0, "height": 8, "width": 8}.get(field.name, 1)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= 4096:
                raise InputError(f"{what} is a whole number from {low} to 4096, not {value!r}")
        if self.pixel_norm and not self.layer_norm:
            raise InputError("network option 'pixel_norm' says how 'layer_norm' is done; it needs that one too")


def config(values: Mapping[str, Any]) -> QConfig:
    """A configuration from a checkpoint's dictionary. Raises `InputError` for unknown names."""
    known = {field.name for field in fields(QConfig)}
    for name in values:
        if name not in known:
            raise unknown("network option", name, known)
    return QConfig(**values)


class PixelNorm(nn.LayerNorm):
    """A layer norm over the channels of each pixel: [n, C, H, W] -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-3)  # where there is nothing to see, rounding is not made a signal

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class QNetwork(nn.Module):
    """uint8[n, stack, height, width] -> float32[n, A], or float32[n, A, quantiles]."""

    def __init__(self, shape: QConfig, num_actions: int) -> None:
        super().__init__()
        self.shape, self.num_actions = shape, num_actions
        sizes = (shape.channels, 2 * shape.channels, 2 * shape.channels)
        layers: list[nn.Module] = []
        inputs, side = shape.stack, (shape.height, shape.width)
        for outputs, (kernel, stride) in zip(sizes, _kernels(shape), strict=True):
            side = ((side[0] - kernel) // stride + 1, (side[1] - kernel) // stride + 1)
            layers.append(nn.Conv2d(inputs, outputs, kernel, stride))
            if shape.layer_norm:
                layers.append(PixelNorm(outputs) if shape.pixel_norm else nn.LayerNorm([outputs, *side]))
            layers.append(nn.ReLU())
            inputs = outputs
        layers += [nn.Flatten(), nn.Linear(inputs * side[0] * side[1], shape.hidden)]
        layers += [nn.LayerNorm(shape.hidden)] if shape.layer_norm else []
        self.body = nn.Sequential(*layers, nn.ReLU())
        self._outputs = max(shape.quantiles, 1)
        self.advantage = nn.Linear(shape.hidden, num_actions * self._outputs)
        self.value = nn.Linear(shape.hidden, self._outputs) if shape.dueling else None
        for module in self.body:
            if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
                nn.init.orthogonal_(module.weight, math.sqrt(2))
                nn.init.zeros_(module.bias)
        # At first it expects next to nothing: what it hopes for without a reason takes 100,000 steps to forget.
        for head in filter(None, (self.advantage, self.value)):
            nn.init.orthogonal_(head.weight, 0.01)
            nn.init.zeros_(head.bias)

    def forward(self, frames: Tensor) -> Tensor:
        return self.scaled(frames.float().mul_(1 / 255))

    def scaled(self, x: Tensor) -> Tensor:
        """The same from frames as numbers in [0, 1]."""
        features = self.body(x).float()
        with torch.autocast(x.device.type, enabled=False):  # actions differ by less than bfloat16 can tell
            q: Tensor = self.advantage(features).unflatten(1, (self.num_actions, self._outputs))
            if self.value is not None:
                q = self.value(features).unsqueeze(1) + q - q.mean(dim=1, keepdim=True)
            return q if self.shape.quantiles else q.squeeze(2)

    def q(self, frames: Tensor) -> Tensor:
        """float32[n, A]: expected returns."""
        return expected(self(frames))


def expected(outputs: Tensor) -> Tensor:
    """float32[n, A] from a network's output, be it means or quantiles."""
    return outputs.mean(dim=2) if outputs.dim() == 3 else outputs


def _kernels(shape: QConfig) -> tuple[tuple[int, int], ...]:
    """(kernel, stride) of the three convolutions: the Nature network's, or 3x3 ones for pictures too small for them."""
    return ((8, 4), (4, 2), (3, 1)) if min(shape.height, shape.width) >= 36 else ((3, 1),) * 3

"""A Q-network's forward pass for processors: the same function, about twice as fast.

The first convolution, whose 4 channels fill no vector, becomes one with a kernel of 2x2 over blocks of 4x4 pixels,
which are its 64 channels; frames need no scaling, as 1/255 goes into its weights; channels come last throughout.

In float32 the second becomes one of 2x2 over blocks of 2x2 likewise, and all three need half the products or less
(`agents.convolution`).

In bfloat16 autocast leaves most of the time to conversions: frames become float32 before they become bfloat16, every
layer norm goes there and back, weights are converted once for every shard of a batch. Here weights are converted once
an update (they are the leaves of the gradient), activations stay bfloat16 (bytes are exact in it), and only what is
sensitive is float32: a layer norm's sums, and the output layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from agents.convolution import convolve_inside
from agents.dqn.conv import conv2d
from agents.dqn.network import PixelNorm, QConfig, QNetwork
from agents.dqn.norm import norm_relu
from envs.kernels import njit

FIRST = "body.0"  # convolution
BLOCK = 4  # pixels, its stride
SCALE = 1 / 255
_LAST = torch.channels_last
Conversion = Callable[[Tensor], Tensor]


def fits(shape: QConfig) -> bool:
    """Whether the network begins with the Nature network's convolution over whole blocks."""
    return min(shape.height, shape.width) >= 36 and shape.height % BLOCK == shape.width % BLOCK == 0


class Lean:
    """The weights of a network at one moment. `gradients` of its ``leaves`` are those of the network's parameters.

    half: in bfloat16."""

    def __init__(self, net: QNetwork, half: bool = True) -> None:
        self._shape, self._num_actions = net.shape, net.num_actions
        self._type = torch.bfloat16 if half else torch.float32
        self._leaves: dict[str, Tensor] = {}
        self._back: list[Conversion] = []
        modules = dict(net.named_modules())
        for name, parameter in net.named_parameters():
            there, back = _conversions(name, modules[name.rpartition(".")[0]], self._type)
            self._leaves[name] = there(parameter.detach()).requires_grad_(parameter.requires_grad)
            self._back.append(back)
        self._layers = [(f"body.{index}", module) for index, module in enumerate(net.body)]

    @property
    def leaves(self) -> list[Tensor]:
        """In the order of the network's parameters."""
        return list(self._leaves.values())

    def gradients(self, parts: Sequence[Sequence[Tensor]]) -> list[Tensor]:
        """float32, for the network's parameters: the sums of gradients of the leaves."""
        found = []
        for back, *terms in zip(self._back, *parts, strict=True):
            total = terms[0].float()
            for term in terms[1:]:
                total.add_(term)
            found.append(back(total))
        return found

    def __call__(self, frames: NDArray[np.uint8]) -> Tensor:
        """float32[n, A], or float32[n, A, quantiles], of uint8[n, stack, height, width]."""
        x = torch.from_numpy(blocks(frames))  # [n, height, width, channels], later [n, units]
        half = self._type == torch.bfloat16
        for name, layer in self._layers:
            if isinstance(layer, nn.Conv2d):
                weight, bias = self._affine(name)
                x = _convolve_half(x, weight, bias) if half else _convolve(x, weight) + bias
            elif isinstance(layer, nn.Linear):
                x = functional.linear(x, *self._affine(name))
            elif isinstance(layer, nn.LayerNorm):  # and the ReLU that follows it
                rows = x.reshape(-1, x.shape[-1]) if isinstance(layer, PixelNorm) else x
                x = norm_relu(rows, *self._affine(name), layer.eps).view(x.shape)
            elif isinstance(layer, nn.Flatten):
                x = x.permute(0, 3, 1, 2).flatten(1)
            elif not self._shape.layer_norm:
                x = functional.relu(x)
        return self._head(x.float())

    def _affine(self, name: str) -> tuple[Tensor, Tensor]:
        return self._leaves[f"{name}.weight"], self._leaves[f"{name}.bias"]

    def _head(self, features: Tensor) -> Tensor:
        """See `QNetwork.scaled`."""

        def linear(name: str) -> Tensor:
            return functional.linear(features, *self._affine(name))

        q = linear("advantage").view(len(features), self._num_actions, max(self._shape.quantiles, 1))
        if self._shape.dueling:
            q = linear("value").unsqueeze(1) + q - q.mean(dim=1, keepdim=True)
        return q if self._shape.quantiles else q.squeeze(2)


def _convolve_half(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """[n, H, W, C] -> [n, H', W', C'] in bfloat16; bytes are exact in it."""
    first, stride = x.dtype == torch.uint8, 2 if weight.shape[2] == 4 else 1
    x = x.to(weight.dtype).permute(0, 3, 1, 2)
    # The first one's windows are too many to lay out.
    y = functional.conv2d(x, weight, bias) if first else conv2d(x, weight, bias, stride)
    return y.permute(0, 2, 3, 1)


def _convolve(x: Tensor, weight: Tensor) -> Tensor:
    """[n, H, W, C] -> [n, H', W', C'] in float32. Where the kernel is 4x4, blocks of 2x2 become cells."""
    if weight.shape[2] != 4:
        return convolve_inside(x.contiguous().unsqueeze(2), weight)
    (n, height, width, c), out = x.shape, len(weight)
    x = x[:, : height // 2 * 2, : width // 2 * 2].contiguous()  # what is left over no window sees
    parts = weight.reshape(out, c, 2, 2, 2, 2).permute(0, 3, 5, 1, 2, 4)  # a block's rows, columns, channels; taps
    return convolve_inside(x.view(n, height // 2, 2, width // 2, 2 * c), parts.reshape(out, 4 * c, 2, 2))


def _conversions(name: str, module: nn.Module, kind: torch.dtype) -> tuple[Conversion, Conversion]:
    """From a parameter to its leaf, and for gradients back."""
    if name == FIRST + ".weight":
        return lambda p: _to_blocks(p, kind), _from_blocks
    if not name.startswith("body."):
        return torch.clone, _same
    if isinstance(module, nn.LayerNorm):
        if module.weight.dim() == 3:  # over channels, height, width
            return lambda p: p.permute(1, 2, 0).clone(memory_format=torch.contiguous_format), lambda g: g.permute(
                2, 0, 1
            )
        return torch.clone, _same
    if isinstance(module, nn.Conv2d) and name.endswith("weight"):
        return lambda p: p.to(kind, copy=True, memory_format=_LAST), _same
    return lambda p: p.to(kind, copy=True), _same


def _same(gradient: Tensor) -> Tensor:
    return gradient


def _to_blocks(weight: Tensor, kind: torch.dtype) -> Tensor:
    """[out, c, 8, 8] -> [out, c * 16, 2, 2]: the pixels of a block are channels."""
    out, c, height, width = weight.shape
    parts = (weight * SCALE).view(out, c, height // BLOCK, BLOCK, width // BLOCK, BLOCK).permute(0, 1, 3, 5, 2, 4)
    return (
        parts.reshape(out, c * BLOCK * BLOCK, height // BLOCK, width // BLOCK).to(kind).contiguous(memory_format=_LAST)
    )


def _from_blocks(gradient: Tensor) -> Tensor:
    """The inverse, for the gradient."""
    out, channels, height, width = gradient.shape
    parts = gradient.reshape(out, channels // BLOCK**2, BLOCK, BLOCK, height, width).permute(0, 1, 4, 2, 5, 3)
    return parts.reshape(out, channels // BLOCK**2, height * BLOCK, width * BLOCK) * SCALE


def warm_up() -> None:
    """Calls every compiled function once: the first call on a machine takes seconds."""
    weight = torch.ones(2)
    for kind in (torch.bfloat16, torch.float32):
        x = torch.zeros(1, 2, dtype=kind).requires_grad_()
        norm_relu(x, weight, weight, 1e-5).sum().backward()  # type: ignore[no-untyped-call]
    blocks(np.zeros((1, 1, BLOCK, BLOCK), np.uint8))
    for kind in (torch.uint8, torch.float32):
        filters = torch.ones(2, 2, 2, 2).requires_grad_()
        convolve_inside(torch.zeros(1, 2, 1, 2, 2, dtype=kind), filters).sum().backward()  # type: ignore[no-untyped-call]


def blocks(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8[n, stack, height, width] -> uint8[n, height / 4, width / 4, stack * 16]: the pixels of a block together."""
    words = np.ascontiguousarray(frames).view(np.uint32)
    return _blocks(words).view(np.uint8)


@njit(cache=True, nogil=True)
def _blocks(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    n, stack, height, width = words.shape  # a word is a row of a block
    out = np.empty((n, height // BLOCK, width, stack * BLOCK), np.uint32)
    for i in range(n):
        for y in range(height // BLOCK):
            for c in range(stack):
                for dy in range(BLOCK):
                    for x in range(width):
                        out[i, y, x, c * BLOCK + dy] = words[i, c, y * BLOCK + dy, x]
    return out

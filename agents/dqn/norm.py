"""A layer norm with its ReLU on bfloat16 in one pass over the memory, for processors: PyTorch's own two take two and a
half times as long. Sums are float32. Numba knows no bfloat16: it is the upper half of a float32's bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from envs.kernels import njit

Words = NDArray[np.uint16]  # the bits of bfloat16
Floats = NDArray[np.float32]
_SUMS = {"reassoc", "contract", "arcp", "nsz"}  # sums in any order, so that they fill a vector; NaN stays NaN


def norm_relu(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """bfloat16[n, ...] -> the same: ``relu(layer_norm(x) * weight + bias)``, both float32[...]."""
    found: Tensor = _NormRelu.apply(x, weight, bias, epsilon)  # type: ignore[no-untyped-call]
    return found


class _NormRelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
        x = x.contiguous()
        y, mean, scale = torch.empty_like(x), torch.empty(len(x)), torch.empty(len(x))
        _forward(_words(x), _flat(weight), _flat(bias), np.float32(epsilon), _words(y), mean.numpy(), scale.numpy())
        ctx.save_for_backward(x, y, weight, mean, scale)
        return y

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, y, weight, mean, scale = ctx.saved_tensors
        gradient = outputs[0].contiguous()
        to_x, to_weight, to_bias = torch.empty_like(x), torch.zeros_like(weight), torch.zeros_like(weight)
        _backward(
            *(_words(x), _words(y), _words(gradient), _flat(weight), mean.numpy(), scale.numpy()),
            *(_words(to_x), _flat(to_weight), _flat(to_bias)),
        )
        return to_x, to_weight, to_bias, None


def _words(tensor: Tensor) -> Words:
    """[n, m]"""
    words: Words = tensor.detach().view(len(tensor), -1).view(torch.uint16).numpy()
    return words


def _flat(tensor: Tensor) -> Floats:
    flat: Floats = tensor.detach().view(-1).numpy()
    return flat


@njit(cache=True, nogil=True, fastmath=_SUMS)
def _forward(
    x: Words, weight: Floats, bias: Floats, epsilon: np.float32, y: Words, means: Floats, scales: Floats
) -> None:
    n, m = x.shape
    bits = np.empty(m, np.uint32)  # one row at a time, in the first cache
    row = bits.view(np.float32)
    for i in range(n):
        for j in range(m):
            bits[j] = np.uint32(x[i, j]) << np.uint32(16)
        total = np.float32(0)
        for j in range(m):
            total += row[j]
        mean = total / np.float32(m)
        squares = np.float32(0)
        for j in range(m):
            squares += (row[j] - mean) * (row[j] - mean)
        scale = np.float32(1) / np.sqrt(squares / np.float32(m) + epsilon)
        means[i], scales[i] = mean, scale
        for j in range(m):
            value = (row[j] - mean) * scale * weight[j] + bias[j]
            row[j] = np.float32(0) if value < 0 else value
        _round(bits, y[i])


@njit(cache=True, nogil=True, fastmath=_SUMS)
def _backward(
    x: Words,
    y: Words,
    gradient: Words,
    weight: Floats,
    means: Floats,
    scales: Floats,
    to_x: Words,
    to_weight: Floats,
    to_bias: Floats,
) -> None:
    n, m = x.shape
    bits, x_bits = np.empty(m, np.uint32), np.empty(m, np.uint32)
    row, normed = bits.view(np.float32), x_bits.view(np.float32)
    for i in range(n):
        mean, scale = means[i], scales[i]
        for j in range(m):
            x_bits[j] = np.uint32(x[i, j]) << np.uint32(16)
        for j in range(m):
            bits[j] = np.uint32(gradient[i, j]) << np.uint32(16) if y[i, j] else np.uint32(0)
        total, along = np.float32(0), np.float32(0)
        for j in range(m):
            normed[j] = (normed[j] - mean) * scale
            to_weight[j] += row[j] * normed[j]
            to_bias[j] += row[j]
            row[j] *= weight[j]
            total += row[j]
            along += row[j] * normed[j]
        total /= np.float32(m)
        along /= np.float32(m)
        for j in range(m):
            row[j] = (row[j] - total - normed[j] * along) * scale
        _round(bits, to_x[i])


@njit(cache=True, nogil=True, inline="always")
def _round(bits: NDArray[np.uint32], out: Words) -> None:
    """The nearest bfloat16, the even one of two."""
    for j in range(len(bits)):
        odd = (bits[j] >> np.uint32(16)) & np.uint32(1)
        out[j] = (bits[j] + np.uint32(0x7FFF) + odd) >> np.uint32(16)

"""A layer norm with its ReLU in one pass over the memory, for processors: PyTorch's own two take more than twice as
long. Sums are float32. Of bfloat16, which Numba does not know, these are the bits: the upper half of a float32's.
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
    """bfloat16[n, ...] or float32[n, ...] -> the same: ``relu(layer_norm(x) * weight + bias)``, both float32[...]."""
    found: Tensor = _NormRelu.apply(x, weight, bias, epsilon)  # type: ignore[no-untyped-call]
    return found


class _NormRelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
        x = x.contiguous()
        y, mean, scale = torch.empty_like(x), torch.empty(len(x)), torch.empty(len(x))
        work = _forward_words if x.dtype == torch.bfloat16 else _forward
        work(_rows(x), _flat(weight), _flat(bias), np.float32(epsilon), _rows(y), mean.numpy(), scale.numpy())
        ctx.save_for_backward(x, y, weight, mean, scale)
        return y

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, y, weight, mean, scale = ctx.saved_tensors
        gradient = outputs[0].contiguous()
        to_x, to_weight, to_bias = torch.empty_like(x), torch.zeros_like(weight), torch.zeros_like(weight)
        work = _backward_words if x.dtype == torch.bfloat16 else _backward
        work(
            *(_rows(x), _rows(y), _rows(gradient), _flat(weight), mean.numpy(), scale.numpy()),
            *(_rows(to_x), _flat(to_weight), _flat(to_bias)),
        )
        return to_x, to_weight, to_bias, None


def _rows(tensor: Tensor) -> Any:
    """[n, m]: `Words` or `Floats`."""
    flat = tensor.detach().view(len(tensor), -1)
    return (flat.view(torch.uint16) if tensor.dtype == torch.bfloat16 else flat).numpy()


def _flat(tensor: Tensor) -> Floats:
    flat: Floats = tensor.detach().view(-1).numpy()
    return flat


@njit(cache=True, nogil=True, fastmath=_SUMS)
def _forward(
    x: Floats, weight: Floats, bias: Floats, epsilon: np.float32, y: Floats, means: Floats, scales: Floats
) -> None:
    for i in range(len(x)):
        means[i], scales[i] = _norm(x[i], weight, bias, epsilon, y[i])


@njit(cache=True, nogil=True, fastmath=_SUMS)
def _forward_words(
    x: Words, weight: Floats, bias: Floats, epsilon: np.float32, y: Words, means: Floats, scales: Floats
) -> None:
    bits = np.empty(x.shape[1], np.uint32)  # one row at a time, in the first cache
    row = bits.view(np.float32)
    for i in range(len(x)):
        _widen(x[i], bits)
        means[i], scales[i] = _norm(row, weight, bias, epsilon, row)
        _round(bits, y[i])


@njit(cache=True, nogil=True, fastmath=_SUMS, inline="always")
def _norm(x: Floats, weight: Floats, bias: Floats, epsilon: np.float32, y: Floats) -> tuple[np.float32, np.float32]:
    """One row; ``y`` may be ``x``. Its mean and the inverse of its standard deviation."""
    m = len(weight)
    total = np.float32(0)
    for j in range(m):
        total += x[j]
    mean = total / np.float32(m)
    squares = np.float32(0)
    for j in range(m):
        squares += (x[j] - mean) * (x[j] - mean)
    scale = np.float32(1) / np.sqrt(squares / np.float32(m) + epsilon)
    for j in range(m):
        value = (x[j] - mean) * scale * weight[j] + bias[j]
        y[j] = np.float32(0) if value < 0 else value
    return mean, scale


@njit(cache=True, nogil=True, fastmath=_SUMS)
def _backward(
    x: Floats,
    y: Floats,
    gradient: Floats,
    weight: Floats,
    means: Floats,
    scales: Floats,
    to_x: Floats,
    to_weight: Floats,
    to_bias: Floats,
) -> None:
    normed = np.empty(x.shape[1], np.float32)
    for i in range(len(x)):
        for j in range(len(normed)):
            to_x[i, j] = gradient[i, j] if y[i, j] else np.float32(0)
            normed[j] = x[i, j]
        _back(to_x[i], normed, weight, means[i], scales[i], to_weight, to_bias)


@njit(cache=True, nogil=True, fastmath=_SUMS)
def _backward_words(
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
    bits, x_bits = np.empty(x.shape[1], np.uint32), np.empty(x.shape[1], np.uint32)
    row, normed = bits.view(np.float32), x_bits.view(np.float32)
    for i in range(len(x)):
        _widen(x[i], x_bits)
        for j in range(len(bits)):
            bits[j] = np.uint32(gradient[i, j]) << np.uint32(16) if y[i, j] else np.uint32(0)
        _back(row, normed, weight, means[i], scales[i], to_weight, to_bias)
        _round(bits, to_x[i])


@njit(cache=True, nogil=True, fastmath=_SUMS, inline="always")
def _back(
    row: Floats,
    normed: Floats,
    weight: Floats,
    mean: np.float32,
    scale: np.float32,
    to_weight: Floats,
    to_bias: Floats,
) -> None:
    """``row``: the gradient behind the norm, which becomes that before it. ``normed``: x, which becomes its norm."""
    m = len(weight)
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


@njit(cache=True, nogil=True, inline="always")
def _widen(words: Words, bits: NDArray[np.uint32]) -> None:
    for j in range(len(bits)):
        bits[j] = np.uint32(words[j]) << np.uint32(16)


@njit(cache=True, nogil=True, inline="always")
def _round(bits: NDArray[np.uint32], out: Words) -> None:
    """The nearest bfloat16, the even one of two."""
    for j in range(len(bits)):
        odd = (bits[j] >> np.uint32(16)) & np.uint32(1)
        out[j] = (bits[j] + np.uint32(0x7FFF) + odd) >> np.uint32(16)

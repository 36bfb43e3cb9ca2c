"""In which numbers a network computes: bfloat16 where the hardware is made for it, else float32."""

from __future__ import annotations

from typing import Literal, get_args

import torch

from envs.core import unknown

Precision = Literal["auto", "float32", "bfloat16"]


def dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """``auto`` is bfloat16 where the device has instructions for it, which on a processor means AVX-512 BF16 or AMX,
    and on a GPU Ampere or newer: emulated, it is ten times slower than float32. The choice depends on the hardware and
    on nothing that varies from run to run. Raises `InputError` for other names."""
    if precision not in get_args(Precision):
        raise unknown("precision", precision, get_args(Precision))
    if precision == "auto":
        return torch.bfloat16 if _native(device) else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def _native(device: torch.device) -> bool:
    """Whether a device has instructions for bfloat16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type != "cpu" or bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def in_half(precision: Precision, device: torch.device) -> bool:
    """Whether a network computes in bfloat16, see `dtype`."""
    return dtype(precision, device) == torch.bfloat16


def autocast(precision: Precision, device: torch.device) -> torch.autocast:
    """The context in which a network in training computes; its weights, losses and optimizer stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=in_half(precision, device))

"""Where a network computes."""

from __future__ import annotations

from typing import Literal, get_args

import torch

from envs.core import InputError, unknown

Device = Literal["cpu", "cuda"]
Choice = Literal["auto", "cpu", "cuda"]


def find(choice: Choice) -> torch.device:
    """``auto`` is a CUDA GPU where there is one. Raises `InputError` for an unknown name, and where there is none."""
    if choice not in get_args(Choice):
        raise unknown("device", choice, get_args(Choice))
    there = torch.cuda.is_available()
    if choice == "cuda" and not there:
        raise InputError("device 'cuda': PyTorch finds no such device here; choose cpu")
    return torch.device("cuda" if there and choice != "cpu" else "cpu")

"""Fixtures of all tests."""

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """As in training: PyTorch's threads spin while they wait, which on a busy machine is many times slower than one."""
    torch.set_num_threads(1)

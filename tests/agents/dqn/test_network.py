"""What a Q-network is before it has learned."""

import pytest
import torch

from agents.dqn.network import QConfig, QNetwork


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"layer_norm": True},
        {"layer_norm": True, "pixel_norm": True},
        {"dueling": True},
        {"quantiles": 4, "layer_norm": True},
    ],
)
def test_a_fresh_network_expects_next_to_nothing(options):
    """Or the first hundred thousand steps are spent on forgetting what it hopes for."""
    torch.manual_seed(0)
    net = QNetwork(QConfig(channels=8, hidden=64, **options), 4)
    frames = torch.randint(0, 256, (32, 4, 84, 84), dtype=torch.uint8)
    values = net.q(frames)
    assert values.shape == (32, 4)
    assert 0 < values.abs().max() < 0.2

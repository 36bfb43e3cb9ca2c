"""Networks that have opinions, which new ones do not: their heads start at zero."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from agents import checkpoints, networks
from agents.networks import Net, NetConfig
from envs.core import BoardGame

SMALLEST = NetConfig(blocks=1, channels=8, pool_every=1, pool_channels=2, value_hidden=8)


def opinionated(net: Net, seed: int = 0) -> Net:
    """The network with random heads, and batch norms as if it had been trained."""
    generator = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0.0, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            nn.init.normal_(module.bias, 0.0, 0.2, generator=generator)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, (2.0 / module.weight[0].numel()) ** 0.5, generator=generator)
            if module.bias is not None:
                nn.init.normal_(module.bias, 0.0, 0.1, generator=generator)
    return net.eval()


def make(game: BoardGame, config: NetConfig = SMALLEST, seed: int = 0) -> Net:
    return opinionated(networks.make(game.spec, config), seed)


def save(folder: Path, rules: BoardGame, seed: int = 0, **changes: Any) -> Net:
    """Writes a checkpoint of an opinionated network; ``changes`` replace arguments of `checkpoints.save`."""
    net = make(rules, seed=seed)
    facts: dict[str, Any] = {
        "kind": "alphazero",
        "game": rules.spec.id,
        "game_version": rules.spec.version,
        "net_config": asdict(net.config),
        "tensors": net.state_dict(),
        "meta": {"minutes": 3},
    }
    checkpoints.save(folder, **{**facts, **changes})
    return net

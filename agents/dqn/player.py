"""Q-learning at play: a checkpoint's network, for any game played for points: ``dqn:runs/x/latest``.

Now and then a random action is taken, as is usual when Atari scores are measured (Mnih et al. 2015, Methods,
"Evaluation procedure", with 0.05; 0.01 since Wang et al. 2016): without it a game can go round in circles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents import checkpoints
from agents.chance import Chance
from agents.core import AgentError, AgentKind, Batch, Decision, GameKey, require_game
from agents.devices import Device
from agents.dqn import lean, network
from agents.precision import Precision, autocast, in_half
from agents.registry import describe, fingerprint
from envs.bits import mix
from envs.core import GameSpec, InputError

KIND = "dqn"


@dataclass(frozen=True, slots=True)
class DqnOptions:
    epsilon: float = 0.01  # share of random actions
    precision: Precision = "float32"  # the same on every machine; auto is faster where the device has bfloat16
    device: Device = "cpu"

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon <= 1:
            raise InputError(f"epsilon is from 0 to 1, not {self.epsilon}")


class Dqn:
    """See `agents.core.Agent`. Raises a `CheckpointError` if the checkpoint cannot be used."""

    def __init__(self, target: str, options: DqnOptions) -> None:
        if not target:
            raise InputError(f"agent {KIND!r} needs a checkpoint, as in {KIND}:runs/x/latest")
        checkpoint = checkpoints.read(target)
        card = self._card = checkpoint.card
        file = card.folder / checkpoints.JSON
        if card.kind != KIND:
            raise checkpoints.CheckpointMismatch(file, f"a checkpoint of kind {card.kind!r}, not {KIND!r}")
        actions = checkpoints.rows(checkpoint, "advantage.weight")
        gamma = card.meta.get("gamma", 0.99)
        if not isinstance(gamma, float) or not 0 <= gamma < 1:
            raise checkpoints.CheckpointMismatch(file, f"gamma is from 0 to 1, not {gamma!r}")
        try:
            shape = network.config(card.net_config)
        except InputError as error:
            raise checkpoints.CheckpointMismatch(file, str(error)) from None
        if not actions or actions % max(shape.quantiles, 1):
            raise checkpoints.CheckpointMismatch(card.folder / checkpoints.TENSORS, "no output for each action")
        wide = {
            name: part.float() if part.dtype == torch.float16 else part for name, part in checkpoint.tensors.items()
        }
        net = checkpoints.build(
            lambda: network.QNetwork(shape, actions // max(shape.quantiles, 1)), checkpoints.Checkpoint(card, wide)
        )
        self._net, self._options, self._scale = net.to(options.device).eval(), options, 1 - gamma
        device = self._device = torch.device(options.device)
        half = device.type == "cpu" and in_half(options.precision, device) and lean.fits(shape)
        self._lean = lean.Lean(net) if half else None
        self.name = describe(f"{KIND}:{checkpoints.label(card.folder)}", options, DqnOptions())
        self.fingerprint = fingerprint(KIND, options, card.sha256.encode())

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        require_game(self.name, self._card.game, self._card.game_version, spec)
        if spec.num_actions != self._net.num_actions:
            raise AgentError(f"{self.name} knows {self._net.num_actions} actions, but {spec.id} has {spec.num_actions}")
        shape = self._net.shape
        if spec.observation_shape != (seen := (shape.stack, shape.height, shape.width)):
            raise AgentError(f"{self.name} looks at {seen}, but {spec.id} shows {spec.observation_shape}")
        self._chance = Chance(games)

    def act(self, batch: Batch) -> list[Decision]:
        if not len(batch):
            return []
        frames = np.ascontiguousarray(batch.observations)
        with torch.inference_mode(), autocast(self._options.precision, self._device):
            if self._lean is not None:
                q = network.expected(self._lean(frames))
            else:
                q = self._net.q(torch.from_numpy(frames).to(self._device))
        return decisions(q, self._options.epsilon, self._chance.draws(batch), self._scale)

    def close(self) -> None:
        pass


def decisions(q: Tensor, epsilon: float, numbers: NDArray[np.uint64], scale: float) -> list[Decision]:
    """Epsilon-greedy actions, decided by one number a row. The value is Q of the action taken times ``scale``; with
    1 - gamma it is in [-1, 1] for rewards in [-1, 1], the expected reward of a step in the near future."""
    rows: NDArray[np.float32] = q.float().numpy(force=True)
    found = []
    for values, number in zip(rows, numbers, strict=True):
        action = int(values.argmax())
        if int(number) / 2.0**64 < epsilon:
            action = int(mix(number)) * len(values) >> 64
        found.append(Decision(action, value=float(np.clip(values[action] * scale, -1, 1))))
    return found


AGENTS = {
    KIND: AgentKind(
        id=KIND,
        summary="a network trained by Q-learning from pictures, for games played for points",
        options=DqnOptions,
        make=Dqn,
        target="checkpoint",
        plays=lambda spec: spec.family == "score",
        example="dqn:runs/x/latest",
    )
}

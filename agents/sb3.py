"""Agents of Stable-Baselines3 (Raffin et al., JMLR 22, 2021): the zip that its DQN and PPO save, ``sb3:path.zip``.

Such a zip holds pickles, which can run any code when they are opened. They are left alone: the weights in
``policy.pth`` are read as plain tensors, and their names and shapes say what network they belong to. What cannot be
read so (policies other than the Nature network's) needs ``trust=true``, which opens the file as Stable-Baselines3 does.
"""

from __future__ import annotations

import hashlib
import io
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agents.chance import Chance
from agents.core import AgentError, AgentKind, Batch, Decision, GameKey
from agents.dqn.network import QConfig, QNetwork
from agents.dqn.player import decisions
from agents.registry import describe, fingerprint
from envs.bits import mix
from envs.core import GameSpec, InputError

KIND = "sb3"
WEIGHTS = "policy.pth"
LARGEST = 1 << 28  # bytes of weights
GAMMA = 0.99  # of the RL Zoo's Atari agents; only scales the values shown
_BODY = {"cnn.0": "body.0", "cnn.2": "body.2", "cnn.4": "body.4", "linear.0": "body.7"}  # their names, ours


@dataclass(frozen=True, slots=True)
class Sb3Options:
    epsilon: float = 0.01  # share of random actions, of a DQN
    sample: bool = False  # a PPO's actions are drawn from its policy; else the likeliest is taken
    trust: bool = False  # unpickle what cannot be read otherwise: it can run any code that is in the file

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon <= 1:
            raise InputError(f"epsilon is from 0 to 1, not {self.epsilon}")


class Unreadable(InputError):
    """A zip whose network cannot be told from its tensors."""


Shape = tuple[int, ...]  # of an observation
Policy = Callable[[NDArray[np.uint8], NDArray[np.uint64]], list[Decision]]  # (frames, chance) -> decisions


class Sb3:
    """See `agents.core.Agent`. Raises `InputError` for a file that cannot be used."""

    def __init__(self, target: str, options: Sb3Options) -> None:
        if not target:
            raise InputError(f"agent {KIND!r} needs a file, as in {KIND}:runs/x/model.zip")
        path = Path(target).expanduser()
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
        self._policy: Policy
        try:
            self._policy, self._actions, self._seen = _read(path, content, options)
        except Unreadable as error:
            if not options.trust:
                raise Unreadable(
                    f"{error}; trust=true (or --trust) opens it all the same, and runs any code that is in it"
                ) from None
            warnings.warn(f"{error}; because of trust=true it is unpickled, and any code in it runs", stacklevel=2)
            self._policy, self._actions, self._seen = _unpickled(path, content, options)
        self.name = describe(f"{KIND}:{path.stem}", options, Sb3Options())
        self.fingerprint = fingerprint(KIND, options, hashlib.sha256(content).hexdigest().encode())

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        if spec.num_actions != self._actions:
            raise AgentError(f"{self.name} knows {self._actions} actions, but {spec.id} has {spec.num_actions}")
        if spec.observation_shape != self._seen:
            raise AgentError(f"{self.name} looks at {self._seen}, but {spec.id} shows {spec.observation_shape}")
        self._chance = Chance(games)

    def act(self, batch: Batch) -> list[Decision]:
        if not len(batch):
            return []
        return self._policy(np.ascontiguousarray(batch.observations), self._chance.draws(batch))

    def close(self) -> None:
        pass


def _read(path: Path, content: bytes, options: Sb3Options) -> tuple[Policy, int, Shape]:
    """The policy, its number of actions and what it looks at, from tensors alone. Raises `InputError`, of which
    `Unreadable`."""
    tensors = _tensors(path, content)
    for prefix, head in (("q_net.features_extractor.", "q_net.q_net.0"), ("features_extractor.", "action_net")):
        if f"{prefix}cnn.0.weight" in tensors and f"{head}.weight" in tensors:
            break
    else:
        raise Unreadable(f"{path}: {WEIGHTS} holds neither a DQN nor a PPO with Stable-Baselines3's Nature network")
    if any(name.startswith(("mlp_extractor.", "q_net.q_net.2")) for name in tensors):
        raise Unreadable(f"{path}: {WEIGHTS} has layers between the Nature network and its outputs")
    net = _network(path, tensors, prefix, head)
    seen_shape = (net.shape.stack, net.shape.height, net.shape.width)
    if head != "action_net":

        def by_value(frames: NDArray[np.uint8], numbers: NDArray[np.uint64]) -> list[Decision]:
            with torch.inference_mode():
                return decisions(net.q(torch.from_numpy(frames)), options.epsilon, numbers, 1 - GAMMA)

        return by_value, net.num_actions, seen_shape
    critic, body = _critic(path, tensors), _critics_body(path, tensors, net)

    def by_policy(frames: NDArray[np.uint8], numbers: NDArray[np.uint64]) -> list[Decision]:
        with torch.inference_mode():
            pictures = torch.from_numpy(frames).float() / 255
            features = net.body(pictures)
            odds = net.advantage(features).softmax(dim=1).double().numpy()
            seen = features if body is net.body else body(pictures)
            values = critic(seen).squeeze(1).numpy() * (1 - GAMMA)
        return _from_odds(odds, values, numbers, options.sample)

    return by_policy, net.num_actions, seen_shape


def _tensors(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.getinfo(WEIGHTS).file_size > LARGEST:
                raise InputError(f"{path}: {WEIGHTS} is larger than {LARGEST >> 20} MB")
            blob = io.BytesIO(archive.read(WEIGHTS))
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError) as error:  # the last: encrypted, say
        raise InputError(f"{path}: not a zip saved by Stable-Baselines3 ({error})") from None
    if not zipfile.is_zipfile(blob):
        raise Unreadable(f"{path}: {WEIGHTS} holds more than tensors, or is damaged (a bare pickle)")
    with zipfile.ZipFile(blob) as inner:  # which tensors may be packed in
        if sum(part.file_size for part in inner.infolist()) > LARGEST:
            raise InputError(f"{path}: the tensors in {WEIGHTS} take more than {LARGEST >> 20} MB")
    blob.seek(0)
    try:
        found = torch.load(blob, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a broken pickle makes of PyTorch's reader
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise Unreadable(f"{path}: {WEIGHTS} holds more than tensors, or is damaged ({reason})") from None
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise Unreadable(f"{path}: {WEIGHTS} is not a dictionary of tensors")
    for name, tensor in found.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise InputError(f"{path}: tensor {name!r} in {WEIGHTS} holds NaN or infinity")
    return found


def q_network(tensors: dict[str, Tensor], source: str) -> QNetwork:
    """The network of a DQN's policy with `CnnPolicy`'s tensors. ``source`` is named in errors. Raises `Unreadable`."""
    return _network(source, tensors, "q_net.features_extractor.", "q_net.q_net.0")


def _network(path: Path | str, tensors: dict[str, Tensor], prefix: str, head: str) -> QNetwork:
    """The Nature network with these weights. Strides are not in the file: only the usual kernels have known ones."""
    names = {f"{prefix}{theirs}": ours for theirs, ours in _BODY.items()} | {head: "advantage"}
    state = {}
    for theirs, ours in names.items():
        for kind in ("weight", "bias"):
            if f"{theirs}.{kind}" not in tensors:
                raise Unreadable(f"{path}: {WEIGHTS} has no tensor {theirs}.{kind}")
            state[f"{ours}.{kind}"] = tensors[f"{theirs}.{kind}"]
    first = state["body.0.weight"].shape
    if len(first) != 4:
        raise Unreadable(f"{path}: the first layer is no convolution")
    for name in ("body.7.bias", "advantage.bias"):
        if state[name].dim() != 1:
            raise Unreadable(f"{path}: {name} has shape {tuple(state[name].shape)}")
    shape = QConfig(channels=first[0], hidden=len(state["body.7.bias"]), stack=first[1])
    with torch.device("meta"):  # a few numbers can have any shape: nothing is allocated before it is known to be usual
        net = QNetwork(shape, len(state["advantage.bias"]))
    if sum(parameter.numel() * parameter.itemsize for parameter in net.parameters()) > LARGEST:
        raise Unreadable(f"{path}: its network takes more than {LARGEST >> 20} MB")
    for name, parameter in net.state_dict().items():
        if parameter.shape != state[name].shape:
            raise Unreadable(
                f"{path}: {name} has shape {tuple(state[name].shape)}, in the Nature network {tuple(parameter.shape)}"
            )
    net.to_empty(device="cpu")
    net.load_state_dict(state)
    return net.eval()


def _critics_body(path: Path, tensors: dict[str, Tensor], net: QNetwork) -> nn.Module:
    """The layers before the value head: those of ``net``, unless a PPO with ``share_features_extractor=False`` has
    others; the file holds them under a second name in either case."""
    own = "vf_features_extractor."
    if f"{own}cnn.0.weight" not in tensors:
        return net.body
    body = _network(path, tensors, own, "action_net").body
    pairs = zip(body.parameters(), net.body.parameters(), strict=True)
    return net.body if all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs) else body


def _critic(path: Path, tensors: dict[str, Tensor]) -> nn.Linear:
    weight, bias = tensors.get("value_net.weight"), tensors.get("value_net.bias")
    features = tensors["features_extractor.linear.0.bias"].shape[0]
    if weight is None or bias is None or weight.shape != (1, features) or bias.shape != (1,):
        raise Unreadable(f"{path}: {WEIGHTS} has no value head of {features} features")
    critic = nn.Linear(features, 1)
    critic.load_state_dict({"weight": weight, "bias": bias})
    return critic


def _from_odds(
    odds: NDArray[np.float64], values: NDArray[np.float32], numbers: NDArray[np.uint64], sample: bool
) -> list[Decision]:
    found = []
    for row, value, number in zip(odds, values, numbers, strict=True):
        action = int(row.argmax())
        if sample:
            u = int(mix(number)) / 2.0**64
            action = min(int(np.searchsorted(row.cumsum(), u * row.sum(), side="right")), len(row) - 1)
        policy = dict(enumerate(row.tolist()))
        found.append(Decision(action, value=float(np.clip(value, -1, 1)), policy=policy))
    return found


def _unpickled(path: Path, content: bytes, options: Sb3Options) -> tuple[Policy, int, Shape]:
    """As Stable-Baselines3 opens it. Raises `InputError`."""
    from stable_baselines3 import DQN, PPO

    errors = []
    for kind in (DQN, PPO):
        try:
            # A DQN makes room for its replay memory, 56 GB where nothing else was asked for.
            model: Any = kind.load(io.BytesIO(content), device="cpu", custom_objects={"buffer_size": 1})
        except Exception as error:  # whatever the file makes of it
            errors.append(f"{kind.__name__}: {error}")
            continue
        policy = (_by_value if kind is DQN else _by_policy)(model, options)
        return policy, int(model.action_space.n), tuple(model.observation_space.shape)
    raise InputError(f"{path}: Stable-Baselines3 cannot open it either ({'; '.join(errors)})")


def _by_value(model: Any, options: Sb3Options) -> Policy:
    count = int(model.action_space.n)

    def act(frames: NDArray[np.uint8], numbers: NDArray[np.uint64]) -> list[Decision]:
        best, _ = model.predict(frames, deterministic=True)
        chance = (int(mix(number)) * count >> 64 for number in numbers)
        drawn = numbers.astype(np.float64) / 2.0**64 < options.epsilon
        return [Decision(c if d else int(b)) for b, c, d in zip(best, chance, drawn, strict=True)]

    return act


def _by_policy(model: Any, options: Sb3Options) -> Policy:
    def act(frames: NDArray[np.uint8], numbers: NDArray[np.uint64]) -> list[Decision]:
        with torch.inference_mode():
            seen, _ = model.policy.obs_to_tensor(frames)
            odds = model.policy.get_distribution(seen).distribution.probs.double().numpy()
            values = model.policy.predict_values(seen).squeeze(1).numpy() * (1 - GAMMA)
        return _from_odds(odds, values, numbers, options.sample)

    return act


AGENTS = {
    KIND: AgentKind(
        id=KIND,
        summary="a DQN or PPO of Stable-Baselines3, from its zip",
        options=Sb3Options,
        make=Sb3,
        target="other",
        plays=lambda spec: spec.family == "score",
        example="sb3:runs/x/model.zip",
        runs=lambda target, options: f"whatever code is in {target!r}" if options.trust else None,
    )
}

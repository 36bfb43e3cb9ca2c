"""What a search asks about positions it has not seen: how good are the actions, and who will win."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.core import AgentError
from agents.devices import Choice, find
from agents.networks import Net, folded
from agents.precision import Precision, dtype
from agents.recorded import Recorded
from agents.search.winograd import WinogradNet
from envs.core import BoardGame, InputError, States

Logits = NDArray[np.float32]  # [n, A]
WDL = NDArray[np.float32]  # [n, 3]

WINOGRAD_SIZES = (*range(128, 0, -8), 4, 2, 1)
WINOGRAD_BYTES = 4 << 20  # of what a layer reads and writes for a piece: more no longer fits into the caches
DIRECT_SIZES = (256, 128, 64, 48, 32, 24, 16, 8, 4, 2, 1)
GPU_SIZES = (256,)
OVERHEAD = 8  # a piece takes as much time as so many rows more: its weights come from memory first


class Evaluator(Protocol):
    def __call__(self, states: States, legal: NDArray[np.bool_]) -> tuple[Logits, WDL]:
        """uint64[n, W], bool[n, A] -> logits float32[n, A] (unnormalised log-probabilities; entries of illegal actions
        mean nothing) and win/draw/loss probabilities float32[n, 3], both from the mover's view and C-contiguous.

        Never asked about a finished game. A row's answer depends on that row alone."""
        ...


def evaluate_running(
    evaluate: Evaluator, states: States, outcomes: NDArray[np.float32], legal: NDArray[np.bool_]
) -> tuple[Logits, WDL]:
    """The evaluator's answer about those positions whose ``outcomes`` are NaN, in order."""
    running = np.isnan(outcomes)
    if running.all():
        return evaluate(states, legal)
    if running.any():
        return evaluate(states[running], legal[running])
    return _NO_ROWS, _NO_ROWS


_NO_ROWS = np.zeros((0, 3), np.float32)


class NetworkEvaluator:
    """A network, made fast: batch norm folded, 3x3 convolutions by `winograd` on the CPU, fixed batch sizes.

    ``precision``: see `agents.precision`; an agent plays the same way every time.

    Batches are cut into pieces of a few fixed sizes, the last one filled up. A size is used only if, when the evaluator
    is made, it has been seen to give bit for bit what the largest size gives, wherever in the batch a row stands:
    the order in which a matrix product adds up depends on its shape. So a position's answer does not depend on who
    shares its batch, and a match is the same match whether 1 or 256 games run side by side. ``rows_independent`` says
    whether that holds; where it does not (no such machine is known), only the largest size is used.

    It computes in one thread, whatever PyTorch is set to: the pieces are too small to share, and PyTorch's threads
    spin while they wait, which slows a busy machine down tenfold. Use one process a core. Not safe for use by several
    threads."""

    def __init__(self, game: BoardGame, net: Net, precision: Precision = "auto", device: Choice = "cpu") -> None:
        if net.observation_shape != game.spec.observation_shape or net.num_actions != game.spec.num_actions:
            raise InputError(f"a network for {net.observation_shape} and {net.num_actions} actions, not {game.spec.id}")
        self._game = game
        self._device = find(device)
        self._net = copy.deepcopy(net).cpu()
        self.precision = dtype(precision, self._device)
        winograd = self._device.type == "cpu" and self.precision == torch.float32
        half = self.precision == torch.bfloat16 == dtype("auto", self._device)
        own = folded(self._net, fused=half and self._device.type == "cpu")
        self._forward = WinogradNet(own) if winograd else _Direct(own, self.precision, self._device)
        if isinstance(self._forward, _Direct):
            sizes: tuple[int, ...] = DIRECT_SIZES if self._device.type == "cpu" else GPU_SIZES
        else:
            most = max(1, WINOGRAD_BYTES // self._forward.row_bytes)
            sizes = tuple(size for size in WINOGRAD_SIZES if size <= most)
        self.sizes, self.rows_independent = self._trustworthy(sizes)

    def load_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """New weights for the same network; milliseconds."""
        self._net.load_state_dict(tensors)
        net = folded(self._net)
        if isinstance(self._forward, _Direct):
            self._forward.load(net)
        else:
            self._forward = WinogradNet(net)

    @torch.inference_mode()
    def __call__(self, states: States, legal: NDArray[np.bool_]) -> tuple[Logits, WDL]:
        return self._evaluate(self._game.observe(states), self.sizes)

    def _evaluate(self, planes: NDArray[np.uint8], sizes: tuple[int, ...]) -> tuple[Logits, WDL]:
        logits = np.empty((len(planes), self._net.num_actions), np.float32)
        wdl = np.empty((len(planes), 3), np.float32)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            for start, rows, size in pieces(len(planes), sizes):
                stop = start + rows
                piece = planes[start:stop]
                if rows < size:
                    piece = np.concatenate([piece, np.zeros((size - rows, *piece.shape[1:]), np.uint8)])
                action_logits, result_logits = self._forward(piece)
                logits[start:stop] = action_logits[:rows].numpy(force=True)
                wdl[start:stop] = result_logits[:rows].softmax(dim=1).numpy(force=True)
        finally:
            torch.set_num_threads(threads)
        if not np.isfinite(logits.sum() + wdl.sum()):  # compiled code would be led astray by such numbers
            raise AgentError("the network's answers are not finite numbers: its weights are too large, or damaged")
        return logits, wdl

    @torch.inference_mode()
    def _trustworthy(self, sizes: tuple[int, ...]) -> tuple[tuple[int, ...], bool]:
        """The sizes whose results equal the largest one's, at every place of a piece, and whether the largest one's
        agree among themselves."""
        random = np.random.default_rng(0)
        planes = random.integers(0, 2, (max(sizes), *self._net.observation_shape), np.uint8)
        order = random.permutation(len(planes))
        logits, wdl = self._evaluate(planes, sizes[:1])

        def same(size: int) -> bool:
            rows = order[: max(size, 16)]
            again, result = self._evaluate(planes[rows], (size,))
            return bool((again == logits[rows]).all() and (result == wdl[rows]).all())

        agreeing = tuple(size for size in sizes if same(size))
        return (agreeing, True) if sizes[0] in agreeing else (sizes[:1], False)


def pieces(n: int, sizes: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
    """Cuts n rows into (start, rows, size >= rows); ``sizes`` descend. Only the last has fewer rows than its size."""
    whole = max(0, n - 1) // sizes[0]
    start = 0
    for size in (sizes[0],) * whole + _cheapest(n - whole * sizes[0], sizes):
        rows = min(size, n - start)
        yield start, rows, size
        start += rows


@lru_cache(maxsize=4096)
def _cheapest(n: int, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of pieces that hold n rows, n <= sizes[0], in the least time."""
    if n == 0:
        return ()
    ways = [(size, *_cheapest(max(0, n - size), sizes)) for size in sizes]
    return min(ways, key=lambda way: sum(way) + OVERHEAD * len(way))


class ImagesEvaluator:
    """The mean of what ``inner`` says about all symmetric images of a position: as many evaluations more, and fewer
    errors, since the images' errors differ. (AlphaGo Zero, Nature 2017, takes one image at random instead.)

    Answers are symmetric whatever the network: an image's priors are the position's, at the actions' images."""

    def __init__(self, game: BoardGame, inner: Evaluator) -> None:
        self._game, self._inner = game, inner
        self._origin = np.argsort(game.action_symmetry, axis=1)

    def __call__(self, states: States, legal: NDArray[np.bool_]) -> tuple[Logits, WDL]:
        logits, wdl = np.zeros(legal.shape, np.float32), np.zeros((len(states), 3), np.float32)
        count = len(self._origin)
        for k in range(count):
            image = self._game.symmetry(states, np.full(len(states), k, np.int8))
            some, result = self._inner(image, np.ascontiguousarray(legal[:, self._origin[k]]))
            logits += some[:, self._game.action_symmetry[k]]
            wdl += result
        return logits / np.float32(count), wdl / np.float32(count)


class _Direct:
    """A folded network as PyTorch computes it, channels last. On a GPU what it returns is overwritten by the next
    call."""

    def __init__(self, net: Net, numbers: torch.dtype, device: torch.device) -> None:
        self._dtype = numbers
        self._net = net.to(device=device, dtype=numbers)
        for parameter in self._net.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        self._recorded = Recorded(self._logits, device) if device.type == "cuda" else None

    @torch.no_grad()
    def load(self, net: Net) -> None:
        """Other weights, into the same memory: a recording goes on reading there."""
        for mine, theirs in zip(self._net.parameters(), net.parameters(), strict=True):
            mine.copy_(theirs)

    def __call__(self, planes: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
        x = torch.from_numpy(planes)
        return self._logits(x) if self._recorded is None else self._recorded(x, room=len(x))

    def _logits(self, x: Tensor) -> tuple[Tensor, Tensor]:
        logits, wdl = self._net(x.to(self._dtype, memory_format=torch.channels_last))
        return logits.float(), wdl.float()


class UniformEvaluator:
    """Knows nothing: all actions alike, a sure draw. For tests, and to time a search by itself."""

    def __call__(self, states: States, legal: NDArray[np.bool_]) -> tuple[Logits, WDL]:
        wdl = np.zeros((len(states), 3), np.float32)
        wdl[:, 1] = 1.0
        return np.zeros(legal.shape, np.float32), wdl

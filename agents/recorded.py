"""Work on a GPU as one call. Small networks are bound by launching their kernels, a hundred or so, which takes the
processor several times longer than they run; a CUDA graph launches all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor

WARM = 3  # calls in the usual way first, in which libraries choose their kernels and optimizers make their state
T = TypeVar("T")  # a tensor, or several


class Recorded(Generic[T]):
    """A function of tensors of one shape and type each, which writes and answers in place on a CUDA device.

    What it returns lies in the same memory after every call: use it before the next."""

    def __init__(self, work: Callable[..., T], device: torch.device) -> None:
        self._work, self._device = work, device
        self._inputs: list[Tensor] = []
        self._output: T | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._calls = 0

    def __call__(self, *given: Tensor, room: int) -> T:
        """``room``: rows of every input, of which those beyond the rows given hold what was there before."""
        if not self._inputs:
            self._inputs = [torch.zeros(room, *x.shape[1:], dtype=x.dtype, device=self._device) for x in given]
        for mine, yours in zip(self._inputs, given, strict=True):
            mine[: len(yours)].copy_(yours, non_blocking=True)
        self._calls += 1
        if self._calls <= WARM:
            side = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
            main = torch.cuda.current_stream(self._device)
            side.wait_stream(main)
            with torch.cuda.stream(side):
                output = self._work(*self._inputs)
            main.wait_stream(side)
            return output
        if self._graph is None:
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._output = self._work(*self._inputs)
        assert self._output is not None
        self._graph.replay()
        return self._output

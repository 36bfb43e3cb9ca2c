"""What the files that killed trainings resume from have in common, whatever is learned: `FILE` in the run folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from selfplay import files

FILE = "resume.safetensors"
Parts = dict[str, dict[str, torch.Tensor]]


@dataclass(frozen=True, slots=True)
class State:
    """A copy of everything, which can be written while training goes on."""

    tensors: dict[str, NDArray[Any]]
    facts: dict[str, Any]

    def write(self, run: Path) -> None:
        """Replaces the state atomically."""
        files.write_tensors(run / FILE, self.tensors, self.facts)


def read(run: Path, *names: str) -> tuple[Parts, dict[str, Any]]:
    """The tensors by the part of their names before the first ``/``, with a part for each of ``names``; the facts.
    Raises `files.Damaged`; `FileNotFoundError` if nothing was saved."""
    tensors, facts = files.read_tensors(run / FILE)
    parts: Parts = {name: {} for name in names}
    for name, array in tensors.items():
        part, _, rest = name.partition("/")
        parts.setdefault(part, {})[rest] = torch.from_numpy(array)
    return parts, facts


def starts(run: Path) -> int:
    """How many processes have worked on a run so far. Raises `files.Damaged`."""
    if not (run / FILE).exists():
        return 0
    with fitting(run):
        return int(files.read_tensors(run / FILE)[1]["counters"]["starts"])


@contextmanager
def fitting(run: Path) -> Iterator[None]:
    """Whatever goes wrong in putting a state where it was becomes `files.Damaged`."""
    try:
        yield
    except files.Damaged:
        raise
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise files.Damaged(f"{run / FILE}: does not fit this run ({error})") from None


def require(run: Path, facts: Mapping[str, Any], **wanted: Any) -> None:
    """Raises `files.Damaged` unless the facts are these."""
    for name, value in wanted.items():
        if facts[name] != value:
            raise files.Damaged(f"{run / FILE}: {name} {facts[name]!r} cannot be resumed, only {value!r} can")


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, NDArray[Any]]:
    """All that an optimizer remembers, by names that begin with ``optimizer/``."""
    return {
        f"optimizer/{index}/{name}": value.numpy(force=True)  # tensors, the step count too
        for index, slots in optimizer.state_dict()["state"].items()
        for name, value in slots.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]) -> None:
    """The inverse; the names without ``optimizer/``."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, slot = name.partition("/")
        state.setdefault(int(index), {})[slot] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})

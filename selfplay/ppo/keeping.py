"""The checkpoints of a training of teams, numbered by age; each plays, and is a past self in the league."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from torch import Tensor

from agents import checkpoints
from agents.team.network import TeamNetwork, acting
from agents.team.player import KIND, load
from envs.core import GameSpec
from selfplay.ppo.config import PpoConfig
from selfplay.ppo.resume import Counters

REMEMBERED = 32  # networks of past selves


def keep(
    run: Path, spec: GameSpec, settings: PpoConfig, tensors: Mapping[str, Tensor], updates: int, counters: Counters
) -> Path:
    """Saves an agent that can play, under the next number. Notes it in the counters."""
    folder = checkpoints.next_numbered(run)
    checkpoints.save(
        folder,
        kind=KIND,
        game=spec.id,
        game_version=spec.version,
        net_config=asdict(settings.net),
        tensors=tensors,
        meta={
            "algo": settings.algo,
            "minutes": round(counters.seconds / 60.0, 3),
            "steps": counters.steps,
            "updates": updates,
            "games": counters.games,
            "seed": settings.seed,
            "win_weight": settings.win_weight,
            **({"exploits": settings.exploit} if settings.exploit else {}),
        },
    )
    counters.checkpoint_due = (counters.seconds // settings.checkpoint_seconds + 1) * settings.checkpoint_seconds
    counters.checkpoint_steps = counters.steps
    return folder


class Past:
    """Past selves by number, ready to play; the ones used last are remembered. Safe for use by several threads."""

    def __init__(self, run: Path, exploit: str) -> None:
        self._run, self._exploit = run, exploit
        self._nets: OrderedDict[int, TeamNetwork] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, number: int) -> TeamNetwork:
        """The network. Raises a `CheckpointError`."""
        with self._lock:
            if number not in self._nets:
                target = self._exploit or self._run / checkpoints.FOLDER / f"{number:06d}"
                self._nets[number] = acting(load(target)[1], half=False)  # a few rows at a time, for which it is faster
                if len(self._nets) > REMEMBERED:
                    self._nets.popitem(last=False)
            self._nets.move_to_end(number)
            return self._nets[number]

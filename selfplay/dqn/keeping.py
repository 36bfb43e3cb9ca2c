"""The checkpoints of a training for points: numbered by age, and the best one apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from torch import Tensor

from agents import checkpoints
from envs.core import GameSpec
from selfplay.dqn.config import ScoreConfig
from selfplay.dqn.resume import NONE, SCORES, Counters

AGENT = "dqn"  # the kind of agent that plays the checkpoints


def best_so_far(run: Path) -> float:
    """The score of ``best``, which a kill may have made newer than the run's state; `NONE` where there is none."""
    try:
        return float(checkpoints.read_card(run / checkpoints.BEST).meta["training_score"])
    except (checkpoints.CheckpointError, KeyError, TypeError):
        return NONE


def keep(
    run: Path, spec: GameSpec, settings: ScoreConfig, tensors: Mapping[str, Tensor], updates: int, counters: Counters
) -> Path:
    """Saves an agent that can play, under the next number, and as ``best`` too if the mean score of the last 100 full
    games is the highest that any checkpoint has had. Notes both in the counters."""
    folders = [checkpoints.next_numbered(run)]
    score = counters.score
    if len(counters.scores) == SCORES and score > counters.best_score:
        counters.best_score = score
        folders.append(run / checkpoints.BEST)
    for folder in folders:
        checkpoints.save(
            folder,
            kind=AGENT,
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
                "training_score": None if math.isnan(score) else round(score, 2),
                "gamma": settings.gamma,
                "seed": settings.seed,
            },
        )
    counters.checkpoint_due = (counters.seconds // settings.checkpoint_seconds + 1) * settings.checkpoint_seconds
    counters.checkpoint_steps = counters.steps
    return folders[0]

"""The face of a training for points; see `arena.view.live`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from arena.view.charts import Glyphs, sparkline
from arena.view.figures import percent, rate
from arena.view.live import Face, Row, checkpoints_row, times
from selfplay.dqn.progress import ScoreProgress


def rows(history: Sequence[ScoreProgress], run: Path, using: Glyphs) -> Sequence[Row]:
    now = history[-1]
    return [
        ("score, last 100 games", rate(now.score, 1), "steps/s", rate(now.steps_per_second)),
        ("best so far", rate(now.best_score, 1), "samples/s", rate(now.samples_per_second)),
        ("full games", f"{now.games:,}", "emulator's share", percent(now.emulator_share)),
        ("steps", f"{now.steps:,}", "acting", percent(now.act_share)),
        ("updates", f"{now.updates:,}", "learning", percent(now.learn_share)),
        ("random actions", percent(now.epsilon), "loss", rate(now.loss, 4)),
        ("frames in memory", f"{now.frames:,}", *checkpoints_row(run)),
    ]


def curve(history: Sequence[ScoreProgress], width: int, using: Glyphs) -> Sequence[RenderableType]:
    scores = [past.score for past in history if not math.isnan(past.score)]
    return [Text(sparkline(scores, min(width, 60), using), "cyan")]


def line(progress: ScoreProgress) -> str:
    facts = [
        times(progress),
        f"{progress.steps:,} steps",
        f"{rate(progress.steps_per_second)} steps/s",
        f"emulator {percent(progress.emulator_share)}, acting {percent(progress.act_share)}, "
        f"learning {percent(progress.learn_share)}",
        f"{percent(progress.epsilon)} random",
        f"{progress.games:,} games",
        f"score {rate(progress.score, 1)}",
        *([progress.event] if progress.event else []),
    ]
    return ", ".join(facts)


SCORING: Face[ScoreProgress] = Face(
    *("training", "starting the emulators", times, line, rows, curve),
    title=lambda progress: f"{progress.game} ({progress.algo})",
)

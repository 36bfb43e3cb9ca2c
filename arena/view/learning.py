"""The face of learning from games of experts; see `arena.view.live`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from agents import cards
from arena.view.charts import Glyphs, sparkline
from arena.view.figures import clock, percent, rate
from arena.view.live import Face, Row
from selfplay.learn_progress import LearnProgress


def rows(history: Sequence[LearnProgress], run: Path, using: Glyphs) -> Sequence[Row]:
    now = history[-1]
    measured = [past for past in history if not math.isnan(past.policy_loss + past.value_loss)]
    policy = sparkline([past.policy_loss for past in measured], 16, using)
    value = sparkline([past.value_loss for past in measured], 16, using)
    return [
        ("games", f"{now.games:,}", "passes", f"{now.passes:.2f}"),
        ("positions", f"{now.positions:,}", "passed over", f"{now.passed_over:,}"),
        ("steps", f"{now.steps:,}", "samples/s", rate(now.samples_per_second)),
        ("policy loss", f"{rate(now.policy_loss, 3)} {policy}", "moves predicted", percent(now.accuracy)),
        ("value loss", f"{rate(now.value_loss, 3)} {value}", "value, held out", rate(now.held_out_value_loss, 3)),
        ("checkpoints", f"{len(cards.numbered(run))}", "", ""),
    ]


def times(progress: LearnProgress) -> str:
    """The end may not be known: a number of passes through a file takes as long as it takes."""
    left = f"{progress.share:.0%} done" if math.isnan(progress.left) else f"{clock(progress.left)} left"
    return f"{clock(progress.seconds)}, {left}"


def line(progress: LearnProgress) -> str:
    facts = [
        times(progress),
        f"{progress.games:,} games",
        f"{progress.passes:.2f} passes",
        f"{rate(progress.samples_per_second)} samples/s",
        f"policy loss {rate(progress.policy_loss, 3)}",
        f"value loss {rate(progress.value_loss, 3)}",
        f"held out: {percent(progress.accuracy)} of moves predicted",
        f"value loss {rate(progress.held_out_value_loss, 3)}",
        *([progress.event] if progress.event else []),
    ]
    return ", ".join(facts)


LEARNING: Face[LearnProgress] = Face("learning", "reading", times, line, rows)

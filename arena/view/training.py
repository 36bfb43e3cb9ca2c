"""The face of a training by self-play with a search; see `arena.view.live`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from arena.view.charts import Glyphs, sparkline
from arena.view.figures import percent, rate
from arena.view.live import Face, Row, checkpoints_row, times
from selfplay.progress import Progress


def rows(history: Sequence[Progress], run: Path, using: Glyphs) -> Sequence[Row]:
    now = history[-1]
    measured = [past for past in history if not math.isnan(past.policy_loss + past.value_loss)]
    policy, value = [past.policy_loss for past in measured], [past.value_loss for past in measured]
    return [
        ("games", f"{now.games:,}", "moves/s", rate(now.moves_per_second)),
        ("positions", f"{now.positions:,}", "simulations/s", rate(now.simulations_per_second)),
        ("in the window", f"{now.window:,}", "evaluations/s", rate(now.evaluations_per_second)),
        ("plies a game", rate(now.game_length, 1), "cache hits", percent(now.cache_hits)),
        ("steps", f"{now.steps:,}", "workers", f"{now.workers}{_restarts(now)}"),
        ("policy loss", f"{rate(now.policy_loss, 3)} {sparkline(policy, 16, using)}", *checkpoints_row(run)),
        ("value loss", f"{rate(now.value_loss, 3)} {sparkline(value, 16, using)}", *_early(now)),
    ]


def line(progress: Progress) -> str:
    facts = [
        f"{times(progress)}",
        f"{progress.games:,} games",
        f"{rate(progress.moves_per_second)} moves/s",
        f"{rate(progress.evaluations_per_second)} evaluations/s",
        f"{percent(progress.cache_hits)} cache hits",
        f"policy loss {rate(progress.policy_loss, 3)}",
        f"value loss {rate(progress.value_loss, 3)}",
        *([progress.event] if progress.event else []),
    ]
    return ", ".join(facts)


def _early(progress: Progress) -> tuple[str, str]:
    """What to say about games that ended before their rules said so; nothing where there are none."""
    if not progress.ended_early > 0:
        return "", ""
    wrong = "" if math.isnan(progress.wrong_verdicts) else f", {percent(progress.wrong_verdicts)} of verdicts wrong"
    return "ended early", f"{percent(progress.ended_early)}{wrong}"


def _restarts(progress: Progress) -> str:
    return f", {progress.restarts} replaced" if progress.restarts else ""


TRAINING: Face[Progress] = Face("training", "starting the workers", times, line, rows)

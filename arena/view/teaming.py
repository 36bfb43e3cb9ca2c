"""The face of a training of teams; see `arena.view.live`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from arena.view.charts import Glyphs, bar
from arena.view.figures import percent, rate
from arena.view.live import Face, Row, checkpoints_row, times
from selfplay.ppo.progress import TeamProgress

TERMS_SHOWN = 5  # the largest


def rows(history: Sequence[TeamProgress], run: Path, using: Glyphs) -> Sequence[Row]:
    now = history[-1]
    return [
        ("steps", f"{now.steps:,}", "steps/s", rate(now.steps_per_second)),
        ("games", f"{now.games:,}", "rules' share", percent(now.game_share)),
        ("decisions a game", rate(now.game_length), "deciding", percent(now.act_share)),
        ("updates", f"{now.updates:,}", "learning", percent(now.learn_share)),
        ("entropy", rate(now.entropy, 3), "value loss", rate(now.value_loss, 3)),
        ("policy moved", rate(now.kl, 4), "clipped", percent(now.clipped)),
        ("team spirit", rate(now.team_spirit, 2), *checkpoints_row(run)),
    ]


def results(history: Sequence[TeamProgress], width: int, using: Glyphs) -> Sequence[RenderableType]:
    """Whom it beats, and what it is paid for."""
    now = history[-1]
    wins = Table.grid(padding=(0, 2, 0, 0))
    for name, won in now.wins.items():
        wins.add_row(Text(f"won against {name}", "dim"), Text(bar(won, 20, using), "green"), percent(won))
    paid = Text(f"reward: {terms(now.terms)}", "dim", no_wrap=True, overflow="ellipsis")
    return [Text(), wins, *([paid] if now.terms else [])]


def line(progress: TeamProgress) -> str:
    facts = [
        times(progress),
        f"{progress.steps:,} steps",
        f"{rate(progress.steps_per_second)} steps/s",
        f"rules {percent(progress.game_share)}, deciding {percent(progress.act_share)}, "
        f"learning {percent(progress.learn_share)}",
        f"{progress.games:,} games",
        f"entropy {rate(progress.entropy, 2)}",
        *([f"won {winning(progress.wins)}"] if progress.wins else []),
        *([progress.event] if progress.event else []),
    ]
    return ", ".join(facts)


def winning(wins: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {percent(won)}" for name, won in wins.items())


def terms(sizes: Mapping[str, float]) -> str:
    """The largest terms of the reward, by their part of all that is paid."""
    total = sum(sizes.values()) or 1.0
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:TERMS_SHOWN]
    return ", ".join(f"{name} {percent(size / total)}" for name, size in largest)


TEAMING: Face[TeamProgress] = Face("training", "starting the games", times, line, rows, results)

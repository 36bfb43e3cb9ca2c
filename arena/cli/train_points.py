"""``arena train`` for games played for points: what differs from self-play."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from arena.cli.shared import STORE, command, console, elsewhere, make_store, stopped

MILESTONES = (10.0, 120.0, 240.0)  # minutes


def train_points(
    game: str, folder: Path, settings: Any, seconds: float, resuming: bool, milestones: Sequence[float]
) -> None:
    """Trains with the display and says what came of it. ``settings``: a `ScoreConfig`, None to resume."""
    from arena import milestones as evaluation
    from arena.view.scoring import ScoreScreen
    from arena.view.training import rate
    from envs.core import InputError
    from selfplay.dqn.train import train as learn
    from selfplay.learner import TrainingError

    screen, store = console(), Path(os.environ.get("ARENA_STORE", STORE))

    def reached(checkpoint: Path, minutes: float, stopping: Callable[[], bool]) -> None:
        screen.print(f"after {minutes:g} minutes: {evaluation.GAMES} games are recorded ...", style="dim")
        games = evaluation.record(folder, checkpoint, minutes, make_store(store), stopping=stopping)
        if games:
            mean = sum(game.returns[0] for game in games) / len(games)
            screen.print(f"after {minutes:g} minutes: mean score {mean:.1f}, {checkpoint}", soft_wrap=True)

    try:
        with ScoreScreen(screen, folder) as display:
            result = learn(
                folder,
                settings,
                seconds,
                resuming=resuming,
                milestones=milestones,
                on_milestone=reached,
                on_progress=display.update,
            )
    except TrainingError as error:
        raise InputError(str(error)) from None
    done = f"{result.steps:,} steps and {result.games:,} games in {result.seconds / 60:.1f} minutes"
    screen.print(f"{done}, mean score of the last ones {rate(result.score, 1)}: {result.checkpoint}", soft_wrap=True)
    if result.interrupted:
        stopped(command("train", game, "--resume", "--run", folder))
    best = folder / "best" if (folder / "best").exists() else folder
    screen.print(f"\nHow good is it? {command('match', best, '--game', game, '--games', '100')}", soft_wrap=True)
    if evaluation.read(folder):
        screen.print(f"Its story: {command('story', folder, *elsewhere(store))}", soft_wrap=True)


def score_settings(game: str, algo: str | None, seed: int, changes: Mapping[str, Any]) -> Any:
    """The settings. Raises `InputError`."""
    from selfplay.dqn.config import preset

    return preset(game, **{"seed": seed, **({"algo": algo} if algo else {}), **changes})

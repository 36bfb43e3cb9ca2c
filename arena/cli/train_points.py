"""``arena train`` for games played for points: what differs from self-play."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import typer

from arena.cli.shared import command, console, elsewhere, make_store, stopped

MILESTONES = (10.0, 120.0, 240.0)  # minutes


def train_points(
    game: str,
    folder: Path,
    settings: Any,
    seconds: float,
    resuming: bool,
    milestones: Sequence[float] | None,
    store: Path,
) -> None:
    """Trains with the display and says what came of it. ``settings``: a `ScoreConfig`, None to resume. At
    each of the ``milestones``, in minutes, games are recorded and kept in the store; None: those of the run."""
    from agents.core import AgentError
    from arena import milestones as evaluation
    from arena.view.figures import rate
    from arena.view.live import LiveScreen
    from arena.view.scoring import SCORING
    from envs.core import InputError
    from selfplay.dqn.train import train as learn
    from selfplay.errors import TrainingError

    screen = console()
    asked = () if milestones is MILESTONES else milestones or ()
    if late := [minutes for minutes in asked if minutes * 60 > seconds]:
        many = ", ".join(f"{minutes:g}" for minutes in late)
        screen.print(f"no games at minutes {many}, which are beyond {seconds / 60:g} of training", style="dim")

    def reached(checkpoint: Path, minutes: float, stopping: Callable[[], bool]) -> None:
        screen.print(f"after {minutes:g} minutes: {evaluation.GAMES} games are recorded ...", style="dim")
        try:
            with closing(make_store(store)) as kept:
                games = evaluation.record(folder, checkpoint, minutes, kept, stopping=stopping)
        except (InputError, AgentError, OSError) as error:  # a full disk, say, is no reason to stop training
            screen.print(f"after {minutes:g} minutes: no games recorded: {error}", style="yellow", soft_wrap=True)
            return
        if games:
            mean = sum(game.returns[0] for game in games) / len(games)
            screen.print(f"after {minutes:g} minutes: mean score {mean:.1f}, {checkpoint}", soft_wrap=True)

    try:
        with LiveScreen(screen, folder, SCORING) as display:
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
    if result.interrupted and settings is not None and settings.algo == "sb3":
        screen.print("stopped; what Stable-Baselines3 has learned is kept, but it cannot go on", style="yellow")
        raise typer.Exit(130)
    if result.interrupted:
        stopped(command("train", game, "--resume", "--run", folder, *elsewhere(store)))
    best = folder / "best" if (folder / "best").exists() else folder
    screen.print(f"\nHow good is it? {command('match', best, '--game', game, '--games', '100')}", soft_wrap=True)
    if evaluation.read(folder):
        screen.print(f"Its story: {command('story', folder, *elsewhere(store))}", soft_wrap=True)


def score_settings(game: str, algo: str | None, seed: int, changes: Mapping[str, Any]) -> Any:
    """The settings. Raises `InputError`."""
    from selfplay.dqn.config import preset

    return preset(game, **{"seed": seed, **({"algo": algo} if algo else {}), **changes})

"""``arena train`` for team games: what differs from self-play with a search."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arena.cli.shared import command, console, stopped


def train_team(game: str, folder: Path, settings: Any, seconds: float, resuming: bool) -> None:
    """Trains with the display and says what came of it. ``settings``: a `PpoConfig`, None to resume."""
    from arena.view.live import LiveScreen
    from arena.view.teaming import TEAMING, winning
    from envs.core import InputError
    from selfplay.errors import TrainingError
    from selfplay.ppo.config import read
    from selfplay.ppo.train import train as learn

    screen = console()
    try:
        with LiveScreen(screen, folder, TEAMING) as display:
            result = learn(folder, settings, seconds, resuming=resuming, on_progress=display.update)
    except TrainingError as error:
        raise InputError(str(error)) from None
    done = f"{result.steps:,} steps and {result.games:,} games in {result.seconds / 60:.1f} minutes"
    screen.print(f"{done}: {result.checkpoint}", soft_wrap=True)
    if result.wins:
        screen.print(f"recent games won, {winning(result.wins)}", soft_wrap=True)
    if result.interrupted:
        stopped(command("train", game, "--resume", "--run", folder))
    if victim := read(folder).exploit:
        match = command("match", folder, victim, "--game", game, "--games", "400")
        screen.print(f"\nHow much does it win? {match}", soft_wrap=True)
        return
    screen.print(f"\nHow good is it? {command('ladder', '--run', folder)}", soft_wrap=True)
    screen.print(f"Can it be beaten? {command('train', game, '--exploit', folder, '--minutes', '10')}", soft_wrap=True)


def team_settings(game: str, seed: int, changes: Mapping[str, Any], exploit: str | None) -> Any:
    """The settings, a `PpoConfig`. Raises `InputError`."""
    from selfplay.ppo.config import exploiter, preset

    options = {"seed": seed, **changes}
    return preset(game, **options) if exploit is None else exploiter(game, exploit, **options)

"""``arena train`` for team games: its display, and what differs from self-play with a search."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agents import cards
from arena.cli.shared import command, console, stopped
from arena.view.charts import Glyphs, bar, glyphs
from arena.view.training import EVENTS, LINE_SECONDS, clock, percent, rate
from selfplay.ppo.progress import TeamProgress

TERMS_SHOWN = 5  # the largest


def train_team(game: str, folder: Path, settings: Any, seconds: float, resuming: bool) -> None:
    """Trains with the display and says what came of it. ``settings``: a `PpoConfig`, None to resume."""
    from envs.core import InputError
    from selfplay.learner import TrainingError
    from selfplay.ppo.config import read
    from selfplay.ppo.train import train as learn

    screen = console()
    try:
        with TeamScreen(screen, folder) as display:
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


class TeamScreen:
    """``with TeamScreen(console, run) as screen: train(..., on_progress=screen.update)``: a panel that is redrawn on a
    terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, run: Path) -> None:
        self._console, self._run = console, run
        self._events: deque[str] = deque(maxlen=EVENTS)
        self._next_line = 0.0
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> TeamScreen:
        if self._live is None:
            self._console.print(f"training in {self._run}", soft_wrap=True)
        else:
            self._live.start()
            self._live.update(Text(f"training in {self._run}: starting the games ...", "dim"), refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, progress: TeamProgress) -> None:
        """Shows where the training is."""
        if progress.event:
            self._events.append(f"{clock(progress.seconds)}  {progress.event}")
        if self._live is not None:
            self._live.update(self.panel(progress, self._console.width, glyphs(self._console)), refresh=True)
        elif progress.seconds >= self._next_line or progress.event:
            self._next_line = progress.seconds + LINE_SECONDS
            self._console.print(line(progress), soft_wrap=True)

    def panel(self, progress: TeamProgress, width: int, using: Glyphs) -> RenderableType:
        share = min(1.0, progress.seconds / progress.budget) if progress.budget else 1.0
        head = Text.assemble(
            ("Training ", "bold"), (progress.game, "bold cyan"), f"  {self._run}", no_wrap=True, overflow="crop"
        )
        times = f" {clock(progress.seconds)} of {clock(progress.budget)}, {clock(progress.left)} left"
        clock_line = Text(bar(share, max(min(width - len(times) - 1, 50), 4), using), "cyan").append(times, "default")
        found = len(cards.numbered(self._run))
        newest = f"{found} ({found - 1:06d} is the newest)" if found else "none yet"
        rows = [
            ("steps", f"{progress.steps:,}", "steps/s", rate(progress.steps_per_second)),
            ("games", f"{progress.games:,}", "rules' share", percent(progress.game_share)),
            ("decisions a game", rate(progress.game_length), "deciding", percent(progress.act_share)),
            ("updates", f"{progress.updates:,}", "learning", percent(progress.learn_share)),
            ("entropy", rate(progress.entropy, 3), "value loss", rate(progress.value_loss, 3)),
            ("policy moved", rate(progress.kl, 4), "clipped", percent(progress.clipped)),
            ("team spirit", rate(progress.team_spirit, 2), "checkpoints", newest),
        ]
        table = Table.grid(padding=(0, 2, 0, 0))
        for name, number, other, figure in rows:
            if width < 64:  # one below the other
                table.add_row(Text(name, "dim"), number)
                table.add_row(Text(other, "dim"), figure)
            else:
                table.add_row(Text(name, "dim"), number, Text(other, "dim"), figure)
        wins = Table.grid(padding=(0, 2, 0, 0))
        for name, won in progress.wins.items():
            wins.add_row(Text(f"won against {name}", "dim"), Text(bar(won, 20, using), "green"), percent(won))
        paid = Text(f"reward: {terms(progress.terms)}", "dim", no_wrap=True, overflow="ellipsis")
        events = [Text(event, "yellow", no_wrap=True, overflow="crop") for event in self._events]
        bottom = Text("Ctrl-C stops and saves", "dim")
        return Group(
            head, clock_line, Text(), table, Text(), wins, *([paid] if progress.terms else []), *events, bottom
        )


def line(progress: TeamProgress) -> str:
    """The same in one line."""
    facts = [
        f"{clock(progress.seconds)} of {clock(progress.budget)}",
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

"""``arena story``: what a training played as it got better, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from arena.cli.shared import STORE, StorePath, console, make_store

ENDINGS = (".mp4", ".png")


def story(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training for points.")],
    at: Annotated[
        list[float] | None,
        typer.Option(min=0, metavar="MINUTES", help="When; the milestones that the run has recorded if left out."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="The film (.mp4) or the still (.png); both, in the run's folder, if left out."
        ),
    ] = None,
    games: Annotated[int, typer.Option(min=1, help="At moments that have not been recorded yet.")] = 10,
    store: StorePath = STORE,
) -> None:
    """Show what a training played after 10, 120, 240 minutes, side by side, as a film and as a picture.

    A training records games at its milestones. Of each the one with the median score is shown, with the course of its
    score and of what the network expected. Moments that have not been recorded are played now, by the checkpoint of
    that age.

    Examples:
      arena story runs/breakout
      arena story runs/breakout --at 1 --at 10 --at 60
      arena story runs/breakout -o story.png
    """
    from rich.text import Text

    from arena.milestones import read
    from arena.view.charts import waiting
    from arena.view.story import MOST, Story
    from envs.core import InputError
    from selfplay.dqn import config

    settings = config.read(run)
    if output is not None and output.suffix.lower() not in ENDINGS:
        raise InputError(f"{output}: a story is written as {' or '.join(ENDINGS)}")
    recorded = read(run)
    planned = [milestone for milestone in recorded if milestone.planned] or recorded
    times = sorted(set(at)) if at else [milestone.minutes for milestone in planned]
    if not times:
        raise InputError(f"{run} has not recorded any milestones yet; say when with --at MINUTES")
    if len(times) > MOST:
        listed = ", ".join(f"{minutes:g}" for minutes in times)
        raise InputError(f"a story has room for {MOST} moments, not {len(times)}; say which with --at: {listed}")
    screen, kept = console(), make_store(store)
    moments = [_moment(run, minutes, games, kept) for minutes in times]
    whole = Story(moments, f"{settings.algo}, seed {settings.seed}")
    for path in [run / f"story{ending}" for ending in ENDINGS] if output is None else [output]:
        if path.suffix.lower() == ".png":
            whole.write_still(path)
        else:
            with waiting(screen, f"{path}: drawing ...") as status:

                def tell(done: int, total: int, name: Path = path, status: Any = status) -> None:
                    status.update(Text(f"{name}: {done / total:.0%}"))

                whole.write_film(path, tell)
        screen.print(f"{path}: {path.stat().st_size // 1000} kB", soft_wrap=True)


def _moment(run: Path, minutes: float, games: int, store: Any) -> Any:
    """From the recorded games, or from games that are played and recorded now."""
    from arena import milestones
    from arena.view.story import moment

    found: list[Any] = []
    known = {milestone.minutes: milestone for milestone in milestones.read(run)}
    if minutes in known:
        found = milestones.games_of(known[minutes], store)
        checkpoint = run / "checkpoints" / known[minutes].checkpoint
    else:
        checkpoint = milestones.first_at(run, minutes)
    if not found:
        console().print(f"after {minutes:g} minutes: {checkpoint} plays {games} games ...", style="dim", soft_wrap=True)
        found = milestones.record(run, checkpoint, minutes, store, games, planned=False)
    return moment(minutes, found)

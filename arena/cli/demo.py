"""``arena demo``: from nothing to a ladder that can be watched, in six minutes."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from arena.cli.shared import RUNS, STORE, StorePath, command, console, elsewhere, make_store, stopped

GAME = "connect_four"
CHECKPOINTS = 6  # of the training, for the learning curve
SIMULATIONS = 64  # of the checkpoints' searches on the ladder
LADDER_SECONDS = 75.0  # about so long the ladder may play
FIRST_PAIRS = 2  # pairs per agent after which it is known how many more there is time for
MOST_PAIRS = 20


def demo(
    minutes: Annotated[float, typer.Option(min=0.05, help="Of training.")] = 3.0,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", help="The run's folder; an interrupted run there goes on.")
    ] = None,
    store: StorePath = STORE,
) -> None:
    """Train, rate and watch Connect Four in six minutes.

    Trains for three minutes, plays the checkpoints against agents of known strength, and shows what came of it.

    Examples:
      arena demo
      arena demo --minutes 10
    """
    from datetime import datetime

    from selfplay.options import FILE

    folder = run or RUNS / f"demo-{datetime.now():%m%d-%H%M%S}"
    again = command("demo", "--minutes", f"{minutes:g}", "--run", folder, *elsewhere(store))
    resuming = (folder / FILE).exists()
    settings = None if resuming else demo_settings(minutes)
    try:
        _stage(1, "Compiling", "once on a machine, up to a minute")
        compile_all(settings or demo_settings(minutes))
        _stage(2, f"Training for {minutes:g} minutes", str(folder))
        _train(folder, settings, minutes * 60, resuming)
        _stage(3, "The ladder", f"checkpoints against agents of known strength, about {LADDER_SECONDS:.0f} s")
        _ladder(folder, store)
    except KeyboardInterrupt:
        stopped(again)
    console().print(f"\nPlay against it:\n  {command('play', GAME, '--against', folder)}", soft_wrap=True)


def demo_settings(minutes: float) -> Any:
    """The game's own, but for a network that learns more in a few minutes, and checkpoints to fill a curve."""
    from agents.networks import SIZES
    from selfplay.config import preset
    from selfplay.cores import cores

    seconds = max(minutes * 60 / CHECKPOINTS, 1.0)
    return preset(GAME, net=SIZES["small"], slots=128, workers=cores(), checkpoint_seconds=seconds)


def _stage(number: int, title: str, note: str) -> None:
    from rich.text import Text

    console().print(Text.assemble((f"\n{number} of 3  {title}", "bold"), (f"  {note}", "dim")), soft_wrap=True)


def compile_all(settings: Any) -> None:
    """Plays a little with everybody in this process, so that the processes to come find all kernels compiled."""
    import envs
    from agents import registry
    from arena.boards import warm_up as first_move
    from arena.cli.entrants import anchors
    from arena.view.charts import waiting
    from selfplay.compile import warm_up

    began, game = time.monotonic(), envs.make(GAME)
    with waiting(console(), "compiling ..."):
        warm_up(settings)
        for spec in anchors(GAME):
            agent = registry.load(spec)
            first_move(agent, game)
            agent.close()
    console().print(f"done in {time.monotonic() - began:.0f} s", style="dim")


def _train(folder: Path, settings: Any, seconds: float, resuming: bool) -> None:
    from arena.cli.train import run_training
    from selfplay.progress import last_clock

    if resuming and last_clock(folder) >= seconds - 1:  # it has had its time: only the ladder is missing
        return
    run_training(folder, settings, seconds, resuming)


def _ladder(folder: Path, store: Path) -> None:
    """Plays a few games of everybody, then as many more as there is time for, and shows the result."""
    from arena.cli.compete import play_ladder, show
    from arena.cli.entrants import anchors, spread
    from arena.ladder import Ladder
    from arena.roster import LadderConfig, read_config, read_ids

    kept = make_store(store)
    config = read_config(kept, folder.name) or LadderConfig(GAME, "adaptive", FIRST_PAIRS)
    contest = Ladder(kept, folder.name, config)
    contest.enter([*anchors(GAME), *spread(folder, CHECKPOINTS + 1, SIMULATIONS)])
    began, before = time.monotonic(), len(read_ids(kept, folder.name))
    play_ladder(contest)
    played = len(read_ids(kept, folder.name))
    if config.pairs == FIRST_PAIRS and played > before:  # else there is nothing to tell the pace from
        seconds = (time.monotonic() - began) * played / (played - before)
        more = int((LADDER_SECONDS - seconds) / seconds * FIRST_PAIRS)
        contest = Ladder(kept, folder.name, replace(config, pairs=min(FIRST_PAIRS + max(more, 0), MOST_PAIRS)))
        play_ladder(contest)
    show(contest, elsewhere(store))

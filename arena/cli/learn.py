"""``arena learn`` and ``arena experts``: learning from games of experts, and having an engine make such games."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from arena.cli.shared import Game, command, console, stopped
from arena.cli.train import MINUTES, new_run, newest_run, options_of


def learn(
    game: Game,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Games of chess in PGN, as many as you like.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="How long, on the training clock; 15 if not told.")
    ] = None,
    epochs: Annotated[float | None, typer.Option(min=0, help="How often to go through the file, instead.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with --run, or with the newest of the game.")] = False,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", help="The run's folder; a new one in runs/ if left out.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="The network: tiny, small, medium, large; the game's usual if left out.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Threads; more than one only helps where nothing else runs.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other option of selfplay.config.TrainConfig."),
    ] = None,
) -> None:
    """Learn to play from games of experts.

    Trains the network of AlphaZero to play their moves and to expect their results; evaluations and lines in the
    comments are used where they are there. Games that are of no use are told and passed over, and the last ones of the
    file only show how well it goes. Ctrl-C stops with everything saved, and --resume goes on.

    Examples:
      arena learn chess --from games.pgn --minutes 30
      arena learn chess --from games.pgn --epochs 2 --run runs/taught
      arena learn chess --resume --run runs/taught --epochs 4
      arena train chess --from runs/taught --hours 8
    """
    import envs
    from envs.core import InputError
    from selfplay.learn import Budget
    from selfplay.learn_config import preset

    envs.make(game)
    if minutes is not None and epochs is not None:
        raise InputError("say how long with --minutes or with --epochs, not with both")
    for length in (minutes, epochs):
        if length is not None and not math.isfinite(length):
            raise InputError(f"learning takes a finite time, not {length:g}")
    seconds = None if epochs is not None else (MINUTES if minutes is None else minutes) * 60
    budget = Budget(seconds, epochs)
    if resume:
        if size or change or seed or workers > 1:
            raise InputError("a run keeps its settings: --resume takes only --run, --from and --minutes or --epochs")
        folder, settings = run or newest_run(game, from_games=True), None
        budget = _budget_left(folder) if minutes is None and epochs is None else budget
    else:
        if source is None:
            raise InputError("which games? Name a file of them with --from games.pgn")
        folder, settings = run or new_run(game), preset(game, **options_of(size, workers, seed, change or []))
    try:
        _learn(folder, source, settings, budget, resume)
    except KeyboardInterrupt:
        stopped(command("learn", game, "--resume", "--run", folder))
    screen = console()
    screen.print(f"\nHow strong is it? {command('ladder', '--run', folder)}", soft_wrap=True)
    screen.print(f"Better by self-play: {command('train', game, '--from', folder)}", soft_wrap=True)


def _budget_left(folder: Path) -> Any:
    """What a run was last asked for, if that has not been reached. Raises `InputError`."""
    from envs.core import InputError
    from selfplay.learn import Budget
    from selfplay.progress import last_facts

    last = last_facts(folder)
    seconds, passes = last.get("asked_seconds"), last.get("asked_passes")
    if isinstance(seconds, int | float) == isinstance(passes, int | float):
        raise InputError(f"how long was {folder} to learn? Say it with --minutes or --epochs")
    if last.get("done"):
        had = f"{passes:g} epochs" if seconds is None else f"{seconds / 60:g} minutes"
        raise InputError(f"{folder} has had its {had}; give it more with --minutes or --epochs")
    return Budget(seconds, passes)


def _learn(folder: Path, source: Path | None, settings: Any, budget: Any, resuming: bool) -> None:
    from arena.view.figures import percent, rate
    from arena.view.learning import LEARNING
    from arena.view.live import LiveScreen
    from envs.core import InputError
    from selfplay import learn as learning
    from selfplay.errors import TrainingError
    from selfplay.passed_over import PASSED_OVER

    screen = console()
    try:
        with LiveScreen(screen, folder, LEARNING) as display:
            done = learning.learn(folder, source, settings, budget, resuming=resuming, on_progress=display.update)
    except TrainingError as error:
        raise InputError(str(error)) from None
    screen.print(
        f"{done.games:,} games, {done.positions:,} positions and {done.steps:,} steps in {done.seconds / 60:.1f} "
        f"minutes: {done.checkpoint}",
        soft_wrap=True,
    )
    if done.passed_over:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(done.passed_over.items()))
        where = folder / PASSED_OVER
        screen.print(f"{sum(done.passed_over.values()):,} games passed over ({kinds}), see {where}", soft_wrap=True)
    screen.print(
        f"on {done.held_out:,} positions of games it has not seen: {percent(done.score.accuracy)} of moves predicted, "
        f"value loss {rate(done.score.value_loss, 3)} (knowing nothing: 1.099)",
        soft_wrap=True,
    )
    if done.interrupted:
        raise KeyboardInterrupt


def experts(
    game: Game,
    games: Annotated[int, typer.Option(min=1, help="That the file is to hold, those it holds already among them.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The PGN file; appended to.")],
    engine: Annotated[
        str, typer.Option(metavar="ENGINE", help="Its name, its path, or uci:NAME?OPTION=VALUE&...")
    ] = "stockfish",
    nodes: Annotated[int | None, typer.Option(min=1, help="A move; 2000 if nothing limits it.")] = None,
    multipv: Annotated[int | None, typer.Option(min=2, help="Lines weighed a move; 5 if not told.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Engines at a time; one a core if left out.")] = None,
    temperature: Annotated[float, typer.Option(help="Of the shares of moves; small: all on the best.")] = 0.05,
    drawn: Annotated[float, typer.Option(help="Share of moves drawn from the lines, for variety.")] = 0.2,
    blunders: Annotated[float, typer.Option(help="Share of moves drawn from all legal ones.")] = 0.01,
    seed: Annotated[int, typer.Option(min=0, help="Of openings and moves drawn.")] = 0,
) -> None:
    """Have an engine play games to learn from.

    The engine plays itself from random openings. Comments tell how it weighed the moves, so that a network learns more
    from each than which was played. Kill it at any time: the same command goes on with the games that are missing.

    Examples:
      arena experts chess --games 1000 -o games.pgn
      arena experts chess --engine "uci:stockfish?depth=6" --games 200 -o games.pgn --workers 2
    """
    import envs
    from arena.experts import GAME, ExpertConfig, make
    from arena.view.making import MakingScreen
    from envs.core import InputError
    from selfplay.cores import cores

    title = envs.make(game).spec.title
    if game != GAME:
        raise InputError(f"engines make games of chess to learn from, not of {title}")
    words = [f"{name}={value}" for name, value in (("nodes", nodes), ("multipv", multipv)) if value is not None]
    spec = engine + ("&" if "?" in engine else "?") + "&".join(words) if words else engine
    config = ExpertConfig(engine=spec, temperature=temperature, drawn=drawn, blunders=blunders, seed=seed)
    screen = console()

    try:
        with MakingScreen(screen, output) as display:
            made = make(output, games, config, workers or cores(), display.update)
    except KeyboardInterrupt:
        stopped("the same command")
    screen.print(f"{made:,} games played, {games:,} in {output}", soft_wrap=True)
    screen.print(f"Learn from them: {command('learn', game, '--from', output)}", soft_wrap=True)

"""``arena train``: self-play training with a live display."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from arena.cli.shared import RUNS, STORE, Game, command, complaints, console, game_options, stopped
from arena.cli.train_points import MILESTONES, score_settings, train_points

MINUTES = 15.0  # of a training that is not told how long
GATE_GAMES = 200  # at most, in a match at the gate


def train(
    game: Game,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="How long, on the training clock; 15 if not told.")
    ] = None,
    hours: Annotated[float | None, typer.Option(min=0, help="The same in hours.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with --run, or with the newest run of the game.")
    ] = False,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", help="The run's folder; a new one in runs/ if left out.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="The network: tiny, small, medium, large; the game's usual if left out.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Self-play processes; one a core if left out.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    source: Annotated[
        str | None, typer.Option("--from", metavar="CHECKPOINT", help="Begin with its network, not from nothing.")
    ] = None,
    gate: Annotated[
        bool | None,
        typer.Option(
            "--gate/--no-gate",
            help="Only checkpoints that beat the best so far play; so it is with --from, if not told.",
        ),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any other option of selfplay.config.TrainConfig; selfplay.dqn.config.ScoreConfig for points, "
            "selfplay.ppo.config.PpoConfig for teams. An unknown NAME lists them all.",
        ),
    ] = None,
    algo: Annotated[
        str | None, typer.Option(help="For points: pqn, dqn, or sb3, the baseline; the best if left out.")
    ] = None,
    at: Annotated[
        list[float] | None,
        typer.Option(min=0, metavar="MINUTES", help="For points: when to record games to look back on; 10, 120, 240."),
    ] = None,
    exploit: Annotated[
        str | None,
        typer.Option(metavar="CHECKPOINT", help="For teams: learn to beat this one, which does not change."),
    ] = None,
    store: Annotated[
        Path,
        typer.Option(metavar="FILE", envvar="ARENA_STORE", help="For points: where games at --at are kept."),
    ] = STORE,
) -> None:
    """Train an AlphaZero agent by self-play, one that plays for points by Q-learning, or a team by PPO in a league.

    Ctrl-C stops within seconds with everything saved, and --resume goes on (but not with --algo sb3). The time is
    that of the training clock, all resumes together.

    Examples:
      arena train connect_four --minutes 15
      arena train othello --hours 8 --run runs/overnight
      arena train connect_four --resume --hours 9
      arena train tic_tac_toe --minutes 2 --set simulations=64 --set net.blocks=2
      arena train chess --from runs/taught --hours 8
      arena train breakout --hours 4 --at 10 --at 60 --at 240
      arena train breakout --minutes 10 --algo dqn --set net.hidden=256
      arena train moba_1v1 --minutes 60
      arena train moba_5v5 --hours 2 --set net.memory=gru
      arena train moba_1v1 --exploit runs/x/latest --minutes 10
    """
    import envs
    from envs.core import InputError
    from selfplay.options import FILE

    points, teams = game in envs.score_ids(), game in envs.team_ids()
    envs.spec(game)  # raises where there is no such game
    if (points or teams) and (size or workers or source or gate is not None):
        raise InputError(f"--size, --workers, --from and --gate are for games of two, not for {game}; see --set")
    if not points and (algo or at):
        raise InputError(f"--algo and --at are for games played for points, not for {game}")
    if not teams and exploit:
        raise InputError(f"--exploit is for team games, not for {game}")
    if minutes is not None and hours is not None:
        raise InputError("say how long with --minutes or with --hours, not with both")
    seconds = minutes * 60 if minutes is not None else hours * 3600 if hours is not None else None
    if seconds is not None and not math.isfinite(seconds):
        raise InputError(f"a training takes a finite time, not {seconds:g} seconds")
    if teams:
        from arena.cli.train_team import team_settings, train_team  # these bring PyTorch along
    if resume:
        folder = run or newest_run(game)
        settings = None
        if size or workers or change or seed or source or gate is not None or algo or exploit:
            raise InputError("a run keeps its settings: --resume takes only --run, --minutes or --hours, and --at")
        require_run(folder, game)
        seconds = budget_left(folder) if seconds is None else seconds
    else:
        folder = run or new_run(game)
        if (folder / FILE).is_file():
            raise InputError(f"{folder} already holds a training run; resume it or name another folder")
        settings = (
            team_settings(game, seed, _changes(change or []), exploit)
            if teams
            else score_settings(game, algo, seed, _changes(change or []))
            if points
            else _settings(game, size, workers, seed, change or [], source, bool(source) if gate is None else gate)
        )
        seconds = MINUTES * 60 if seconds is None else seconds
    if teams:
        train_team(game, folder, settings, seconds, resume)
        return
    if points:
        train_points(game, folder, settings, seconds, resume, at or (None if resume else MILESTONES), store)
        return
    try:
        run_training(folder, settings, seconds, resume)
    except KeyboardInterrupt:
        if not (folder / FILE).is_file():
            complaints().print("stopped before training began", style="yellow")
            raise typer.Exit(130) from None
        stopped(command("train", game, "--resume", "--run", folder))
    screen = console()
    screen.print(f"\nHow strong is it? {command('ladder', '--run', folder)}", soft_wrap=True)
    screen.print(f"Play against it:  {command('play', game, '--against', folder)}", soft_wrap=True)


def run_training(folder: Path, settings: Any, seconds: float, resuming: bool) -> None:
    """Trains with the display and says what came of it. Ctrl-C raises KeyboardInterrupt, with everything saved."""
    from arena.gate import gate as make_gate
    from arena.view.charts import waiting
    from arena.view.live import LiveScreen
    from arena.view.training import TRAINING
    from envs.core import InputError
    from selfplay import config
    from selfplay.compile import warm_up
    from selfplay.errors import TrainingError
    from selfplay.train import train as learn

    screen, inside = console(), settings or config.read(folder)
    with waiting(screen, "compiling, which takes a while the first time ..."):
        warm_up(inside)  # before the training clock starts
    gate = make_gate(inside.gate_games) if inside.gate_games else None
    try:
        with LiveScreen(screen, folder, TRAINING) as display:
            result = learn(folder, settings, seconds, resuming=resuming, on_progress=display.update, gate=gate)
    except TrainingError as error:
        raise InputError(str(error)) from None
    done = f"{result.games:,} games and {result.steps:,} steps in {result.seconds / 60:.1f} minutes"
    screen.print(f"{done}: {result.checkpoint}", soft_wrap=True)
    if result.best is not None:
        screen.print(f"the best that passed the gate: {result.best}", soft_wrap=True)
    if result.interrupted:
        raise KeyboardInterrupt


def new_run(game: str) -> Path:
    """A new folder named by the game and the moment, and numbered where several begin in one second."""
    from datetime import datetime
    from itertools import count

    moment = f"{game}-{datetime.now():%Y%m%d-%H%M%S}"
    names = (moment if i == 1 else f"{moment}-{i}" for i in count(1))
    return next(RUNS / name for name in names if not (RUNS / name).exists())


def newest_run(game: str, from_games: bool = False) -> Path:
    """The run of this game, by self-play or from games of experts, that was written to last. Raises `InputError`."""
    from envs.core import InputError
    from selfplay import config, options

    found = sorted(RUNS.glob(f"*/{options.FILE}"), key=lambda file: max(map(_written, file.parent.iterdir())))
    for file in reversed(found):
        if (file.parent / config.SOURCE).exists() == from_games and _game_of(file) == game:
            return file.parent
    raise InputError(
        f"there is no run of {game} in {RUNS}/ to resume; name it with --run, or begin one without --resume"
    )


def _written(file: Path) -> float:
    """When; 0 for what has gone meanwhile, or points nowhere."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def require_run(folder: Path, game: str) -> None:
    """Raises `InputError` unless there is a run of this game in the folder."""
    from envs.core import InputError
    from selfplay.options import FILE

    if not (folder / FILE).is_file():
        raise InputError(f"there is no training run to resume in {folder}")
    if (found := _game_of(folder / FILE)) != game:
        raise InputError(f"{folder} is a run of {found}, not of {game}")


def _game_of(file: Path) -> str | None:
    """What a run's settings say, of whatever kind they are; None for a file that says nothing."""
    import json

    try:
        game = json.loads(file.read_text(encoding="utf-8"))["game"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return game if isinstance(game, str) else None


def budget_left(folder: Path) -> float:
    """The seconds a run was last asked for, if they have not all passed, games are still to be recorded at a
    milestone, or a match at the gate was not over. Raises `InputError`."""
    from envs.core import InputError
    from selfplay.progress import last_facts

    last = last_facts(folder)
    budget = last.get("budget")
    if not isinstance(budget, int | float):
        raise InputError(f"how long was {folder} to train? Say it with --minutes or --hours")
    if last["seconds"] >= budget - 1 and not last.get("milestones_left") and not last.get("judging"):
        raise InputError(f"{folder} has had its {budget / 60:g} minutes; give it more with --minutes or --hours")
    return float(budget)


def _settings(
    game: str,
    size: str | None,
    workers: int | None,
    seed: int,
    changes: list[str],
    source: str | None,
    gate: bool,
) -> Any:

    from selfplay.config import preset
    from selfplay.cores import cores
    from selfplay.initial import CHANGES, begin_from, network_of

    options = options_of(size, workers or cores(), seed, changes)
    if gate:
        options = {"gate_games": GATE_GAMES, **options}
    if source is None:
        return preset(game, **options)
    return begin_from(preset(game, **{**CHANGES, "net": network_of(source, game), **options}), source)


def options_of(size: str | None, workers: int, seed: int, changes: list[str]) -> dict[str, Any]:
    """Options of a training by name. Raises `InputError`."""
    from dataclasses import asdict

    from agents.networks import HEADS, SIZES
    from envs.core import unknown
    from selfplay.options import overlaid

    options: dict[str, Any] = {"seed": seed, "workers": workers}
    if size is not None:
        if size not in SIZES:
            raise unknown("size", size, SIZES)
        options["net"] = {name: value for name, value in asdict(SIZES[size]).items() if name not in HEADS}
    return overlaid(options, _changes(changes))


def _changes(changes: list[str]) -> dict[str, Any]:
    """What ``--set`` was given, by name; ``net.blocks=6`` is ``{"net": {"blocks": 6}}``. Raises `InputError`."""
    from envs.core import InputError

    options: dict[str, Any] = {}
    for name, value in game_options(changes).items():
        if name == "game":
            raise InputError(f"the game is the first word of the command, not --set game={value}")
        group, dot, inner = name.partition(".")
        if dot and isinstance(options.setdefault(group, {}), dict):
            options[group][inner] = value
        elif group in options:
            raise InputError(f"--set {group}=... and --set {group}.NAME=... exclude each other")
        else:
            options[name] = value
    return options

"""``arena ladder`` and ``arena match``: agents meet."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from arena.cli import entrants, points
from arena.cli.shared import (
    STORE,
    AsJson,
    GameOptions,
    StorePath,
    Trust,
    command,
    complaints,
    console,
    elsewhere,
    game_options,
    make_store,
    print_json,
    stopped,
)

PAIRS = 20  # of a new ladder that is not told how many
GAMES = 20  # of a match that is not told how many; with a test, which ends it, at most ...
TESTED = 20_000
RECENT = 2000  # games among which the one most worth watching is looked for
Schedule = Literal["round_robin", "gauntlet", "adaptive"]
Openings = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Of chess: begin with those of a PGN or EPD file, not with random ones; of minichess: EPD."
    ),
]
Adjudicate = Annotated[bool, typer.Option("--adjudicate", help="End games that both sides expect to end one way.")]
Specs = Annotated[list[str] | None, typer.Argument(metavar="[AGENT]...", help="Agents' specs; see: arena agents")]


def ladder(
    agents: Specs = None,
    game: Annotated[str | None, typer.Option(help="The game; that of --run if left out.")] = None,
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="DIR", help="Enter a training's checkpoints, and anchors."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The ladder; named like the run or the game if left out.")] = None,
    schedule: Annotated[
        Schedule | None,
        typer.Option(
            help="Who meets whom; adaptive, the default but for points, picks the pairings that say most about the "
            "ratings. In a gauntlet newcomers meet all who were there before: checkpoints the anchors, or the agents "
            "named the first of them."
        ),
    ] = None,
    pairs: Annotated[
        int | None,
        typer.Option(
            min=1, max=100_000, help="Pairs of games of any two agents; adaptive: an agent plays twice as many. 20."
        ),
    ] = None,
    anchor: Annotated[
        list[str] | None,
        typer.Option(metavar="AGENT[@ELO]", help="Enter an agent whose Elo is given; all others are on its scale."),
    ] = None,
    openings: Openings = None,
    adjudicate: Adjudicate = False,
    checkpoints: Annotated[
        int,
        typer.Option(
            min=1, help="Of --run, at most so many, spread over it; with --follow, and half of it each time it doubles."
        ),
    ] = 12,
    simulations: Annotated[
        int | None, typer.Option(min=0, help="Of the checkpoints' searches; 0: their networks alone.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Wait for new checkpoints of --run.")] = False,
    move_ms: Annotated[float | None, typer.Option(min=0, help="Longer decisions lose the game.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=(1 << 63) - 1, help="Of the openings and of all games. 0.")
    ] = None,
    change: GameOptions = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a core if left out.")] = None,
    trust: Trust = False,
    store: StorePath = STORE,
    as_json: AsJson = False,
) -> None:
    """Play a ladder, or go on with one, and show the standings.

    With --run, a training's checkpoints meet agents of known strength (anchors). Ctrl-C stops a ladder with every
    finished game kept. Later, --name alone goes on with it, and more agents and games may be added at any time.

    Examples:
      arena ladder --run runs/overnight
      arena ladder random "mcts?simulations=100" "mcts?simulations=800" --game othello
      arena ladder --run runs/overnight --follow --name night
      arena ladder --name night --pairs 100
      arena ladder --run runs/chess --anchor "uci:stockfish?elo=1350" --anchor random@0 --adjudicate
    """
    import envs
    from agents import registry
    from agents.core import AgentError
    from arena.books import read_openings
    from arena.families import for_points
    from arena.ladder import Ladder
    from arena.roster import LadderConfig, forget, read_config
    from arena.standings import standings
    from arena.view.standings import cycles, rows
    from envs.core import InputError
    from selfplay.options import FILE

    game, specs = points.split(agents or [], game)
    fixed, newest = dict(map(entrants.given, anchor or [])), list[str]()
    if trust:
        specs = [registry.trusted(spec) for spec in specs]
        fixed = {registry.trusted(spec): elo for spec, elo in fixed.items()}
    if follow and run is None:
        raise InputError("--follow needs a training to follow: --run DIR")
    if run is not None:
        game = game or entrants.game_of(run)
        known = entrants.anchors(game)
        fixed = {spec: elo for spec in known if (elo := registry.rating(spec)) is not None} | fixed
        specs += known
        newest = [] if follow else entrants.spread(run, checkpoints, simulations)
        if not newest and not (follow and (run / FILE).is_file()):
            raise InputError(f"{run} is not the folder of a training, or has no checkpoint yet")
    title = name or (run.resolve().name if run else game)
    if title is None:
        raise InputError("which ladder? Say --name NAME, or --run DIR, or agents and --game GAME")
    kept = make_store(store)
    config = read_config(kept, title)
    new = config is None
    if config is None:
        if game is None:
            there = f" (there are: {', '.join(names)})" if (names := kept.ladders()) else ""
            raise InputError(
                f"there is no ladder {title!r} yet{there}; to make it, say --game GAME and name its agents"
            )
        config = LadderConfig(game, "round_robin" if for_points(game) else "adaptive", PAIRS)
    asked: dict[str, Any] = {"game": game, "schedule": schedule, "pairs": pairs, "seed": seed}
    asked["limits"] = limits(move_ms, adjudicate, config.limits) if adjudicate or move_ms is not None else None
    asked["options"] = game_options(change) if change else None
    asked["openings"] = None if openings is None else read_openings(envs.make(config.game), openings)
    changes = {field: value for field, value in asked.items() if value is not None}
    try:
        contest = Ladder(kept, title, dataclasses.replace(config, **changes))
        if not newest and not contest.entrants():  # so that a gauntlet has games: the first against the others
            contest.enter(specs[:1])
        for wave in ([*specs, *fixed], newest):
            contest.enter(wave)
        for spec, elo in fixed.items():
            contest.anchor(spec, elo)
        if not trust:
            typed = {registry.pinned(spec) for spec in [*specs, *fixed, *newest]}
            unseen = [entrant.ref.spec for entrant in contest.entrants() if entrant.ref.spec not in typed]
            registry.refuse_foreign(unseen, f"ladder {title!r} in {store}")
        if len(contest.entrants()) < (1 if for_points(contest.config.game) else 2) and not follow:
            raise InputError(f"ladder {title!r} needs at least two different agents")
    except (InputError, AgentError):
        if new:  # the name is free for a better try
            forget(kept, title)
        raise
    try:
        play_ladder(contest, workers, run if follow else None, entrants.searching(simulations), checkpoints)
    except KeyboardInterrupt:
        if not follow:
            stopped(command("ladder", "--name", title, *elsewhere(store)))
    state = standings(contest)
    if as_json:
        ranks = {"ladder": title, "agents": rows(state), "cycles": cycles(state), "seat_elo": state.ratings.seat}
        print_json(ranks)
    else:
        show(contest, elsewhere(store))


def play_ladder(
    contest: Any, workers: int | None = None, follow: Path | None = None, options: str = "", most: int = 12
) -> None:
    """Plays what is missing, with the display. Ctrl-C raises KeyboardInterrupt, with every finished game saved.

    ``options`` and ``most``: of the checkpoints of ``follow``; see `Ladder.enter_checkpoints`."""
    from arena.view.ladder import LadderScreen

    with LadderScreen(complaints(), contest) as screen:
        followed = [follow] if follow else []
        contest.run(screen.update, workers, followed, options, most, stay=lambda: follow is not None)


def limits(move_ms: float | None, adjudicate: bool, before: Any = None) -> Any:
    """What ends a game early: the usual limits, or those of ``before``, with what is asked for."""
    from arena.adjudication import Adjudication
    from arena.runner import DEFAULT_LIMITS

    asked = {"move_ms": move_ms, "adjudicate": Adjudication() if adjudicate else None}
    changes = {name: value for name, value in asked.items() if value is not None}
    return dataclasses.replace(before or DEFAULT_LIMITS, **changes)


def show(contest: Any, where: Sequence[str] = ()) -> None:
    """Standings, cycles, learning curve, and the match most worth watching. ``where``: what a command has to say to
    find the store."""
    from rich.text import Text

    from arena.interest import most_interesting
    from arena.standings import expectation, standings
    from arena.store import Query
    from arena.view.charts import glyphs, interval_curve
    from arena.view.figures import printable
    from arena.view.standings import cycles, learning_curve, misfit, scale, table
    from arena.view.timeline import names

    screen, state = console(), standings(contest)
    screen.print()
    screen.print(table(state))
    solo = contest.spec.family == "score"
    first = f"Playing {contest.spec.seats[0]}" if contest.spec.family == "team" else "Moving first"
    seat = "" if solo else f"{first} is worth {state.ratings.seat:+.0f} Elo. "
    screen.print(Text(f"\n{seat}Elo is {scale(state)}.", "dim"))
    for cycle in cycles(state):
        screen.print(Text(f"Not in line: {cycle}", "yellow"))
    if (doubt := misfit(state)) is not None:
        screen.print(Text(doubt, "yellow"))
    curve = learning_curve(state)
    if len({point.x for point in curve}) > 1:
        screen.print(Text("\nElo against minutes of training", "bold"))
        screen.print(interval_curve(curve, min(screen.width, 72), "minutes", using=glyphs(screen)))
    sound = contest.store.records(Query(ladder=contest.name, limit=RECENT), lambda match, message: None)
    best = most_interesting(sound, expectation(state))
    if best is not None:
        record, interest = best
        who = " against ".join(names(record))
        screen.print(Text.assemble(("\nMost worth watching: ", "bold"), f"{who}, {printable(interest.reason)}"))
        screen.print(f"  {command('watch', record.id, *where)}", soft_wrap=True)


def match(
    words: Annotated[
        list[str],
        typer.Argument(metavar="[GAME] A [B]", help="Two agents' specs (see: arena agents); for points, one will do."),
    ],
    game: Annotated[
        str | None, typer.Option(help="The game; if none is named, a checkpoint's, or connect_four.")
    ] = None,
    games: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000_000,
            help="How many: an even number, every opening from both sides; for points, of each agent. 20, or with "
            "--sprt 20000 at most.",
        ),
    ] = None,
    sprt: Annotated[
        float | None,
        typer.Option(metavar="ELO", help="Stop once a sequential test knows: A is so much stronger, or no stronger."),
    ] = None,
    move_ms: Annotated[float | None, typer.Option(min=0, help="Longer decisions lose the game.")] = None,
    openings: Openings = None,
    adjudicate: Adjudicate = False,
    seed: Annotated[int, typer.Option(min=0, max=(1 << 63) - 1, help="Of the openings and of all games.")] = 0,
    change: GameOptions = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Open agents' files that can run code: some zips of Stable-Baselines3.")
    ] = False,
    store: StorePath = STORE,
    as_json: AsJson = False,
) -> None:
    """Play a match of two agents.

    Games come in pairs from the same opening, in which each agent moves first once. In games for points, such as
    Atari's, both agents play the same seeds and the higher score wins; an agent may also play alone. In team games an
    agent plays a whole side, and a pair has one seed.

    Examples:
      arena match mcts random
      arena match breakout random --games 100 --json
      arena match moba_5v5 bot:captain bot:raider --games 40 --set lineup=random
      arena match runs/overnight "mcts?simulations=400" --games 100
      arena match runs/new runs/old --sprt 20
      arena match runs/chess "uci:stockfish?elo=1350" --game chess --openings book.pgn --adjudicate
    """
    from rich.live import Live

    import envs
    from agents import registry
    from arena.books import read_openings
    from arena.cli.keeping import Keeping
    from arena.families import for_points, for_teams
    from arena.interest import most_interesting
    from arena.match import play_match
    from arena.sprt import Sprt
    from arena.view.figures import printable
    from arena.view.match import Score, headline, verdict
    from envs.core import InputError

    named, specs = points.split(words, game)
    game = named or "connect_four"
    games = games or (GAMES if sprt is None else TESTED)
    specs = [registry.pinned(registry.trusted(spec) if trust else spec) for spec in specs]
    wanted = (1, 2) if for_points(game) else (2, 2)
    if not wanted[0] <= len(specs) <= wanted[1]:
        raise InputError(f"a match of {game} is between {'one or ' * (wanted[0] == 1)}two agents, not {len(specs)}")
    if change and not for_teams(game):
        raise InputError(f"--set is for team games, not for {game}")
    if for_points(game):
        if openings or sprt is not None or adjudicate:
            raise InputError(f"--openings, --sprt and --adjudicate are for board games, not for {game}")
        points.match(specs, game, games, seed, limits(move_ms, adjudicate), store, as_json)
        return
    a, b = specs
    if for_teams(game) and (openings or adjudicate):
        raise InputError(f"--openings and --adjudicate are for board games, not for {game}")
    options = game_options(change)
    book = None if openings is None else read_openings(envs.make(game), openings)
    score = Score(None if sprt is None else Sprt(0.0, sprt))
    screen = complaints() if as_json else console()
    kept, interrupted = Keeping(store), False
    with Live(headline(score, a, b), console=screen, transient=True) as live:
        try:
            rules = {"limits": limits(move_ms, adjudicate), "book": book, "options": options}
            for record in play_match(a, b, game, games, seed=seed, on_finished=kept.add, **rules):
                score.add(record)
                live.update(headline(score, a, b))
                if score.test is not None and score.test.verdict is not None:
                    break
        except KeyboardInterrupt:
            interrupted = True
        finally:
            kept.save()
    kept.tell_repeated()
    if as_json:
        print_json({"a": a, "b": b, "game": game, **score.facts()})
    else:
        screen.print(headline(score, a, b))
        screen.print(verdict(score, a, b))
        if (best := most_interesting(score.records)) is not None:
            watch = command("watch", best[0].id, *elsewhere(store))
            screen.print(f"Most worth watching, {printable(best[1].reason)}: {watch}", soft_wrap=True)
    if interrupted:
        complaints().print("stopped; the games finished so far are kept", style="yellow")
        raise typer.Exit(130)

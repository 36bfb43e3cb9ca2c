"""``arena agents``, ``games``, ``perft``, ``doctor``: what is here, and whether it is in order."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Annotated, Any, TypeVar

import typer

from arena.cli.shared import AsJson, Game, console, print_json, print_rows, print_table

T = TypeVar("T")


def agents(
    game: Annotated[str | None, typer.Option(help="Only those that can play this game.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the kinds of agents and their options.

    An agent is written as a spec: KIND, KIND:TARGET or the path of a checkpoint, with options after a question mark.

    Examples:
      arena agents
      arena agents --game connect_four
      arena match "mcts?simulations=400" random
    """
    import envs
    from agents import registry
    from agents.checkpoints import shipped

    spec = envs.spec(game) if game else None
    rows: list[dict[str, Any]] = []
    for kind in registry.kinds().values():
        if spec is None or kind.plays(spec):
            options = [f"{field.name}={_default(field)}" for field in kind.fields().values()]
            rows.append({"kind": kind.id, "what it is": kind.summary, "options": options, "example": kind.example})
    if as_json:
        print_json({"kinds": rows, "shipped": [f"shipped:{name}" for name in shipped()]})
        return
    print_rows(rows, False, "Agents")
    if shipped():
        console().print("\nCheckpoints that come with the package: " + ", ".join(f"shipped:{n}" for n in shipped()))


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else ""


def games(as_json: AsJson = False) -> None:
    """List the games.

    Examples:
      arena games
      arena games --json
    """
    import envs

    rows = [dataclasses.asdict(envs.spec(game_id)) for game_id in (*envs.ids(), *envs.team_ids(), *envs.score_ids())]
    if as_json:
        print_rows(rows, True, "Games")
        return
    shown = ("id", "title", "num_actions", "max_plies", "num_symmetries")
    board = [{field.removeprefix("num_"): row[field] for field in shown} for row in rows if row["family"] == "board"]
    print_rows(board, False, "Board games", right=("actions", "max_plies", "symmetries"))
    teams = [{field.removeprefix("num_"): row[field] for field in shown} for row in rows if row["family"] == "team"]
    print_rows(teams, False, "Team games", right=("actions", "max_plies", "symmetries"))
    atari = [game_id for game_id in envs.score_ids() if not game_id.endswith("_sticky")]
    console().print(f"\nAtari games, for points; each also as GAME_sticky, with sticky actions\n{' '.join(atari)}")


def perft(
    game: Game,
    depth: Annotated[int, typer.Option(min=0, help="Plies.")] = 6,
    fen: Annotated[
        str | None, typer.Option(help="The position to begin with, of chess and its kin; the usual one if left out.")
    ] = None,
    positions: Annotated[bool, typer.Option(help="Count distinct positions too (needs memory).")] = False,
    as_json: AsJson = False,
) -> None:
    """Count a game's lines of play, to check its rules.

    Examples:
      arena perft othello --depth 8
      arena perft connect_four --depth 8 --positions
      arena perft chess --depth 4 --fen "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1"
    """
    import envs
    from envs import perft as counts
    from envs.core import InputError

    rules = envs.make(game)
    if fen is not None and not hasattr(rules, "from_fen"):
        raise InputError(f"a FEN is a position of chess or minichess, not of {rules.spec.title}")
    start = None if fen is None else rules.from_fen(fen)  # type: ignore[attr-defined]
    counts.perft(rules, 1)  # compiled before the clock starts
    if positions:
        counts.positions(rules, 0)  # raises where they cannot be counted, before anything takes long
    began = time.perf_counter()
    sequences = _interruptible(lambda: counts.perft(rules, depth, start))
    seconds = time.perf_counter() - began
    distinct = counts.positions(rules, depth, start) if positions else None
    if as_json:
        print_json({"game": game, "sequences": sequences, "positions": distinct, "seconds": round(seconds, 4)})
        return
    columns = ["ply", "lines of play", *(["positions"] if distinct else [])]
    table = [sequences] if distinct is None else [sequences, distinct]
    rows = [[str(ply), *(f"{column[ply]:,}" for column in table)] for ply in range(depth + 1)]
    print_table(rules.spec.title, columns, rows, right=columns)
    console().print(f"\n{sum(sequences) / max(seconds, 1e-9):,.0f} nodes a second", style="dim")


def _interruptible(work: Callable[[], T]) -> T:
    """What ``work`` returns. Compiled code does not hear Ctrl-C, so it runs in a thread that is left behind if need
    be."""
    future = Future[T]()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future.result()


def doctor(as_json: AsJson = False) -> None:
    """Look at this machine: versions, cores, GPU, engines.

    The exit code is 1 when something is broken.

    Examples:
      arena doctor
      arena doctor --json
    """
    from rich.text import Text

    from arena.doctor import examine

    findings = examine()
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
    else:
        screen, styles = console(), {"ok": "green", "warn": "yellow", "bad": "bold red"}
        for finding in findings:
            line = Text(f"{finding.level:<5}", styles[finding.level])
            screen.print(line.append(f"{finding.topic:<12} ", "bold").append(finding.text, "default"), soft_wrap=True)
    if any(finding.level == "bad" for finding in findings):
        raise typer.Exit(1)

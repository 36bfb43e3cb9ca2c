"""``arena match`` and ``arena ladder`` for games played for points: they show scores instead of results."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from arena.cli.shared import command, complaints, console, elsewhere, print_json

SHOW_SECONDS = 1.0


def match(specs: Sequence[str], game: str, games: int, seed: int, limits: Any, store: Path, as_json: bool) -> None:
    """Every agent plays the same seeds."""
    from rich.live import Live
    from rich.text import Text

    from arena.cli.keeping import Keeping
    from arena.interest import most_interesting
    from arena.match import play_for_points
    from arena.view.figures import printable
    from arena.view.points import facts, table, verdict
    from envs.core import InputError
    from selfplay.holding import Every

    if len(set(specs)) < len(specs):
        raise InputError("an agent scores what it scores: name two different ones, or one alone")
    screen, interrupted = complaints() if as_json else console(), False
    kept = Keeping(store)
    records = kept.records
    due = Every(SHOW_SECONDS, 0.0)  # intervals of many games take a moment to compute

    def shown() -> Any:
        told = facts(records, specs, game)
        return table(((row["agent"], row) for row in told["agents"]), game)

    with Live(Text(f"{game}: playing ..."), console=screen, transient=True, auto_refresh=False) as live:
        try:
            for record in play_for_points(specs, game, games, seed=seed, limits=limits):
                kept.add(record)
                if screen.is_terminal and due.due(time.monotonic()):
                    live.update(shown(), refresh=True)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            kept.save()
    kept.tell_repeated()
    told = facts(records, specs, game)
    if as_json:
        print_json({**told, "seed": seed})
    else:
        screen.print(shown())
        if said := verdict(told):
            screen.print(said)
        if (best := most_interesting(records)) is not None:
            watch = command("watch", best[0].id, *elsewhere(store))
            screen.print(f"Most worth watching, {printable(best[1].reason)}: {watch}", soft_wrap=True)
    if interrupted:
        complaints().print("stopped; the games finished so far are kept", style="yellow")
        raise typer.Exit(130)


def split(words: Sequence[str], game: str | None) -> tuple[str | None, list[str]]:
    """The game and the agents of ``[GAME] AGENT...``; a game named with --game has no need to be named again, and one
    that an agent's checkpoint has learned need not be named at all."""
    import envs
    from agents import registry

    known = (*envs.ids(), *envs.team_ids(), *envs.score_ids())
    if words and words[0] in known and game in (None, words[0]):
        return words[0], list(words[1:])
    return game or next(filter(None, map(registry.game_of, words)), None), list(words)

"""The command ``arena``: one file for each group of commands.

`arena --help` and `arena COMMAND --help` answer at once, because these files import at their top nothing but typer and
each other; what a command needs (numba, torch, SQLAlchemy, rich) it imports when it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from arena.cli import compete, demo, learn, lookup, play, story, train, uci, watch
from arena.cli.shared import report

PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Train": (train.train, learn.learn, learn.experts, demo.demo),
    "Compete": (compete.ladder, compete.match),
    "Watch and play": (watch.watch, watch.matches, watch.replay, watch.export, story.story, play.play, uci.uci),
    "Look up": (lookup.agents, lookup.games, lookup.perft, lookup.doctor),
}

app = typer.Typer(
    name="arena",
    help="Train agents by self-play, let them meet on a ladder, watch and replay every match.",
    epilog="Start with: arena demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 a check failed, 2 wrong input, 3 an error of the arena's own, 130 Ctrl-C."""
    try:
        app()
    except Exception as error:
        sys.exit(report(error))

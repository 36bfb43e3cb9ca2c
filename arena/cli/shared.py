"""What the commands share: options that many of them have, output, one line for every error."""

from __future__ import annotations

import errno
import json
import os
import shlex
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from arena.view.figures import printable

RUNS = Path("runs")  # where trainings and matches go unless told otherwise
STORE = RUNS / "arena.db"

Game = Annotated[str, typer.Argument(metavar="GAME", help="A game's id; see: arena games", show_default=False)]
StorePath = Annotated[
    Path, typer.Option("--store", metavar="FILE", envvar="ARENA_STORE", help="Where matches are kept.")
]
Trust = Annotated[
    bool, typer.Option("--trust", help="Run what can hold foreign code: the store's programs, agents' files.")
]
GameOptions = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="An option of a team game, such as lineup=random or fog=false."),
]
_MACHINE = {  # errors of paths and disks
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR),
    *(errno.ENOSPC, errno.EDQUOT),
}
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def console() -> Console:
    """Standard output. Markup is off: names may hold brackets."""
    return Console(markup=False, highlight=False, emoji=False)


def complaints() -> Console:
    """Standard error."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def game_options(given: Sequence[str] | None) -> dict[str, Any]:
    """``NAME=VALUE`` as a dictionary; values are JSON where they can be read as such, text otherwise."""
    from envs.core import InputError

    options: dict[str, Any] = {}
    for word in given or ():
        name, equals, text = word.partition("=")
        if not equals:
            raise InputError(f"--set takes NAME=VALUE, not {word!r}")
        try:
            options[name] = json.loads(text)
        except ValueError:
            options[name] = text
    return options


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, default=str))


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]], right: Iterable[str] = ()) -> None:
    """A plain table; the columns named in ``right`` hold numbers."""
    table = Table(
        title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    numbers = set(right)
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in numbers else "left",
            header_style="dim",
            overflow="fold",
            no_wrap=column in numbers or column in ("id", "match"),
        )
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console().print(table)


def print_rows(rows: Sequence[Mapping[str, Any]], as_json: bool, title: str, right: Iterable[str] = ()) -> None:
    """A list of things with the same fields, as a table or as JSON."""
    if as_json:
        print_json(rows)
    elif rows:
        print_table(title, rows[0], [[_cell(value) for value in row.values()] for row in rows], right)


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def stopped(again: str) -> NoReturn:
    """After Ctrl-C: says how to go on, and leaves."""
    complaints().print(f"stopped; everything finished is saved. Go on with: {again}", style="yellow", soft_wrap=True)
    raise typer.Exit(130)


def make_store(path: Path) -> Any:
    """Opens the store for writing; it and its folder are made where they are missing."""
    from arena.store import Store
    from envs.core import InputError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path.parent} cannot be a folder for matches: {error.strerror}") from None
    return Store(path)


def report(error: Exception) -> int:
    """Tells a person about an error in one line and returns the exit code; a surprise's traceback goes to a file."""
    from agents.core import AgentError
    from envs.core import InputError

    said = _lines(str(error)) if isinstance(error, InputError | AgentError) else _of_the_machine(error)
    if said:
        complaints().print(Text(f"error: {said}", "red"), soft_wrap=True)
        return 2
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="arena-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as log:
            print(" ".join(sys.argv), file=log)
            traceback.print_exception(error, file=log)
        where = f"The full report is in {log.name}"
    except OSError as full:
        where = f"There is no full report: {full.strerror}"
    complaints().print(Text(f"error: {type(error).__name__}: {_lines(str(error))}\n{where}", "red"), soft_wrap=True)
    return 3


def _of_the_machine(error: Exception) -> str:
    """What to say of an error whose cause is a path, a disk or a terminal, not the arena; empty of others."""
    if isinstance(error, UnicodeEncodeError):
        return f"{printable(ascii(error.object)[:100])} is not text: {error.reason}"
    if isinstance(error, OSError) and error.errno in _MACHINE:
        where = f"{printable(os.fsdecode(error.filename))[:200]}: " if isinstance(error.filename, str | bytes) else ""
        return f"{where}{error.strerror}"
    return ""


def _lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def command(*words: Path | str) -> str:
    """A command line of this program that can be copied: ``command("watch", match)``."""
    program = "arena" if shutil.which("arena") else min(sys.argv[0], os.path.relpath(sys.argv[0]), key=len)
    return printable(shlex.join([program, *map(str, words)]))


def elsewhere(store: Path) -> list[str]:
    """The option that names the store, where it is not the usual one."""
    return [] if store == STORE else ["--store", str(store)]

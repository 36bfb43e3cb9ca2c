"""``arena watch``, ``matches``, ``replay``, ``export``: looking at matches that have been played."""

from __future__ import annotations

import dataclasses
import difflib
from pathlib import Path
from typing import Annotated, Any

import typer

from arena.cli.shared import (
    STORE,
    AsJson,
    StorePath,
    Trust,
    command,
    complaints,
    console,
    elsewhere,
    make_store,
    print_json,
    print_rows,
)

Match = Annotated[
    str | None,
    typer.Argument(
        metavar="[MATCH]", help="A match's id or its beginning, or a record's file. The latest if left out."
    ),
]
TEXTS = (".html", ".htm", ".pgn")  # what any match is written as, or one of chess
FILMS = (".mp4", ".gif", ".png")  # of a game played for points or by teams
OfGame = Annotated[str | None, typer.Option("--game", help="Only matches of this game.")]
OfLadder = Annotated[str | None, typer.Option("--ladder", help="Only matches of this ladder.")]
OfAgent = Annotated[str | None, typer.Option("--agent", help="Only matches in which this agent plays.")]


def watch(
    match: Annotated[
        str | None,
        typer.Argument(
            metavar="[MATCH]", help="A match's id or its beginning, a record's file, or a game: its latest match."
        ),
    ] = None,
    store: StorePath = STORE,
    ladder: OfLadder = None,
    agent: OfAgent = None,
) -> None:
    """Watch a match in the terminal.

    Arrow keys step, space plays, q quits; in team games f looks through the eyes of either side. Without a terminal
    every ply is printed, of team games what happened.

    Examples:
      arena watch
      arena watch connect_four
      arena watch --ladder night --agent perfect
    """
    import envs
    from arena.view.families import view_of
    from envs.core import InputError

    games = (*envs.ids(), *envs.team_ids(), *envs.score_ids())
    if match in games:
        record = _latest(store, match, ladder, agent)
        if record is None and (ladder or agent):
            raise InputError(f"no such matches in {store}")
        record = record or _exhibition(str(match), store)
    else:
        try:
            record = find(match, store, ladder, agent)
        except InputError as error:
            near = difflib.get_close_matches(str(match), games, n=1, cutoff=0.8)
            raise InputError(f"{error}. The game {near[0]!r}?" if near else str(error)) from None
    view_of(record).watch(record, console())
    named = str(match) if match is not None and Path(match).is_file() else record.id
    page = command("export", named, "-o", "game.html", *elsewhere(store))
    console().print(f"\nAs a web page: {page}", style="dim", soft_wrap=True)


def matches(
    store: StorePath = STORE,
    game: OfGame = None,
    ladder: OfLadder = None,
    agent: OfAgent = None,
    faults: Annotated[bool, typer.Option("--faults", help="Only games that ended by a fault.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List matches, the newest first.

    Examples:
      arena matches
      arena matches --agent perfect --limit 50
      arena matches --faults --json
    """
    from arena.store import Query
    from arena.view.figures import score

    query = Query(ladder=ladder, game=game, agent=agent, faults=faults, limit=limit)
    found = _open(store, query).matches(query) if store.exists() else []
    found = [dataclasses.replace(row, plies=row.plies // units_of(row.game)) for row in found]
    rows: list[dict[str, Any]]
    if as_json:
        rows = [dataclasses.asdict(row) for row in found]
    else:
        rows = [
            {
                "match": row.id,
                "game": row.game,
                "first": row.agents[0],
                "second": " ".join(row.agents[1:]),
                "result": " ".join(map(score, row.returns)),
                "plies": row.plies,
                "end": row.fault or row.termination,
                "ladder": row.ladder,
            }
            for row in found
        ]
    print_rows(list(rows), as_json, "Matches", right=("plies",))
    if not rows and not as_json:
        console().print(f"no such matches in {store}")


def replay(
    match: Match = None,
    store: StorePath = STORE,
    ladder: OfLadder = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check records against the rules instead of showing one.")
    ] = False,
    ask: Annotated[bool, typer.Option("--ask", help="Check also that the agents would decide the same again.")] = False,
    trust: Trust = False,
    every: Annotated[bool, typer.Option("--all", help="With --verify: all matches (of --ladder, if given).")] = False,
    as_json: AsJson = False,
) -> None:
    """Print a match, or check that matches replay exactly.

    The exit code is 1 when a check fails.

    Examples:
      arena replay
      arena replay --verify --all
      arena replay 4f2a --verify --ask
      arena replay 4f2a --json > game.json
    """
    from agents import registry
    from arena.records import to_json
    from arena.replay import ask_again
    from arena.replay import verify as check
    from arena.store import Query
    from envs.core import InputError

    if every and (match is not None or not (verify or ask)):
        raise InputError("--all checks all matches: arena replay --verify --all")
    if not (verify or ask):
        record = find(match, store, ladder)
        if as_json:
            print(to_json(record))
        else:
            from arena.view.families import view_of

            console().print(view_of(record).lines(record, console()))
        return
    checked, wrong = 0, list[dict[str, Any]]()

    def found(match: str, message: str, ply: int | None = None) -> None:
        wrong.append({"match": match, "ply": ply, "message": message})

    asked = Query(ladder=ladder)
    records = _open(store, asked).records(asked, found) if every else [find(match, store, ladder)]
    for record in records:
        if ask and not trust:
            registry.refuse_foreign([ref.spec for ref in record.agents], f"match {record.id}")
        checked += 1
        try:
            findings = check(record)
            if ask and not findings:  # what does not replay cannot be asked about
                findings = ask_again(record)
        except InputError as error:  # a game or an agent that is not here
            if not every:
                raise
            found(record.id, str(error))
            continue
        for finding in findings:
            found(record.id, finding.message, finding.ply)
    if as_json:
        print_json({"checked": checked, "findings": wrong})
    else:
        print_rows(wrong, False, "Findings")
        console().print(f"{checked} checked, {len(wrong)} findings" if wrong else f"{checked} checked, all in order")
    if wrong:
        raise typer.Exit(1)


def export(
    match: Match = None,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="The file: .html; .pgn of chess and minichess; .mp4, .gif, .png of games for points or by teams.",
        ),
    ] = Path("game.html"),
    store: StorePath = STORE,
    ladder: OfLadder = None,
    every: Annotated[
        bool, typer.Option("--all", help="All matches of chess and its kin (of --ladder, if given) in one PGN file.")
    ] = False,
) -> None:
    """Write a match as a web page in one file, as PGN, or as a film.

    The page has the board, a slider, arrow keys, the value curve and the visits, and needs nothing else. PGN, which any
    chess program reads, has evaluations and times as comments.

    Games played for points or by teams are also written as a film (.mp4, .gif), or as a picture of the end (.png).

    Examples:
      arena export -o game.html
      arena export 4f2a -o game.pgn
      arena export 8b53 -o game.mp4
      arena export --all --ladder night -o night.pgn
    """
    from rich.text import Text

    from arena.pgn import has_pgn, to_pgn
    from arena.store import Query
    from arena.view.families import view_of
    from arena.view.figures import printable
    from arena.view.timeline import names
    from envs.core import InputError

    pgn = output.suffix.lower() == ".pgn"
    if output.suffix.lower() not in (*TEXTS, *FILMS):
        raise InputError(f"{output}: a match is written as {', '.join((*TEXTS, *FILMS))}")
    if output.suffix.lower() in FILMS and not every:
        film(find(match, store, ladder), output)
        return
    if every and (match is not None or not pgn):
        raise InputError("--all writes all matches as PGN: arena export --all -o games.pgn")
    asked = Query(ladder=ladder, newest_first=False)
    damaged: list[str] = []
    chosen = (
        _open(store, asked).records(asked, lambda _, message: damaged.append(message))
        if every
        else [find(match, store, ladder)]
    )
    texts, others = [], 0
    for record in chosen:
        if every and not has_pgn(record.game):
            others += 1
            continue
        try:
            texts.append(to_pgn(record) if pgn else view_of(record).page(record))
        except InputError as error:
            if not every:
                raise
            damaged.append(str(error))
    for message in damaged:
        complaints().print(Text(f"left out: {printable(message)}", "yellow"), soft_wrap=True)
    if not texts:
        raise InputError(f"no such matches in {store}" + f", but {others} of games that PGN is not for" * bool(others))
    text = "".join(texts)
    try:
        output.write_bytes(text.encode("utf-8", "replace"))  # a name may hold half a character
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror}") from None
    many = f"{len(texts)} matches" + f", without {others} of other games" * bool(others)
    what = many if every else " against ".join(names(record))
    console().print(f"{output}: {what}, {max(len(text) // 1000, 1)} kB")


def units_of(game: str) -> int:
    """How many actions of a record make a ply of the game; 1 for a game that is not known here."""
    import envs

    return len(envs.team_game(game).units) if game in envs.team_ids() else 1


def film(record: Any, output: Path) -> None:
    """Writes a game played for points or by teams as moving or still pictures."""
    from arena.view.families import view_of
    from arena.view.timeline import result
    from envs.core import InputError

    write = view_of(record).films.get(output.suffix.lower())
    if write is None:
        raise InputError(
            f"{output}: only games played for points or by teams are written as {output.suffix}; try game.html"
        )
    try:
        write(record, output)
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror or error}") from None
    size = max(output.stat().st_size // 1000, 1)
    console().print(f"{output}: {result(record)}, {size} kB", soft_wrap=True)


def find(match: str | None, store: Path, ladder: str | None = None, agent: str | None = None) -> Any:
    """The record that a command line means. Raises `InputError`."""
    from arena.records import from_json
    from envs.core import InputError

    try:
        if match is not None and Path(match).is_file():
            return from_json(Path(match).read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"{match} is not a match record: it is no text") from None
    except OSError as error:
        raise InputError(f"{str(match)[:100]!r} cannot be read: {error.strerror}") from None
    if match is not None:
        return _open(store).record(match)
    record = _latest(store, None, ladder, agent)
    if record is None:
        raise InputError(f"no such matches in {store}; play one: arena match random mcts --game connect_four")
    return record


def _latest(store: Path, game: str | None, ladder: str | None, agent: str | None) -> Any:
    from arena.store import Query

    asked = Query(game=game, ladder=ladder, agent=agent)
    return _open(store, Query(ladder=ladder, agent=agent)).latest(asked) if store.exists() else None


def _open(store: Path, asked: Any = None) -> Any:
    """The store, if what a query names is in it. Raises `InputError`."""
    from arena.store import Store
    from envs.core import InputError

    if not store.exists():
        raise InputError(f"there is no store {store}; matches are kept there once some have been played")
    kept = Store(store, read_only=True)
    if asked is not None:
        kept.require(asked)
    return kept


def _exhibition(game: str, store: Path) -> Any:
    """A match between the two strongest agents that are at hand without training, played now and kept."""
    from arena.cli.play import strongest
    from arena.families import for_points
    from arena.match import play_for_points, play_match

    if for_points(game):
        best = strongest(game)[0]
        console().print(f"no match of {game} in {store} yet: {best} plays ...", style="dim")
        records = list(play_for_points([best], game, games=1))
        make_store(store).add(records)
        return records[0]
    first, second = (strongest(game) * 2)[:2]
    console().print(f"no match of {game} in {store} yet: {first} plays {second} ...", style="dim")
    records = list(play_match(first, second, game, games=2))
    make_store(store).add(records)
    return max(records, key=lambda record: len(record.actions))

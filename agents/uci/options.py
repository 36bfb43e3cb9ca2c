"""The options of an engine's spec, and what they set in the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import chess.engine

from envs.core import InputError, unknown

MOVETIME = 100  # milliseconds a move where the spec sets no limit


@dataclass(frozen=True, slots=True)
class UciOptions:
    """The first three limit a move; several may, and without any it is movetime=100."""

    nodes: int | None = None
    depth: int | None = None
    movetime: int | None = None  # milliseconds
    elo: int | None = None  # plays as weakly as that, by UCI_LimitStrength and UCI_Elo
    skill: int | None = None  # the engine's option Skill Level
    multipv: int = 1  # lines of play; more than one give a policy too
    options: str = ""  # other options of the engine: Hash:64,Move Overhead:0 (%2B for a plus)
    processes: int = 1  # engines that share the games of a batch
    startup: float = 10.0  # seconds to start
    patience: float = 30.0  # seconds beyond movetime after which a silent engine is taken to hang

    def __post_init__(self) -> None:
        for field in ("nodes", "depth", "movetime", "multipv", "processes", "startup", "patience"):
            value = getattr(self, field)
            if value is not None and not value > 0:
                raise ValueError(f"{field} must be positive, not {value}")
        pairs(self.options)

    @property
    def go(self) -> str:
        """The command that makes the engine think."""
        given = [(word, getattr(self, word)) for word in ("nodes", "depth", "movetime")]
        limits = [f"{word} {value}" for word, value in given if value is not None]
        return " ".join(["go", *(limits or [f"movetime {MOVETIME}"])])

    @property
    def seconds(self) -> float:
        """The longest an answer may take."""
        limited = self.nodes is not None or self.depth is not None
        return self.patience + (self.movetime or (0 if limited else MOVETIME)) / 1e3


def pairs(text: str) -> dict[str, str]:
    """``NAME:VALUE,NAME:VALUE`` as a dictionary; what has no colon belongs to the value before. Raises ValueError."""
    found: dict[str, str] = {}
    last = ""
    for part in text.split(",") if text else []:
        name, colon, value = part.partition(":")
        if not part.isprintable() or not (name.strip() if colon else last):
            raise ValueError(f"options are NAME:VALUE,NAME:VALUE, not {text!r}")
        if colon:
            last, found[name.strip()] = name.strip(), value.strip()
        else:
            found[last] += f",{part.rstrip()}"
    return found


def settings(options: UciOptions, engine: str, known: Mapping[str, chess.engine.Option]) -> Iterator[str]:
    """The ``setoption`` commands that these options come to, for an engine with the ``known`` options.

    One thread unless told otherwise: more of them make an engine's moves depend on chance.
    Raises `InputError`: an option that the engine does not have, or a value that it does not take."""
    usual = {"Threads": "1", "UCI_ShowWDL": "true"}
    wanted = {name: value for name, value in usual.items() if name in known}
    if options.elo is not None:
        wanted |= {"UCI_LimitStrength": "true", "UCI_Elo": str(options.elo)}
    if options.skill is not None:
        wanted["Skill Level"] = str(options.skill)
    if options.multipv > 1:
        wanted["MultiPV"] = str(options.multipv)
    wanted |= pairs(options.options)
    for name, value in wanted.items():
        if name not in known:
            raise unknown(f"option of {engine}:", name, known)
        yield setting(engine, known[name], value)


def setting(engine: str, option: chess.engine.Option, value: str) -> str:
    """The command that sets an option. Raises `InputError` for a value that it does not take."""
    match option.type:
        case "check" if value not in ("true", "false"):
            takes = "true or false"
        case "spin" if not _is_number(value, option.min, option.max):
            takes = f"{option.min} to {option.max}"
        case "combo" if value not in (option.var or ()):
            raise unknown(f"value of option {option.name!r} of {engine}:", value, option.var or ())
        case "button":
            return f"setoption name {option.name}"
        case _:
            return f"setoption name {option.name} value {value}"
    raise InputError(f"option {option.name!r} of {engine} takes {takes}, not {value!r}")


def _is_number(text: str, least: int | None, most: int | None) -> bool:
    try:
        number = int(text)
    except ValueError:
        return False
    return (least is None or number >= least) and (most is None or number <= most)

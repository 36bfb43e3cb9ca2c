"""UCI as text: lines to commands, facts to lines. Pure functions, which import nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from envs.core import InputError, unknown

COMMANDS = frozenset(
    "uci debug isready setoption register ucinewgame position go stop ponderhit quit".split()  # noqa: SIM905
)
_NUMBERS = ("wtime", "btime", "winc", "binc", "movestogo", "depth", "nodes", "mate", "movetime")
_SWITCHES = ("ponder", "infinite")


@dataclass(frozen=True, slots=True)
class Limits:
    """What ``go`` asks for; times in milliseconds."""

    wtime: int | None = None
    btime: int | None = None
    winc: int = 0
    binc: int = 0
    movestogo: int | None = None
    depth: int | None = None
    nodes: int | None = None
    mate: int | None = None
    movetime: int | None = None
    ponder: bool = False
    infinite: bool = False
    searchmoves: tuple[str, ...] = ()

    @property
    def endless(self) -> bool:
        """Whether only ``stop`` ends the search; so it is too when nothing at all is said."""
        limits = (self.wtime, self.btime, self.depth, self.nodes, self.mate, self.movetime)
        return self.infinite or all(limit is None for limit in limits)


@dataclass(frozen=True, slots=True)
class Option:
    """An option as the engine announces it: ``spin``, ``check``, ``string``, ``combo`` or ``button``."""

    name: str
    type: str
    default: str = ""
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"option name {self.name} type {self.type}"
        if self.type != "button":
            text += f" default {self.default or '<empty>'}"
        if self.type == "spin":
            text += f" min {self.least} max {self.most}"
        return text + "".join(f" var {choice}" for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options' values."""

    hash: int = 256  # MiB, of tree and evaluation cache together
    multipv: int = 1
    show_wdl: bool = False
    overhead: int = 50  # milliseconds a move that are lost on the way
    batch: int = 16  # leaves evaluated at once
    cpuct: float = 1.25
    fpu: float = 0.2


_FIELDS = {  # what an option sets
    "Hash": "hash",
    "MultiPV": "multipv",
    "UCI_ShowWDL": "show_wdl",
    "Move Overhead": "overhead",
    "Batch": "batch",
    "CPuct": "cpuct",
    "FpuReduction": "fpu",
}


def options(variant: str) -> tuple[Option, ...]:
    """All options of the engine for a game that UCI calls ``variant``."""
    plain = Settings()
    return (
        Option("Hash", "spin", str(plain.hash), 16, 65_536),
        Option("Clear Hash", "button"),
        Option("Threads", "spin", "1", 1, 1),
        Option("Ponder", "check", "false"),
        Option("MultiPV", "spin", str(plain.multipv), 1, 218),
        Option("UCI_ShowWDL", "check", "false"),
        Option("Move Overhead", "spin", str(plain.overhead), 0, 10_000),
        Option("Batch", "spin", str(plain.batch), 1, 256),
        Option("CPuct", "string", str(plain.cpuct)),
        Option("FpuReduction", "string", str(plain.fpu)),
        *((Option("UCI_Variant", "combo", variant, choices=(variant,)),) if variant != "chess" else ()),
    )


def is_number(text: str) -> bool:
    """Whether it is a whole number, of not more digits than one can have that means anything."""
    digits = text.removeprefix("-")
    return digits.isdecimal() and len(digits) < 19


def split(line: str) -> tuple[str, list[str]]:
    """A line's command and its words; what comes before a known command is ignored, as UCI demands. "" if none is."""
    words = line.split()
    for i, word in enumerate(words):
        if word in COMMANDS:
            return word, words[i + 1 :]
    return "", []


def parse_go(words: Sequence[str], complain: Callable[[str], None] = lambda _: None) -> Limits:
    """The words after ``go``. As UCI demands, what makes no sense is ignored; of numbers that make none it
    complains. Raises `InputError` where these were all that would have ended the search."""
    wrong: list[str] = []
    numbers: dict[str, int] = {}
    switches: dict[str, bool] = {}
    moves: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if word in _SWITCHES:
            switches[word] = True
        elif word in _NUMBERS:
            text = left[0] if left else ""
            if is_number(text):
                numbers[word] = int(left.pop(0))
            else:
                wrong.append(f"go {word} takes a number, not {text[:40]!r}")
        elif word == "searchmoves":
            while left and left[0] not in (*_NUMBERS, *_SWITCHES):
                moves.append(left.pop(0))
    low = [word for word in ("depth", "nodes", "mate", "movestogo") if numbers.get(word, 1) < 1]
    wrong += [f"go {word} takes a number above 0, not {numbers.pop(word)}" for word in low]
    limits = Limits(**numbers, **switches, searchmoves=tuple(moves))  # type: ignore[arg-type]
    if wrong and limits.endless and not (limits.infinite or limits.ponder):
        raise InputError("; ".join(wrong))
    for text in wrong:
        complain(text)
    return limits


def parse_position(words: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The words after ``position`` -> (FEN, or None for the start; moves). Raises `InputError`."""
    before, moves = list(words), []
    if "moves" in before:
        cut = before.index("moves")
        before, moves = before[:cut], before[cut + 1 :]
    if before[:1] == ["startpos"]:
        return None, tuple(moves)
    if before[:1] == ["fen"] and len(before) > 1:
        return " ".join(before[1:]), tuple(moves)
    raise InputError(f"position takes startpos or fen, not {' '.join(words)!r}")


def parse_option(words: Sequence[str]) -> tuple[str, str]:
    """The words after ``setoption`` -> (name, value). Both may hold blanks. Raises `InputError`."""
    if words[:1] != ["name"] or len(words) < 2:
        raise InputError(f"setoption takes name NAME [value VALUE], not {' '.join(words)!r}")
    cut = list(words).index("value") if "value" in words else len(words)
    return " ".join(words[1:cut]), " ".join(words[cut + 1 :])


def set_option(settings: Settings, known: Sequence[Option], name: str, value: str) -> Settings:
    """The settings with one changed; names are compared as UCI wants, without regard to case. Raises `InputError`."""
    by_name = {option.name.lower(): option for option in known}
    option = by_name.get(name.lower())
    if option is None:
        raise unknown("option", name, [option.name for option in known])
    converted = _convert(option, value)
    if option.name not in _FIELDS:
        return settings
    changed: dict[str, Any] = {_FIELDS[option.name]: converted}
    return replace(settings, **changed)


def _convert(option: Option, text: str) -> int | bool | float | str:
    if option.type == "spin":
        if not is_number(text) or not option.least <= int(text) <= option.most:
            raise InputError(f"option {option.name} takes {option.least} to {option.most}, not {text[:40]!r}")
        return int(text)
    if option.type == "check":
        if text.lower() not in ("true", "false"):
            raise InputError(f"option {option.name} takes true or false, not {text!r}")
        return text.lower() == "true"
    if option.type == "combo" and text not in option.choices:
        raise unknown(f"value of option {option.name}:", text, option.choices)
    if option.name in ("CPuct", "FpuReduction"):
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 100 or (option.name == "CPuct" and number == 0):
            raise InputError(f"option {option.name} takes a number above 0 and up to 100, not {text!r}")
        return number
    return text


@dataclass(frozen=True, slots=True)
class Score:
    """What a line is worth to the mover: a number of moves to mate (negative: against them), or centipawns."""

    centipawns: int = 0
    mate: int | None = None
    wdl: tuple[int, int, int] = field(default=(0, 1000, 0))  # in thousandths

    def text(self, show_wdl: bool) -> str:
        score = f"score cp {self.centipawns}" if self.mate is None else f"score mate {self.mate}"
        return f"{score} wdl {' '.join(map(str, self.wdl))}" if show_wdl else score


@dataclass(frozen=True, slots=True)
class Info:
    """The facts of an ``info`` line, in the order in which they are said."""

    depth: int
    seldepth: int
    multipv: int
    score: Score
    nodes: int
    nps: int
    hashfull: int  # in thousandths
    time: int  # milliseconds
    pv: tuple[str, ...]

    def text(self, show_wdl: bool) -> str:
        said = []
        for fact in fields(self):
            value = getattr(self, fact.name)
            said.append(value.text(show_wdl) if isinstance(value, Score) else f"{fact.name} {_words(value)}")
        return " ".join(["info", *said])


def _words(value: int | tuple[str, ...]) -> str:
    return str(value) if isinstance(value, int) else " ".join(value)


def thousandths(value: float, draw: float) -> tuple[int, int, int]:
    """Win, draw and loss in thousandths that sum to 1000, from win - loss and the probability of a draw."""
    loss = max(0, min(1000, round(500 * (1 - draw - value))))
    middle = max(0, min(1000 - loss, round(1000 * draw)))
    return 1000 - loss - middle, middle, loss


def best_move(moves: Sequence[str]) -> str:
    """The last word: a line's first move and the answer to ponder on; ``(none)`` where no move is legal."""
    if not moves:
        return "bestmove (none)"
    return f"bestmove {moves[0]}" + (f" ponder {moves[1]}" if len(moves) > 1 else "")

"""What may be chosen about a game before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from envs.core import InputError, unknown
from envs.moba import tables as t
from envs.moba.rewards import Mode, weights
from envs.moba.start import ANY_ROLE
from envs.moba.world import SIZES

_USUAL = {1: ("mage",), 5: t.ROLES}


@dataclass(frozen=True, slots=True)
class Setup:
    """Checked on creation: raises `InputError`. Lists are taken for tuples.

    ``lineup``: each slot's role, the same for both sides; ``"random"`` draws every hero's anew; None is the usual one.
    ``start_level``: both sides' level, or a range to draw it from. ``wave_jitter``: the first wave comes up to so many
    ticks late, by whole decisions. ``swap``: the sides exchange their luck, so that the mirrored game follows from
    mirrored actions.
    """

    heroes: Literal[1, 5] = 5  # a side
    lineup: tuple[str, ...] | Literal["random"] | None = None
    start_level: int | tuple[int, int] = 1
    wave_jitter: int = 0
    reward: Mode = "shaped"
    team_spirit: float = 0.3
    max_cycles: int | None = None  # decisions until truncation; None: tables.MAX_CYCLES
    fog: bool = True
    swap: bool = False

    def __post_init__(self) -> None:
        if self.heroes not in SIZES:
            raise unknown("number of heroes a side", self.heroes, map(str, SIZES))
        for name in ("lineup", "start_level"):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        weights(self.reward)
        for name in ("fog", "swap"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} is true or false, not {getattr(self, name)!r}")
        levels = self.start_level if isinstance(self.start_level, tuple) else (self.start_level,) * 2
        if len(levels) != 2 or not all(map(_is_whole, levels)):
            raise InputError(f"start_level {self.start_level!r} is not a whole number or two")
        low, high = levels
        if not 1 <= low <= high <= t.MAX_LEVEL:
            raise InputError(f"start_level {self.start_level!r} is not within 1..{t.MAX_LEVEL}")
        if not 0.0 <= self.team_spirit <= 1.0:
            raise InputError(f"team_spirit {self.team_spirit!r} is not within 0..1")
        if not _is_whole(self.wave_jitter) or not 0 <= self.wave_jitter <= 1000:
            raise InputError(f"wave_jitter {self.wave_jitter!r} is not within 0..1000 ticks")
        if self.max_cycles is not None and (not _is_whole(self.max_cycles) or self.max_cycles < 1):
            raise InputError(f"max_cycles {self.max_cycles!r} is not a whole number above 0")
        if not isinstance(self.lineup, tuple) and self.lineup not in (None, "random"):
            raise unknown("lineup", self.lineup, ["random", "a tuple of roles"])
        if isinstance(self.lineup, tuple):
            if len(self.lineup) != self.heroes:
                raise InputError(f"lineup {self.lineup!r} does not name {self.heroes} roles")
            for role in self.lineup:
                if role not in t.ROLES:
                    raise unknown("role", role, t.ROLES)

    @property
    def levels(self) -> tuple[int, int]:
        return self.start_level if isinstance(self.start_level, tuple) else (self.start_level, self.start_level)

    @property
    def cycles(self) -> int:
        return t.MAX_CYCLES[self.heroes] if self.max_cycles is None else self.max_cycles

    @property
    def roles(self) -> NDArray[np.int64]:
        """int64[2, heroes], for `start.start`."""
        if self.lineup == "random":
            return np.full((2, self.heroes), ANY_ROLE, np.int64)
        names = self.lineup or _USUAL[self.heroes]
        return np.tile(np.array([t.ROLES.index(name) for name in names], np.int64), (2, 1))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

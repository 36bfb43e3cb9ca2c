"""What a decision pays each hero, term by term.

The terms are those of OpenAI Five's table (Berner et al. 2019, arXiv:1912.06680, Appendix G, Table 6) that this game
has, scaled so that the parts of a game are about as large beside each other as there, all of it divided by 5 so that
winning pays 1 more than losing nothing. As there, each term of a hero has the mean of the foes' subtracted, which makes
the game zero-sum, and team spirit ``tau`` in [0, 1] mixes a hero's own with its team's mean:
``(1 - tau) * own + tau * mean(own side) - mean(foes)``.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from envs.core import unknown
from envs.kernels import njit
from envs.moba import tables as t
from envs.moba import world as wd
from envs.moba.world import Game

F = np.float32
TERMS = ("win", "ancient", "towers", "kills", "deaths", "xp", "gold", "last_hits", "health", "mana")
Mode = Literal["shaped", "win"]
_SHAPED = np.array([5, 5, 2.25, -0.6, -1, 0.004, 0.006, -0.06, 2, 0.75], F) / F(5)
_WIN = np.array([1] + [0] * (len(TERMS) - 1), F)


def weights(mode: Mode) -> NDArray[np.float32]:
    """float32[T]: the weight of each of TERMS. Raises `InputError`."""
    if mode not in get_args(Mode):
        raise unknown("reward", mode, get_args(Mode))
    return _WIN if mode == "win" else _SHAPED


@njit(cache=True, nogil=True)
def health_worth(part: np.float32) -> np.float32:
    """Low health weighs more: OpenAI Five's ``(x + 1 - (1 - x)^4) / 2``."""
    rest = F(1) - part
    return (part + F(1) - rest * rest * rest * rest) / F(2)


@njit(cache=True, nogil=True)
def reward(
    w: Game,
    weight: NDArray[np.float32],
    spirit: np.float32,
    raw: NDArray[np.float32],
    terms: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Fills float32[2 * heroes, T] ``terms`` and their sums float32[2 * heroes]; ``raw`` is room for as much."""
    h, count = w.hp.shape[1], len(weight)
    for s in range(2):
        won = F(1) if w.over == (wd.WEST_WON if s == 0 else wd.EAST_WON) else F(0)
        ancient = w.bhp[s, -1] / t.ANCIENT_HP - w.was_ancient[s]
        for i in range(h):
            own = raw[s * h + i]
            own[0], own[1], own[2] = won, ancient, w.got_towers[s]
            own[3], own[4] = F(w.got_kills[s, i]), F(w.got_deaths[s, i])
            own[5], own[6], own[7] = w.got_xp[s, i], w.got_gold[s, i], F(w.got_hits[s, i])
            own[8] = health_worth(w.hp[s, i] / w.max_hp[s, i]) - health_worth(w.was_hp[s, i])
            own[9] = w.mana[s, i] / w.max_mana[s, i] - w.was_mana[s, i]
    out[:] = F(0)
    for term in range(count):
        west, east = F(0), F(0)
        for i in range(h):
            west += raw[i, term]
            east += raw[h + i, term]
        west, east = west / F(h), east / F(h)
        for unit in range(2 * h):
            own, foes = (west, east) if unit < h else (east, west)
            value = weight[term] * ((F(1) - spirit) * raw[unit, term] + spirit * own - foes)
            terms[unit, term] = value
            out[unit] += value

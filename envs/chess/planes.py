"""What a network sees of a position, the key that stands for just that, and the mirror image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.bits import mix
from envs.chess.bitboards import U, mirrored
from envs.chess.position import CASTLING, CLOCK, EARLIER, FACTS, MEMORY, PASSANT, REMEMBERED, STATUS, field
from envs.core import State, States
from envs.kernels import njit

CLOCK_STEPS = (20, 40, 60, 80)  # plies on the clock from which each of its planes is set
SMALL_PLANES = 12 + 1 + len(CLOCK_STEPS)
LARGE_PLANES = SMALL_PLANES + 4 + 1
_LOSS = U(1)


@njit(cache=True, nogil=True)
def _clock_level(row: State) -> int:
    """How many of the clock's planes are set."""
    level = 0
    for bound in CLOCK_STEPS:
        if field(row, CLOCK, 8) >= U(bound):
            level += 1
    return level


@njit(cache=True, nogil=True)
def observe_rows(states: States, planes: int, size: int) -> NDArray[np.uint8]:
    """uint8[B, planes, size, size] of zeros and ones; rank and file 0 of the mover's side come first.

    Pawns, knights, bishops, rooks, queens and kings, for each the mover's and the opponent's; whether the position has
    occurred before; the clock, a plane for each of `CLOCK_STEPS` reached. The large board's four rights to castle (the
    mover's towards h and towards a, the opponent's) and the square where a pawn may be captured en passant follow."""
    out = np.zeros((states.shape[0], planes, size, size), np.uint8)
    sets = np.empty(planes, np.uint64)
    for b in range(states.shape[0]):
        own, diag, orth, step = states[b, 0], states[b, 1], states[b, 2], states[b, 3]
        kinds = (
            step & ~diag & ~orth,
            step & diag,
            diag & ~orth & ~step,
            orth & ~diag & ~step,
            diag & orth,
            orth & step,
        )
        for kind in range(6):
            sets[2 * kind], sets[2 * kind + 1] = kinds[kind] & own, kinds[kind] & ~own
        sets[12:] = U(0)
        everywhere = ~U(0)
        if field(states[b], EARLIER, 2):
            sets[12] = everywhere
        sets[13 : 13 + _clock_level(states[b])] = everywhere
        if planes == LARGE_PLANES:
            for right in range(4):
                if field(states[b], CASTLING, 4) >> U(right) & U(1):
                    sets[SMALL_PLANES + right] = everywhere
            passant = field(states[b], PASSANT, 4)
            if passant:
                sets[SMALL_PLANES + 4] = U(1) << (U(39) + passant)
        for plane in range(planes):
            if sets[plane]:
                for r in range(size):
                    row = sets[plane] >> U(8 * r)
                    for c in range(size):
                        out[b, plane, r, c] = (row >> U(c)) & U(1)
    return out


@njit(cache=True, nogil=True)
def key_rows(states: States) -> NDArray[np.uint64]:
    out = np.empty(states.shape[0], np.uint64)
    for b in range(states.shape[0]):
        row = states[b]
        status = field(row, STATUS, 4)
        ending = min(status, _LOSS + _LOSS)  # running, lost or drawn: the kinds of draw look the same
        facts = (row[FACTS] & U(0x1FF)) | (ending << U(9)) | (U(field(row, EARLIER, 2) != U(0)) << U(11))
        facts |= U(_clock_level(row)) << U(12)
        out[b] = mix(mix(mix(mix(mix(row[0]) ^ row[1]) ^ row[2]) ^ row[3]) ^ facts)
    return out


@njit(cache=True, nogil=True)
def mirror_rows(states: States, k: NDArray[np.int8], size: np.uint64) -> States:
    """Rows with ``k[b]`` = 1 with left and right exchanged: a symmetry of the rules where nobody may castle."""
    out = states.copy()
    for b in range(states.shape[0]):
        if k[b]:
            for word in range(FACTS):
                out[b, word] = mirrored(states[b, word], size)
            passant = field(states[b], PASSANT, 4)  # 1 + its file
            if passant:
                out[b, FACTS] ^= (passant ^ (size + U(1) - passant)) << PASSANT
            for slot in range(np.int64(field(states[b], REMEMBERED, 8))):
                shift = U(16 * (slot % 4))
                move = (states[b, MEMORY + slot // 4] >> shift) & U(0xFFFF)
                files = (size - U(1) - (move & U(7))) | ((size - U(1) - ((move >> U(6)) & U(7))) << U(6))
                word = MEMORY + slot // 4
                out[b, word] &= ~(U(0xFFFF) << shift)
                out[b, word] |= ((move & ~U(0x1C7)) | files) << shift
    return out

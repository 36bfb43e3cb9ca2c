"""Words and bits, shared by the kernels: copying, population count, hashing, a counter-based random number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.kernels import njit

U = np.uint64


@njit(cache=True, nogil=True)
def copy(source: NDArray[np.uint64], target: NDArray[np.uint64]) -> None:
    """``target[:] = source`` for positions, without the seconds that numba takes to compile what that would say of
    shapes that differ."""
    for w in range(len(source)):
        target[w] = source[w]


@njit(cache=True, nogil=True)
def popcount(x: np.uint64) -> np.uint64:
    """Number of set bits of a 64-bit word (Hacker's Delight, 5-1)."""
    x = x - ((x >> U(1)) & U(0x5555555555555555))
    x = (x & U(0x3333333333333333)) + ((x >> U(2)) & U(0x3333333333333333))
    x = (x + (x >> U(4))) & U(0x0F0F0F0F0F0F0F0F)
    return (x * U(0x0101010101010101)) >> U(56)


@njit(cache=True, nogil=True)
def lowest(x: np.uint64) -> np.uint64:
    """Index of the lowest set bit of a non-zero word."""
    return popcount((x & (~x + U(1))) - U(1))


@njit(cache=True, nogil=True)
def mix(x: np.uint64) -> np.uint64:
    """A bijection of 64-bit words without visible structure (the finaliser of SplitMix64, Steele et al. 2014)."""
    x = (x ^ (x >> U(30))) * U(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> U(27))) * U(0x94D049BB133111EB)
    return x ^ (x >> U(31))


@njit(cache=True, nogil=True)
def draw(seed: np.uint64, counter: np.uint64) -> np.uint64:
    """The ``counter``-th number of SplitMix64's stream ``seed``: random access, so no generator is carried along."""
    return mix(seed + (counter + U(1)) * U(0x9E3779B97F4A7C15))


@njit(cache=True, nogil=True)
def below(x: np.uint64, n: np.uint64) -> np.uint64:
    """Maps a random word to 0..n-1 for n < 2**32 by multiplication (Lemire 2019); bias below n / 2**32."""
    return ((x >> U(32)) * n) >> U(32)

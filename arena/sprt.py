"""Sequential test "is the new one better?" (signatures; bodies follow in the next commit)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Sprt:
    """Test and its whole state: `dataclasses.asdict` saves it, ``Sprt(**saved)`` goes on with it."""

    elo0: float
    elo1: float
    alpha: float = 0.05
    beta: float = 0.05
    counts: tuple[int, ...] = (0, 0, 0, 0, 0)  # pairs scoring 0, 1/2, 1, 3/2, 2; or games lost, drawn, won

    def add(self, counts: ArrayLike) -> Sprt:
        """The test after these further results, in the order of ``counts`` (`Tally.pentanomial` has that order)."""
        raise NotImplementedError

    @property
    def llr(self) -> float:
        """Log-likelihood ratio of elo1 against elo0."""
        raise NotImplementedError

    @property
    def bounds(self) -> tuple[float, float]:
        """At or below the lower one elo0 is accepted, at or above the upper one elo1."""
        raise NotImplementedError

    @property
    def verdict(self) -> Literal["elo0", "elo1"] | None:
        """The hypothesis accepted, None while the test has to go on."""
        raise NotImplementedError


def log_likelihood_ratio(counts: ArrayLike, elo0: float, elo1: float) -> NDArray[np.float64]:
    """LLR of many tests at once: counts[..., k] -> float64[...]."""
    raise NotImplementedError

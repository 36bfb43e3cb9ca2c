"""How sure a share is."""

from __future__ import annotations

from math import sqrt

Z = 1.959964  # the normal distribution's 97.5% quantile


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95% interval of Wilson (1927) of a share of ``n``."""
    if not n:
        return 0.0, 1.0
    spread = Z * sqrt(share * (1 - share) / n + (Z / (2 * n)) ** 2)
    middle, scale = share + Z**2 / (2 * n), 1 + Z**2 / n
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)

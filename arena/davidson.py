"""The model behind the ratings: chances of win, draw and loss, their likelihood, and how far estimates can be trusted.

Davidson (1970), "On extending the Bradley-Terry model to accommodate ties in paired comparison experiments", JASA
65:317-328, with the order effect of Davidson & Beaver (1977), Biometrics 33:693-702. Two agents `low` and `high` have
natural ratings t and ``lead = t[low] - t[high]``. With seat advantage e and log draw parameter d, the game that `low`
starts has ``y = lead + e``, the other one ``y = lead - e``, and from the view of `low`::

    P(loss) : P(draw) : P(win) = exp(-y/2) : exp(d) : exp(y/2)

An exponential family in (y, d): with s = -1, 0, 1 the result and [s = 0] the draw indicator, the score (gradient of
the log-likelihood) is ``u = (s - E s) / 2`` along y and ``w = [s = 0] - P(draw)`` along d, and the information is their
covariance. The log-likelihood is therefore concave.

Everything is computed on a `Tally`: axis 0 the m couples of agents that met, then the 2 games of a mirrored pair. What
concerns one couple lives in three coordinates (lead, seat, draw), and `spread_out` carries it to all n + 2 parameters.
"""

from __future__ import annotations

import numpy as np

from arena.tally import Floats, Tally

HALF = np.array([-0.5, 0.0, 0.5])  # s / 2 of loss, draw, win
SEATS = np.array([[1.0, 1.0], [1.0, -1.0]])  # d y / d (lead, seat) of the two games of a pair
TRUST = 20.0
"""Games' worth of information (a level decisive game is worth 1) after which a couple's own pairs weigh as much in its
error as the whole table's within-pair correlation does."""
CAUTION = 8.0  # as many uncorrelated games are added to the estimate of that correlation


def log_chances(y: Floats, log_draw: float) -> Floats:
    """[..., 3]: logarithms of the probabilities of loss, draw, win."""
    exponent = np.stack([-y / 2, np.full_like(y, log_draw), y / 2], axis=-1)
    exponent -= exponent.max(axis=-1, keepdims=True)
    return np.asarray(exponent - np.log(np.exp(exponent).sum(axis=-1, keepdims=True)))


def chances(y: Floats, log_draw: float) -> Floats:
    """[..., 3]: probabilities of loss, draw, win."""
    return np.exp(log_chances(y, log_draw))


def leads(tally: Tally, parameters: Floats) -> Floats:
    """[m, 2]: y of the two games of each couple, for parameters (t_0, ..., t_n-1, seat, log draw)."""
    lead = parameters[tally.low] - parameters[tally.high]
    return np.asarray(np.stack([lead, np.full_like(lead, parameters[-2])], axis=-1) @ SEATS.T)


def games(tally: Tally) -> Floats:
    """[m, 2, 3]: games lost, drawn and won by `low`, in the game it starts and the other; repeated games count once."""
    counts = np.stack([tally.cells.sum(axis=2)[:, 1:], tally.cells.sum(axis=1)[:, 1:]], axis=1)
    return np.asarray(counts * tally.distinct[:, None, None])


def game_information(chance: Floats) -> Floats:
    """[..., 2, 2]: covariance of (u, w) in one game."""
    loss, draw, win = np.moveaxis(chance, -1, 0)
    out = np.empty((*draw.shape, 2, 2))
    out[..., 0, 0] = loss * win + draw * (loss + win) / 4  # E s^2 - (E s)^2, without its cancellation
    out[..., 0, 1] = out[..., 1, 0] = (loss - win) / 2 * draw
    out[..., 1, 1] = draw * (loss + win)
    return out


def _axes() -> Floats:
    """[2, 3, 2]: carries (u, w) of each game to (lead, seat, draw)."""
    out = np.zeros((2, 3, 2))
    out[:, :2, 0] = SEATS
    out[:, 2, 1] = 1
    return out


AXES = _axes()


def information(chance: Floats, count: Floats) -> Floats:
    """[m, 3, 3]: Fisher information of each couple's games. chance, count: [m, 2, 3]."""
    per_game = game_information(chance) * count.sum(axis=-1)[..., None, None]
    carry = np.einsum("gax,gby->gxyab", AXES, AXES).reshape(8, 9)  # one product instead of many small ones
    return np.asarray(per_game.reshape(-1, 8) @ carry).reshape(-1, 3, 3)


def gradient(chance: Floats, count: Floats) -> Floats:
    """[m, 3]: score of each couple's games."""
    total = count.sum(axis=-1)
    along_y = count @ HALF - total * (chance @ HALF)
    along_draw = count[..., 1] - total * chance[..., 1]
    return np.concatenate([along_y @ SEATS, along_draw.sum(axis=-1, keepdims=True)], axis=-1)


def pair_correlation(tally: Tally, chance: Floats) -> Floats:
    """[2]: correlation of u, and of w without its part explained by u, between the two games of a mirrored pair.

    Of all pairs of the table together, so that it is known well where single couples have played little. From the view
    of one agent: openings that favour one seat make the first one negative."""
    pairs = tally.cells[:, 1:, 1:] * tally.distinct[:, None, None]
    u, w, root = _residuals(chance)
    slope = root[..., 1, 0] / np.maximum(root[..., 0, 0], 1e-12)
    out = np.empty(2)
    for i, (residual, deviation) in enumerate([(u, root[..., 0, 0]), (w - slope[..., None] * u, root[..., 1, 1])]):
        shared = np.sum(pairs * residual[:, 0, :, None] * residual[:, 1, None, :])
        scale = np.sum(pairs.sum(axis=(1, 2)) * deviation[:, 0] * deviation[:, 1])
        out[i] = shared / (scale + CAUTION / 4)  # a level decisive game has deviation 1/2
    return np.clip(out, -1, 1)


def _residuals(chance: Floats) -> tuple[Floats, Floats, Floats]:
    """u [m, 2, 3] and w [m, 2, 3] of each result of each game, and their covariance's Cholesky factor [m, 2, 2, 2]."""
    covariance = game_information(chance)
    root = np.zeros_like(covariance)
    root[..., 0, 0] = np.sqrt(covariance[..., 0, 0])
    root[..., 1, 0] = covariance[..., 1, 0] / np.maximum(root[..., 0, 0], 1e-12)
    root[..., 1, 1] = np.sqrt(np.maximum(covariance[..., 1, 1] - root[..., 1, 0] ** 2, 0))
    return HALF - (chance @ HALF)[..., None], np.array([0.0, 1.0, 0.0]) - chance[..., 1, None], root


def score_variance(tally: Tally, chance: Floats, count: Floats) -> Floats:
    """[m, 3, 3]: variance of each couple's score, which is what its games really tell.

    A compromise between the outer products of its own pairs' scores (right in the long run whatever the correlations)
    and the model's information with the whole table's `pair_correlation` (steady where a couple has played little or
    one side has won everything). The latter counts `TRUST` games' worth of information."""
    u, w, root = _residuals(chance)
    scores = np.zeros((*tally.cells.shape, 3))  # of every kind of pair; index 0 of an axis: that game was not played
    per_game = np.stack([u, w], axis=-1) @ AXES.swapaxes(1, 2)  # [m, 2, 3, 3]
    scores[:, 1:] += per_game[:, 0, :, None]
    scores[:, :, 1:] += per_game[:, 1, None, :]
    weight = tally.cells * tally.distinct[:, None, None]
    flat = scores.reshape(-1, 16, 3)
    own = (flat * weight.reshape(-1, 16, 1)).swapaxes(1, 2) @ flat

    pairs = weight[:, 1:, 1:].sum(axis=(1, 2))
    across = pairs[:, None, None] * (root[:, 0] * pair_correlation(tally, chance)) @ root[:, 1].swapaxes(1, 2)
    across = AXES[0] @ across @ AXES[1].T
    model = information(chance, count) + across + across.swapaxes(1, 2)

    worth = 4 * np.sum(count.sum(axis=-1) * root[..., 0, 0] ** 2, axis=-1)
    trust = (worth / (worth + TRUST))[:, None, None]
    return np.asarray(trust * own + (1 - trust) * model)


def spread_out(tally: Tally, local: Floats) -> Floats:
    """Sums what each couple says about (lead, seat, draw) into the n + 2 parameters: [m, 3] -> [n + 2], or
    [m, 3, 3] -> [n + 2, n + 2]."""
    size = tally.agents + 2
    take = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, 0, 1]])
    ones = np.ones_like(tally.low)
    where = np.stack([tally.low, tally.high, ones * (size - 2), ones * (size - 1)], axis=-1)
    if local.ndim == 2:
        return np.bincount(where.ravel(), (local @ take.T).ravel(), size).astype(np.float64)
    flat = where[:, :, None] * size + where[:, None, :]
    summed = np.bincount(flat.ravel(), (local.reshape(-1, 9) @ np.kron(take, take).T).ravel(), size * size)
    return summed.reshape(size, size).astype(np.float64)

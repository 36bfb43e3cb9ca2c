"""Games to test with: random actions that mostly march on the foe, so that much happens."""

import numpy as np

from envs.moba import tables as t
from envs.moba.games import Games
from envs.moba.setup import Setup


def lively(rng, mask):
    """int64[..., U]: legal actions at random, attacks and abilities before walking, forwards more often than not."""
    weight = np.where(np.arange(t.NUM_ACTIONS) >= t.HERO, 3.0, 0.3)
    weight[t.MOVE + 1], weight[t.RECALL] = 4.0, 0.05
    noise = rng.random(mask.shape) ** (1 / weight) * mask
    return noise.argmax(-1)


def play(heroes, decisions, batch=4, seed=0, **options):
    """The games after so many decisions, and the generator that chose the actions."""
    games, rng = Games(batch, Setup(heroes=heroes, **options), autoreset=False), np.random.default_rng(seed)
    step = games.reset(np.arange(seed, seed + batch, dtype=np.uint64))
    for _ in range(decisions):
        step = games.step(lively(rng, step.mask))
    return games, step, rng

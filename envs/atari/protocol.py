"""The two ways in which Atari games are played, and the emulators that play them so.

Both see the game as the Nature DQN did (Mnih et al. 2015, Methods): an action is held for four frames, the last two of
which are pooled by maximum because of sprites that flicker, in grey, scaled to 84 x 84 by area; four such pictures are
stacked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.bits import mix

SIDE = 84  # pixels, height and width of an observation
STACK = 4
RGB = (210, 160)  # height and width of a picture for people


@dataclass(frozen=True, slots=True)
class Protocol:
    """What games are compared under."""

    name: str
    repeat_probability: float  # that a frame repeats the action of the frame before: sticky actions
    noop_max: int  # a game begins with 0 to so many frames of doing nothing, each number equally likely
    press_fire: bool  # after the start and after a lost life, where the game has that action: it serves the ball
    life_ends: bool  # in training, a lost life is an end, though the game goes on
    frame_skip: int = 4
    max_frames: int = 108_000  # half an hour of play, after which a game is cut off


CLASSIC = Protocol("classic", repeat_probability=0.0, noop_max=30, press_fire=True, life_ends=True)
"""As the Nature DQN (Mnih et al. 2015), whose agent pressed FIRE itself and whose games were cut off after five
minutes; that the protocol does so, and half an hour of play, are usual since then.

A player without chance can meet few different games: in Breakout four, as the serve depends on the frame modulo 4."""

STICKY = Protocol("sticky", repeat_probability=0.25, noop_max=0, press_fire=False, life_ends=False)
"""As Machado et al. 2018, arXiv 1709.06009, recommend, but with the minimal action set, four frames an action and the
longer games that Dopamine has: a game cannot be learned by heart, and lives are not given away."""


def emulator(
    rom: str,
    n: int,
    protocol: Protocol,
    *,
    stack: int = STACK,
    threads: int = 0,
    colour: bool = False,
    frame_skip: int | None = None,
) -> Any:
    """``n`` emulators of one game as an `ale_py.vector_env.AtariVectorEnv` that reports raw rewards and true ends.

    Its own FIRE and life-loss options are off: the first presses for one frame before the no-ops, the second restarts
    the whole game. threads: 0 for one a core. colour: pictures of `RGB` x 3 instead.
    """
    from ale_py.vector_env import AtariVectorEnv  # takes a second

    height, width = RGB if colour else (SIDE, SIDE)
    return AtariVectorEnv(
        rom,
        n,
        num_threads=threads,
        max_num_frames_per_episode=protocol.max_frames,
        repeat_action_probability=protocol.repeat_probability,
        img_height=height,
        img_width=width,
        grayscale=not colour,
        stack_num=stack,
        frameskip=frame_skip or protocol.frame_skip,
        noop_max=protocol.noop_max + 1,  # ALE draws from 0 to noop_max - 1
        reward_clipping=False,
        use_fire_reset=False,
    )


def fire_action(env: Any, protocol: Protocol) -> int | None:
    """The number of FIRE in an emulator's action set, if the protocol wants it pressed and the game has it."""
    names = action_names(env)
    return names.index("FIRE") if protocol.press_fire and "FIRE" in names else None


def action_names(env: Any) -> tuple[str, ...]:
    """What an emulator's actions are called: NOOP, FIRE, RIGHT, ..."""
    return tuple(action.name for action in env.ale.get_action_set())


def emulator_seeds(seeds: NDArray[np.uint64]) -> NDArray[np.int64]:
    """[n]: what emulators are seeded with for games of any 64-bit seeds; they take 0..2**31-1."""
    return np.array([int(mix(seed)) >> 33 for seed in seeds], np.int64)

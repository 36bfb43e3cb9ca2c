"""The vector environment to learn in: clipped rewards, lost lives as ends, and games that go on in spite of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from envs.atari.catalogue import NUM_ACTIONS
from envs.atari.protocol import CLASSIC, Protocol, action_names, emulator, fire_action
from envs.core import InputError

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ended:
    """A whole game that has ended, all its lives."""

    env: int
    score: float  # raw
    frames: int  # emulated, the no-op start included
    truncated: bool  # by the limit on frames


@dataclass(frozen=True, slots=True)
class Tick:
    """What the last actions have led to, in all ``n`` games, and what they came to.

    A transition is (frame of this tick, then of the next tick: ``actions``, ``rewards``, ``ends``, frame). There is
    none from a frame that is ``last``: the emulator starts the next game instead, with the next tick as its ``first``.
    """

    frames: NDArray[np.uint8]  # [n, stack, 84, 84], the newest last; without stacking [n, 84, 84]
    first: Bools  # [n] the frame begins a game; actions, rewards and ends are 0, 0 and False then, and mean nothing
    actions: NDArray[np.int64]  # [n] what was really done: the action sent, or FIRE where the protocol presses it
    rewards: NDArray[np.float32]  # [n] clipped to -1, 0, 1
    ends: Bools  # [n] the action cost the game or, if the protocol counts that, a life
    last: Bools  # [n] the game is over or cut off; cut off: last, but not ends, unless a life was lost just then
    ended: tuple[Ended, ...]  # the games that are over with this tick


class Training:
    """``n`` games side by side, each restarted when it ends. `send` and `recv` may be apart, to compute in between.

    The same arguments and actions give the same ticks, whatever the number of threads.

    rom: a game's id in ALE. threads: of the emulators, 0 for one a core; they sleep between `recv` and `send`.
    stack: frames in an observation, those before the game's first one zeros; 1: single frames, which a replay memory
    puts together itself. Raises `InputError`.
    """

    def __init__(
        self, rom: str, n: int, *, protocol: Protocol = CLASSIC, seed: int = 0, threads: int = 0, stack: int = 1
    ) -> None:
        if rom not in NUM_ACTIONS:
            raise InputError(f"there is no Atari game {rom!r}; see: arena games")
        if n < 1:
            raise InputError(f"a vector environment has at least 1 game, not {n}")
        self.rom, self.n, self.protocol = rom, n, protocol
        self._seed, self._single = seed, stack == 1
        self._env = emulator(rom, n, protocol, stack=stack, threads=threads)
        self._fire = fire_action(self._env, protocol)
        self.actions = action_names(self._env)
        self._sent = np.zeros(n, np.int64)
        self._serve = np.ones(n, np.bool_)  # FIRE is to be pressed next
        self._over = np.zeros(n, np.bool_)
        self._lives = np.zeros(n, np.int32)
        self._scores = np.zeros(n, np.int64)

    @property
    def num_actions(self) -> int:
        return len(self.actions)

    def reset(self) -> Tick:
        """Starts all games."""
        seeds = np.random.SeedSequence(self._seed).generate_state(self.n) >> 1  # 31 bits
        frames, info = self._env.reset(seed=seeds.astype(np.int64))
        self._serve[:], self._over[:], self._lives, self._scores[:] = True, False, info["lives"], 0
        no = np.zeros(self.n, np.bool_)
        return Tick(self._seen(frames), ~no, np.zeros(self.n, np.int64), np.zeros(self.n, np.float32), no, no, ())

    def send(self, actions: NDArray[np.integer]) -> None:
        """Sets the emulators going, int[n]. FIRE replaces the action where it is due; actions on `last` frames are
        ignored. Returns at once; `recv` has to follow."""
        self._sent = np.where(self._over, 0, actions).astype(np.int64)
        if self._fire is not None:
            self._sent[self._serve & ~self._over] = self._fire
        self._env.send(self._sent)

    def recv(self) -> Tick:
        """Waits for what the actions have led to."""
        frames, raw, over, cut, info = self._env.recv()
        first, lives = self._over, info["lives"]
        lost = ~first & (over | (lives < self._lives))
        self._scores = np.where(first, 0, self._scores + raw)
        self._over = over | cut
        self._serve = first | lost
        self._lives = lives
        ended = tuple(
            Ended(env, float(self._scores[env]), int(info["episode_frame_number"][env]), bool(cut[env]))
            for env in np.flatnonzero(self._over).tolist()
        )
        return Tick(
            frames=self._seen(frames),
            first=first,
            actions=self._sent,
            rewards=np.sign(raw).astype(np.float32),
            ends=lost if self.protocol.life_ends else over,
            last=self._over,
            ended=ended,
        )

    def step(self, actions: NDArray[np.integer]) -> Tick:
        """`send` and `recv`."""
        self.send(actions)
        return self.recv()

    def close(self) -> None:
        """Ends the emulators' threads."""
        self._env = None

    def _seen(self, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return frames[:, 0] if self._single else frames

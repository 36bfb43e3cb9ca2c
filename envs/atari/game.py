"""Atari games as the arena plays them: to the end, for the raw score, each game from a seed of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.atari.catalogue import NUM_ACTIONS
from envs.atari.protocol import SIDE, STACK, Protocol, action_names, emulator, emulator_seeds, fire_action
from envs.core import GameSpec, InputError, Shot

NUM_SHOTS = 2  # pictures an action, so 30 a second


class AtariGame:
    """See `envs.core.ScoreGame`."""

    def __init__(self, game_id: str, rom: str, protocol: Protocol) -> None:
        self.rom, self.protocol = rom, protocol
        self._spare: list[Any] = []  # emulators, which take as long to make as to seed
        title = rom.replace("_", " ").title()
        self.spec = GameSpec(
            id=game_id,
            title=title if protocol.name == "classic" else f"{title} ({protocol.name})",
            version=1,
            family="score",
            num_players=1,
            num_actions=NUM_ACTIONS[rom],
            max_legal=NUM_ACTIONS[rom],
            observation_shape=(STACK, SIDE, SIDE),
            max_plies=protocol.max_frames // protocol.frame_skip,
            seats=("player",),
        )

    @cached_property
    def action_names(self) -> tuple[str, ...]:
        env = self.lend()
        self.give_back(env)
        return action_names(env)

    def start(self, seeds: Sequence[int]) -> AtariPlay:
        return AtariPlay(self, seeds)

    def lend(self) -> Any:
        """An emulator of one game, to be seeded; `give_back` it when the game is over."""
        return self._spare.pop() if self._spare else emulator(self.rom, 1, self.protocol, threads=1)

    def give_back(self, env: Any) -> None:
        self._spare.append(env)

    def film(self, seed: int, actions: Sequence[int]) -> Iterator[Shot]:
        protocol, skip = self.protocol, self.protocol.frame_skip // NUM_SHOTS
        env = emulator(self.rom, 1, protocol, threads=1, stack=1, colour=True, frame_skip=skip)
        fire = fire_action(env, protocol)
        pictures, info = env.reset(seed=_seeds([seed]))
        lives, score, over = int(info["lives"][0]), 0, False
        yield Shot(0, pictures[0, 0], score, lives)
        serve, ply = fire is not None, 0
        while serve or ply < len(actions):
            if over:
                raise InputError(f"action {actions[ply]} at ply {ply} follows the end of the game")
            action, before = (fire, lives) if serve else (actions[ply], lives)
            ply += not serve
            for _ in range(NUM_SHOTS):
                pictures, rewards, ended, cut, info = env.step(np.array([action], np.int64))
                score, lives, over = score + int(rewards[0]), int(info["lives"][0]), bool(ended[0] or cut[0])
                yield Shot(ply, pictures[0, 0], score, lives)
                if over:
                    break
            serve = fire is not None and not over and lives < before


class AtariPlay:
    """See `envs.core.ScorePlay`. Every game has an emulator and a thread to itself, so that nothing is emulated for the
    games that are over, however much longer others last."""

    def __init__(self, game: AtariGame, seeds: Sequence[int]) -> None:
        self._game, self._envs = game, [game.lend() for _ in seeds]
        self._fire = fire_action(self._envs[0], game.protocol) if seeds else None
        self.over = np.zeros(len(seeds), np.bool_)
        self.truncated = np.zeros(len(seeds), np.bool_)
        self.scores = np.zeros(len(seeds), np.float64)
        self._lives = np.zeros(len(seeds), np.int32)
        self._frames = np.zeros((len(seeds), STACK, SIDE, SIDE), np.uint8)
        for row, (env, seed) in enumerate(zip(self._envs, _seeds(seeds), strict=True)):
            frames, info = env.reset(seed=np.array([seed]))
            self._frames[row], self._lives[row] = frames[0], info["lives"][0]
        self._serve(np.arange(len(seeds)))

    def observe(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self._frames[rows]

    def step(self, rows: NDArray[np.int64], actions: NDArray[np.integer]) -> None:
        try:
            self._serve(self._advance(rows, actions))
        except BaseException:  # Ctrl-C, say: an emulator that still owes an answer must not be lent again
            self._envs.clear()
            raise

    def close(self) -> None:
        while self._envs:
            self._game.give_back(self._envs.pop())

    def _serve(self, rows: NDArray[np.int64]) -> None:
        """Presses FIRE in these games, and again where that costs another life."""
        while self._fire is not None and len(rows):
            rows = self._advance(rows, np.full(len(rows), self._fire))

    def _advance(self, rows: NDArray[np.int64], actions: NDArray[np.integer]) -> NDArray[np.int64]:
        """One step of these games, all at once. Returns those that go on with a life less."""
        lost = []
        for row, action in zip(rows.tolist(), actions.tolist(), strict=True):
            self._envs[row].send(np.array([action], np.int64))
        for row in rows.tolist():
            frames, rewards, over, cut, info = self._envs[row].recv()
            self._frames[row] = frames[0]
            self.scores[row] += rewards[0]
            self.over[row], self.truncated[row] = over[0] or cut[0], cut[0]
            if info["lives"][0] < self._lives[row] and not self.over[row]:
                lost.append(row)
            self._lives[row] = info["lives"][0]
        return np.array(lost, np.int64)


def _seeds(seeds: Sequence[int]) -> NDArray[np.int64]:
    return emulator_seeds(np.array(seeds, np.uint64))

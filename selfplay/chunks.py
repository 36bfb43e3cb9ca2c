"""Finished games on disk: one file holds a few dozen games, each with everything its searches found.

The files are the truth about what has been played. They hold facts, not training targets: what to learn from them
(`selfplay.targets`) can be decided anew without playing again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.kernels import njit
from selfplay import files

SCHEMA = 3
FOLDER = "games"
DAMAGED = ".damaged"  # suffix of a chunk that could not be read
Facts = dict[str, float]
_NAME = re.compile(r"w(\d+)-s(\d+)-(\d+)\.safetensors")


@dataclass(frozen=True, slots=True)
class Games:
    """N positions of G games, game after game, each in the order played. Values are from the mover's view."""

    states: NDArray[np.uint64]  # [N, W]
    movers: NDArray[np.int8]  # [N] the player to move
    plies: NDArray[np.int16]  # [N] from the initial position, random opening included
    actions: NDArray[np.int32]  # [N] what was played
    policy: NDArray[np.float16]  # [N, max_legal] the search's improved policy, packed
    wdl: NDArray[np.float16]  # [N, 3] win/draw/loss after the search
    surprise: NDArray[np.float16]  # [N] KL divergence of `policy` from the network's priors, in nats
    proven: NDArray[np.int8]  # [N] game-theoretic value if the search proved it, else UNKNOWN
    full: NDArray[np.bool_]  # [N] whether it was a full search
    versions: NDArray[np.int32]  # [N] of the weights that searched
    results: NDArray[np.int8]  # [N] the game's result: 0 the mover won, 1 draw, 2 the mover lost
    lengths: NDArray[np.int32]  # [G]
    ended: NDArray[np.int8]  # [G] how (`selfplay.early`): by the rules, or early

    def __len__(self) -> int:
        return len(self.states)


def pack(policy: NDArray[Any], legal: NDArray[np.bool_], width: int) -> NDArray[np.float16]:
    """float16[n, width]: the entries of legal actions, ascending by action, then zeros. Chess has 4,672 actions, of
    which some 35 are legal; since the rules know which, nothing but the numbers needs to be kept."""
    rows, actions = np.nonzero(legal)
    packed = np.zeros((len(policy), width), np.float16)
    packed[rows, (np.cumsum(legal, axis=1) - 1)[rows, actions]] = policy[rows, actions]
    return packed


def unpack(packed: NDArray[np.float16], legal: NDArray[np.bool_]) -> NDArray[np.float16]:
    """float16[n, A]: the inverse of `pack`."""
    same = np.arange(legal.shape[1], dtype=np.int32)[None]
    return unpack_turned(packed, legal, same, np.zeros(len(legal), np.int8))[0]


def unpack_turned(
    packed: NDArray[np.float16], legal: NDArray[np.bool_], images: NDArray[np.int32], k: NDArray[np.int8]
) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
    """float16[n, A] and bool[n, A]: the inverse of `pack`, and what is legal, with action ``a`` of row ``i`` at
    ``images[k[i], a]``."""
    policy, turned = np.zeros(legal.shape, np.float16), np.zeros(legal.shape, np.bool_)
    _fill(packed.view(np.uint16), legal, images, k, policy.view(np.uint16), turned)
    return policy, turned


@njit(cache=True, nogil=True)
def _fill(
    packed: NDArray[np.uint16],  # half precision's bits: kernels have no such numbers
    legal: NDArray[np.bool_],
    images: NDArray[np.int32],
    k: NDArray[np.int8],
    policy: NDArray[np.uint16],
    turned: NDArray[np.bool_],
) -> None:
    for i in range(legal.shape[0]):
        at = 0
        for action in range(legal.shape[1]):
            if legal[i, action]:
                image = images[k[i], action]
                policy[i, image], turned[i, image] = packed[i, at], True
                at += 1


def none(words: int, max_legal: int) -> Games:
    """No games: what a worker has while its first are under way. States are so wide, and policies."""
    no, small = np.zeros, np.zeros(0, np.int8)
    return Games(
        states=no((0, words), np.uint64),
        movers=small,
        plies=no(0, np.int16),
        actions=no(0, np.int32),
        policy=no((0, max_legal), np.float16),
        wdl=no((0, 3), np.float16),
        surprise=no(0, np.float16),
        proven=small,
        full=no(0, np.bool_),
        versions=no(0, np.int32),
        results=small,
        lengths=no(0, np.int32),
        ended=small,
    )


def join(parts: Sequence[Games]) -> Games:
    return Games(*[np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Games)])


def result(outcome: float, mover: NDArray[np.int8]) -> NDArray[np.int8]:
    """The outcome for player 0 (in [-1, 1]) as 0 win, 1 draw, 2 loss for each mover."""
    sign = np.int8(np.sign(outcome))
    return np.where(mover == 0, 1 - sign, 1 + sign).astype(np.int8)


def name(worker: int, session: int, index: int) -> str:
    return f"w{worker}-s{session:03d}-{index:06d}.safetensors"


def worker_of(chunk: str) -> int:
    """The worker that wrote the chunk of this name."""
    return int(chunk[1:].partition("-")[0])


def next_session(folder: Path) -> int:
    """A number no worker has yet left a trace under, so that no game's seed is used twice.

    Old files are deleted, but never the newest ones, so the highest number in sight is the highest of all."""
    sessions = [int(match[2]) for path in folder.iterdir() if (match := _NAME.match(path.name))]
    return 1 + max(sessions, default=0)


def listing(folder: Path) -> list[str]:
    """The names of all whole chunks, in the order that their worker wrote them."""
    return sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name))


def write(path: Path, games: Games, facts: Facts) -> None:
    """``facts``: numbers by name, such as what the worker has counted since its last chunk."""
    tensors = {field.name: getattr(games, field.name) for field in fields(Games)}
    files.write_tensors(path, tensors, {"schema": SCHEMA, **facts})


def read(path: Path) -> tuple[Games, Facts]:
    """Raises `files.Damaged`."""
    tensors, facts = files.read_tensors(path)
    try:
        if facts.pop("schema") != SCHEMA:
            raise files.Damaged(f"{path}: games in the format of another version")
        return Games(**tensors), facts
    except (TypeError, KeyError, AttributeError) as error:
        raise files.Damaged(f"{path}: not a file of games ({error!r})") from None

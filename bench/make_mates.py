"""Makes the positions of `bench.mates`: ``python -m bench.make_mates [--count 500] [--seed 1] [--out FOLDER]``.

Each is where a game stood after a random number of plies in `PLIES`. Half of the games are played at random; in the
other half every move is a capture if there is one, with even chances, which clears the board. A position counts as a
mate in two only if there is none in one. No position occurs twice. The same seed gives the same files.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.mates import GAME, mating
from bench.strength import FOLDER
from envs.core import States

PLIES = (8, 160)  # least, and most + 1
TOGETHER = 512  # games
NAMES = {1: "mate-in-one.epd", 2: "mate-in-two.epd"}


def pieces(states: States) -> np.ndarray:
    """int64[n]: how many stand on each board."""
    return np.bitwise_count(states[:, 1] | states[:, 2] | states[:, 3]).astype(np.int64)


def samples(rng: np.random.Generator) -> Iterator[States]:
    """Endless: the running positions at which games stop."""
    while True:
        stops, greedy = rng.integers(*PLIES, TOGETHER), rng.random(TOGETHER) < 0.5
        states = GAME.init(TOGETHER)
        for ply in range(PLIES[1] - 1):
            playing = np.flatnonzero((stops > ply) & np.isnan(GAME.outcome(states)))
            if not len(playing):
                break
            here, legal = states[playing], GAME.legal(states[playing])
            weights = rng.random(legal.shape) * legal
            captures = np.zeros(legal.shape, np.bool_)
            rows, actions = np.nonzero(legal)
            fewer = pieces(GAME.step(here[rows], actions.astype(np.int32))) < pieces(here)[rows]
            captures[rows[fewer], actions[fewer]] = True
            wanted = greedy[playing] & (rng.random(len(playing)) < 0.5)
            weights += captures * wanted[:, None]
            states[playing] = GAME.step(here, weights.argmax(axis=1).astype(np.int32))
        yield states[np.isnan(GAME.outcome(states))]


def draw(count: int, seed: int) -> dict[int, list[str]]:
    """Lines of EPD by the number of moves to mate, ``count`` of each."""
    found: dict[int, dict[str, None]] = {1: {}, 2: {}}
    for states in samples(np.random.default_rng(seed)):
        one = mating(states, 1).any(axis=1)
        two = ~one
        two[two] = mating(states[two], 2).any(axis=1) if len(found[2]) < count else False
        for moves, rows in ((1, one), (2, two)):
            for state in states[rows]:
                if len(found[moves]) < count:
                    fields = GAME.to_fen(state).split()[:4]
                    found[moves][" ".join([*fields, f"dm {moves};"])] = None
        if all(len(lines) >= count for lines in found.values()):
            return {moves: list(lines) for moves, lines in found.items()}
    raise AssertionError("samples never end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=FOLDER)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for moves, lines in draw(args.count, args.seed).items():
        (args.out / NAMES[moves]).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()

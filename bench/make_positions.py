"""Draws the sets of Connect Four positions that strength is measured on: ``python -m bench.make_positions``.

A set is named after how much has been played and how much is left under perfect play, in Pascal Pons' terms: begin,
middle and end stand for 8-14, 15-28 and 29-41 plies played, easy, medium and hard for under 14, 14-28 and over 28 plies
left. (Positions of fewer than 8 plies are few enough for every training run to have seen them.) Each position is where
a uniformly random game, still running, stood after a random number of plies; no position and no mirror image occurs
twice. The same seed gives the same files.

The begin sets take the solver about an hour on one core, so the scores in those that ship were found by BitBully (see
`agents.solver.book`) along the same sequence of samples; a slow test holds the files against this generator.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from agents.chance import choose
from agents.solver import Solver
from agents.solver.kernels import PLIES, canonical
from bench.position_files import Position, write
from envs.connect_four import ConnectFour
from envs.core import State
from envs.fours import COLUMNS

FOLDER = Path(__file__).parent / "positions"
STAGES = {"begin": range(8, 15), "middle": range(15, 29), "end": range(29, PLIES)}  # plies played
NAMES = ("begin-easy", "middle-easy", "end-easy", "begin-medium", "middle-medium", "begin-hard")
_RULES = ConnectFour()


def samples(plies: range, rng: np.random.Generator) -> Iterator[tuple[tuple[int, ...], State]]:
    """Endless: the actions of a random game up to a random moment in ``plies``, and the running position there."""
    while True:
        n = 1024
        stops = rng.integers(plies.start, plies.stop, n)
        states = _RULES.init(n)
        actions = np.zeros((n, plies.stop), np.int32)
        for ply in range(plies.stop - 1):
            playing = np.flatnonzero((stops > ply) & np.isnan(_RULES.outcome(states)))
            numbers = rng.integers(0, 2**64, len(playing), np.uint64)
            actions[playing, ply] = choose(_RULES.legal(states[playing]), numbers)
            states[playing] = _RULES.step(states[playing], actions[playing, ply])
        for i in np.flatnonzero(np.isnan(_RULES.outcome(states))):
            yield tuple(actions[i, : stops[i]].tolist()), states[i]


def plies_left(ply: int, score: int) -> int:
    """How long the game goes on under perfect play. The winner's last stone is his (22 - |score|)-th."""
    if score == 0:
        return PLIES - ply
    winner = ply % 2 if score > 0 else 1 - ply % 2
    return 2 * (22 - abs(score)) - 1 + winner - ply


def difficulty(left: int) -> str:
    return "easy" if left < 14 else "medium" if left <= 28 else "hard"


def draw_stage(stage: str, count: int, seed: int, solver: Solver) -> dict[str, list[Position]]:
    """``count`` positions for every set of the stage."""
    sets: dict[str, list[Position]] = {name: [] for name in NAMES if name.startswith(stage)}
    seen = set()
    for actions, state in samples(STAGES[stage], np.random.default_rng([seed, STAGES[stage].start])):
        key = canonical(state[0], state[1])
        if key in seen:
            continue
        seen.add(key)
        score = solver.solve(state)
        found = sets.get(f"{stage}-{difficulty(plies_left(len(actions), score))}")
        if found is not None and len(found) < count:
            by_action = solver.scores(state)
            found.append(Position(actions, state, score, tuple(by_action.get(a) for a in range(COLUMNS))))
            print(f"\r{', '.join(f'{name} {len(got)}' for name, got in sets.items())}", end="", flush=True)
            if all(len(got) == count for got in sets.values()):
                print()
                return sets
    raise AssertionError("unreachable: the samples never end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="positions a set")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=FOLDER)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    solver = Solver(table_mb=256)
    for stage in reversed(STAGES):
        for name, positions in draw_stage(stage, args.count, args.seed, solver).items():
            write(args.out / f"{name}.txt", positions)


if __name__ == "__main__":
    main()

"""The gate of AlphaGo Zero: a checkpoint plays in self-play only after it has beaten the best so far.

The match is played by a process of its own, ``python -m arena.gate CANDIDATE BEST GAMES SEED PARENT``, beside the
training, and ends as soon as a sequential test knows enough: "no better" against "`ELO` better". A match that the test
leaves open is won by whoever the results speak for.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import torch

from agents import checkpoints
from arena.adjudication import Adjudication
from arena.match import play_match
from arena.records import MatchRecord
from arena.runner import Limits
from arena.sprt import Sprt
from selfplay.train import Gate

# At most 200 games leave many matches open. In all about 4 % of candidates 20 Elo weaker than the best pass, 20 % of
# equal ones, half of those 20 stronger and four of five of those 40 stronger (by simulation).
ELO = 40.0
SIMULATIONS = 64  # a move
TOGETHER = 32  # games side by side
PASSED, FAILED = 10, 11  # exit codes


class Match:
    """See `selfplay.train.Trial`."""

    def __init__(self, candidate: Path, best: Path, games: int) -> None:
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        number = int(candidate.name) if candidate.name.isdecimal() else 0
        words = [str(candidate), str(best), str(games), str(number), str(os.getpid())]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "arena.gate", *words],
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the training, which ends it
        )

    def verdict(self) -> tuple[bool, str] | None:
        """A match that could not be played is lost."""
        code = self._process.poll()
        if code is None:
            return None
        words = self._process.communicate()[0].decode(errors="replace").strip().splitlines()
        last = words[-1] if words else ""
        if code in (PASSED, FAILED):
            return code == PASSED, last
        return False, f"the match ended with exit code {code}: {last[:200]}"

    def cancel(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.communicate()


def gate(games: int) -> Gate:
    """A `selfplay.train.Gate` whose matches have at most so many games."""
    return lambda candidate, best: Match(candidate, best, games + games % 2)


def decide(records: Iterable[MatchRecord]) -> tuple[bool, str]:
    """Whether the first agent passes, by the games of a match pair by pair; takes no more than needed."""
    test = Sprt(0.0, ELO)
    games, points, pair = 0, 0.0, list[MatchRecord]()
    seen = set[tuple[tuple[int, ...], ...]]()
    for record in records:
        pair.append(record)
        if len(pair) < 2:
            continue
        played, pair = tuple(pair), []
        lines = tuple(tuple(one.actions) for one in played)
        if not all(one.counts for one in played) or lines in seen:  # a repeated pair proves nothing
            continue
        seen.add(lines)
        score = 1 + (played[0].returns[0] + played[1].returns[1]) / 2  # 0, 1/2 .. 2; the second game has seats swapped
        games, points = games + 2, points + score
        test = test.add([int(2 * score) == i for i in range(5)])
        if test.verdict is not None:
            break
    passed = test.verdict == "elo1" or (test.verdict is None and test.llr > 0)
    return passed, f"{points:g} of {games} points, LLR {test.llr:+.2f}"


def main(candidate: str, best: str, games: int, seed: int, parent: int) -> int:
    torch.set_num_threads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    a, b = (f"alphazero:{path}?simulations={SIMULATIONS}" for path in (candidate, best))
    game, limits = checkpoints.read_card(candidate).game, Limits(adjudicate=Adjudication())
    passed, why = decide(play_match(a, b, game, games, seed=seed, limits=limits, batch=TOGETHER))
    print(why)
    return PASSED if passed else FAILED


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])))

"""The ladder of `test_kill`, as a program that can be killed: ``python -m tests.arena.ladder_to_kill arena.db``.

Prints after every save how many games are done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from arena.ladder import Ladder, Progress
from arena.roster import LadderConfig
from arena.store import Store
from tests.arena.scripted_agents import LOADER

CONFIG = LadderConfig("tic_tac_toe", pairs=20, seed=5)
AGENTS = [f"dice?luck={i}&sleep=0.003" for i in range(5)]  # 10 couples of 40 games: 400 games in some 4 seconds
GAMES = 400


def play(path: Path, on_progress: Callable[[Progress], None]) -> set[str]:
    """Plays the ladder, or what is missing of it. Returns the ids of the games that are scheduled."""
    store = Store(path)
    ladder = Ladder(store, "ladder", CONFIG, loader=LOADER)
    ladder.enter(AGENTS)
    ladder.run(on_progress, workers=2)
    scheduled = {task.id for task in ladder.scheduled()}
    store.close()
    return scheduled


if __name__ == "__main__":
    play(Path(sys.argv[1]), lambda progress: print(progress.done, flush=True))

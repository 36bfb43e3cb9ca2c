"""The ladders of `test_kill`, as a program that can be killed: ``python -m tests.arena.ladder_to_kill arena.db WHICH``.

Prints after every save how many games are done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from arena.ladder import Ladder, Progress
from arena.roster import LadderConfig
from arena.runner import Limits
from arena.store import Store
from tests.arena.scripted_agents import LOADER

CONFIGS = {
    "tic_tac_toe": LadderConfig("tic_tac_toe", pairs=20, seed=5),
    "adaptive": LadderConfig("tic_tac_toe", "adaptive", pairs=20, seed=5),
    "moba_5v5": LadderConfig("moba_5v5", pairs=4, seed=5, limits=Limits(max_plies=40), options={"lineup": "random"}),
}
AGENTS = {  # how many: 10 couples of 40 games, 400 games in some 4 seconds; 200 games; 3 couples of 8 games
    "tic_tac_toe": [f"dice?luck={i}&sleep=0.003" for i in range(5)],
    "adaptive": [f"dice?luck={i}&sleep=0.003" for i in range(5)],
    "moba_5v5": [f"dice?luck={i}&sleep=0.0001" for i in range(3)],
}
GAMES = {"tic_tac_toe": 400, "adaptive": 200, "moba_5v5": 24}


def play(path: Path, game: str, on_progress: Callable[[Progress], None]) -> set[str]:
    """Plays the ladder, or what is missing of it. Returns the ids of the games that are scheduled."""
    store = Store(path)
    ladder = Ladder(store, "ladder", CONFIGS[game], loader=LOADER)
    ladder.enter(AGENTS[game])
    ladder.run(on_progress, workers=2)
    scheduled = {task.id for task in ladder.scheduled()}
    store.close()
    return scheduled


if __name__ == "__main__":
    play(Path(sys.argv[1]), sys.argv[2], lambda progress: print(progress.done, flush=True))

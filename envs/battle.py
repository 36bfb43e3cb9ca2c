"""MAgent2's battle, 12 against 12, as a team game: one more environment that came through `envs.parallel`.

It is there where MAgent2 is installed (``pip install magent2``, or this package's extra ``peers``). Zheng et al. 2018,
"MAgent: A Many-Agent Reinforcement Learning Platform for Artificial Collective Intelligence", arXiv:1712.00600;
https://magent2.farama.org/environments/battle/.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from envs.core import GameSpec
from envs.parallel import ParallelGame

SIDE = 12
CYCLES = 300  # decisions; whoever has got more points by then has won
SEATS = ("red", "blue")
_STEPS = (
    (-2, 0),
    (-1, -1),
    (-1, 0),
    (-1, 1),
    (0, -2),
    (0, -1),
    (0, 0),
    (0, 1),
    (0, 2),
    (1, -1),
    (1, 0),
    (1, 1),
    (2, 0),
)
_ROUND = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def _make(render_mode: str | None = None, **options: Any) -> Any:
    from magent2.environments import battle_v4

    return battle_v4.parallel_env(map_size=20, max_cycles=CYCLES, render_mode=render_mode, **options)


def _game() -> ParallelGame:
    moves = tuple(f"move{y:+d}{x:+d}" if (x, y) != (0, 0) else "wait" for y, x in _STEPS)
    spec = GameSpec(
        id="battle",
        title="MAgent2 battle",
        version=1,
        family="team",
        num_players=2,
        num_actions=len(_STEPS) + len(_ROUND),
        max_legal=len(_STEPS) + len(_ROUND),
        observation_shape=(13, 13, 5),
        max_plies=CYCLES,
        seats=SEATS,
        colours=("#c04040", "#4040c0"),
    )
    return ParallelGame(
        spec=spec,
        units=tuple(f"{side}_{i}" for side in SEATS for i in range(SIDE)),
        action_names=(*moves, *(f"attack{y:+d}{x:+d}" for y, x in _ROUND)),
        make=_make,
        options=("step_reward", "dead_penalty", "attack_penalty", "attack_opponent_reward"),
    )


TEAM_GAMES = {"battle": _game} if importlib.util.find_spec("magent2") else {}

"""Match records for the screens' tests: random legal play with made-up thoughts."""

from __future__ import annotations

import numpy as np

import envs
from arena.records import AgentRef, Fault, MatchRecord, Ply

HOSTILE = (
    "</script><script>document.title='owned'</script>\"'&<img src=x onerror=document.title='owned'>\u2028$title${x}"
)


def make_record(
    game_id: str = "connect_four",
    seed: int = 3,
    names: tuple[str, str] = ("alice", "bob"),
    opening: int = 2,
    fault: Fault | None = None,
    thoughts: bool = True,
) -> MatchRecord:
    """A finished game; every legal action got visits, the action played the most of them."""
    rng = np.random.default_rng(seed)
    game = envs.make(game_id)
    states, actions, analysis = game.init(1), [], []
    while np.isnan(game.outcome(states)[0]):
        legal = np.flatnonzero(game.legal(states)[0]).tolist()
        rng.shuffle(legal)
        visits = tuple((action, 100 - 10 * rank) for rank, action in enumerate(legal[:8]))
        ply = Ply(round(float(rng.uniform(-1, 1)), 4), visits, (legal[0],), 12.5)
        analysis.append(ply if thoughts and len(actions) >= opening else None)
        actions.append(legal[0])
        states = game.step(states, np.array(actions[-1:], np.int32))
    result = float(game.outcome(states)[0])
    return MatchRecord(
        id=f"match-{seed}",
        game=game_id,
        game_version=game.spec.version,
        seed=seed,
        agents=tuple(AgentRef(name, name, f"{seat:016x}") for seat, name in enumerate(names)),
        opening=tuple(actions[:opening]),
        actions=tuple(actions),
        analysis=tuple(analysis),
        returns=(result, -result),
        termination="rules" if fault is None else "fault",
        fault=fault,
        started="2026-01-02T03:04:05+00:00",
        seconds=1.5,
        versions={"arena": "0.1.0"},
    )

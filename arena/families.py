"""What differs between the families of games: how they are played, a first move, and what a fault leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import envs
from agents.core import Agent
from arena import boards, points, teams
from arena.records import AgentRef, FaultKind, MatchRecord
from arena.runner import Complaint, Event, Limits, Player, Task, faulted, make_record, zero_sum


def for_points(game_id: str) -> bool:
    """Whether each agent plays alone, for points. Raises `InputError`: unknown game."""
    return envs.spec(game_id).family == "score"


def for_teams(game_id: str) -> bool:
    """Whether each agent plays a whole side of units. Raises `InputError`: unknown game."""
    return envs.spec(game_id).family == "team"


def play(game_id: str, players: Sequence[Player], tasks: Sequence[Task], limits: Limits) -> Iterator[Event]:
    """`arena.boards.play` or `arena.teams.play` with two players, or `arena.points.play` with one."""
    if for_points(game_id):
        (player,) = players
        yield from points.play(envs.score_game(game_id), player, tasks, limits)
        return
    one, two = players
    if for_teams(game_id):
        yield from teams.play(envs.team_game(game_id), (one, two), tasks, limits)
    else:
        yield from boards.play(envs.make(game_id), (one, two), tasks, limits)


def warm_up(agent: Agent, game_id: str) -> None:
    """One move of a game that does not count, so that compiling and loading are on nobody's clock."""
    if for_points(game_id):
        points.warm_up(agent, envs.spec(game_id))
    elif for_teams(game_id):
        teams.warm_up(agent, envs.team_game(game_id))
    else:
        boards.warm_up(agent, envs.make(game_id))


def forfeit(
    game_id: str,
    players: Sequence[AgentRef],
    task: Task,
    actions: Sequence[int],
    kind: FaultKind,
    player: int,
    message: str,
    *,
    started: str,
    seconds: float,
) -> MatchRecord:
    """The record of a game that ended by a fault of that player (or of nobody, ``host``) after these actions."""
    complaint, returns = Complaint(kind, message), tuple[float, ...]()
    if for_points(game_id):
        returns, fault = (points.score_of(envs.score_game(game_id), task.seed, actions),), points.blamed(complaint)
    else:
        outcome, fault = faulted(task, player, complaint)
        returns = zero_sum(outcome)
    spec = envs.spec(game_id)
    return make_record(spec, players, task, actions, returns, "fault", fault=fault, started=started, seconds=seconds)

"""A match between two agents given by their specs, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import envs
from agents.core import Agent, AgentError, GameKey
from agents.registry import load
from arena import points
from arena.families import play, warm_up
from arena.openings import Opening, largest_book
from arena.records import AgentRef, MatchRecord
from arena.runner import DEFAULT_LIMITS, Finished, Limits, Player
from arena.schedule import Pairing, batches, tasks
from envs.core import GameSpec, InputError
from selfplay.holding import threads

OPENINGS = 10_000  # of a match at most: agents without chance repeat themselves from the same ones


def seat(agent: Agent, spec: str, game: GameSpec) -> Player:
    """The agent as a player, after making sure that it can play the game. Raises `InputError` if it cannot."""
    try:
        agent.start(game, [GameKey("check", 0, 0)])
    except (AgentError, InputError) as error:
        raise InputError(f"{spec} cannot play {game.title}: {error}") from None
    return Player(agent, AgentRef(spec, agent.name, agent.fingerprint))


def play_match(
    a: str,
    b: str,
    game_id: str,
    games: int = 2,
    *,
    plies: tuple[int, int] | None = None,
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    batch: int = 64,
    loader: Callable[[str], Agent] = load,
    book: Sequence[Opening] | None = None,
    options: Mapping[str, Any] | None = None,
    on_finished: Callable[[MatchRecord], None] = lambda record: None,
) -> Iterator[MatchRecord]:
    """Yields the games of a match pair by pair: same opening, same seed, seats swapped; ``batch`` are played at once.

    Their order is that of the pairs, not that in which games finish: short games would come first, and a sequential
    test that stops iterating when it has seen enough would be misled by them. ``on_finished`` is told of every game as
    soon as it is over, so that none is lost when nobody waits for the others. The two games of a pair have ids that end
    in "-1", where ``a`` moves first, and "-2". The same arguments give the same games.
    games: an even number. plies: length of the random openings, least and most; None: the game's usual ones.
    book: these openings, in this order, instead of random ones. Team games have no openings, but may have ``options``.
    Raises `InputError`: an unknown agent or game, an agent that cannot play it, an odd number of games.
    """
    if games < 2 or games % 2:
        raise InputError(f"a match is played in mirrored pairs, so its games are an even number, not {games}")
    spec = envs.spec(game_id)
    if spec.family == "team":
        book = ((),)
    else:
        book = book or largest_book(envs.make(game_id), min(OPENINGS, games // 2), plies, seed)
    with ExitStack() as stack:
        players = []
        for name in (a, b):
            agent = loader(name)
            stack.callback(agent.close)
            players.append(seat(agent, name, spec))
            warm_up(agent, game_id)
        one, two = players
        pairing = Pairing(0, 1, 0, games // 2)
        rules = _rules(limits)
        todo = list(tasks(rules, seed, spec, one.ref.fingerprint, two.ref.fingerprint, pairing, book, options))
        for part in batches(todo, batch):
            finished: dict[int, MatchRecord] = {}
            told = 0
            for event in play(game_id, (one, two), part, limits):
                if isinstance(event, Finished):
                    finished[event.game] = event.record
                    on_finished(event.record)
                while told in finished:
                    yield finished[told]
                    told += 1


def _rules(limits: Limits) -> str:
    """What tells games with these limits from games with the usual ones, in their ids."""
    return "" if limits == DEFAULT_LIMITS else json.dumps(asdict(limits))


def play_for_points(
    specs: Sequence[str],
    game_id: str,
    games: int = 10,
    *,
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    batch: int = 32,
    loader: Callable[[str], Agent] = load,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[MatchRecord]:
    """Yields games played for points: every agent plays the same ``games`` seeds, ``batch`` of them at once.

    Games of one seed have ids that begin alike. The same arguments give the same games, as long as ``stopping``, which
    is asked again and again, does not say that no more are wanted. Raises `InputError` as `play_match` does.
    """
    game = envs.score_game(game_id)
    with ExitStack() as stack:
        stack.enter_context(threads(1))  # PyTorch's own would spin while the emulators want the cores
        players = []
        for spec in specs:
            agent = loader(spec)
            stack.callback(agent.close)
            players.append(seat(agent, spec, game.spec))
            points.warm_up(agent, game.spec)
        for start in range(0, games, batch):
            pairing = Pairing(0, 0, start, min(batch, games - start))
            for player in players:
                name = player.ref.fingerprint
                todo = list(tasks(_rules(limits), seed, game.spec, name, name, pairing, ()))
                for event in points.play(game, player, todo, limits):
                    if isinstance(event, Finished):
                        yield event.record
                    if stopping():
                        return

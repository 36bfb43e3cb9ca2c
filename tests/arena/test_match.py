from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from agents.core import GameKey
from arena.match import play_match
from arena.replay import verify
from arena.runner import Limits
from arena.schedule import pair_number
from envs.core import GameSpec, InputError
from tests.arena.scripted_agents import Options, Scripted, load


def test_pairs_are_mirrored_and_openings_differ() -> None:
    records = list(play_match("a?", "b?luck=1", "tic_tac_toe", 24, plies=(2, 2), loader=load))
    assert len(records) == 24
    for one, two in zip(records[::2], records[1::2], strict=True):
        assert pair_number(one.id) == pair_number(two.id)
        assert (one.opening, one.seed) == (two.opening, two.seed)
        assert one.agents == two.agents[::-1]
        assert (one.agents[0].spec, one.id[-2:], two.id[-2:]) == ("a?", "-1", "-2")
    assert len({record.opening for record in records}) == 12
    assert all(verify(record) == [] for record in records)


def test_games_are_told_of_when_they_finish_and_yielded_in_order() -> None:
    finished: list[str] = []
    match = play_match(
        "a?", "b?", "connect_four", 20, loader=load, on_finished=lambda record: finished.append(record.id)
    )
    first = next(match)
    assert first.id in finished
    assert len(finished) > 1, "shorter games were over before the first pair"
    match.close()
    whole: list[str] = []
    told = [
        r.id for r in play_match("a?", "b?", "connect_four", 20, loader=load, on_finished=lambda r: whole.append(r.id))
    ]
    assert sorted(whole) == sorted(told)
    assert whole != told
    assert told[0] == first.id


def test_long_matches_do_not_begin_alike_again() -> None:
    found = list(play_match("random", "random", "connect_four", 700))
    assert len({record.opening for record in found}) == 350


def test_the_same_match_is_the_same_games_however_batched() -> None:
    def moves(**options: int) -> dict[str, tuple[int, ...]]:
        return {r.id: r.actions for r in play_match("a?", "b?", "connect_four", 20, loader=load, **options)}

    assert moves() == moves(batch=3)
    assert not moves().keys() & moves(seed=1).keys()


def test_a_match_with_oneself_is_played_by_two() -> None:
    records = list(play_match("a?", "a?", "tic_tac_toe", 10, loader=load))
    assert all(record.fault is None for record in records)
    assert len({record.actions for record in records}) > 3


def test_registered_agents_play() -> None:
    (one, two) = play_match("random", "random", "tic_tac_toe")
    assert verify(one) == verify(two) == []


@pytest.mark.parametrize(
    ("a", "game", "games", "message"),
    [
        ("random", "tic_tac_toe", 3, "an even number, not 3"),
        ("random", "tic_tac_toe", 0, "an even number, not 0"),
        ("random", "chequers", 2, "unknown game 'chequers'"),
    ],
)
def test_senseless_matches_are_refused(a: str, game: str, games: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        next(play_match(a, "random", game, games))


def test_an_agent_of_another_game_is_refused() -> None:
    with pytest.raises(InputError, match=r"b\?fault=plays cannot play Tic-tac-toe: this is not my game"):
        next(play_match("a?", "b?fault=plays", "tic_tac_toe", loader=load))


class Slow(Scripted):
    """Takes long over its first move, as an agent that has to compile does."""

    closed = False

    def start(self, spec: GameSpec, games: Sequence[GameKey]) -> None:
        super().start(spec, games)
        self.options = replace(self.options, fault="" if self.asked else "late")

    def close(self) -> None:
        self.closed = True


def test_the_first_move_is_on_nobodys_clock_and_agents_are_closed() -> None:
    agents = [Slow("a", Options()), Slow("b", Options())]
    waiting = iter(agents)
    games = play_match("a", "b", "tic_tac_toe", 8, limits=Limits(move_ms=1e5), loader=lambda spec: next(waiting))
    assert next(games).fault is None
    assert not agents[0].closed
    games.close()  # as when a test has seen enough
    assert agents[0].closed
    assert agents[1].closed

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import envs
from arena.openings import make_book
from arena.runner import Task
from arena.schedule import Pairing, batches, chosen, gauntlet, pair_number, planned, round_robin, tasks

TTT = envs.make("tic_tac_toe")
BOOK = make_book(TTT, 5, (2, 2))


def games(ladder: str = "l", seed: int = 0, a: str = "aa", b: str = "bb", start: int = 0, pairs: int = 7) -> list[Task]:
    return list(tasks(ladder, seed, TTT.spec, a, b, Pairing(0, 1, start, pairs), BOOK))


def test_a_round_robin_lets_everyone_meet_everyone() -> None:
    plan = round_robin([0, 0, 1, 2], {}, 5)
    assert [(p.a, p.b) for p in plan] == list(combinations(range(4), 2))
    assert all((p.start, p.pairs) == (0, 5) for p in plan)


def test_a_gauntlet_has_no_games_within_a_wave() -> None:
    assert [(p.a, p.b) for p in gauntlet([0, 0, 1, 1, 2], {}, 1)] == [
        *((0, 2), (0, 3), (0, 4)),
        *((1, 2), (1, 3), (1, 4)),
        *((2, 4), (3, 4)),
    ]
    assert gauntlet([0, 0, 0], {}, 3) == []


@given(st.lists(st.integers(0, 3), max_size=7).map(sorted), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_plans_add_up_however_often_they_are_made(waves: list[int], pairs: list[int]) -> None:
    for schedule in (round_robin, gauntlet):
        plan: list[Pairing] = []
        for entered, upto in zip(range(len(waves)), sorted(pairs * 7), strict=False):
            plan += schedule(waves[: entered + 1], planned(plan), upto)
        plan += schedule(waves, planned(plan), 20)
        assert planned(plan) == planned(schedule(waves, {}, 20))
        assert schedule(waves, planned(plan), 20) == []
        for couple in planned(plan):
            numbers = [k for p in plan if (p.a, p.b) == couple for k in range(p.start, p.start + p.pairs)]
            assert numbers == list(range(20))


def test_chosen_couples_go_on_from_what_is_planned() -> None:
    assert chosen([(0, 1), (0, 2), (0, 1)], {(0, 1): 4}) == [Pairing(0, 1, 4, 2), Pairing(0, 2, 0, 1)]


def test_pairs_are_mirrored() -> None:
    for one, two in zip(games()[::2], games()[1::2], strict=True):
        assert (one.first, two.first) == (0, 1)
        assert (one.opening, one.seed) == (two.opening, two.seed)
        assert one.id[:-1] == two.id[:-1]
        assert (one.id[-2:], two.id[-2:]) == ("-1", "-2")
        assert pair_number(one.id) == pair_number(two.id)


def test_openings_are_used_in_turn_with_other_seeds() -> None:
    assert [game.opening for game in games()[::2]] == [*BOOK, *BOOK[:2]]
    assert len({game.seed for game in games()}) == 7
    assert all(0 <= game.seed < 2**63 and 0 <= pair_number(game.id) < 2**63 for game in games())


def test_a_game_depends_on_ladder_seed_players_and_number_alone() -> None:
    assert games() == games()
    assert games(start=3, pairs=4) == games()[6:]
    others = [games(ladder="m"), games(seed=1), games(a="ab"), games(a="bb", b="aa")]
    everything = [game for some in (games(), *others) for game in some]
    assert len({game.id for game in everything}) == len(everything) == 70
    assert len({game.seed for game in everything}) == 35


def test_the_ids_of_stored_games_never_change() -> None:
    # changing them would make every ladder play all its games again
    a, b = tasks("ladder", 5, TTT.spec, "aa", "bb", Pairing(0, 1, 3, 1), [(5, 6)])
    assert a == Task("2313fbb8e8e4c2be-1", 8595717436636054659, (5, 6), 0)
    assert b == Task("2313fbb8e8e4c2be-2", 8595717436636054659, (5, 6), 1)


@pytest.mark.parametrize(("n", "size"), [(1, 64), (64, 64), (65, 64), (200, 64), (7, 2)])
def test_batches_are_complete_and_even(n: int, size: int) -> None:
    some = games(pairs=n)[:n]
    parts = batches(some, size)
    assert [game for part in parts for game in part] == some
    assert max(map(len, parts)) <= size
    assert max(map(len, parts)) - min(map(len, parts)) <= 1

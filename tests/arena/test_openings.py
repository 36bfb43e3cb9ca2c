from __future__ import annotations

import numpy as np
import pytest

import envs
from arena.openings import after, canonical_keys, default_plies, largest_book, make_book
from envs.core import IllegalAction, InputError

# Essentially different unfinished positions by ply. Tic-tac-toe: OEIS A008907 less the finished ones (21, 21, 58, 23
# after 5 to 8 plies). Connect Four: half of 1, 7, 49 (OEIS A212693) and of the symmetric ones. Othello: 1, 1, 3 are the
# diagonal, parallel and perpendicular openings; the next ones are known from Edax.
ESSENTIAL = [
    *(("tic_tac_toe", ply, n) for ply, n in enumerate((1, 3, 12, 38, 108, 174 - 21, 204 - 21, 153 - 58, 57 - 23))),
    *(("connect_four", ply, n) for ply, n in enumerate((1, 4, 25))),
    *(("othello", ply, n) for ply, n in enumerate((1, 1, 3, 14, 60, 322))),
]
USUAL = [(game, default_plies(envs.make(game).spec)) for game in ("tic_tac_toe", "connect_four", "othello")]


@pytest.mark.parametrize(("game", "ply", "count"), ESSENTIAL)
def test_books_can_hold_all_positions_that_there_are_and_no_more(game: str, ply: int, count: int) -> None:
    rules = envs.make(game)
    assert len(make_book(rules, count, (ply, ply))) == count
    with pytest.raises(InputError, match=rf"only {count} distinct .* after {ply} plies .* but {count + 1} openings"):
        make_book(rules, count + 1, (ply, ply))


@pytest.mark.parametrize(("game", "plies"), [*USUAL, ("connect_four", (0, 5)), ("tic_tac_toe", (6, 9))])
def test_openings_are_legal_unfinished_distinct_and_of_the_right_length(game: str, plies: tuple[int, int]) -> None:
    rules = envs.make(game)
    book = largest_book(rules, 300, plies, seed=3)
    states = after(rules, book)  # raises where an action is illegal
    assert np.isnan(rules.outcome(states)).all()
    assert {len(opening) for opening in book} <= set(range(plies[0], plies[1] + 1))
    assert len(set(canonical_keys(rules, states).tolist())) == len(book)


def test_a_canonical_key_is_that_of_all_images() -> None:
    rules = envs.make("othello")
    states = after(rules, make_book(rules, 50, (6, 6)))
    for k in range(rules.spec.num_symmetries):
        images = rules.symmetry(states, np.full(50, k, np.int8))
        np.testing.assert_array_equal(canonical_keys(rules, images), canonical_keys(rules, states))


def test_the_seed_decides_and_shorter_books_begin_longer_ones() -> None:
    rules = envs.make("connect_four")
    book = make_book(rules, 500, (4, 8), seed=1)
    assert make_book(rules, 500, (4, 8), seed=1) == book
    assert make_book(rules, 20, (4, 8), seed=1) == book[:20]
    assert make_book(rules, 500, (4, 8), seed=2) != book
    assert len({len(opening) for opening in book}) == 5


def test_all_first_moves_come_about_equally_often() -> None:
    rules = envs.make("connect_four")
    first = np.bincount([opening[0] for opening in make_book(rules, 3000, (8, 8))], minlength=7)
    assert first.min() > 0.7 * first.max()


def test_a_book_of_the_initial_position() -> None:
    assert make_book(envs.make("connect_four"), 1, (0, 0)) == [()]


@pytest.mark.parametrize(
    ("count", "plies", "message"),
    [
        (1, (3, 2), "not 3-2"),
        (1, (-1, 2), "not -1-2"),
        (0, (1, 2), "at least 1 opening"),
        (5, (9, 9), "no unfinished position after 9 plies"),
    ],
)
def test_senseless_books_are_refused(count: int, plies: tuple[int, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_book(envs.make("tic_tac_toe"), count, plies)


def test_positions_after_openings_of_different_lengths() -> None:
    rules = envs.make("tic_tac_toe")
    one, none, two = after(rules, [(4,), (), (4, 0)])
    np.testing.assert_array_equal(none, rules.init(1)[0])
    np.testing.assert_array_equal(one, rules.step(rules.init(1), np.array([4], np.int32))[0])
    np.testing.assert_array_equal(two, rules.step(one[None], np.array([0], np.int32))[0])


@pytest.mark.parametrize("opening", [(4, 4), (9,), (-1,)])
def test_an_illegal_opening_is_quoted(opening: tuple[int, ...]) -> None:
    with pytest.raises(IllegalAction, match=r"opening \("):
        after(envs.make("tic_tac_toe"), [(0,), opening])

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arena.uci.clock import allowance, enough

TIMES = st.integers(-1000, 10_000_000)
INCREMENTS = st.integers(0, 60_000)
TO_GO = st.none() | st.integers(1, 200)
OVERHEADS = st.integers(0, 1000)


@given(TIMES, INCREMENTS, TO_GO, OVERHEADS)
def test_a_move_never_takes_more_than_there_is(remaining, increment, to_go, overhead):
    allowed = allowance(remaining, increment, to_go, overhead)
    assert 0 < allowed.soft <= allowed.hard
    assert allowed.hard <= max(1, 0.8 * (remaining - overhead))


@given(TIMES, INCREMENTS, TO_GO, OVERHEADS, st.integers(0, 100_000))
def test_more_time_is_never_less_thought(remaining, increment, to_go, overhead, more):
    less = allowance(remaining, increment, to_go, overhead)
    assert allowance(remaining + more, increment, to_go, overhead).soft >= less.soft
    assert allowance(remaining, increment + more, to_go, overhead).soft >= less.soft
    assert allowance(remaining, increment, to_go, overhead + more).hard <= less.hard


@given(st.integers(1_000, 600_000), st.integers(51, 10_000), st.integers(0, 50))
def test_with_an_increment_the_clock_lasts_for_ever_even_if_every_move_is_doubtful(start, increment, lag):
    remaining = float(start)
    for _ in range(500):
        remaining -= allowance(int(remaining), increment, None, 50).hard + lag
        assert remaining > 0
        remaining += increment


@given(st.integers(10_000, 600_000), st.integers(1, 60))
def test_a_control_of_so_many_moves_is_reached(start, moves):
    remaining = float(start)
    for left in range(moves, 0, -1):
        remaining -= allowance(int(remaining), 0, left, 50).soft + 20
        assert remaining > 0


def test_what_usual_controls_come_to():
    assert 50 < allowance(1_000, 100, None, 50).soft < 100
    assert 2_000 < allowance(60_000, 1_000, None, 50).soft < 3_500
    assert 7_000 < allowance(300_000, 0, 40, 50).soft < 8_000
    assert 2_000 < allowance(3_000, 0, 1, 50).hard < 2_500


def test_enough():
    assert enough(soft=100, elapsed=100, lead=0, speed=1)
    assert not enough(soft=100, elapsed=50, lead=50, speed=1), "50 visits may still come"
    assert enough(soft=100, elapsed=50, lead=51, speed=1)
    assert not enough(soft=100, elapsed=9, lead=9999, speed=1), "the speed is not known yet"

import numpy as np
import pytest

from selfplay.config import TrainConfig
from selfplay.targets import UNIT
from selfplay.window import Rows, Window, rows_of, window_size
from tests.selfplay.made import games


def rows(first, n):
    """Rows whose states are first, first + 1, ..."""
    return Rows(
        states=np.arange(first, first + n, dtype=np.uint64)[:, None],
        policy=np.zeros((n, 2), np.float16),
        value=np.zeros((n, 3), np.float32),
        replies=np.zeros(n, np.int32),
        plies_left=np.zeros(n, np.float32),
    )


def ids(rows):
    return rows.states[:, 0].astype(np.int64)


def test_the_window_grows_as_katago_publishes():
    # arXiv 1902.10565, appendix C: c = 250,000, alpha = 0.75, beta = 0.4; from 250 thousand to about 22 million
    # samples while the run made 241 million
    katago = TrainConfig(window=250_000, window_alpha=0.75, window_beta=0.4)
    assert window_size(1_000, katago) == window_size(250_000, katago) == 250_000
    assert window_size(241_000_000, katago) == pytest.approx(22e6, rel=0.06)
    sizes = [window_size(n, katago) for n in range(250_000, 5_000_000, 10_000)]
    assert (np.diff(sizes) > 0).all()
    assert sizes[1] - sizes[0] == pytest.approx(0.4 * 10_000, rel=0.02)  # beta is the slope where growth begins


def test_trimming_drops_the_oldest_whole_chunks():
    window = Window(1, 2)
    for i, n in enumerate([5, 5, 7]):
        window.add(f"c{i}", rows(10 * i, n), np.full(n, UNIT))
    assert window.trim(12) == ["c0"]
    assert window.trim(12) == []
    assert list(window.names) == [("c1", 5), ("c2", 7)]
    assert ids(window.rows).tolist() == [*range(10, 15), *range(20, 27)]
    assert window.trim(0) == ["c1", "c2"]
    assert len(window) == 0


def test_sampling_follows_the_weights():
    window = Window(1, 2)
    window.add("gone", rows(50, 3), np.array([9000, 1, 77]))
    window.add("a", rows(0, 3), np.array([0, 1000, 2000]))
    window.add("b", rows(3, 2), np.array([500, 500]))
    window.trim(5)
    n = 40_000
    counts = np.bincount(ids(window.sample(np.random.default_rng(0), n)), minlength=5)
    expected = n * np.array([0, 1000, 2000, 500, 500]) / 4000
    assert counts[0] == 0
    assert counts.sum() == n
    chi_square = ((counts[1:] - expected[1:]) ** 2 / expected[1:]).sum()
    assert chi_square < 16.3  # 99.9% quantile at 3 degrees of freedom


def test_a_window_rebuilt_from_its_chunks_samples_the_same():
    """A resumed run has not seen the chunks that were dropped, nor the arrays that were outgrown."""
    rng = np.random.default_rng(1)
    old = Window(1, 2, capacity=8)
    parts = [(f"c{i}", rows(100 * i, n), rng.integers(1, 3 * UNIT, n)) for i, n in enumerate(rng.integers(1, 40, 60))]
    for part in parts:
        old.add(*part)
        old.trim(200)
    kept = {name for name, _ in old.names}
    new = Window(1, 2)
    for part in parts:
        if part[0] in kept:
            new.add(*part)
    assert list(new.names) == list(old.names)
    samples = [ids(window.sample(np.random.default_rng(7), 1000)).tolist() for window in (old, new)]
    assert samples[0] == samples[1]


def test_memory_stays_within_a_few_windows():
    window = Window(1, 2, capacity=64)
    for i in range(2000):
        window.add(str(i), rows(50 * i, 50), np.full(50, UNIT))
        window.trim(1000)
    assert ids(window.rows).tolist() == list(range(50 * 2000 - 1000, 50 * 2000))
    assert len(window._ends) <= 4 * 1050


def test_only_positions_that_can_be_sampled_enter():
    config = TrainConfig(fast_weight=0.0, surprise=0.0, td_lambda=1.0)
    played = games([3, 2], full=[1, 0, 1, 0, 1], results=[0, 2, 0, 2, 0])
    found, weights = rows_of(played, config)
    assert weights.tolist() == [UNIT] * 3
    assert np.array_equal(found.states, played.states[[0, 2, 4]])
    assert found.replies.tolist() == [1, -1, -1]  # the fast search's move in between is the reply
    both, weights = rows_of(played, TrainConfig(fast_weight=0.5, surprise=0.0))
    assert len(both) == 5
    assert weights.tolist() == [UNIT, UNIT // 2, UNIT, UNIT // 2, UNIT]

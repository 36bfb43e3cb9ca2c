import numpy as np
import pytest
from scipy.stats import trim_mean

from arena.scores import interquartile_mean, summarize
from envs.core import InputError


def test_statistics():
    scores = np.array([3.0, 100.0, 7.0, 1.0, 8.0, 4.0, 5.0, 2.0])
    summary = summarize(scores)
    assert (summary.runs, summary.games) == (8, 1)
    assert summary.mean.value == pytest.approx(scores.mean())
    assert summary.median.value == 4.5
    assert summary.iqm.value == pytest.approx((3 + 4 + 5 + 7) / 4)
    for statistic in (summary.mean, summary.median, summary.iqm):
        assert statistic.low < statistic.value < statistic.high


@pytest.mark.parametrize("count", [1, 3, 4, 5, 30, 101])
def test_interquartile_mean_is_the_trimmed_mean(count):
    scores = np.random.default_rng(count).normal(size=count)
    assert interquartile_mean(scores) == pytest.approx(trim_mean(scores, 0.25))


def test_seed_decides_the_interval():
    scores = np.random.default_rng(0).exponential(size=30)
    assert summarize(scores, seed=1) == summarize(scores, seed=1) != summarize(scores, seed=2)
    wide = summarize(scores, level=0.99)
    assert wide.iqm.low < summarize(scores).iqm.low < wide.iqm.value


def test_games_are_resampled_each_by_itself():
    """Games may lie far apart: that difference is no uncertainty."""
    rng = np.random.default_rng(0)
    scores = rng.normal(loc=[0, 100, 1000], size=(20, 3))
    summary = summarize(scores)
    assert (summary.runs, summary.games) == (20, 3)
    assert summary.mean.high - summary.mean.low < 1.2
    assert summarize(scores.ravel()).mean.high - summarize(scores.ravel()).mean.low > 100


def test_a_single_run_tells_nothing_about_others():
    summary = summarize([7.0])
    assert summary.mean.value == 7
    assert (summary.iqm.low, summary.iqm.high) == (-np.inf, np.inf)


@pytest.mark.parametrize("scores", [[], [1.0, np.nan], np.zeros((2, 2, 2)), np.zeros((0, 3))])
def test_bad_scores(scores):
    with pytest.raises(InputError, match="finite numbers"):
        summarize(scores)


def test_bad_level():
    with pytest.raises(InputError, match="between 0 and 1"):
        summarize([1.0, 2.0], level=95)


def coverage(draw, size, repeats: int) -> np.ndarray:
    """[3]: share of 95% intervals of mean, median and interquartile mean that hold the true one."""
    rng, hits = np.random.default_rng(0), np.zeros(3)
    everything = draw(rng, 2_000_000)
    truth = everything.mean(), np.median(everything), interquartile_mean(everything)
    for seed in range(repeats):
        summary = summarize(draw(rng, size), resamples=500, seed=seed)
        found = (summary.mean, summary.median, summary.iqm)
        hits += [at.low <= true <= at.high for at, true in zip(found, truth, strict=True)]
    return hits / repeats


LAWS = {
    "normal": lambda rng, size: rng.normal(size=size),
    "skewed": lambda rng, size: rng.gamma(2.0, size=size),
    "two humps": lambda rng, size: np.where(rng.random(size) < 0.3, rng.normal(0, 0.3, size), rng.normal(4, 1, size)),
}


@pytest.mark.parametrize("law", LAWS)
def test_intervals_cover_the_truth(law):
    assert coverage(LAWS[law], 30, 500) == pytest.approx(0.95, abs=0.025)


def test_intervals_cover_the_truth_in_several_games():
    assert coverage(LAWS["skewed"], (10, 5), 500) == pytest.approx(0.95, abs=0.025)


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_intervals_nearly_cover_the_truth_with_few_runs(law):
    """Ten runs of a skewed law cannot know its tail: 92% for the mean, as with Student's interval."""
    covered = coverage(LAWS[law], 10, 5000)
    assert (covered > 0.91).all()
    assert (covered < 0.98).all()

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from arena.sprt import Sprt, expected_score, log_likelihood_ratio
from envs.core import InputError


def test_the_figures_that_a_fishtest_server_published():
    """montytest.muzhen.org, test 69d3c8dc7c5b3724e29d2712: elo1 rounded to 2.716, LLR 'logistic (exact)' -0.53772."""
    test = Sprt(0, 2.716, counts=(13, 37, 50, 25, 3))
    assert test.llr == pytest.approx(-0.53772, abs=1e-4)
    assert test.bounds == pytest.approx((-2.9444, 2.9444), abs=1e-4)
    assert test.verdict is None


@pytest.mark.parametrize("counts", [(3, 9, 20, 14, 6), (40, 1, 2, 1, 50), (7, 30, 21)])
def test_likelihood_ratio_is_that_of_the_best_distributions(counts):
    """Against a general optimizer: maximise the likelihood over all distributions with the hypothesis's mean."""

    def best(mean):
        def loss(logits):
            return -counts @ np.log(np.exp(logits) / np.exp(logits).sum())

        points = np.linspace(0, 1, len(counts))
        tie = {"type": "eq", "fun": lambda z: np.exp(z) @ points / np.exp(z).sum() - mean}
        return -minimize(loss, np.log(np.array(counts) / sum(counts)), constraints=tie, method="SLSQP", tol=1e-10).fun

    counts = np.array(counts)
    ratio = best(expected_score(60)) - best(expected_score(-20))
    assert log_likelihood_ratio(counts, -20, 60) == pytest.approx(ratio, abs=1e-4)


def test_views_of_both_sides_mirror_each_other():
    counts = np.array([4, 11, 20, 17, 9])
    assert Sprt(-10, 30, counts=tuple(counts)).llr == pytest.approx(-Sprt(-30, 10, counts=tuple(counts[::-1])).llr)


def test_a_test_goes_on_after_a_restart():
    half = Sprt(0, 40, counts=(1, 4, 10, 6, 2))
    resumed = Sprt(**json.loads(json.dumps(dataclasses.asdict(half))))
    assert resumed == half
    whole = resumed.add([0, 2, 9, 14, 8])
    assert whole.counts == (1, 6, 19, 20, 10)
    assert whole.llr == Sprt(0, 40, counts=whole.counts).llr > half.llr


def test_verdicts():
    empty = Sprt(0, 50)
    assert (empty.llr, empty.verdict) == (0, None)
    assert Sprt(0, 50, counts=(0, 5, 20, 45, 30)).verdict == "elo1"
    assert Sprt(0, 50, counts=(30, 45, 20, 5, 0)).verdict == "elo0"
    assert Sprt(0, 50, counts=(0, 0, 200, 0, 0)).verdict == "elo0"  # nothing but shared pairs: not better by 50
    assert Sprt(0, 50, counts=(0, 0, 1, 0, 0)).verdict is None
    assert Sprt(0, 100, counts=(20, 10, 90)).verdict == "elo1"  # unpaired games


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"elo0": 5, "elo1": 5}, "below elo1"),
        ({"elo0": 0, "elo1": float("inf")}, "below elo1"),
        ({"elo0": 0, "elo1": 5, "alpha": 0.5}, "alpha and beta"),
        ({"elo0": 0, "elo1": 5, "beta": 0.0}, "alpha and beta"),
        ({"elo0": 0, "elo1": 5, "counts": (1, 2)}, "3 results of games or 5"),
        ({"elo0": 0, "elo1": 5, "counts": (1, -2, 0)}, "3 results of games or 5"),
    ],
)
def test_bad_tests(arguments, message):
    with pytest.raises(InputError, match=message):
        Sprt(**arguments)


def test_results_of_another_kind_are_refused():
    with pytest.raises(InputError, match="takes 5 counts"):
        Sprt(0, 5).add([1, 2, 3])


def law(shape: tuple[float, ...], elo: float) -> np.ndarray:
    """A distribution of scores like ``shape`` with the mean that this Elo stands for, by exponential tilting."""
    points = np.linspace(0, 1, len(shape))

    def tilted(t):
        weight = np.array(shape) * np.exp(t * points)
        return weight / weight.sum()

    return tilted(brentq(lambda t: tilted(t) @ points - expected_score(elo), -30, 30))


def play(test: Sprt, chances: np.ndarray, tests: int) -> tuple[float, float]:
    """(share of tests that accept elo1, mean number of observations), looking after every observation."""
    rng = np.random.default_rng(5)
    (lower, upper), base = test.bounds, 4000 ** np.arange(len(chances))
    counts = np.zeros((tests, len(chances)), np.int64)
    running, accepted, length = np.arange(tests), 0, 0
    while len(running):
        counts[running, rng.choice(len(chances), len(running), p=chances)] += 1
        _, one, back = np.unique(counts[running] @ base, return_index=True, return_inverse=True)
        llr = log_likelihood_ratio(counts[running][one], test.elo0, test.elo1)[back]
        accepted += np.sum(llr >= upper)
        length += len(running)
        running = running[(lower < llr) & (llr < upper)]
    return accepted / tests, length / tests


SHAPES = {
    "openings decide": (0.05, 0.2, 0.5, 0.2, 0.05),
    "decisive": (0.2, 0.1, 0.4, 0.1, 0.2),
    "unpaired": (0.3, 0.4, 0.3),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("truth", ["elo0", "elo1"])
def test_error_rates_and_lengths_hold(name, truth):
    check_errors(SHAPES[name], truth, gap=60, tests=1500)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("truth", ["elo0", "elo1"])
def test_error_rates_and_lengths_hold_in_long_tests(name, truth):
    check_errors(SHAPES[name], truth, gap=25, tests=8000)


def check_errors(shape: tuple[float, ...], truth: str, gap: float, tests: int) -> None:
    test = Sprt(0, gap, alpha=0.05, beta=0.1, counts=(0,) * len(shape))
    elo = getattr(test, truth)
    chances, points = law(shape, elo), np.linspace(0, 1, len(shape))
    accepted, length = play(test, chances, tests)
    wrong, nominal = (accepted, test.alpha) if truth == "elo0" else (1 - accepted, test.beta)
    assert wrong <= nominal + 2.5 * math.sqrt(nominal * (1 - nominal) / tests)
    assert wrong > nominal / 4  # a test that never errs wastes games
    forecast = forecast_of(test, elo, math.sqrt(chances @ points**2 - (chances @ points) ** 2))
    assert length == pytest.approx(forecast.length, rel=0.2)
    assert length > forecast.length  # overshoot
    assert accepted == pytest.approx(forecast.accept, abs=0.03)


@dataclasses.dataclass(frozen=True)
class Forecast:
    accept: float  # probability that a test ends with elo1
    length: float  # expected number of observations


def forecast_of(test: Sprt, elo: float, deviation: float) -> Forecast:
    """How a test should go at this true difference, its LLR taken for a Brownian motion (Wald 1945): real tests
    overshoot the bounds and are a little longer and safer. ``deviation`` is that of an observation, 0..1."""
    score, score0, score1 = (expected_score(e) for e in (elo, test.elo0, test.elo1))
    pace = (score1 - score0) * (score - (score0 + score1) / 2) / deviation**2
    noise = ((score1 - score0) / deviation) ** 2
    lower, upper = test.bounds
    bend = 2 * pace / noise
    if abs(bend) < 1e-6:
        return Forecast(-lower / (upper - lower), -lower * upper / noise)
    accept = math.expm1(-bend * lower) / (math.expm1(-bend * lower) - math.expm1(-bend * upper))
    return Forecast(accept, (upper * accept + lower * (1 - accept)) / pace)

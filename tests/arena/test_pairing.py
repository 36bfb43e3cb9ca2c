import numpy as np
import pytest

from arena.pairing import next_pairs
from arena.ratings import Ratings, fit
from arena.tally import tally
from envs.core import InputError
from tests.arena.synthetic import Field, everyone


def test_equal_arguments_give_equal_pairs():
    ratings = fit(everyone(np.arange(6) * 80, 5).sample(np.random.default_rng(0)))
    chosen = next_pairs(ratings, 12, seed=3)
    assert next_pairs(ratings, 12, seed=3) == chosen
    assert next_pairs(ratings, 5, seed=3) == chosen[:5]
    assert all(0 <= a < b < 6 for a, b in chosen)
    assert next_pairs(ratings, 0, seed=3) == []


def test_everyone_gets_the_minimum_first():
    nobody = fit(tally(7, [], [], []))
    chosen = next_pairs(nobody, 100, seed=0, minimum=5)
    games = np.zeros(7, int)
    for i, (a, b) in enumerate(chosen):
        if games.min() < 5:
            assert min(games[a], games[b]) < 5, i
        games[[a, b]] += 1
    assert games.min() >= 5


def test_a_couple_that_plays_its_minimum_at_once_is_chosen_once():
    nobody = fit(tally(7, [], [], []))
    chosen = next_pairs(nobody, 7, seed=0, together=4, minimum=4)
    games = np.zeros(7, int)
    for a, b in chosen:
        assert games.min() or not (games[a] and games[b])
        games[[a, b]] += 4
    assert games.min() >= 4


def test_a_newcomer_plays_first():
    rng = np.random.default_rng(1)
    first, second = np.tile([0, 1, 1, 2, 2, 0], 30), np.tile([1, 0, 2, 1, 0, 2], 30)
    ratings = fit(tally(4, first, second, rng.integers(-1, 2, 180), np.repeat(np.arange(90), 2)))
    assert all(3 in pair for pair in next_pairs(ratings, 4, seed=0, minimum=0))


def test_groups_that_never_met_are_joined():
    first, second = np.tile([0, 1, 2, 3], 20), np.tile([1, 0, 3, 2], 20)
    ratings = fit(tally(4, first, second, np.tile([1, -1, 0, 0], 20), np.repeat(np.arange(40), 2)))
    ((a, b),) = next_pairs(ratings, 1, seed=0)
    assert (a in (0, 1)) != (b in (0, 1))


def test_games_whose_winner_is_certain_are_not_played():
    ratings = fit(everyone(np.arange(8) * 150.0, 20).sample(np.random.default_rng(2)))
    apart = np.array([b - a for a, b in next_pairs(ratings, 50, seed=0)])
    assert apart.mean() < 1.5
    assert apart.max() <= 3


def test_one_agent_cannot_play():
    with pytest.raises(InputError, match="two agents"):
        next_pairs(fit(tally(1, [], [], [])), 3, seed=0)


def climb(field: Field, adaptive: bool, pairs: int, batch: int, seed: int) -> Ratings:
    """A ladder played in batches of pairs, by the adaptive choice or round and round."""
    rng, n = np.random.default_rng(seed), len(field.elo)
    row = {couple: i for i, couple in enumerate(zip(field.low.tolist(), field.high.tolist(), strict=True))}
    round_robin = rng.permutation(len(row))
    cells = np.zeros((len(row), 4, 4), np.int64)
    ratings = fit(field.tally(cells))
    for begin in range(0, pairs, batch):
        if adaptive:
            rows = [row[couple] for couple in next_pairs(ratings, batch, seed)]
        else:
            rows = [round_robin[i % len(row)] for i in range(begin, begin + batch)]
        for i in rows:
            own, other = divmod(rng.choice(9, p=field.chances[i].ravel()), 3)
            cells[i, own + 1, other + 1] += 1
        ratings = fit(field.tally(cells))
    assert ratings.games.sum() == 4 * pairs
    assert len(ratings.elo) == n
    return ratings


def test_half_the_games_of_a_round_robin_suffice():
    """Twelve agents, neighbours 200 Elo apart: in most games of a round robin the winner is certain."""
    field, order = everyone(np.arange(12) * 200.0, 0, bias=100), np.arange(12)
    widths = np.zeros((2, 2))
    for seed in range(3):
        for adaptive, pairs in ((True, 240), (False, 480)):
            ratings = climb(field, adaptive, pairs, 24, seed)
            lead = ratings.difference(order[1:], order[:-1])
            widths[int(adaptive)] += [np.mean(ratings.errors()), np.max(lead.high - lead.low)]
    assert (widths[1] <= 1.08 * widths[0]).all()


@pytest.mark.parametrize(("seeds", "tolerance"), [(40, 0.03), pytest.param(250, 0.02, marks=pytest.mark.slow)])
def test_intervals_cover_the_truth_in_adaptive_ladders(seeds, tolerance):
    field = everyone(np.arange(8) * 100.0, 0)
    hits = []
    for seed in range(seeds):
        for pairs in (48, 120):
            at = climb(field, True, pairs, 8, seed).intervals()
            truth = field.elo - field.elo.mean()
            hits.append(np.mean((at.low <= truth) & (truth <= at.high)))
    assert np.mean(hits) == pytest.approx(0.95, abs=tolerance)

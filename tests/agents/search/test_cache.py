import numpy as np
import pytest

import envs
from agents.search.cache import WAYS, CachedEvaluator
from envs.core import InputError

from .conftest import random_positions

GAMES = envs.ids()


class Opinion:
    """A made-up answer by key, different for images of a position. Notes what it is asked, and checks it."""

    def __init__(self, game):
        self.game, self.asked = game, []

    def __call__(self, states, legal):
        assert (legal == self.game.legal(states)).all()
        assert legal.any(axis=1).all()
        keys = self.game.key(states)
        self.asked += keys.tolist()
        logits, wdl = np.empty(legal.shape, np.float32), np.empty((len(keys), 3), np.float32)
        for i, key in enumerate(keys):
            rng = np.random.default_rng(int(key))
            logits[i] = np.where(legal[i], rng.normal(size=legal.shape[1]), np.nan)
            wdl[i] = rng.dirichlet(np.ones(3))
        return logits, wdl


def images(game, states):
    """uint64[S, n, W]"""
    return [game.symmetry(states, np.full(len(states), k, np.int8)) for k in range(game.spec.num_symmetries)]


def expected(game, states):
    """The answers by definition, in plain Python: the mean over all symmetries that lead to the canonical image."""
    legal, opinion = game.legal(states), Opinion(game)
    logits, wdl = np.zeros(legal.shape), np.empty((len(states), 3), np.float32)
    for i in range(len(states)):
        turned = images(game, states[i : i + 1])
        keys = [int(game.key(t)[0]) for t in turned]
        best = [k for k in range(len(keys)) if keys[k] == min(keys)]
        answer, result = opinion(turned[best[0]], game.legal(turned[best[0]]))
        for a in np.flatnonzero(legal[i]):
            logits[i, a] = np.mean([answer[0, game.action_symmetry[k, a]] for k in best])
        wdl[i] = result[0]
    return logits, wdl, legal


@pytest.mark.parametrize("game_id", GAMES)
def test_answers_are_those_of_the_canonical_image(game_id):
    game = envs.make(game_id)
    cached = CachedEvaluator(game, Opinion(game))
    states = random_positions(game, 60, 5, 0)
    want, results, legal = expected(game, states)
    for _ in range(2):  # fresh, then remembered
        logits, wdl = cached(states, legal)
        np.testing.assert_allclose(logits[legal], want[legal], rtol=1e-6)
        assert (wdl == results).all()
        assert np.isfinite(logits).all()
    assert cached.hits == len(states)


@pytest.mark.parametrize("game_id", GAMES)
def test_the_answer_for_an_image_is_the_image_of_the_answer(game_id):
    game = envs.make(game_id)
    states = random_positions(game, 60, 5, 1)
    logits, wdl = CachedEvaluator(game, Opinion(game))(states, game.legal(states))
    for k, turned in enumerate(images(game, states)):
        answer, results = CachedEvaluator(game, Opinion(game))(turned, game.legal(turned))
        np.testing.assert_allclose(answer[:, game.action_symmetry[k]], logits, rtol=1e-5, atol=1e-6)
        assert (results == wdl).all()
        if game_id == "connect_four":  # at most two equivalents, whose sum has no order
            assert (answer[:, game.action_symmetry[k]] == logits).all()


def test_a_position_that_is_its_own_image_gets_a_symmetric_answer():
    game = envs.make("connect_four")
    start = game.init(1)
    logits, _ = CachedEvaluator(game, Opinion(game))(start, game.legal(start))
    assert (logits[0] == logits[0, ::-1]).all()
    assert len(set(logits[0].tolist())) == 4


def test_remembered_answers_are_bit_for_bit_the_fresh_ones():
    """Whatever was asked before, in whatever batches, however small the table."""
    game, rng = envs.make("connect_four"), np.random.default_rng(0)
    states = random_positions(game, 300, 8, 2)
    legal = game.legal(states)
    fresh, results = CachedEvaluator(game, Opinion(game))(states, legal)
    for capacity in (1, 32, 4096):
        cached = CachedEvaluator(game, Opinion(game), capacity)
        size = cached.nbytes
        for _ in range(20):
            rows = rng.integers(0, 300, rng.integers(1, 100))
            logits, wdl = cached(states[rows], legal[rows])
            assert (logits == fresh[rows]).all()
            assert (wdl == results[rows]).all()
        assert cached.nbytes == size
        assert cached.hits > 0


def test_every_different_position_is_asked_once_in_its_canonical_orientation():
    game = envs.make("connect_four")
    opinion = Opinion(game)
    cached = CachedEvaluator(game, opinion)
    left, right = (game.step(game.init(1), np.array([c], np.int32))[0] for c in (0, 6))
    middle = game.step(game.init(1), np.array([3], np.int32))[0]
    batch = np.stack([left, middle, right, left, middle])
    cached(batch, game.legal(batch))
    canonical = {min(int(game.key(i)[0]) for i in images(game, s[None])) for s in (left, middle)}
    assert set(opinion.asked) == canonical
    assert len(opinion.asked) == 2
    assert (cached.requests, cached.hits, cached.evaluations) == (5, 0, 2)
    again = np.stack([right, game.init(1)[0]])
    cached(again, game.legal(again))
    assert (cached.requests, cached.hits, cached.evaluations) == (7, 1, 3)


def test_nothing_is_asked_when_all_is_known():
    game = envs.make("othello")
    opinion = Opinion(game)
    cached = CachedEvaluator(game, opinion)
    states = random_positions(game, 30, 8, 3)
    cached(states, game.legal(states))
    asked = len(opinion.asked)
    for turned in images(game, states):
        cached(turned, game.legal(turned))
    assert len(opinion.asked) == asked == len(set(opinion.asked))


def test_clearing_forgets_the_answers():
    game = envs.make("tic_tac_toe")
    opinion = Opinion(game)
    cached = CachedEvaluator(game, opinion)
    states = game.init(2)
    for _ in range(2):
        cached(states, game.legal(states))
        cached.clear()
    assert len(opinion.asked) == 2
    assert (cached.requests, cached.hits, cached.evaluations) == (4, 0, 2)


def test_the_entry_not_used_for_the_longest_time_gives_way():
    game = envs.make("connect_four")
    opinion = Opinion(game)
    cached = CachedEvaluator(game, opinion, capacity=WAYS)
    states = random_positions(game, 200, 10, 4)
    keys = np.stack([game.key(image) for image in images(game, states)]).min(axis=0)
    states = states[np.unique(keys, return_index=True)[1]]
    for i in (0, 1, 2, 3, 0, 4):  # 0 is used again, so 1 has to go for 4
        cached(states[i : i + 1], game.legal(states[i : i + 1]))
    assert cached.evaluations == 5
    for i, evaluations in ((0, 5), (4, 5), (1, 6)):
        cached(states[i : i + 1], game.legal(states[i : i + 1]))
        assert cached.evaluations == evaluations


def test_a_cache_has_room():
    game = envs.make("tic_tac_toe")
    with pytest.raises(InputError, match="at least 1 entry, not 0"):
        CachedEvaluator(game, Opinion(game), 0)
    assert CachedEvaluator(game, Opinion(game), 1000).nbytes == 1024 * (12 + 4 * (9 + 3))

import numpy as np
import pytest

import envs
from agents.search.evaluators import UniformEvaluator
from agents.search.results import Roots
from agents.search.tree import UNKNOWN
from selfplay import play
from selfplay.chunks import join, unpack
from selfplay.config import TrainConfig
from selfplay.play import SelfPlay, choose, divergence, draw_actions, open_games, temperature, uniform


def played(n, game="tic_tac_toe", stream=1, **changes):
    """``n`` games or a few more, in the order in which they ended."""
    config = TrainConfig(game=game, **{"slots": 8, "simulations": 16, "fast_simulations": 4, **changes})
    players = SelfPlay(envs.make(game), UniformEvaluator(), config, stream)
    games = []
    while len(games) < n:
        games += players.turn()
    return players, games


def roots(policy, action):
    policy = np.asarray(policy, np.float32)
    n = len(policy)
    zero = np.zeros(n, np.float32)
    return Roots(
        visits=np.zeros_like(policy, np.int32),
        q=policy,
        priors=policy,
        policy=policy,
        action=np.asarray(action, np.int32),
        value=zero,
        wdl=np.zeros((n, 3), np.float32),
        proven=np.full(n, UNKNOWN, np.int8),
    )


def test_random_numbers_are_uniform_and_differ_by_seed_use_and_ply():
    seeds = np.arange(20_000, dtype=np.uint64)
    zero = np.zeros(len(seeds), np.int64)
    streams = [uniform(seeds, play.MOVE, zero), uniform(seeds, play.FULL, zero), uniform(seeds, play.MOVE, zero + 1)]
    for numbers in streams:
        assert ((numbers >= 0) & (numbers < 1)).all()
        counts = np.bincount((numbers * 10).astype(int), minlength=10)
        assert ((counts - 2000) ** 2 / 2000).sum() < 27.9  # chi-square, 9 degrees of freedom, 99.9%
    assert (np.abs(np.corrcoef(streams) - np.eye(3)) < 0.03).all()


def test_actions_are_drawn_by_weight_and_never_where_it_is_zero():
    weights = np.tile([0.0, 1.0, 0.0, 3.0, 0.0], (4, 1))
    assert draw_actions(weights, np.array([0.0, 0.2499, 0.25, np.nextafter(1, 0)])).tolist() == [1, 1, 3, 3]


def test_temperature_falls_by_half_lives():
    config = TrainConfig(temperature=1.0, final_temperature=0.2, temperature_halflife=3.0)
    assert temperature(config, np.array([0, 3, 6, 600])) == pytest.approx([1.0, 0.6, 0.4, 0.2])


def test_moves_follow_the_policy_and_the_temperature():
    n = 30_000
    u = uniform(np.arange(n, dtype=np.uint64), 0, np.zeros(n, np.int64))
    found = roots(np.tile([0.0, 0.8, 0.2], (n, 1)), np.full(n, 2))
    assert np.mean(choose(found, np.ones(n), u) == 1) == pytest.approx(0.8, abs=0.01)
    assert np.mean(choose(found, np.full(n, 0.5), u) == 1) == pytest.approx(16 / 17, abs=0.01)
    assert set(choose(found, np.full(n, 0.01), u)) == {2}  # the search's own choice


def test_divergence_by_hand():
    policy = np.array([[0.5, 0.5, 0.0], [0.25, 0.5, 0.25]], np.float32)
    priors = np.array([[0.25, 0.25, 0.5], [0.25, 0.5, 0.25]], np.float32)
    assert divergence(policy, priors) == pytest.approx([np.log(2), 0.0], abs=1e-6)


def test_openings_are_legal_unfinished_and_of_every_length():
    game = envs.make("connect_four")
    n = 4000
    states, plies = open_games(game, np.arange(n, dtype=np.uint64), 0.5, 12)
    assert np.isnan(game.outcome(states)).all()
    assert np.array_equal(plies, [int(word).bit_count() for word in states[:, 1]])  # stones on the board
    counts = np.bincount(plies, minlength=13)
    assert counts[0] == pytest.approx(n / 2, abs=4 * np.sqrt(n / 4))
    for length in range(1, 7):  # before the seventh ply no random game can be over
        assert counts[length] == pytest.approx(n / 24, abs=4 * np.sqrt(n / 24))
    first = np.bincount([int(word).bit_length() // 7 for word in states[plies == 1, 1]], minlength=7)
    assert (first > 0).all()


def test_openings_of_no_ply_are_none():
    assert not open_games(envs.make("tic_tac_toe"), np.arange(9, dtype=np.uint64), 1.0, 0)[1].any()


def test_an_opening_stops_before_it_ends_the_game():
    game = envs.make("tic_tac_toe")
    states, plies = open_games(game, np.arange(500, dtype=np.uint64), 1.0, 9)
    assert np.isnan(game.outcome(states)).all()
    assert plies.max() == 8


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four", "othello", "minichess", "chess"])
def test_games_are_played_by_the_rules_and_recorded_as_played(name):
    game = envs.make(name)
    _, ended = played(12, name, simulations=8, fast_simulations=2)
    for record in ended:
        n = len(record)
        assert record.lengths.tolist() == [n]
        legal = game.legal(record.states)
        assert legal[np.arange(n), record.actions].all()
        after = game.step(record.states, record.actions)
        assert np.array_equal(after[:-1], record.states[1:])
        assert np.isnan(game.outcome(record.states)).all()
        outcome = game.outcome(after[-1:])[0]
        assert np.array_equal(game.mover(record.states), record.movers)
        mine = np.where(record.movers == 0, outcome, -outcome)
        assert np.array_equal(1 - np.sign(mine), record.results)
        assert np.array_equal(np.diff(record.plies), np.ones(n - 1))
        policy = unpack(record.policy, legal)
        assert (policy[np.arange(n), record.actions] > 0).mean() > 0.9  # moves are drawn from it, with few exceptions
        assert record.policy.astype(float).sum(axis=1) == pytest.approx(1.0, abs=5e-3)
        assert record.wdl.astype(float).sum(axis=1) == pytest.approx(1.0, abs=5e-3)


def test_what_is_recorded_as_proven_is_true():
    """What a search proves must agree with plain minimax."""
    game = envs.make("tic_tac_toe")

    def minimax(state):
        outcome = game.outcome(state)[0]
        if not np.isnan(outcome):
            return outcome if game.mover(state)[0] == 0 else -outcome
        return max(-minimax(game.step(state, np.array([a], np.int32))) for a in np.flatnonzero(game.legal(state)[0]))

    _, ended = played(20)
    record = join(ended)
    late = np.flatnonzero((record.proven != UNKNOWN) & (record.plies >= 4))
    assert len(late) > 20
    for i in late:
        assert record.proven[i] == minimax(record.states[i : i + 1])


def test_a_game_depends_on_its_seed_alone():
    """However many games run beside it, and whatever they are: game number g of a stream is the same."""
    games = {}
    for slots in (1, 3, 16):
        _, ended = played(40, slots=slots, random_openings=0.0)
        games[slots] = {tuple(game.actions) for game in ended}
    first = [tuple(game.actions) for game in played(20, slots=1, random_openings=0.0)[1]]
    assert set(first) <= games[3]
    assert set(first) <= games[16]
    other = {tuple(game.actions) for game in played(40, stream=2, random_openings=0.0)[1]}
    assert other != games[16]


def test_the_playout_cap_makes_its_share_of_searches_full():
    _, ended = played(300, full_fraction=0.25, slots=32)
    full = join(ended).full
    assert full.mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / len(full)))


def test_fast_searches_are_without_noise():
    """From one position a noiseless search gives one policy and one move, a noisy one many moves."""
    colder = {"random_openings": 0.0, "temperature": 0.0, "final_temperature": 0.0, "slots": 32}
    for full, moves in ((0.0, 1), (1.0, 9)):
        _, ended = played(200, full_fraction=full, **colder)
        first = join(ended)
        policies = first.policy[first.plies == 0]
        assert full or (policies == policies[0]).all()
        assert len(set(first.actions[first.plies == 0].tolist())) == moves


def test_what_is_counted_is_what_was_played():
    players, ended = played(50)
    assert players.games == len(ended)
    assert players.moves >= sum(len(game) for game in ended)
    assert players.simulated >= players.moves


def test_the_weights_version_and_the_budget_can_change_between_turns():
    players, _ = played(5)
    players.version, players.simulations = 3, 2
    games = []
    while len(games) < 30:
        games += players.turn()
    assert games[-1].versions.tolist() == [3] * len(games[-1])

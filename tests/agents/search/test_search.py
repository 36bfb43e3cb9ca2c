"""The search against facts that do not depend on it: rules of arithmetic, forced results, exhaustive minimax."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import envs
from agents.search.config import SearchConfig
from agents.search.evaluators import UniformEvaluator
from agents.search.results import Roots
from agents.search.search import Search, search_batch
from agents.search.tree import UNKNOWN
from agents.solver import Solver
from envs.core import BoardGame, InputError, States

from .conftest import HashEvaluator, position, random_positions

ROOTS = ("gumbel", "puct", "uct")


def run(
    game: BoardGame,
    states: States,
    simulations: int,
    explore: bool = False,
    seed: int = 0,
    config: SearchConfig | None = None,
) -> Roots:
    search = Search(game, HashEvaluator(game), config or SearchConfig(), len(states), simulations)
    return search_batch(search, states, np.arange(seed, seed + len(states), dtype=np.uint64), simulations, explore)


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("explore", [False, True])
def test_every_simulation_is_one_visit_and_values_stay_in_range(connect_four, root, explore):
    states = random_positions(connect_four, 40, 12, seed=1)
    roots = run(connect_four, states, 150, explore, config=SearchConfig(root=root, solve=False))
    assert (roots.visits.sum(axis=1) == 150).all()
    legal = connect_four.legal(states)
    assert (roots.visits[~legal] == 0).all()
    assert (roots.policy[~legal] == 0).all()
    np.testing.assert_allclose(roots.policy.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(roots.priors.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(roots.wdl.sum(axis=1), 1, rtol=1e-5)
    assert (roots.wdl >= -1e-5).all()
    assert np.nanmax(np.abs(roots.q)) <= 1
    assert (np.isnan(roots.q) == (roots.visits == 0)).all()


@pytest.mark.parametrize("root", ROOTS)
def test_a_proven_root_ends_the_search_early_and_only_then(connect_four, root):
    states = random_positions(connect_four, 60, 34, seed=5)
    roots = run(connect_four, states, 400, config=SearchConfig(root=root))
    visits = roots.visits.sum(axis=1)
    assert (visits[roots.proven == UNKNOWN] == 400).all()
    assert (roots.proven != UNKNOWN).mean() > 0.5
    assert (visits[roots.proven != UNKNOWN] < 400).any()


@pytest.mark.parametrize("root", ROOTS)
def test_the_winner_hurries_and_the_loser_does_not(connect_four, root):
    """The solver's scores say how soon each move wins or loses; most moves of such a position have the same result."""
    states = random_positions(connect_four, 300, 32, seed=5)
    roots, solver = run(connect_four, states, 400, config=SearchConfig(root=root)), Solver(32)
    for result in (-1, 1):
        gained = []
        rows = np.flatnonzero(roots.proven == result)
        for i in rows:
            alike = {move: score for move, score in solver.scores(states[i]).items() if np.sign(score) == result}
            likeliest = max(alike, key=roots.priors[i].__getitem__)
            gained.append(alike[int(roots.action[i])] - alike[likeliest])
        assert len(gained) > 10
        assert np.mean(gained) > 0


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(
    ("moves", "best"),
    [("112233", "4"), ("121212", "1"), ("11223", "4"), ("12131", "1")],
)
def test_takes_a_win_in_one_and_blocks_the_opponents(connect_four, root, moves, best):
    state = position(connect_four, moves)
    search = Search(connect_four, UniformEvaluator(), SearchConfig(root=root), 1, 300)
    roots = search_batch(search, state[None], np.zeros(1, np.uint64), 300)
    assert connect_four.action_name(state, int(roots.action[0])) == best


@pytest.mark.parametrize("root", ROOTS)
def test_a_forced_block_is_the_whole_policy(connect_four, root):
    state = position(connect_four, "11223")  # the first player threatens column 4; everything else loses
    search = Search(connect_four, UniformEvaluator(), SearchConfig(root=root), 1, 600)
    roots = search_batch(search, state[None], np.zeros(1, np.uint64), 600)
    assert roots.action[0] == 3
    assert roots.policy[0, 3] == 1


@cache
def _minimax(game_id: str, raw: bytes) -> float:
    """The game-theoretic result for the mover, by plain recursion over the rules."""
    game = envs.make(game_id)
    state = np.frombuffer(raw, np.uint64)[None].copy()
    outcome = float(game.outcome(state)[0])
    if not np.isnan(outcome):
        return outcome if game.mover(state)[0] == 0 else -outcome
    children = [game.step(state, np.array([a], np.int32)) for a in np.flatnonzero(game.legal(state)[0])]
    return max(-_minimax(game_id, child[0].tobytes()) for child in children)


@pytest.mark.parametrize("root", ROOTS)
def test_equals_minimax_on_endgames(connect_four, root):
    states = random_positions(connect_four, 60, 60, seed=3)
    states = states[connect_four.legal(states).sum(axis=1) <= 3]
    assert len(states) >= 10
    roots = run(connect_four, states, 3000, config=SearchConfig(root=root))
    truth = [_minimax("connect_four", state.tobytes()) for state in states]
    assert (roots.proven != UNKNOWN).all()
    np.testing.assert_array_equal(roots.proven, truth)
    np.testing.assert_array_equal(roots.value, truth)
    after = connect_four.step(states, roots.action)
    np.testing.assert_array_equal([-_minimax("connect_four", s.tobytes()) for s in after], truth)


@pytest.mark.parametrize("root", ROOTS)
def test_solves_tic_tac_toe(tic_tac_toe, root):
    states = random_positions(tic_tac_toe, 80, 8, seed=2)
    roots = run(tic_tac_toe, states, 6000, config=SearchConfig(root=root))
    truth = np.array([_minimax("tic_tac_toe", state.tobytes()) for state in states])
    known = roots.proven != UNKNOWN
    assert known.mean() > 0.9
    np.testing.assert_array_equal(roots.proven[known], truth[known])


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("explore", [False, True])
def test_a_batch_finds_bit_for_bit_what_its_rows_find_alone(connect_four, root, explore):
    states = random_positions(connect_four, 24, 20, seed=4)
    together = run(connect_four, states, 90, explore, seed=100, config=SearchConfig(root=root))
    for b in range(len(states)):
        alone = run(connect_four, states[b : b + 1], 90, explore, seed=100 + b, config=SearchConfig(root=root))
        for field in Roots.__slots__:
            np.testing.assert_array_equal(getattr(together, field)[b], getattr(alone, field)[0], err_msg=field)


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_mirrored_positions_get_mirrored_visits_from_a_mirrored_network(connect_four, root):
    states = random_positions(connect_four, 40, 16, seed=6)
    mirrored = connect_four.symmetry(states, np.ones(len(states), np.int8))
    config = SearchConfig(root=root)
    one, two = run(connect_four, states, 120, config=config), run(connect_four, mirrored, 120, config=config)
    np.testing.assert_array_equal(one.visits, two.visits[:, ::-1])
    np.testing.assert_array_equal(one.policy, two.policy[:, ::-1])
    np.testing.assert_array_equal(one.value, two.value)


class _FirstPlayerWins:
    """Believes that player 0 has won, whoever is to move."""

    def __init__(self, game: BoardGame) -> None:
        self.game = game

    def __call__(self, states, legal):
        first = (self.game.mover(states) == 0).astype(np.float32)
        return np.zeros(legal.shape, np.float32), np.stack([first, np.zeros_like(first), 1 - first], axis=1)


@pytest.mark.parametrize("root", ROOTS)
def test_values_change_sign_with_the_mover(connect_four, root):
    states = np.stack([position(connect_four, "44"), position(connect_four, "444")])
    search = Search(connect_four, _FirstPlayerWins(connect_four), SearchConfig(root=root), 2, 100)
    roots = search_batch(search, states, np.zeros(2, np.uint64), 100)
    assert roots.value[0] > 0.9
    assert roots.value[1] < -0.9


@pytest.mark.parametrize("root", ["puct", "uct"])
@pytest.mark.parametrize("seed", range(5))
def test_a_kept_subtree_equals_a_fresh_search(connect_four, root, seed):
    config = SearchConfig(root=root, root_fpu_reduction=0.2)  # then a root is searched like any other node
    n = 16
    states = random_positions(connect_four, n, 6, seed)
    search = Search(connect_four, HashEvaluator(connect_four), config, n, 300)
    slots, seeds, quiet = np.arange(n), np.zeros(n, np.uint64), np.zeros(n, np.bool_)
    first = search_batch(search, states, seeds, 200)
    played = first.action
    kept = first.visits[slots, played] - 1  # the first visit evaluated the child itself
    assert kept.max() > 20
    going_on = np.isnan(connect_four.outcome(connect_four.step(states, played)))
    slots, played, kept, seeds, quiet = (
        slots[going_on],
        played[going_on],
        kept[going_on],
        seeds[going_on],
        quiet[going_on],
    )
    n = len(slots)
    after = connect_four.step(states[slots], played)
    search.advance(slots, played, seeds, np.maximum(kept, 1).astype(np.int32), quiet)
    finished = 0
    while finished < n:
        finished += len(search.simulate())
    reused = search.results(slots)
    for b in range(n):
        fresh = run(connect_four, after[b : b + 1], max(1, int(kept[b])), config=config)
        np.testing.assert_array_equal(reused.visits[b], fresh.visits[0])
        np.testing.assert_array_equal(reused.q[b], fresh.q[0])
    # and going on from a kept subtree equals a longer fresh search
    later = connect_four.step(after, reused.action)
    going_on = np.isnan(connect_four.outcome(later))
    slots, later = slots[going_on], later[going_on]
    n = len(slots)
    search.advance(slots, reused.action[going_on], seeds[:n], np.full(n, 250, np.int32), quiet[:n])
    finished = 0
    while finished < n:
        finished += len(search.simulate())
    for b in range(n):
        fresh = run(connect_four, later[b : b + 1], 250, config=config)
        np.testing.assert_array_equal(search.results(slots[b : b + 1]).visits[0], fresh.visits[0])


def test_slots_run_out_of_step_without_touching_each_other(connect_four):
    states = random_positions(connect_four, 6, 10, seed=8)
    budgets = np.array([10, 50, 90, 20, 70, 33], np.int32)
    config = SearchConfig(root="puct", solve=False)
    search = Search(connect_four, HashEvaluator(connect_four), config, 6, 90)
    search.start(np.arange(6), states, np.arange(6, dtype=np.uint64), budgets, np.ones(6, np.bool_))
    order: list[int] = []
    while len(order) < 6:
        order.extend(int(slot) for slot in search.simulate())
    assert order == list(np.argsort(budgets))
    roots = search.results(np.arange(6))
    for b in range(6):
        alone = Search(connect_four, HashEvaluator(connect_four), config, 1, 90)
        single = search_batch(alone, states[b : b + 1], np.array([b], np.uint64), int(budgets[b]), explore=True)
        np.testing.assert_array_equal(roots.visits[b], single.visits[0])


def test_one_evaluator_call_serves_all_slots(connect_four):
    evaluate = HashEvaluator(connect_four)
    search = Search(connect_four, evaluate, SearchConfig(), 32, 16)
    search_batch(search, connect_four.init(32), np.arange(32, dtype=np.uint64), 16, explore=True)
    assert evaluate.calls == 17  # the roots, then one a simulation
    assert evaluate.rows == 32 * 17


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), simulations=st.integers(1, 80), explore=st.booleans(), root=st.sampled_from(ROOTS))
def test_any_search_keeps_the_books(seed, simulations, explore, root):
    game = envs.make("connect_four")
    states = random_positions(game, 3, 30, seed)
    roots = run(game, states, simulations, explore, seed=seed, config=SearchConfig(root=root))
    legal = game.legal(states)
    for b in range(3):
        assert legal[b, roots.action[b]]
        assert roots.visits[b].sum() <= simulations
        assert roots.visits[b].sum() == simulations or roots.proven[b] != UNKNOWN
        assert roots.policy[b][roots.action[b]] > 0 or root == "gumbel"
        if roots.proven[b] != UNKNOWN:
            assert roots.value[b] == roots.proven[b]


def test_budgets_and_options_out_of_range_are_refused(connect_four):
    search = Search(connect_four, HashEvaluator(connect_four), SearchConfig(), 1, 10)
    with pytest.raises(ValueError, match=r"1\.\.10, not 11\.\.11"):
        search_batch(search, connect_four.init(1), np.zeros(1, np.uint64), 11)
    with pytest.raises(InputError, match="'alphabeta'"):
        SearchConfig(root="alphabeta")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="noise_fraction"):
        SearchConfig(noise_fraction=1.5)


def test_a_full_edge_pool_leaves_leaves_and_nothing_breaks(connect_four, monkeypatch):
    monkeypatch.setattr("agents.search.search.EDGES_PER_NODE", 1)  # room for a seventh of the nodes' edges
    states = connect_four.init(4)
    roots = run(connect_four, states, 200, config=SearchConfig(root="puct", solve=False))
    assert (roots.visits.sum(axis=1) == 200).all()
    assert np.nanmax(np.abs(roots.q)) <= 1


@pytest.mark.parametrize("game_id", ["connect_four", "minichess"])
@pytest.mark.parametrize("root", ROOTS)
def test_edges_lie_by_prior_and_below_the_root_the_visited_ones_come_first(game_id, root):
    """What selection relies on when it stops at the first unvisited edge; also after a subtree was kept."""
    game = envs.make(game_id)
    n, inner = 20, 0
    states = random_positions(game, n, 10, seed=6)
    search = Search(game, HashEvaluator(game), SearchConfig(root=root, seize=2), n, 300)
    seeds, slots, explore = np.arange(n, dtype=np.uint64), np.arange(n), np.ones(n, np.bool_)
    actions = search_batch(search, states, seeds, 300, explore=True).action
    for _ in range(3):
        for slot in slots:
            nodes, edges = search._tree.node[slot], search._tree.edge[slot]
            for i, node in enumerate(nodes[: search._tree.slot["nodes"][slot]]):
                own = edges[node["first"] : node["first"] + node["degree"]]
                assert (np.diff(own["prior"]) <= 0).all()
                if i > 0 and node["proven"] == UNKNOWN:  # a proven node is not selected from
                    assert (np.diff(np.sign(own["visits"])) <= 0).all()
                    inner += 1
        states = game.step(states, actions)
        slots = slots[np.isnan(game.outcome(states))[slots]]
        search.advance(slots, actions[slots], seeds[slots], np.full(len(slots), 300, np.int32), explore[slots])
        left = len(slots)
        while left:
            left -= len(search.simulate())
        actions[slots] = search.results(slots).action
    assert inner > 1000

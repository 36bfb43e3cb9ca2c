import copy
from itertools import combinations_with_replacement

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import envs
from agents.core import AgentError
from agents.networks import NetConfig
from agents.precision import dtype
from agents.search.evaluators import (
    DIRECT_SIZES,
    OVERHEAD,
    WINOGRAD_BYTES,
    WINOGRAD_SIZES,
    ImagesEvaluator,
    NetworkEvaluator,
    UniformEvaluator,
    pieces,
)
from envs.core import InputError

from ..nets import SMALLEST, make
from .conftest import random_positions

GAMES = envs.ids()


def asked(game_id, n=40, plies=6, seed=0):
    game = envs.make(game_id)
    states = random_positions(game, n, plies, seed)
    return game, states, game.legal(states)


@pytest.mark.parametrize("game_id", GAMES)
def test_it_says_what_the_network_says(game_id):
    game, states, legal = asked(game_id)
    net = make(game, NetConfig(blocks=2, channels=16))
    logits, wdl = NetworkEvaluator(game, net, "float32")(states, legal)
    with torch.inference_mode():
        want, results = net.double()(torch.from_numpy(game.observe(states)).double())
    np.testing.assert_allclose(logits, want.numpy(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(wdl, results.softmax(dim=1).numpy(), atol=1e-5)
    for answer in (logits, wdl):
        assert answer.dtype == np.float32
        assert answer.flags.c_contiguous


@pytest.mark.parametrize("game_id", GAMES)
def test_an_answer_does_not_depend_on_who_shares_the_batch(game_id):
    """Bit for bit, for batches of every composition and order."""
    game, states, legal = asked(game_id, n=50)
    evaluate = NetworkEvaluator(game, make(game, NetConfig(blocks=2, channels=32)))
    assert evaluate.rows_independent
    logits, wdl = evaluate(states, legal)
    rng = np.random.default_rng(1)
    for n in (1, 2, 3, 5, 7, 9, 16, 31, 33, 50):
        rows = rng.choice(50, n, replace=False)
        again, results = evaluate(states[rows], legal[rows])
        assert (again == logits[rows]).all()
        assert (results == wdl[rows]).all()


def test_it_computes_in_one_thread_and_leaves_the_setting_as_it_was():
    game, states, legal = asked("connect_four", n=3)
    evaluate, before, seen = NetworkEvaluator(game, make(game)), torch.get_num_threads(), []
    inner = evaluate._forward
    evaluate._forward = lambda planes: (seen.append(torch.get_num_threads()), inner(planes))[1]
    try:
        torch.set_num_threads(2)
        evaluate(states, legal)
        assert (set(seen), torch.get_num_threads()) == ({1}, 2)
    finally:
        torch.set_num_threads(before)


class _Skewed:
    """Instead of a network: sums of planes, which are exact on every machine, and then wrong as told by the size of
    the batch (under 8 rows) and by a row's place in it."""

    row_bytes = 1

    def __init__(self, num_actions, by_size, by_place):
        self.num_actions, self.by_size, self.by_place = num_actions, by_size, by_place

    def __call__(self, planes):
        sums = torch.from_numpy(planes).float().sum(dim=(1, 2, 3))[:, None].expand(-1, self.num_actions)
        places = torch.arange(len(planes), dtype=torch.float32)[:, None]
        return sums + self.by_size * (len(planes) < 8) + self.by_place * places, torch.zeros(len(planes), 3)


@pytest.mark.parametrize(
    ("by_size", "by_place", "sizes", "independent"),
    [(0.1, 0, WINOGRAD_SIZES[:-3], True), (0, 0.1, WINOGRAD_SIZES[:1], False)],
)
def test_sizes_that_compute_differently_are_not_used(monkeypatch, by_size, by_place, sizes, independent):
    game, states, legal = asked("connect_four")
    skewed = _Skewed(game.spec.num_actions, by_size, by_place)
    monkeypatch.setattr("agents.search.evaluators.WinogradNet", lambda net: skewed)
    evaluate = NetworkEvaluator(game, make(game), "float32")
    assert (evaluate.sizes, evaluate.rows_independent) == (sizes, independent)
    assert (evaluate(states[:1], legal[:1])[0] == evaluate(states, legal)[0][:1]).all()


@pytest.mark.parametrize(
    ("game_id", "channels", "most"),
    [("connect_four", 64, 112), ("connect_four", 96, 72), ("chess", 64, 56), ("minichess", 64, 128), ("chess", 512, 4)],
)
def test_a_piece_fits_into_the_caches(game_id, channels, most):
    """Input and products, float32: Connect Four has 8x9 points a position, minichess 7x7, chess 4 times 6x6."""
    game = envs.make(game_id)
    evaluate = NetworkEvaluator(game, make(game, NetConfig(blocks=1, channels=channels)), "float32")
    assert evaluate.sizes[0] == most
    points = {"connect_four": 72, "minichess": 49, "chess": 144}[game_id]
    assert most * points * channels * 8 <= WINOGRAD_BYTES


@given(st.integers(0, 600), st.sampled_from([WINOGRAD_SIZES, DIRECT_SIZES, (64, 32, 16, 8, 4), (32,), (256,)]))
@settings(max_examples=200)
def test_pieces_cover_every_row_once_and_waste_little(n, sizes):
    cut = list(pieces(n, sizes))
    assert [start for start, _, _ in cut] == list(np.cumsum([0, *(rows for _, rows, _ in cut)])[:-1])
    assert sum(rows for _, rows, _ in cut) == n
    assert all(0 < rows <= size and size in sizes for _, rows, size in cut)
    assert all(rows == size for _, rows, size in cut[:-1])
    if 0 < n <= sizes[0]:  # no way of cutting is cheaper
        by_brute_force = min(
            (sum(way) + OVERHEAD * len(way))
            for count in range(1, 4)
            for way in combinations_with_replacement(sizes, count)
            if sum(way) >= n
        )
        assert sum(size for _, _, size in cut) + OVERHEAD * len(cut) <= by_brute_force


@pytest.mark.parametrize("value", [3e38, np.nan])
def test_answers_that_are_no_numbers_are_refused(value):
    """Finite weights can make them too."""
    game, states, legal = asked("connect_four")
    net = make(game, SMALLEST)
    evaluate = NetworkEvaluator(game, net)
    torch.nn.init.constant_(net.policy.weight, value)
    evaluate.load_weights(net.state_dict())
    with pytest.raises(AgentError, match="not finite numbers"):
        evaluate(states, legal)
    with pytest.raises(AgentError, match="not finite numbers"):
        NetworkEvaluator(game, net)


def test_new_weights_replace_the_old_ones_and_leave_the_callers_network_alone():
    game, states, legal = asked("connect_four")
    first, second = make(game, seed=1), make(game, seed=2)
    before = copy.deepcopy(first.state_dict())
    evaluate = NetworkEvaluator(game, first)
    old = evaluate(states, legal)[0]
    evaluate.load_weights(second.state_dict())
    new = evaluate(states, legal)[0]
    assert (new == NetworkEvaluator(game, second)(states, legal)[0]).all()
    assert not np.allclose(new, old)
    assert all(torch.equal(tensor, before[name]) for name, tensor in first.state_dict().items())


def test_bfloat16_is_near(monkeypatch):
    game, states, legal = asked("connect_four")
    net = make(game, NetConfig(blocks=2, channels=16))
    exact = NetworkEvaluator(game, net, "float32")(states, legal)
    near = NetworkEvaluator(game, net, "bfloat16")(states, legal)
    assert 0 < np.abs(exact[0] - near[0]).max() < 0.1 * np.abs(exact[0]).max()
    assert np.abs(exact[1] - near[1]).max() < 0.1


@pytest.mark.parametrize(("native", "precision"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_precision_follows_the_processor(monkeypatch, native, precision):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": native})
    assert dtype("auto", torch.device("cpu")) == precision


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_says_nearly_the_same():
    game, states, legal = asked("connect_four")
    net, other = (make(game, NetConfig(blocks=2, channels=16), seed=seed) for seed in (1, 2))
    near = NetworkEvaluator(game, net, device="cuda")
    assert near.rows_independent
    for weights in (net, other, net):
        exact = NetworkEvaluator(game, weights, "float32")(states, legal)
        near.load_weights(weights.state_dict())
        for _ in range(5):  # recorded, then replayed
            assert np.abs(exact[1] - near(states, legal)[1]).max() < 0.1


@pytest.mark.parametrize("game_id", GAMES)
def test_the_mean_over_all_images_by_hand_and_the_same_for_each(game_id):
    game, states, legal = asked(game_id)
    network = NetworkEvaluator(game, make(game), "float32")
    evaluate = ImagesEvaluator(game, network)
    logits, wdl = evaluate(states, legal)
    said = []
    for k in range(game.spec.num_symmetries):
        image = game.symmetry(states, np.full(len(states), k, np.int8))
        said.append(network(image, game.legal(image)))
        again, result = evaluate(image, game.legal(image))
        np.testing.assert_allclose(result, wdl, atol=1e-6)
        np.testing.assert_allclose(again[:, game.action_symmetry[k]], logits, atol=1e-5)
    for row, action in zip(*np.nonzero(legal), strict=True):
        mean = np.mean([said[k][0][row, game.action_symmetry[k, action]] for k in range(len(said))])
        assert logits[row, action] == pytest.approx(mean, abs=1e-5)
    np.testing.assert_allclose(wdl, np.mean([result for _, result in said], axis=0), atol=1e-6)


def test_what_does_not_fit_is_refused():
    game, other = envs.make("connect_four"), envs.make("othello")
    with pytest.raises(InputError, match=r"a network for \(2, 6, 7\) and 7 actions, not othello"):
        NetworkEvaluator(other, make(game))
    with pytest.raises(InputError, match="unknown precision 'float61'; choose from: auto, bfloat16, float32"):
        NetworkEvaluator(game, make(game, SMALLEST), "float61")
    with pytest.raises(InputError, match="unknown device 'tpu'; choose from: auto, cpu, cuda"):
        NetworkEvaluator(game, make(game, SMALLEST), device="tpu")


def test_the_uniform_evaluator_has_no_opinion():
    _, states, legal = asked("tic_tac_toe", n=3)
    logits, wdl = UniformEvaluator()(states, legal)
    assert (logits == 0).all()
    assert (wdl == [0, 1, 0]).all()

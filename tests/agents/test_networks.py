import copy

import numpy as np
import pytest
import torch
from torch.nn import functional

import envs
from agents import networks
from agents.networks import SIZES, MovePolicy, Net, NetConfig
from envs.core import InputError

from .nets import opinionated


def test_an_untrained_network_believes_in_all_actions_and_results_alike():
    net = networks.make(envs.make("connect_four").spec, SIZES["small"]).eval()
    logits, wdl = net(torch.rand(5, 2, 6, 7))
    assert logits.shape == (5, 7)
    assert wdl.shape == (5, 3)
    assert (logits == 0).all()
    assert (wdl == 0).all()


@pytest.mark.parametrize("game", ["chess", "minichess"])
def test_the_logit_of_a_move_is_the_product_of_its_squares(game):
    rules = envs.make(game)
    squares, size = rules.action_squares, rules.spec.observation_shape[-1]
    policy = MovePolicy(6, 4, squares).double()
    x = torch.rand(2, 6, size, size, dtype=torch.float64)
    assert (policy(x) == 0).all()  # all moves alike at first
    for parameter in policy.parameters():
        torch.nn.init.normal_(parameter)
    q, k, kinds = (part(x).flatten(2) for part in (policy.query, policy.key, policy.kind))
    logits = policy(x)
    assert logits.shape == (2, rules.spec.num_actions)
    for action, (start, end, kind) in enumerate(squares.tolist()):
        wanted = (q[:, :, start] * k[:, :, end]).sum(dim=1) / 2 + policy.bias[action]
        torch.testing.assert_close(logits[:, action], wanted + (kinds[:, kind - 1, end] if kind else 0))


def test_the_squares_of_chess_actions_are_those_of_their_names():
    rules = envs.make("chess")
    state = rules.from_fen("r3k3/1P6/8/8/8/8/8/4K3 w q - 0 1")
    found = {}
    for action in np.flatnonzero(rules.legal(state[None])[0]).tolist():
        start, end, kind = rules.action_squares[action].tolist()
        found[rules.action_name(state, action)] = ("abcdefgh"[start % 8] + str(start // 8 + 1), end, kind)
    assert found["e1e2"] == ("e1", 12, 0)
    promotions = {name: kind for name, (_, end, kind) in found.items() if name.startswith("b7a8") and end == 56}
    assert promotions["b7a8n"] == 0  # a pawn's plain action
    assert sorted(promotions.values()) == [0, 1, 2, 3]


def test_moves_need_squares():
    with pytest.raises(InputError, match="move_keys"):
        networks.make(envs.make("connect_four").spec, NetConfig(move_keys=8))


def test_the_number_of_parameters_is_the_sum_of_the_layers():
    """Counted by hand for 2 blocks of 16 channels, the second pooling 4 of them, on a 6x7 board with 2 planes."""
    net = Net((2, 6, 7), 7, NetConfig(2, 16, 2, 4, policy_channels=3, value_channels=5, value_hidden=11))
    norm = 2 * 16
    stem = 2 * 16 * 9 + norm
    plain = 2 * (16 * 16 * 9 + norm)
    pooling = (16 * 16 * 9 + norm) + (8 * 12 + 12) + (12 * 16 * 9 + norm)
    policy = 16 * 3 + 2 * 3 + (3 * 42 * 7 + 7)
    value = 16 * 5 + 2 * 5 + (5 * 42 * 11 + 11) + (11 * 3 + 3)
    assert sum(parameter.numel() for parameter in net.parameters()) == stem + plain + pooling + policy + value


@pytest.mark.parametrize("pool_every", [0, 1, 2])
def test_folding_batch_norm_changes_nothing(pool_every):
    net = opinionated(
        Net((3, 5, 4), 9, NetConfig(blocks=3, channels=8, pool_every=pool_every, pool_channels=3))
    ).double()
    observations = torch.rand(6, 3, 5, 4, dtype=torch.float64)
    weights = copy.deepcopy(net.state_dict())
    flat = networks.folded(net)
    for ours, theirs in zip(flat(observations), net(observations), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in flat.modules())
    assert all(torch.equal(weights[name], tensor) for name, tensor in net.state_dict().items())


@pytest.mark.skipif(not torch.cpu.get_capabilities().get("avx512_bf16"), reason="needs bfloat16 arithmetic")
@pytest.mark.parametrize("pool_every", [0, 1, 2])
def test_sums_and_relus_fused_with_convolutions_change_no_more_than_roundings(pool_every):
    net = opinionated(Net((3, 5, 4), 9, NetConfig(blocks=3, channels=32, pool_every=pool_every, pool_channels=8)))
    observations = torch.rand(64, 3, 5, 4, generator=torch.Generator().manual_seed(0))
    observations = observations.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        exact = networks.folded(net)(observations)
        fused, plain = (
            networks.folded(net, fused=fused).bfloat16()(observations.bfloat16()) for fused in (True, False)
        )
    for ours, theirs, truth in zip(fused, plain, exact, strict=True):
        assert not torch.equal(ours, theirs)  # it is another way
        assert (ours.float() - truth).abs().mean() < 1.5 * (theirs.float() - truth).abs().mean()


@pytest.mark.parametrize(("pool_every", "reaches"), [(0, False), (1, True)])
def test_the_global_pool_carries_news_across_the_board(pool_every, reaches):
    """One block sees three cells far through its convolutions; the far corner of an 8x8 board only through the pool."""
    net = opinionated(Net((1, 8, 8), 2, NetConfig(blocks=1, channels=8, pool_every=pool_every, pool_channels=4)))
    there = torch.zeros(1, 1, 8, 8)
    there[0, 0, 7, 7] = 1
    with torch.inference_mode():
        before, after = (net.tower(functional.relu(net.stem(x)))[0, :, 0, 0] for x in (torch.zeros_like(there), there))
    assert torch.equal(before, after) == (not reaches)


def test_the_reply_head_is_there_only_when_asked_for():
    observations = torch.rand(4, 2, 6, 7)
    net = opinionated(Net((2, 6, 7), 7, NetConfig(blocks=1, channels=8, pool_every=0, reply_head=True)))
    logits, wdl, reply, plies_left = net.heads(observations)
    assert plies_left is None
    assert reply.shape == (4, 7)
    assert not torch.equal(reply, logits)
    assert torch.equal(logits, net(observations)[0])
    assert torch.equal(wdl, net(observations)[1])
    assert Net((2, 6, 7), 7, NetConfig()).heads(observations).reply is None


def test_plies_left_are_positive_numbers():
    net = opinionated(Net((2, 6, 7), 7, NetConfig(blocks=1, channels=8, pool_every=0, plies_left_head=True)))
    left = net.heads(torch.rand(4, 2, 6, 7)).plies_left
    assert left.shape == (4,)
    assert (left > 0).all()


def test_every_parameter_learns():
    """After one step of descent no weight, bias or norm is where it was: nothing is left out of the graph."""
    torch.manual_seed(0)
    net = opinionated(
        Net((2, 6, 7), 7, NetConfig(blocks=2, channels=8, pool_channels=2, reply_head=True, plies_left_head=True))
    )
    loss = sum(output.square().mean() for output in net.train().heads(torch.rand(16, 2, 6, 7)))
    before = {name: parameter.detach().clone() for name, parameter in net.named_parameters()}
    loss.backward()
    torch.optim.SGD(net.parameters(), 1.0).step()
    assert {name for name, parameter in net.named_parameters() if torch.equal(parameter, before[name])} == set()


def test_it_learns_64_positions_by_heart():
    """From zero heads to all the right answers within 60 steps: signs, shapes and losses fit together."""
    torch.manual_seed(0)
    observations = (torch.rand(64, 2, 6, 7) < 0.3).float()
    best, result = observations[:, 0].sum(dim=1).argmax(dim=1), observations[:, 1, 0].sum(dim=1).long().clamp(0, 2)
    net = Net((2, 6, 7), 7, SIZES["tiny"])
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(60):
        logits, wdl = net(observations)
        loss = functional.cross_entropy(logits, best) + functional.cross_entropy(wdl, result)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (logits.argmax(dim=1) == best).all()
    assert (wdl.argmax(dim=1) == result).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"blocks": 0}, "'blocks' is a whole number from 1"),
        ({"channels": 2.5}, r"'channels' .* not 2\.5"),
        ({"blocks": True}, "'blocks'"),
        ({"pool_every": -1}, "'pool_every' is a whole number from 0"),
        ({"pool_channels": 32}, "pool_channels=32 is not below channels=32"),
        ({"reply_head": 1}, "'reply_head' is true or false"),
        ({"block": 3}, "unknown network option 'block'.*Did you mean 'blocks'"),
        ("smal", "unknown network size 'smal'.*Did you mean 'small'"),
    ],
)
def test_wrong_configurations_say_what_is_wrong(values, message):
    with pytest.raises(InputError, match=message):
        networks.config(values)


def test_a_configuration_from_a_name_and_changes():
    assert networks.config("small", reply_head=True) == NetConfig(blocks=3, channels=32, reply_head=True)
    assert networks.config({"blocks": 3, "channels": 32}) == SIZES["small"]

"""The network, its statistics, and the drawing of actions."""

import numpy as np
import pytest
import torch

from agents.team.network import Moments, TeamConfig, TeamNetwork, acting, config, log_policy
from agents.team.sampling import draw_actions
from envs.core import InputError

FEATURES, ACTIONS = 7, 5


def make(memory="none", **options):
    torch.manual_seed(1)
    return TeamNetwork(TeamConfig(hidden=16, memory=memory, cells=8, **options), FEATURES, ACTIONS)


@pytest.mark.parametrize("memory", ["none", "gru", "lstm"])
def test_shapes(memory):
    net = make(memory)
    logits, values, state = net(torch.randn(3, 2, FEATURES), net.blank(2))
    assert (logits.shape, values.shape) == ((3, 2, ACTIONS), (3, 2))
    assert state.shape == (2, {"none": 0, "gru": 8, "lstm": 16}[memory])


@pytest.mark.parametrize("memory", ["gru", "lstm"])
def test_a_sequence_is_its_steps_and_an_emptied_state_a_new_beginning(memory):
    net, seen = make(memory), torch.randn(4, 2, FEATURES)
    whole, _, end = net(seen, net.blank(2))
    state = net.blank(2)
    for t in range(4):
        step, _, state = net(seen[t : t + 1], state)
        assert torch.allclose(step[0], whole[t], atol=1e-6)
    assert torch.allclose(state, end, atol=1e-6)
    assert not torch.allclose(whole[2], net(seen[2:3], net.blank(2))[0][0], atol=1e-4)
    keep = torch.tensor([[True, True], [True, True], [False, True], [True, True]])
    cut = net(seen, net.blank(2), keep)[0]
    assert torch.allclose(cut[2:, 0], net(seen[2:, :1], net.blank(1))[0][:, 0], atol=1e-6)
    assert torch.allclose(cut[:, 1], whole[:, 1], atol=1e-6)


def test_the_gru_is_pytorchs():
    net = make("gru")
    ours, theirs = net.memory, torch.nn.GRU(16, 8)
    theirs.weight_ih_l0.data, theirs.bias_ih_l0.data = ours.given.weight.data, ours.given.bias.data
    theirs.weight_hh_l0.data, theirs.bias_hh_l0.data = ours.kept.weight.data, ours.kept.bias.data
    x, state = torch.randn(5, 3, 16), torch.randn(3, 8)
    assert torch.allclose(ours(x, state, None)[0], theirs(x, state.unsqueeze(0))[0], atol=1e-5)


def test_the_lstm_is_pytorchs():
    net = make("lstm")
    ours, theirs = net.memory, torch.nn.LSTM(16, 8)
    theirs.weight_ih_l0.data, theirs.bias_ih_l0.data = ours.given.weight.data, ours.given.bias.data
    theirs.weight_hh_l0.data, theirs.bias_hh_l0.data = ours.kept.weight.data, ours.kept.bias.data
    x, h, c = torch.randn(5, 3, 16), torch.randn(3, 8), torch.randn(3, 8)
    assert torch.allclose(
        ours(x, torch.cat([h, c], 1), None)[0], theirs(x, (h.unsqueeze(0), c.unsqueeze(0)))[0], atol=1e-5
    )


def test_moments_are_those_of_all_rows_together():
    rows = torch.randn(1000, 3) * torch.tensor([1.0, 5.0, 0.1]) + torch.tensor([0.0, 2.0, -1.0])
    moments = Moments(3)
    for part in rows.split(300):
        moments.tell(part)
    moments.tell(rows[:0])
    assert torch.allclose(moments.mean, rows.mean(0), atol=1e-4)
    assert torch.allclose(moments.variance, rows.var(0, correction=0), rtol=1e-3)
    assert moments.count == 1000


def test_values_stay_what_they_are_when_the_returns_change():
    net, seen = make(), torch.randn(1, 6, FEATURES)
    net.tell_returns(torch.randn(50, 1) * 3 + 1, 0.1)
    with torch.no_grad():
        before = net.returns(net(seen, net.blank(6))[1])
        net.tell_returns(torch.randn(50, 1) * 30 - 7, 0.1)
        after = net.returns(net(seen, net.blank(6))[1])
    assert torch.allclose(before, after, atol=1e-4)
    assert torch.allclose(net.scaled(net.returns(after)), after, atol=1e-5)
    assert net.returned.variance > 20


def test_a_copy_in_bfloat16_says_about_the_same_and_leaves_the_statistics_whole():
    net, seen = make("gru"), torch.randn(2, 6, FEATURES)
    copied = acting(net, half=True)
    assert copied.policy.weight.dtype == torch.bfloat16
    assert copied.observed.mean.dtype == torch.float32
    whole, half = net(seen, net.blank(6)), copied(seen, net.blank(6))
    assert all(torch.allclose(a, b, atol=0.05) for a, b in zip(whole, half, strict=True))
    assert not any(p.requires_grad for p in copied.parameters())


def test_actions_are_drawn_by_their_probabilities_and_never_illegal():
    n = 40_000
    logits = np.tile(np.array([1.0, 5.0, 0.0, -1.0, 2.0], np.float32), (n, 1))
    mask = np.tile(np.array([True, False, True, True, False]), (n, 1))
    actions, logp = np.empty(n, np.int64), np.empty(n, np.float32)
    draw_actions(logits, mask, np.random.default_rng(0).random(n, np.float32), 1.0, actions, logp)
    expected = log_policy(torch.from_numpy(logits[:1]), torch.from_numpy(mask[:1]))[0]
    assert set(actions.tolist()) == {0, 2, 3}
    for action in (0, 2, 3):
        assert (actions == action).mean() == pytest.approx(float(expected[action].exp()), abs=0.01)
        assert logp[actions == action][0] == pytest.approx(float(expected[action]), abs=1e-5)


def test_the_likeliest_at_temperature_0_and_at_the_edges_of_chance():
    logits = np.array([[9.0, 1.0, 2.0]], np.float32)
    mask = np.array([[False, True, True]])
    actions, logp = np.empty(1, np.int64), np.empty(1, np.float32)
    draw_actions(logits, mask, np.zeros(1, np.float32), 0.0, actions, logp)
    assert actions[0] == 2
    for chance in (0.0, np.nextafter(np.float32(1), np.float32(0))):
        draw_actions(logits, mask, np.array([chance], np.float32), 1.0, actions, logp)
        assert mask[0, actions[0]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hidden": 0}, "network option 'hidden' is a whole number from 1 to 4096, not 0"),
        ({"layers": True}, "network option 'layers' is a whole number from 1 to 16, not True"),
        ({"memory": "gr"}, "unknown value of network option 'memory': 'gr'; choose from: gru, lstm, none."),
        ({"cell": 3}, "unknown network option 'cell'; choose from: cells, hidden, layers, memory."),
    ],
)
def test_senseless_options(values, message):
    with pytest.raises(InputError) as error:
        config(values)
    assert str(error.value).startswith(message)

"""Teams at play, from checkpoints of networks that know nothing."""

import numpy as np
import pytest
import torch

import envs
from agents import checkpoints, registry
from agents.core import AgentError, Batch, GameKey
from agents.team.network import TeamConfig, TeamNetwork
from agents.team.player import Team, TeamOptions, ranks
from envs.core import InputError
from envs.moba.features import NUM_FEATURES
from envs.moba.tables import NUM_ACTIONS

GAME = envs.team_game("moba_5v5")
UNITS = 5


def save(folder, memory="gru", game="moba_5v5", kind="team", **changes):
    torch.manual_seed(3)
    shape = {"hidden": 16, "layers": 2, "memory": memory, "cells": 8}
    net = TeamNetwork(TeamConfig(**shape), NUM_FEATURES, NUM_ACTIONS)
    torch.nn.init.orthogonal_(net.policy.weight, 3.0)
    tensors = net.state_dict()
    fields = {"net_config": shape, "tensors": tensors, "game": game, "kind": kind, **changes}
    checkpoints.save(folder, game_version=1, **{"meta": {}, **fields})
    return str(folder)


def batches(games, decisions, seed=0):
    """What sides see in games of random play, decision by decision: float32[n, 5, F] and bool[n, 5, A]."""
    random, play = np.random.default_rng(seed), GAME.batch(games)
    step = play.reset(np.arange(games, dtype=np.uint64))
    for _ in range(decisions):
        yield step.observations[:, :UNITS].copy(), step.mask[:, :UNITS].copy()
        step = play.step((random.random(step.mask.shape) * step.mask).argmax(-1))


def decide(agent, games, seen, legal, age):
    rows = np.repeat(np.array(games), UNITS)
    flat = [a[games].reshape(-1, a.shape[-1]) for a in (seen, legal)]
    return agent.act(Batch(rows, *flat, [[0] * age] * len(rows)))


def start(agent, count):
    agent.start(GAME.spec, [GameKey(str(i), i % 2, 100 + i) for i in range(count)])


@pytest.mark.parametrize("memory", ["none", "gru", "lstm"])
def test_a_game_is_played_the_same_alone_and_beside_others(tmp_path, memory):
    agent = registry.load(save(tmp_path / "c", memory))
    start(agent, 4)
    seen = list(batches(4, 12))
    together = [decide(agent, [0, 1, 2, 3], *both, age) for age, both in enumerate(seen)]
    start(agent, 4)
    alone = [decide(agent, [2], *both, age) for age, both in enumerate(seen)]
    for all_games, one, (_, legal) in zip(together, alone, seen, strict=True):
        assert [d.action for d in all_games[10:15]] == [d.action for d in one]
        assert all(legal[2, unit, d.action] for unit, d in enumerate(one))
        for decision, allowed in zip(one, legal[2], strict=True):
            assert sum(decision.policy.values()) == pytest.approx(1, abs=1e-5)
            assert set(decision.policy) == set(np.flatnonzero(allowed).tolist())
            assert -1 <= decision.value <= 1
    assert len({d.action for d in together[5]}) > 1


def test_what_winning_was_paid_is_what_a_sure_win_is_worth(tmp_path):
    seen, legal = next(batches(2, 1))
    found = []
    for name, meta in (("a", {}), ("b", {"win_weight": 4.0})):
        agent = registry.load(save(tmp_path / name, "none", meta=meta))
        start(agent, 2)
        found.append(np.array([d.value for d in decide(agent, [0, 1], seen, legal, 0)]))
    assert (np.abs(found[0]) < 1).all()
    assert found[0].any()
    np.testing.assert_allclose(found[1], found[0] / 4, rtol=1e-5)


def test_a_memory_is_carried_within_a_game_and_empty_at_its_start(tmp_path):
    agent = registry.load(save(tmp_path / "c"))
    seen, legal = next(batches(2, 1))
    start(agent, 2)
    first = decide(agent, [0, 1], seen, legal, 0)
    second = decide(agent, [0, 1], seen, legal, 0)
    assert [d.policy for d in first] != [d.policy for d in second]
    start(agent, 2)
    assert [d.policy for d in decide(agent, [0, 1], seen, legal, 0)] == [d.policy for d in first]


def test_the_likeliest_action_at_temperature_0(tmp_path):
    agent = registry.load(save(tmp_path / "c") + "?temperature=0")
    assert agent.name == "team:c?temperature=0.0"
    start(agent, 2)
    for age, (seen, legal) in enumerate(batches(2, 4)):
        for decision in decide(agent, [0, 1], seen, legal, age):
            assert decision.policy[decision.action] == max(decision.policy.values())


def test_ranks_are_places_within_a_game():
    assert ranks(np.array([3, 3, 3, 0, 0, 0, 7])).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert ranks(np.array([1, 0, 1, 0])).tolist() == [0, 0, 1, 1]


def test_what_cannot_be_played(tmp_path):
    agent = registry.load(save(tmp_path / "c"))
    with pytest.raises(AgentError, match="plays moba_5v5 version 1, not moba_1v1 version 1"):
        agent.start(envs.team_game("moba_1v1").spec, [])
    small = TeamNetwork(TeamConfig(hidden=16, layers=2), 7, 3)  # a card may name a game that the network is not for
    card = {"net_config": {"hidden": 16, "layers": 2}, "tensors": small.state_dict()}
    with pytest.raises(AgentError, match="sees 7 numbers and knows 3 actions, not those of moba_5v5"):
        start(registry.load(save(tmp_path / "small", **card)), 1)
    with pytest.raises(InputError, match="needs a checkpoint, as in team:runs/x/latest"):
        Team("", TeamOptions())
    with pytest.raises(InputError, match="temperature is from 0 to 100, not -1"):
        TeamOptions(temperature=-1)
    for name, changes, message in (
        ("a", {"kind": "dqn"}, "a checkpoint of kind 'dqn', not 'team'"),
        ("b", {"net_config": {"hidden": 0}}, "network option 'hidden' is a whole number"),
        ("d", {"net_config": {"hidden": 8}}, "has shape"),
        ("e", {"tensors": {}}, "no policy of a team"),
        ("f", {"game": "dota"}, "for the game 'dota', which is not known here"),
    ):
        with pytest.raises(checkpoints.CheckpointMismatch, match=message):
            Team(save(tmp_path / name, **changes), TeamOptions())

import dataclasses
import json

import numpy as np
import pytest
import torch

from agents import checkpoints, registry
from agents.core import AgentError, Batch, GameKey
from agents.dqn.network import QConfig, QNetwork
from envs.atari import SCORE_GAMES
from envs.core import InputError

SPEC = SCORE_GAMES["breakout"]().spec
SHAPES = {
    "plain": QConfig(channels=4, hidden=16),
    "pqn": QConfig(channels=4, hidden=16, layer_norm=True),
    "rainbow": QConfig(channels=4, hidden=16, dueling=True, quantiles=5),
}


def save(folder, shape=SHAPES["plain"], seed=0, actions=4, **changes):
    torch.manual_seed(seed)
    net = QNetwork(shape, actions)
    facts = {"kind": "dqn", "game": "breakout", "game_version": SPEC.version, "meta": {"gamma": 0.99}}
    config = {"net_config": dataclasses.asdict(shape), "tensors": net.state_dict()}
    checkpoints.save(folder, **{**facts, **config, **changes})
    return net


def frames(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 4, 84, 84), dtype=np.uint8)


def ask(agent, observations, seeds=None, plies=0):
    n = len(observations)
    agent.start(SPEC, [GameKey(str(i), 0, seed) for i, seed in enumerate(seeds or range(n))])
    return agent.act(Batch(np.arange(n), observations, np.ones((n, 4), bool), [[0] * plies] * n))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_it_plays_the_highest_value(tmp_path, shape):
    net = save(tmp_path / "x", shape)
    found = ask(registry.load(f"{tmp_path / 'x'}?epsilon=0"), frames(6))
    with torch.no_grad():
        outputs = net(torch.from_numpy(frames(6)))
    q = (outputs.mean(dim=2) if shape.quantiles else outputs).numpy()
    assert [decision.action for decision in found] == q.argmax(axis=1).tolist()
    assert [decision.value for decision in found] == pytest.approx((q.max(axis=1) * 0.01).tolist(), abs=1e-6)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_in_bfloat16_it_expects_nearly_the_same(tmp_path, shape):
    save(tmp_path / "x", shape)
    exact, quick = (
        [100 * decision.value for decision in ask(registry.load(f"{tmp_path / 'x'}?epsilon=0{more}"), frames(6))]
        for more in ("", "&precision=bfloat16")
    )
    assert exact == pytest.approx(quick, abs=0.02)
    assert exact != quick


def test_a_checkpoint_may_be_stored_in_half(tmp_path):
    net = save(tmp_path / "x")
    half = {name: tensor.half() for name, tensor in net.state_dict().items()}
    save(tmp_path / "half", tensors=half)
    one, two = (ask(registry.load(f"{tmp_path / name}?epsilon=0"), frames(6)) for name in ("x", "half"))
    assert [decision.value for decision in one] == pytest.approx([decision.value for decision in two], abs=1e-5)


def test_chance_comes_from_the_games_seed(tmp_path):
    """Whatever else is in the batch; about epsilon of the actions are random, and evenly so."""
    save(tmp_path / "x")
    agent = registry.load(f"{tmp_path / 'x'}?epsilon=0.4")
    same = np.repeat(frames(1), 2000, axis=0)
    many = [decision.action for decision in ask(agent, same, list(range(2000)))]
    assert [ask(agent, same[:1], [seed])[0].action for seed in range(20)] == many[:20]
    greedy = max(set(many), key=many.count)
    counts = np.array([many.count(a) for a in range(4) if a != greedy])
    assert np.abs(counts - 200).max() < 5 * np.sqrt(200)
    later = [decision.action for decision in ask(agent, same, list(range(2000)), plies=1)]
    assert later != many


def test_names_fingerprints_and_other_games(tmp_path):
    run = tmp_path / "run"
    save(run / "checkpoints" / "000000")
    save(run / "checkpoints" / "000007", seed=1)
    save(run / "best", seed=1)
    agents = [registry.load(spec) for spec in (str(run), f"dqn:{run}/best", f"{run}?epsilon=0.05")]
    assert [agent.name for agent in agents] == ["dqn:run/000007", "dqn:run/best", "dqn:run/000007?epsilon=0.05"]
    assert agents[0].fingerprint == agents[1].fingerprint != agents[2].fingerprint
    with pytest.raises(AgentError, match="plays breakout version 1, not pong version 1"):
        agents[0].start(SCORE_GAMES["pong"]().spec, [])
    assert ask(agents[0], frames(0)) == []
    agents[0].close()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "alphazero"}, "of kind 'alphazero', not 'dqn'"),
        ({"net_config": {"chanels": 4}}, "unknown network option 'chanels'"),
        ({"net_config": {"channels": 8, "hidden": 16}}, "asks for another network|has shape"),
        ({"net_config": {"channels": 4, "hidden": 16, "quantiles": 3}}, "no output for each action"),
        ({"meta": {"gamma": 3.0}}, "gamma is from 0 to 1, not 3.0"),
        ({"tensors": {}}, "no output for each action"),
    ],
)
def test_checkpoints_of_others_are_refused(tmp_path, changes, message):
    save(tmp_path / "x", **changes)
    with pytest.raises(checkpoints.CheckpointMismatch, match=message):
        registry.load(f"dqn:{tmp_path / 'x'}")


def test_wrong_options_say_what_is_wrong(tmp_path):
    save(tmp_path / "x")
    with pytest.raises(InputError, match=r"epsilon is from 0 to 1, not 2\.0"):
        registry.load(f"{tmp_path / 'x'}?epsilon=2")
    with pytest.raises(InputError, match="needs a checkpoint"):
        registry.load("dqn")
    assert json.loads((tmp_path / "x" / checkpoints.JSON).read_text())["kind"] == "dqn"

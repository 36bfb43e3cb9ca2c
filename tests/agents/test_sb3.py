"""Against Stable-Baselines3 itself, in lockstep."""

import io
import pickle
import resource
import warnings
import zipfile

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3 import DQN, PPO

from agents import registry, sb3
from agents.core import AgentError
from envs.atari import SCORE_GAMES
from envs.core import InputError
from tests.agents.dqn.test_player import ask, frames


class Pictures(gymnasium.Env):
    """Just the spaces of an Atari game."""

    observation_space = gymnasium.spaces.Box(0, 255, (4, 84, 84), np.uint8)
    action_space = gymnasium.spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
        return self.observation_space.sample(), {}


@pytest.fixture(scope="module")
def models():
    options = {"policy_kwargs": {"features_extractor_kwargs": {"features_dim": 32}}, "seed": 1}
    short = {"n_steps": 2, "batch_size": 2, "seed": 1}
    apart = {**options["policy_kwargs"], "share_features_extractor": False}
    return {
        "dqn": DQN("CnnPolicy", Pictures(), buffer_size=10, **options),
        "ppo": PPO("CnnPolicy", Pictures(), **{**options, **short}),
        "two_bodies": PPO("CnnPolicy", Pictures(), **short, policy_kwargs=apart),
    }


@pytest.fixture
def saved(models, tmp_path):
    for name, model in models.items():
        model.save(tmp_path / f"{name}.zip")
    return tmp_path


@pytest.fixture(autouse=True)
def _no_unpickling(monkeypatch, request):
    """Stable-Baselines3's way into pickles is closed, but where a test is about it."""
    if "trust" not in request.node.name:
        monkeypatch.setattr("cloudpickle.loads", None)
        monkeypatch.setattr("stable_baselines3.common.save_util.json_to_data", None)


def test_a_dqn_plays_like_itself(models, saved):
    found = ask(registry.load(f"sb3:{saved}/dqn.zip?epsilon=0"), frames(40))
    assert [decision.action for decision in found] == models["dqn"].predict(frames(40), deterministic=True)[0].tolist()
    with torch.no_grad():
        q = models["dqn"].q_net(torch.from_numpy(frames(40))).max(dim=1).values
    assert [100 * decision.value for decision in found] == pytest.approx(q.clamp(-100, 100).tolist(), abs=1e-3)


@pytest.mark.parametrize("name", ["ppo", "two_bodies"])
def test_a_ppo_plays_like_itself(models, saved, name):
    found = ask(registry.load(f"sb3:{saved}/{name}.zip"), frames(40))
    assert [decision.action for decision in found] == models[name].predict(frames(40), deterministic=True)[0].tolist()
    distribution = models[name].policy.get_distribution(torch.from_numpy(frames(40))).distribution
    for decision, odds in zip(found, distribution.probs.tolist(), strict=True):
        assert list(decision.policy.values()) == pytest.approx(odds, abs=1e-5)
    values = models[name].policy.predict_values(torch.from_numpy(frames(40))).flatten().tolist()
    assert [100 * decision.value for decision in found] == pytest.approx(values, abs=1e-3)


def test_a_ppos_actions_can_be_drawn(saved):
    same = np.repeat(frames(1), 3000, axis=0)
    found = ask(registry.load(f"sb3:{saved}/ppo.zip?sample=true"), same)
    counts = np.bincount([decision.action for decision in found], minlength=4)
    assert np.abs(counts / 3000 - list(found[0].policy.values())).max() < 5 * np.sqrt(0.25 / 3000)


def test_names_fingerprints_and_other_games(saved):
    agent, other = (registry.load(f"sb3:{saved}/{name}.zip") for name in ("dqn", "ppo"))
    assert (agent.name, other.name) == ("sb3:dqn", "sb3:ppo")
    assert agent.fingerprint != other.fingerprint
    with pytest.raises(AgentError, match="sb3:dqn knows 4 actions, but pong has 6"):
        agent.start(SCORE_GAMES["pong"]().spec, [])
    agent.close()


class Evil:
    def __reduce__(self):
        return print, ("unpickled",)


def rewritten(path, **members):
    """The same zip with other members."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, blob in (content | members).items():
            archive.writestr(name, blob)


def test_pickles_are_never_opened(saved, capsys):
    """Neither those in the JSON, which are not looked at, nor one instead of the weights."""
    rewritten(saved / "dqn.zip", data=b"not JSON", **{"pytorch_variables.pth": pickle.dumps(Evil())})
    registry.load(f"sb3:{saved}/dqn.zip")
    blob = io.BytesIO()
    torch.save({"q_net": Evil()}, blob)
    for evil in (blob.getvalue(), pickle.dumps(Evil())):
        rewritten(saved / "dqn.zip", **{"policy.pth": evil})
        with pytest.raises(sb3.Unreadable, match=r"more than tensors, or is damaged.*opens it all the same"):
            registry.load(f"sb3:{saved}/dqn.zip")
    assert "unpickled" not in capsys.readouterr().out


def test_trust_opens_what_cannot_be_read_otherwise(tmp_path):
    """A network of another form; the warning says why."""
    model = DQN("CnnPolicy", Pictures(), buffer_size=10, policy_kwargs={"net_arch": [16]}, seed=1)
    model.save(tmp_path / "deep.zip")
    with pytest.raises(sb3.Unreadable, match=r"has layers between .* trust=true"):
        registry.load(f"sb3:{tmp_path}/deep.zip")
    spec = registry.trusted(f"sb3:{tmp_path}/deep.zip")
    assert spec == f"sb3:{tmp_path}/deep.zip?trust=true"
    with pytest.raises(InputError, match=r"the store asks for sb3:.*, which runs whatever code is in .*deep\.zip"):
        registry.refuse_foreign([spec], "the store")
    registry.refuse_foreign([f"sb3:{tmp_path}/deep.zip"], "the store")
    with pytest.warns(
        UserWarning, match=r"layers between the Nature network .*; because of trust=true it is unpickled"
    ):
        agent = registry.load(f"sb3:{tmp_path}/deep.zip?trust=true")
    found = [decision.action for decision in ask(agent, frames(10))]
    assert found == model.predict(frames(10), deterministic=True)[0].tolist()


class Single(Pictures):
    observation_space = gymnasium.spaces.Box(0, 255, (1, 84, 84), np.uint8)


@pytest.mark.parametrize("query", ["", "?trust=true"])
def test_a_network_for_other_pictures_is_refused(tmp_path, query):
    deep = {"policy_kwargs": {"net_arch": [16]}} if query else {}
    DQN("CnnPolicy", Single(), buffer_size=10, seed=1, **deep).save(tmp_path / "single.zip")
    with warnings.catch_warnings(action="ignore"):
        agent = registry.load(f"sb3:{tmp_path}/single.zip{query}")
    with pytest.raises(AgentError, match=r"looks at \(1, 84, 84\), but breakout shows \(4, 84, 84\)"):
        agent.start(SCORE_GAMES["breakout"]().spec, [])


def test_trust_makes_no_room_for_a_replay_memory_of_56_gb(tmp_path):
    model = DQN("CnnPolicy", Pictures(), buffer_size=10, policy_kwargs={"net_arch": [16]}, seed=1)
    model.buffer_size = 1_000_000
    model.save(tmp_path / "deep.zip")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.warns(UserWarning, match="unpickled"):
        registry.load(f"sb3:{tmp_path}/deep.zip?trust=true")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 2e6  # kB


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("sb3", "needs a file, as in sb3:runs/x/model.zip"),
        ("sb3:{path}/none.zip", "none.zip: No such file"),
        ("sb3:{path}/text.zip", "not a zip saved by Stable-Baselines3"),
        ("sb3:{path}/dqn.zip?epsilon=-1", "epsilon is from 0 to 1, not -1.0"),
    ],
)
def test_wrong_specs_say_what_is_wrong(saved, spec, message):
    (saved / "text.zip").write_text("hello")
    with pytest.raises(InputError, match=message):
        registry.load(spec.format(path=saved))


def test_bombs_do_not_go_off(saved):
    """Neither tensors that are packed small, nor a network that a few numbers ask for."""
    blob = io.BytesIO()
    with zipfile.ZipFile(blob, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(sb3.LARGEST + 1))
    rewritten(saved / "dqn.zip", **{"policy.pth": blob.getvalue()})
    with pytest.raises(InputError, match=r"the tensors in policy\.pth take more than 256 MB"):
        registry.load(f"sb3:{saved}/dqn.zip")
    one = torch.zeros(1)
    shapes = {"cnn.0": (4096, 4, 8, 8), "cnn.2": (8192, 4096, 4, 4), "cnn.4": (8192, 8192, 3, 3), "linear.0": (4096, 9)}
    tensors = {}
    for name, shape in shapes.items():
        tensors[f"q_net.features_extractor.{name}.weight"] = one.expand(shape)
        tensors[f"q_net.features_extractor.{name}.bias"] = one.expand(shape[0])
    tensors |= {"q_net.q_net.0.weight": one.expand(4, 4096), "q_net.q_net.0.bias": one.expand(4)}
    blob = io.BytesIO()
    torch.save(tensors, blob)
    rewritten(saved / "dqn.zip", **{"policy.pth": blob.getvalue()})
    with pytest.raises(sb3.Unreadable, match="its network takes more than 256 MB"):
        registry.load(f"sb3:{saved}/dqn.zip")


def test_a_zip_that_cannot_be_unpacked_is_none(saved):
    with zipfile.ZipFile(saved / "dqn.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("policy.pth", bytes(range(256)) * 40)
    whole = bytearray((saved / "dqn.zip").read_bytes())
    whole[60:90] = bytes(30)
    (saved / "dqn.zip").write_bytes(whole)
    with pytest.raises(InputError, match="not a zip saved by Stable-Baselines3"):
        registry.load(f"sb3:{saved}/dqn.zip")


def test_options_count_for_what_is_opened_by_trust_too(tmp_path):
    model = DQN("CnnPolicy", Pictures(), buffer_size=10, policy_kwargs={"net_arch": [16]}, seed=1)
    model.save(tmp_path / "deep.zip")
    best = model.predict(frames(200), deterministic=True)[0]
    with pytest.warns(UserWarning, match="unpickled"):
        agent = registry.load(f"sb3:{tmp_path}/deep.zip?trust=true&epsilon=0.5")
    found = np.array([decision.action for decision in ask(agent, frames(200))])
    assert 0.2 < np.mean(found != best) < 0.55  # half of the actions are random, a quarter of these the best

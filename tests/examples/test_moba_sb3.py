"""The team game trains unchanged through SuperSuit and Stable-Baselines3."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("supersuit")
EXAMPLE = Path(__file__).parents[2] / "examples" / "moba_sb3.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("moba_sb3", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_supersuits_vector_has_an_environment_for_each_hero(example):
    vector = example.vector_env(5, 2)
    assert vector.num_envs == 20
    seen = vector.reset()
    assert seen.shape == (20, *vector.observation_space.shape)
    seen, rewards, done, infos = vector.step(np.zeros(20, int))
    assert (seen.dtype, rewards.shape, done.any()) == (np.float32, (20,), False)
    assert infos[0]["action_mask"].shape == (vector.action_space.n,)
    vector.close()


def test_ppo_of_stable_baselines3_learns_from_it(example):
    model = example.learn(1, 4, 512, n_steps=32, batch_size=64, n_epochs=2)
    assert model.num_timesteps >= 512
    assert model._n_updates > 0
    action, _ = model.predict(model.env.reset(), deterministic=True)
    assert action.shape == (8,)
    model.env.close()

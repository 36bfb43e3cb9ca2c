"""The PettingZoo faces, by PettingZoo's own tests, and against the batched kernels over whole games."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from pettingzoo.test import api_test, max_cycles_test, parallel_api_test, parallel_seed_test, render_test, seed_test
from pettingzoo.test.state_test import state_test

import envs
from envs import moba_v0
from envs.moba import features, rewards
from envs.moba import tables as t
from envs.moba.games import Games
from envs.moba.setup import Setup
from tests.envs.moba.made import lively

SIZES = pytest.mark.parametrize("heroes", [1, 5])


def test_it_is_there_under_the_name_that_the_package_gives_it():
    program = "import envs; print(envs.moba_v0.parallel_env(heroes=1).possible_agents)"
    assert "west" in subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    with pytest.raises(AttributeError, match="module 'envs' has no attribute 'moba_v1'"):
        envs.moba_v1  # noqa: B018


@SIZES
def test_pettingzoo_parallel_api(heroes):
    parallel_api_test(moba_v0.parallel_env(heroes=heroes, max_cycles=300), num_cycles=400)


@SIZES
def test_pettingzoo_api(heroes):
    api_test(moba_v0.env(heroes=heroes, max_cycles=100), num_cycles=150)


@SIZES
def test_pettingzoo_seeds(heroes):
    parallel_seed_test(lambda: moba_v0.parallel_env(heroes=heroes), num_cycles=60)
    seed_test(lambda: moba_v0.env(heroes=heroes), num_cycles=40)


def test_pettingzoo_max_cycles():
    max_cycles_test(moba_v0)


@SIZES
def test_pettingzoo_render(heroes, capsys):
    render_test(lambda render_mode: moba_v0.env(render_mode=render_mode, heroes=heroes))
    assert "decision" in capsys.readouterr().out


@SIZES
def test_pettingzoo_state(heroes):
    state_test(moba_v0.env(heroes=heroes), moba_v0.parallel_env(heroes=heroes), num_cycles=20)


@SIZES
@pytest.mark.parametrize("seed", [0, 7])
def test_all_faces_are_bit_identical_over_a_whole_game(heroes, seed):
    parallel, aec = moba_v0.parallel_env(heroes=heroes), moba_v0.env(heroes=heroes)
    games, rng = Games(1, Setup(heroes=heroes)), np.random.default_rng(seed)
    step = games.reset(np.array([seed], np.uint64))
    observations, infos = parallel.reset(seed)
    aec.reset(seed)
    decisions = 0
    while parallel.agents:
        agents = parallel.agents
        for u, agent in enumerate(agents):
            assert observations[agent].tobytes() == step.observations[0, u].tobytes()
            assert aec.observe(agent).tobytes() == step.observations[0, u].tobytes()
            assert infos[agent]["action_mask"].tolist() == step.mask[0, u].tolist()
        assert parallel.state().tobytes() == games.state()[0, 0].tobytes() == aec.state().tobytes()
        actions = lively(rng, step.mask)
        step = games.step(actions)
        chosen = dict(zip(agents, actions[0].tolist(), strict=True))
        observations, paid, ended, cut, infos = parallel.step(chosen)
        for agent in agents:
            assert aec.agent_selection == agent
            aec.step(chosen[agent])
        for u, agent in enumerate(agents):
            assert paid[agent] == step.rewards[0, u] == aec.rewards[agent]
            assert ended[agent] == step.terminated[0] == aec.terminations[agent]
            assert cut[agent] == step.truncated[0] == aec.truncations[agent]
            assert [infos[agent][term] for term in rewards.TERMS] == step.terms[0, u].tolist()
            if ended[agent] or cut[agent]:
                assert observations[agent].tobytes() == step.final[0, u].tobytes()
        if parallel.agents:
            continue
        decisions = int(parallel.games.worlds[0]["tick"]) // t.TICKS
    assert decisions > 100
    assert games.episodes[0] == 1  # the batch has gone on to its next game


def test_an_agents_own_game_continues_through_pickle_as_constructed():
    env = pickle.loads(pickle.dumps(moba_v0.parallel_env(heroes=1, start_level=3)))
    env.reset(seed=1)
    assert env.setup.start_level == 3
    assert env.observation_space("west_0").shape == (features.NUM_FEATURES,)


def test_unknown_names():
    with pytest.raises(envs.InputError, match="unknown render mode 'rgb'"):
        moba_v0.parallel_env("rgb")
    with pytest.raises(envs.InputError, match=r"unknown option of moba_v0 'heros'.*Did you mean 'heroes'"):
        moba_v0.parallel_env(heros=5)


def test_seedless_resets_differ_and_repeat_after_a_seed():
    env = moba_v0.parallel_env(heroes=1, lineup="random")

    def seeds():
        env.reset(seed=5)
        found = []
        for _ in range(3):
            env.reset()
            found.append(int(env.games.worlds[0]["seed"]))
        return found

    first = seeds()
    assert len(set(first)) == 3
    assert seeds() == first

import dataclasses
import json

import pytest

from envs.core import InputError
from selfplay import options
from selfplay.dqn import config
from selfplay.dqn.config import ScoreConfig, preset


def test_it_comes_back_from_its_file(tmp_path):
    for algo, changes in (("pqn", {"rollout": 8}), ("dqn", {"net": {"hidden": 64}, "games": 16}), ("sb3", {})):
        wanted = preset("pong", algo=algo, seed=3, **changes)
        (tmp_path / options.FILE).write_text(options.to_json(wanted))
        assert config.read(tmp_path) == wanted


def test_presets_keep_what_was_not_changed():
    assert preset("breakout", net={"hidden": 64}).net == dataclasses.replace(preset("breakout").net, hidden=64)
    assert preset("breakout").net.layer_norm
    assert not preset("breakout", algo="dqn").net.layer_norm
    assert preset("breakout", algo="dqn").adam_epsilon > preset("breakout").adam_epsilon


def test_schedules():
    settings = ScoreConfig(
        first_epsilon=1.0,
        final_epsilon=0.1,
        exploration_steps=1000,
        learning_rate=1.0,
        final_learning_rate=0.1,
        decay=0.5,
        warmup_updates=10,
    )
    assert [settings.epsilon(steps) for steps in (0, 500, 1000, 9999)] == pytest.approx([1.0, 0.55, 0.1, 0.1])
    assert [settings.rate(share, 99) for share in (0, 0.5, 0.75, 1.0)] == pytest.approx([1.0, 1.0, 0.55, 0.1])
    assert [settings.rate(0.75, updates) for updates in (0, 4, 9)] == pytest.approx([0.055, 0.275, 0.55])
    assert dataclasses.replace(settings, decay=0.0).rate(0.9, 99) == 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algo": "ppo"}, r"value of training option 'algo': 'ppo'; choose from: dqn, pqn, sb3"),
        ({"gama": 0.9}, "unknown training option 'gama'.*Did you mean 'gamma'"),
        ({"gamma": 1.5}, r"'gamma' is from 0 to 0.99999, not 1\.5"),
        ({"net": {"hiden": 3}}, "Did you mean 'hidden'"),
        ({"net": {"hidden": 0}}, "'hidden' is a whole number from 1 to 4096, not 0"),
        ({"seed": -1}, "'seed' is from 0"),
        ({"algo": "dqn", "first_frames": 100}, "'first_frames' is too small for 128 games: 100"),
        ({"games": 1.5}, "'games' is of type int"),
        ({"n_step": 5}, "'n_step' means nothing to 'pqn', which has: game, algo, seed, net, .*rollout"),
        ({"algo": "dqn", "td_lambda": 0.5}, "'td_lambda' means nothing to 'dqn'"),
        ({"algo": "sb3", "learning_rate": 1e-3}, "'learning_rate' means nothing to 'sb3', which has: game, algo, seed"),
        ({"net": {"layer_norm": False}}, "'pixel_norm' says how 'layer_norm' is done"),
    ],
)
def test_wrong_options_say_what_is_wrong(changes, message):
    with pytest.raises(InputError, match=message):
        preset("breakout", **changes)


def test_files_that_are_no_settings(tmp_path):
    with pytest.raises(InputError, match="is not a training run"):
        config.read(tmp_path)
    (tmp_path / options.FILE).write_text("{")
    with pytest.raises(InputError, match=r"config\.json: not JSON"):
        config.read(tmp_path)
    (tmp_path / options.FILE).write_text(json.dumps({"simulations": 3}))
    with pytest.raises(InputError, match=r"config\.json: unknown training option 'simulations'"):
        config.read(tmp_path)


def test_a_discount_of_1_is_refused():
    with pytest.raises(InputError, match=r"'gamma' is from 0 to 0\.99999, not 1"):
        config.preset("breakout", gamma=1.0)

import dataclasses
import json

import pytest

import envs
from agents.networks import NetConfig
from agents.search.config import SearchConfig
from envs.core import InputError
from selfplay import config, options
from selfplay.config import TrainConfig, from_dict, preset
from selfplay.options import to_json


@pytest.mark.parametrize("game", envs.ids())
def test_every_game_has_a_preset_that_survives_json(game):
    settings = preset(game)
    assert settings.game == game
    assert from_dict(json.loads(to_json(settings))) == settings


def test_a_group_keeps_what_a_change_does_not_name():
    before, after = preset("minichess"), preset("minichess", net={"blocks": 7})
    assert after == dataclasses.replace(before, net=dataclasses.replace(before.net, blocks=7))
    assert before.net.plies_left_head


def test_json_keeps_what_differs_from_the_defaults():
    settings = TrainConfig(
        game="othello",
        seed=2**63 - 1,
        net=NetConfig(blocks=5, channels=24),
        search=SearchConfig(root="puct", c_init=1.5),
        td_lambda=0.25,
        optimizer="sgd",
    )
    assert from_dict(json.loads(to_json(settings))) == settings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"simulatoins": 3}, "unknown training option 'simulatoins'.*Did you mean 'simulations'"),
        ({"net": {"blocs": 3}}, "unknown .*'blocs'.*Did you mean 'blocks'"),
        ({"search": {"root": "gumble"}}, "'gumble'.*Did you mean 'gumbel'"),
        ({"net": 3}, "dictionary, not 3"),
        ({"optimizer": "adam"}, "'adam'"),
        ({"batch": "256"}, "'batch' is of type int, not '256'"),
        ({"batch": 2.5}, "'batch' is of type int, not 2.5"),
        ({"batch": True}, "'batch' is of type int, not True"),
        ({"learning_rate": "fast"}, "'learning_rate' is of type float, not 'fast'"),
        ({"learning_rate": float("nan")}, "'learning_rate' is from"),
        ({"full_fraction": 1.5}, "'full_fraction' is from 0 to 1, not 1.5"),
        ({"workers": 0}, "'workers' is from 1"),
        ({"seed": -1}, "'seed' is from 0"),
        ({"game": "conect_four"}, "Did you mean 'connect_four'"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(values, message):
    with pytest.raises(InputError, match=message):
        from_dict(values)


def test_a_number_without_a_point_is_a_float_too():
    assert from_dict({"learning_rate": 1}).learning_rate == 1.0


def test_every_number_has_a_range():
    checked = {name for names, _, _ in config._RANGES for name in names.split()} | {"seed"}
    numbers = {field.name for field in dataclasses.fields(TrainConfig) if field.type in ("int", "float")}
    assert checked == numbers


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(InputError, match="is not a training run"):
        config.read(tmp_path)
    (tmp_path / options.FILE).write_text("{")
    with pytest.raises(InputError, match=r"config\.json: not JSON"):
        config.read(tmp_path)

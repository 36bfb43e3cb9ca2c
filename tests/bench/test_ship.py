"""A checkpoint on its way into the package."""

import sys
from dataclasses import asdict

import pytest
import torch

import envs
from agents import cards, checkpoints, registry
from agents.team.network import TeamConfig, TeamNetwork
from arena.cli.play import strongest
from bench import ship
from bench.position_files import read
from bench.strength import FOLDER
from envs.core import InputError
from envs.moba.features import NUM_FEATURES
from envs.moba.tables import NUM_ACTIONS
from tests.agents import nets
from tests.agents.dqn.test_player import ask, frames, save


def test_it_is_measured_halved_and_found_by_name(tmp_path, monkeypatch, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text('{"games": 256, "initial": "/somewhere"}')
    net = save(tmp_path / "run" / "best", meta={"minutes": 9.7, "algo": "pqn", "seed": 2, "gamma": 0.99})
    monkeypatch.setattr(ship, "scores", lambda spec, game, games, seed: [10.0, 20.0] * (games // 2))
    words = [str(tmp_path / "run" / "best"), "breakout", "--machine", "a small one", "--games", "10"]
    monkeypatch.setattr(sys, "argv", ["ship", *words, "--to", str(tmp_path / "shipped")])
    ship.main()
    assert "breakout: 15.0 (11.0-19.0) in 10 games" in capsys.readouterr().out
    for module in (cards, checkpoints):
        monkeypatch.setattr(module, "SHIPPED", tmp_path / "shipped")
    whole = checkpoints.read("shipped:breakout")
    assert whole.card.meta["command"] == "arena train breakout --minutes 10 --algo pqn --seed 2"
    assert whole.card.meta["settings"] == {"games": 256}
    assert whole.card.meta["machine"] == "a small one"
    assert whole.card.meta["strength"]["95%"] == [11.0, 19.0]
    assert {tensor.dtype for tensor in whole.tensors.values()} == {torch.float16}
    agent = registry.load("shipped:breakout?epsilon=0")
    assert agent.name == "dqn:shipped:breakout?epsilon=0.0"
    with torch.no_grad():
        wanted = net(torch.from_numpy(frames(8))).argmax(dim=1).tolist()
    assert [decision.action for decision in ask(agent, frames(8))] == wanted
    assert strongest("breakout")[0] == "shipped:breakout"
    monkeypatch.setattr(sys, "argv", ["ship", str(tmp_path / "none"), *words[1:]])
    with pytest.raises(SystemExit, match="there is no such checkpoint"):
        ship.main()


def test_chess_is_measured_by_games_against_an_engine_and_none_is_played_twice(tmp_path, monkeypatch):
    nets.save(tmp_path / "it", envs.make("minichess"), meta={"minutes": 2.0})
    played = []

    def block(agent, opponent, game, number, games, plies, seed):
        played.append(opponent)
        won = games - int(opponent.rpartition("=")[2])  # one game less at each depth
        return {"wins": won, "draws": 0, "losses": games - won}

    monkeypatch.setattr(ship.elo, "play_block", block)
    monkeypatch.setattr(ship, "cores", lambda: 1)
    bench = ship.elo.Bench(ship.elo.SIMULATIONS, 1, 0, ship.elo.BLOCK, tmp_path / "elo", [2, 3])
    bench.measure(str(tmp_path / "it"), (), False, (3, 4), 10)
    line = ship.ship(tmp_path / "it", "minichess", "train", "a small one", 10, tmp_path / "to", tmp_path / "elo")
    assert "3: 70.0%, 4: 60.0%, 5: 50.0%, 6: 40.0%" in line
    assert played == [f"uci:fairy-stockfish?depth={depth}" for depth in range(3, 7)]
    strength = checkpoints.read_card(str(tmp_path / "to" / "minichess")).meta["strength"]
    assert (
        strength["command"]
        == "python -m bench.elo shipped:minichess --depths 3 4 5 6 --games 10 --block 10 --plies 2 3"
    )
    assert strength["half at depth"] == 5.0


def test_a_team_is_measured_against_every_scripted_side(tmp_path, monkeypatch, capsys):
    shape = TeamConfig(hidden=16, layers=1)
    net = TeamNetwork(shape, NUM_FEATURES, NUM_ACTIONS)
    checkpoints.save(
        tmp_path / "run",
        kind="team",
        game="moba_1v1",
        game_version=1,
        net_config=asdict(shape),
        tensors=net.state_dict(),
        meta={"minutes": 1.2, "algo": "ppo", "seed": 0},
    )
    monkeypatch.setattr(ship, "BOTS", ("idle", "raider"))
    words = [str(tmp_path / "run"), "moba_1v1", "--machine", "a small one", "--games", "2"]
    monkeypatch.setattr(sys, "argv", ["ship", *words, "--to", str(tmp_path / "shipped")])
    ship.main()
    assert "moba_1v1: bot:idle " in capsys.readouterr().out
    whole = checkpoints.read(tmp_path / "shipped" / "moba_1v1")
    assert whole.card.meta["command"] == "arena train moba_1v1 --minutes 1 --seed 0"
    assert whole.card.meta["strength"]["won, %"].keys() == {"bot:idle", "bot:raider *"}
    assert all(torch.equal(tensor, net.state_dict()[name]) for name, tensor in whole.tensors.items())


def test_connect_four_is_measured_by_the_solver(tmp_path, monkeypatch, capsys):
    game = envs.make("connect_four")
    nets.save(tmp_path / "run", game, seed=1, meta={"minutes": 1.2, "seed": 0})
    monkeypatch.setattr(ship, "SIMULATIONS", 4)
    monkeypatch.setattr(ship.strength, "load_sets", lambda progress: {"few": read(FOLDER / "end-easy.txt")[:9]})
    words = [str(tmp_path / "run"), "connect_four", "--machine", "a small one"]
    monkeypatch.setattr(sys, "argv", ["ship", *words, "--to", str(tmp_path / "shipped")])
    ship.main()
    assert "connect_four: few " in capsys.readouterr().out
    meta = checkpoints.read(tmp_path / "shipped" / "connect_four").card.meta
    assert meta["strength"]["positions"] == {"few": 9, "overall": 9}
    assert meta["strength"]["95%"]["few"][0] <= meta["strength"]["errors, %"]["few"]
    other = tmp_path / "other"
    nets.save(other, envs.make("othello"), seed=1)
    with pytest.raises(InputError, match="othello cannot be measured"):
        ship.ship(other, "othello", "", "", 2, tmp_path)

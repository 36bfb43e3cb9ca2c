"""The measurements of the team game: games, intervals, mixed sides, and the commands."""

import json
import sys

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from agents import checkpoints
from agents.team.network import TeamConfig, TeamNetwork
from bench import moba, moba_ablations, moba_mirror, moba_strength, moba_teammates
from bench.intervals import wilson
from bench.moba_play import Mixed, Score, crew, duel, games, heroes_of
from envs.core import InputError
from envs.moba.features import NUM_FEATURES
from envs.moba.setup import Setup
from envs.moba.tables import NUM_ACTIONS

SHORT = Setup(heroes=1, max_cycles=60)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    found = []
    for game, seed in (("moba_1v1", 0), ("moba_5v5", 1), ("moba_5v5", 2)):
        torch.manual_seed(seed)
        shape = {"hidden": 8, "layers": 1, "memory": "gru", "cells": 4}
        tensors = TeamNetwork(TeamConfig(**shape), NUM_FEATURES, NUM_ACTIONS).state_dict()
        folder = tmp_path_factory.mktemp("c") / str(seed)
        fields = {"kind": "team", "game": game, "game_version": 1, "net_config": shape, "tensors": tensors, "meta": {}}
        checkpoints.save(folder, **fields)
        found.append(str(folder))
    return found


@pytest.mark.parametrize(("wins", "n"), [(0, 400), (400, 400), (390, 400), (1, 3)])
def test_wilson_intervals_are_scipys(wins, n):
    expected = binomtest(wins, n).proportion_ci(0.95, method="wilson")
    assert wilson(wins / n, n) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_a_better_bot_wins_from_both_sides():
    score = duel(Setup(heroes=1), crew("bot:captain"), crew("bot:idle"), 4)
    assert (score.wins, score.games) == (4, 4)
    back = duel(Setup(heroes=1), crew("bot:idle"), crew("bot:captain"), 4)
    assert (back.wins, back.draws, back.losses) == (0, 0, 4)
    assert back.decisions == score.decisions, "the same games"


def test_scores():
    score = Score(wins=6, draws=2, losses=2, decisions=10.0)
    assert (score.games, score.rate, score.points) == (10, 0.6, 0.7)


def test_guests_take_so_many_slots_of_every_game_and_others_in_others(checkpoint):
    class Constant:
        def __init__(self, action):
            self.action = action

        def start(self, games, units, seed):
            pass

        def act(self, rows, seen, mask):
            return np.full(mask.shape[:2], self.action)

    for guests in range(6):
        mixed = Mixed(Constant(1), Constant(2), guests)
        mixed.start(40, 5, 3)
        actions = mixed.act(np.arange(40), np.zeros((40, 5, 1)), np.zeros((40, 5, 1), bool))
        assert ((actions == 2).sum(1) == guests).all()
        if 0 < guests < 5:
            assert len({tuple(row) for row in actions.tolist()}) > 3
        assert (mixed.act(np.arange(3, 9), np.zeros((6, 5, 1)), np.zeros((6, 5, 1), bool)) == actions[3:9]).all()


def test_games_are_repeatable_and_fair_to_networks(checkpoint):
    spec = checkpoint[0]
    first = games(SHORT, crew(spec), crew("bot:random"), [1, 2, 3])
    again = games(SHORT, crew(spec), crew("bot:random"), [1, 2, 3])
    assert first[0].tolist() == again[0].tolist() == [0, 0, 0]
    assert first[1].tolist() == [60] * 3


def test_what_is_no_crew(checkpoint):
    with pytest.raises(InputError, match="neither a bot"):
        crew("random")
    with pytest.raises(InputError, match="bot:captain plays both games: say which with --game"):
        heroes_of("bot:captain")
    with pytest.raises(InputError, match="not a team's checkpoint"):
        heroes_of("random")
    assert [heroes_of(spec) for spec in checkpoint] == [1, 5, 5]
    with pytest.raises(InputError, match="different sizes"):
        moba_teammates.measure(checkpoint[0], checkpoint[1], "idle", 2)


@pytest.fixture
def short(monkeypatch):
    """Games of 40 decisions."""
    for module in (moba_strength, moba_mirror, moba_teammates, moba_ablations):
        monkeypatch.setattr(module, "Setup", lambda **options: Setup(**options, max_cycles=40))


def called(monkeypatch, capsys, module, *words):
    monkeypatch.setattr(sys, "argv", ["bench", *words])
    module.main()
    return capsys.readouterr().out


def test_the_command_of_strength(checkpoint, short, monkeypatch, capsys):
    out = called(monkeypatch, capsys, moba_strength, checkpoint[0], "--games", "2", "--json")
    rows = json.loads(out)["opponents"]
    assert [row["opponent"] for row in rows][-1] == "bot:raider *"
    assert len(rows) == 7
    assert all(row["won"] + row["drawn"] + row["lost"] == 2 for row in rows)
    assert "95%" in called(monkeypatch, capsys, moba_strength, checkpoint[0], "--games", "2", "--against", "bot:idle")
    bots = ("bot:pusher", "--game", "moba_1v1", "--games", "2", "--against", "bot:idle")
    assert "bot:pusher against" in called(monkeypatch, capsys, moba_strength, *bots)


def test_the_command_of_mirror_matches(checkpoint, short, monkeypatch, capsys):
    words = ["bot:captain", checkpoint[0], "--games", "6"]
    rows = json.loads(called(monkeypatch, capsys, moba_mirror, *words, "--json"))
    assert [row["heroes"] for row in rows] == [5, 1]
    assert all(row["west"] + row["east"] + row["drawn"] == 6 for row in rows)
    assert "fair" in called(monkeypatch, capsys, moba_mirror, *words)


def test_the_command_of_mixed_teams(checkpoint, short, monkeypatch, capsys):
    words = [checkpoint[1], checkpoint[2], "--games", "2"]
    rows = json.loads(called(monkeypatch, capsys, moba_teammates, *words, "--json"))["rows"]
    assert [row["k"] for row in rows] == list(range(6))
    assert "captain" in called(monkeypatch, capsys, moba_teammates, *words)


def test_ablations_change_one_thing():
    full = moba_ablations.settings_of("moba_5v5", "recommended", 3, {})
    assert (full.fog, full.past, full.net.memory, full.reward) == (True, 0.2, "none", "shaped")
    for name, differs in (
        ("no fog", {"fog"}),
        ("no team spirit", {"first_team_spirit", "final_team_spirit"}),
        ("no past opponents", {"past"}),
        ("with a memory (GRU)", {"net"}),
        ("no memory, as many steps", set()),
        ("win and loss alone", {"reward"}),
    ):
        other = moba_ablations.settings_of("moba_5v5", name, 3, {})
        changed = {field for field in other.__dataclass_fields__ if getattr(other, field) != getattr(full, field)}
        assert changed == differs


def test_ablations_are_trained_once_and_judged(tmp_path, short):
    changes = {"games": 4, "rollout": 8, "chunk": 8, "threads": 1, "net": {"hidden": 8, "cells": 4}}
    names = ["no fog", "no memory, as many steps"]
    for _ in range(2):
        rows = moba_ablations.measure("moba_1v1", 0.3, tmp_path, 14, 0, changes, names)
    expected = ["recommended", moba_ablations.MEMORY, "no fog", "no fog, judged without fog", moba_ablations.FEWER]
    assert [row["variant"] for row in rows] == expected
    assert all(row["bots"]["points"] <= 1 and row["steps"] > 0 for row in rows)
    folders = {"recommended", "with_a_memory_GRU", "no_fog", "no_memory_as_many_steps"}
    assert {folder.name for folder in tmp_path.iterdir()} == folders


def test_speed_of_kernels_and_dictionaries():
    assert moba.batched(1, 0.2, 1) > 0
    assert moba.dictionaries(moba.moba_v0.parallel_env(heroes=1), 0.2) > 0
    assert moba.one_by_one(moba.moba_v0.env(heroes=1), 0.2) > 0

import os
import time
from dataclasses import asdict

import numpy as np
import pytest
import torch

import envs
from agents import checkpoints, networks
from agents.networks import NetConfig
from arena.gate import Match, decide
from tests.arena.matches import make_record

NET = NetConfig(blocks=1, channels=8, pool_every=0)


def record(value, number):
    """A finished game with this outcome for its first player; different numbers are different games."""
    made = make_record()
    return type(made)(
        **{
            **{name: getattr(made, name) for name in made.__dataclass_fields__},
            "returns": (value, -value),
            "actions": (*made.actions[:1], number),
        }
    )


def games(*scores):
    """Pairs in which the first agent gets these points of two: it moves first in the first game."""
    values = {2: (1.0, -1.0), 1.5: (1.0, 0.0), 1: (0.0, 0.0), 0.5: (0.0, 1.0), 0: (-1.0, 1.0)}
    return [record(value, i) for i, score in enumerate(scores) for value in values[score]]


def test_better_ones_pass_and_worse_ones_do_not():
    assert decide(games(*[2, 1.5] * 40))[0]
    assert not decide(games(*[0, 0.5] * 40))[0]
    assert not decide(games(*[0.5, 1.5] * 40))[0]  # equal ones do not, either


def test_the_match_ends_as_soon_as_the_test_knows():
    taken = []
    passed, why = decide(taken.append(one) or one for one in games(*[2, 1.5] * 200))
    assert passed
    assert len(taken) < 100
    assert why.startswith(f"{len(taken) / 2 * 1.75:g} of {len(taken)} points, LLR +")


def test_an_open_match_goes_to_whom_the_results_speak_for():
    assert decide(games(2, 1, 1.5))[0]
    assert not decide(games(1, 1, 0.5))[0]
    assert not decide([])[0]


@pytest.mark.parametrize(("elo", "low", "high"), [(-20, 0.0, 0.2), (60, 0.8, 1.0)])
def test_how_many_pass(elo, low, high):
    """40 simulated matches of 200 games with a third of draws; about 4 and 95 % pass."""
    rng = np.random.default_rng(1)
    wins = 1 / (1 + 10 ** (-elo / 400)) - 1 / 6
    scores = rng.choice([0.0, 0.5, 1.0], p=[2 / 3 - wins, 1 / 3, wins], size=(40, 100, 2)).sum(axis=2)
    assert low <= np.mean([decide(games(*match))[0] for match in scores]) <= high


def test_repeated_pairs_count_once():
    assert "of 2 points" in decide(games(2) * 50)[1]


def save(folder, seed, game="tic_tac_toe"):
    spec = envs.make(game).spec
    torch.manual_seed(seed)
    net = networks.make(spec, NET)
    torch.nn.init.normal_(net.policy.weight)
    checkpoints.save(
        folder,
        kind="alphazero",
        game=spec.id,
        game_version=spec.version,
        net_config=asdict(NET),
        tensors=net.state_dict(),
        meta={},
    )
    return folder


@pytest.fixture
def two(tmp_path):
    return save(tmp_path / "000001", 1), save(tmp_path / "000000", 0)


def test_a_match_goes_on_beside_the_caller_and_ends_with_a_verdict(two):
    match, end = Match(*two, 4), time.monotonic() + 120
    while (verdict := match.verdict()) is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert verdict[1].split(" of ")[1][0] in "0 2 4"
    assert "points, LLR" in verdict[1]


def test_a_match_that_cannot_be_played_is_lost(two, tmp_path):
    match, end = Match(tmp_path / "none", two[1], 4), time.monotonic() + 120
    while (verdict := match.verdict()) is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert not verdict[0]
    assert "ended with exit code 1: " in verdict[1]
    assert "there is no such checkpoint" in verdict[1]


def test_a_match_is_cancelled_at_once(two):
    match, began = Match(*two, 100_000), time.monotonic()
    match.cancel()
    assert time.monotonic() - began < 30
    with pytest.raises(ProcessLookupError):
        os.kill(match._process.pid, 0)

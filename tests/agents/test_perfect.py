"""The perfect player."""

import numpy as np
import pytest

import envs
from agents.core import AgentError, GameKey
from agents.registry import load, parse
from bench.position_files import read
from bench.strength import FOLDER
from tests.agents.ask import ask


def test_it_knows_the_opening():
    game = envs.make("connect_four")
    first, reply = ask(load("perfect"), game, [[], [3]], [1, 1])
    assert (first.action, first.value) == (3, 1.0)  # the middle wins for the first player (Allis 1988)
    assert (reply.action, reply.value) == (3, -1.0)  # the longest defence


@pytest.mark.parametrize("name", ["middle-medium", "middle-easy", "end-easy"])
def test_it_takes_the_fastest_win_and_the_slowest_loss(name):
    positions = read(FOLDER / f"{name}.txt")[:200]
    decisions = ask(load("perfect"), envs.make("connect_four"), [p.actions for p in positions], range(200))
    for position, decision in zip(positions, decisions, strict=True):
        assert position.scores[decision.action] == position.score
        assert decision.value == np.sign(position.score)


def test_the_seed_chooses_among_the_best():
    position = next(p for p in read(FOLDER / "middle-medium.txt") if p.scores.count(p.score) == 3)
    decisions = ask(load("perfect"), envs.make("connect_four"), [position.actions] * 60, range(60))
    assert {d.action for d in decisions} == {a for a in range(7) if position.scores[a] == position.score}


def test_it_plays_nothing_else():
    othello = envs.make("othello").spec
    kind, _, _ = parse("perfect")
    assert not kind.plays(othello)
    with pytest.raises(AgentError, match="connect_four"):
        load("perfect").start(othello, [GameKey("0", 0, 0)])

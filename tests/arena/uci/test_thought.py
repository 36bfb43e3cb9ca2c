"""When a thought is at its end, and what becomes of settings that cannot be."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from agents.search import solo
from arena.uci.engine import Engine
from arena.uci.player import Player
from arena.uci.protocol import Limits, Settings
from envs.core import InputError

from .engines import untrained


@pytest.fixture(scope="module")
def player(tmp_path_factory):
    made = Player(str(untrained(tmp_path_factory.mktemp("thought") / "chess", "chess")))
    made.set(Settings(hash=16))
    return made


def ends(thought):
    """Whether it comes to its end within a minute, on however busy a machine."""
    return not lasts(thought, 60.0)


def lasts(thought, seconds=0.4):
    """Whether it goes on and on for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = thought._search.visits
        if thought.step():
            return False
        assert thought._search.visits > before or not before
    return True


@pytest.mark.parametrize("moves", [(), ("e2e4", "e7e5", "d1h5", "b8c6", "h5f7")])  # the second: one legal answer
def test_the_clock_does_not_run_while_it_ponders(player, moves):
    player.position(None, moves)
    thought = player.think(Limits(wtime=100, btime=100, ponder=True), time.monotonic())
    assert lasts(thought)
    thought.ponderhit()
    assert ends(thought)


def test_a_search_without_end_has_no_clock(player):
    player.position(None, ())
    assert lasts(player.think(Limits(wtime=100, btime=100, infinite=True), time.monotonic()))


def test_the_clock_of_the_other_side_is_none(player):
    player.forget()  # a tree kept from before may be as large as its memory, and then a search is over
    player.position(None, ())
    thought = player.think(Limits(btime=100), time.monotonic())
    assert thought.limits.endless
    assert lasts(thought)
    assert ends(player.think(Limits(wtime=100), time.monotonic()))


def test_the_clock_runs_from_when_it_was_asked(player):
    player.clear_hash()  # a full tree has nothing left to think about
    player.position(None, ())
    hour = Limits(movetime=3_600_000)
    assert lasts(player.think(hour, time.monotonic()))
    assert ends(player.think(hour, time.monotonic() - 3600))


def test_settings_for_which_there_is_no_memory_change_nothing(player, monkeypatch):
    before, said = player.settings, []
    engine = Engine("it", "chess", lambda: player, said.append)
    engine._player = player
    player.clear_hash()
    player.position(None, ())

    def allocate(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(solo, "allocate", allocate)
        with pytest.raises(InputError, match="no memory for a Hash of 4096 MiB"):
            player.set(Settings(hash=4096))
        assert player.settings == before
        for line in ("setoption name Hash value 4096", "isready"):
            engine._hear(line)
    assert said == ["info string error: there is no memory for a Hash of 4096 MiB", "readyok"]
    engine._hear("go nodes 5")
    assert ends(engine._thought)


class Pace:
    """Expects that of all moves the one with the highest number ends the game soonest."""

    def eval(self):
        return self

    def heads(self, observations):
        return SimpleNamespace(plies_left=torch.arange(len(observations), 0, -1))


@pytest.mark.parametrize(("value", "hurries"), [(0.99, True), (0.9, False)])
def test_of_sure_wins_the_quickest_comes_first(player, value, hurries):
    player.position(None, ())
    thought = player.think(Limits(nodes=40), time.monotonic())
    while not thought.step():
        pass
    lines = [replace(line, value=value, visits=10) for line in thought._search.lines(20)]
    assert thought._hurried(lines) == lines  # this network does not know how long a game lasts
    thought._pace = Pace()
    last = max(lines, key=lambda line: line.actions[0])
    others = [line for line in lines if line is not last]
    assert thought._hurried(lines) == ([last, *others] if hurries else lines)

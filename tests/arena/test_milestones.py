"""Games that a training records at its milestones."""

from types import SimpleNamespace

import pytest

from agents import checkpoints
from arena import milestones
from arena.replay import verify
from arena.store import Store
from envs.core import InputError
from tests.agents.dqn.test_player import save


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "arena.db")
    yield store
    store.close()


@pytest.fixture
def run(tmp_path):
    """A training with checkpoints of 0, 1 and 2.5 minutes."""
    for number, minutes in enumerate((0.0, 1.0, 2.5)):
        folder = tmp_path / "run" / checkpoints.FOLDER / f"{number:06d}"
        save(folder, seed=number, meta={"minutes": minutes, "gamma": 0.99})
    return tmp_path / "run"


def test_games_are_kept_and_noted(run, store):
    first, second = checkpoints.numbered(run)[:2]
    late = milestones.record(run, second, 10.0, store, games=2)
    early = milestones.record(run, first, 1.0, store, games=2)
    assert [game.seed for game in early] == [game.seed for game in late]
    assert [game.agents[0].name for game in early] == ["dqn:run/000000"] * 2
    for game in early + late:
        assert (game.game, game.termination) == ("breakout", "rules")
        assert all(thought.value is not None for thought in game.analysis)
        assert verify(game) == []
        assert store.record(game.id) == game
    noted = milestones.read(run)
    assert [(entry.minutes, entry.checkpoint) for entry in noted] == [(1.0, "000000"), (10.0, "000001")]
    assert milestones.games_of(noted[0], store) == early
    again = milestones.record(run, second, 1.0, store, games=1)
    assert [(entry.minutes, entry.checkpoint) for entry in milestones.read(run)] == [(1.0, "000001"), (10.0, "000001")]
    assert again[0].id in {game.id for game in late}


def test_what_was_stopped_leaves_no_note(run, store):
    asked = []

    def stopping():
        asked.append(0)
        return len(asked) > 20

    assert milestones.record(run, checkpoints.numbered(run)[0], 1.0, store, games=2, stopping=stopping) == []
    assert len(asked) == 21
    assert milestones.read(run) == []
    assert store.matches() == []


def test_a_store_that_lacks_a_game_has_none(run, store):
    assert milestones.games_of(milestones.Milestone(1.0, "000000", 0, ("4f2a",)), store) == []


def test_checkpoints_by_age(run):
    assert [milestones.first_at(run, minutes).name for minutes in (0, 0.1, 1, 2)] == [
        *("000000", "000001", "000001", "000002"),
    ]
    with pytest.raises(InputError, match=r"run has no checkpoint of 2\.6 minutes or more"):
        milestones.first_at(run, 2.6)


@pytest.mark.parametrize("text", ["{", "[1]", '[{"minutes": 1}]', '[{"matches": [], "hours": 1}]'])
def test_a_damaged_note_names_itself(run, text):
    (run / milestones.FILE).write_text(text)
    with pytest.raises(InputError, match=r"milestones\.json: damaged"):
        milestones.read(run)


def test_the_typical_game_is_that_of_the_median():
    games = [SimpleNamespace(returns=(score,)) for score in (3.0, 400.0, 5.0, 0.0, 7.0)]
    assert milestones.typical(games).returns == (5.0,)
    assert milestones.typical(games[:2]).returns == (3.0,)


def test_what_was_asked_for_afterwards_is_told_from_what_was_planned(run, store):
    first, second = checkpoints.numbered(run)[:2]
    milestones.record(run, first, 1.0, store, games=1)
    milestones.record(run, second, 2.0, store, games=1, planned=False)
    milestones.record(run, first, 1.0, store, games=1, planned=False)  # its games were lost, say
    assert [(found.minutes, found.planned) for found in milestones.read(run)] == [(1.0, True), (2.0, False)]

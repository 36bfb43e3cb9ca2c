import subprocess
import sys

import pytest

import envs
from envs.core import InputError, unknown


def test_ids_are_the_games_that_make_gives():
    assert envs.ids() == tuple(sorted(envs.ids()))
    for game in envs.ids():
        assert envs.make(game).spec.id == game
        assert envs.make(game) is envs.make(game)


@pytest.mark.parametrize("bad", ["conect_four", "", "core", "aec", "../x", "envs.core", "connect four", "__init__"])
def test_unknown_game(bad):
    with pytest.raises(InputError, match="unknown game") as caught:
        envs.make(bad)
    assert repr(bad) in str(caught.value)
    assert "connect_four" in str(caught.value)


def test_unknown_suggests_the_nearest():
    assert str(unknown("fruit", "aple", ["pear", "apple"])) == (
        "unknown fruit 'aple'; choose from: apple, pear. Did you mean 'apple'?"
    )
    assert str(unknown("fruit", "x", [])) == "unknown fruit 'x'; choose from: (none)."


def test_making_a_game_imports_neither_other_games_nor_pettingzoo():
    code = (
        "import sys, envs; envs.make('connect_four');"
        "assert not {'envs.othello', 'envs.aec', 'pettingzoo', 'PIL', 'torch'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_illegal_move_says_what_is_legal():
    game = envs.make("othello")
    with pytest.raises(envs.IllegalAction, match=r"^illegal move 'z9'; legal: d3 c4 f5 e6$"):
        game.parse_action(game.init(1)[0], "z9")


def test_moves_in_upper_case_and_with_blanks():
    game = envs.make("othello")
    assert game.parse_action(game.init(1)[0], " D3\n") == 19


def test_two_games_of_one_name_are_told_of(monkeypatch):
    tables = {"GAMES": {"pong": None}, "SCORE_GAMES": {"pong": None}, "TEAM_GAMES": {}}
    monkeypatch.setattr(envs, "_games", tables.__getitem__)
    with pytest.raises(InputError, match="'pong' is in two families"):
        envs.spec("pong")
    monkeypatch.undo()
    monkeypatch.setattr(envs, "_table", lambda module, name: {"draughts": None})
    with pytest.raises(InputError, match=r"the game 'draughts' is in envs/.* and in another file too"):
        envs._games.__wrapped__("GAMES")

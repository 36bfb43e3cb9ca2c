"""Every board game passes the conformance suite, and the suite catches games that are broken on purpose."""

import re
from functools import cache

import numpy as np
import pytest

import envs
from envs import testing
from envs.connect_four import ConnectFour
from envs.othello import Othello
from envs.tic_tac_toe import TicTacToe

BOARD_GAMES = [game for game in envs.ids() if envs.make(game).spec.family == "board"]


@cache
def sample(game_id: str) -> testing.Sample:
    return testing.play(envs.make(game_id))


@pytest.mark.parametrize("check", testing.CHECKS)
@pytest.mark.parametrize("game_id", BOARD_GAMES)
def test_conforms(game_id, check):
    testing.CHECKS[check](sample(game_id))


def test_there_are_board_games():
    assert {"connect_four", "othello", "tic_tac_toe"} <= set(BOARD_GAMES)


MUTANTS = []


def caught_by(check, message):
    """Registers a broken game with the check that has to notice and what it has to say."""

    def register(mutant):
        MUTANTS.append(pytest.param(mutant, check, message, id=mutant.__name__))
        return mutant

    return register


def respec(game, **facts):
    values = {field: getattr(game.spec, field) for field in game.spec.__slots__}
    return type(game.spec)(**(values | facts))


@caught_by("shapes", "init(0) is not")
class ForgetsTheBatchInInit(ConnectFour):
    def init(self, n):
        return super().init(max(n, 1))


@caught_by("shapes", "outcome: float64")
class OutcomesInDoublePrecision(ConnectFour):
    def outcome(self, states):
        return super().outcome(states).astype(np.float64)


@caught_by("shapes", "legal: bool")
class ClaimsOneActionTooMany(ConnectFour):
    spec = respec(ConnectFour, num_actions=8)


@caught_by("facts", "legal actions, max_legal is 9")
class ClaimsTooFewLegalActions(Othello):
    spec = respec(Othello, max_legal=9)


@caught_by("facts", "went on after max_plies = 12")
class ClaimsTooShortGames(ConnectFour):
    spec = respec(ConnectFour, max_plies=12)


@caught_by("purity", "step changes its arguments")
class StepsInPlace(ConnectFour):
    def step(self, states, actions):
        states[:] = super().step(states, actions)
        return states.copy()


@caught_by("purity", "symmetry gives back its argument's memory")
class GivesBackItsArgument(ConnectFour):
    def symmetry(self, states, k):
        return super().symmetry(states, k) if k.any() else states

    @property
    def spec(self):
        return respec(ConnectFour, num_symmetries=1)


@caught_by("purity", "shows in the next")
class SharesItsInitialPosition(TicTacToe):
    start = TicTacToe().init(64)

    def init(self, n):
        return self.start[:n] if n <= 64 else super().init(n)


@caught_by("purity", "different results for equal arguments")
class PlaysByMood(TicTacToe):
    mood = 0

    def step(self, states, actions):
        PlaysByMood.mood += 1
        return super().step(states, actions) ^ np.uint64(PlaysByMood.mood & 1)


@caught_by("rows", "step: a row's result depends on other rows")
class PlaysTheFirstRowsActionEverywhere(TicTacToe):
    def step(self, states, actions):
        return super().step(states, np.full_like(actions, actions[0]) if len(actions) else actions)


@caught_by("rows", "rollout: a row's result depends on other rows")
class SeedsByRow(ConnectFour):
    def rollout(self, states, seeds):
        return super().rollout(states, seeds + np.arange(len(seeds), dtype=np.uint64))


@caught_by("legality", "a finished game has a legal action")
class FinishedButStillLegal(ConnectFour):
    def legal(self, states):
        return (states[:, 1, None] >> np.arange(5, 49, 7, dtype=np.uint64)) & np.uint64(1) == 0


@caught_by("legality", "a running game has no legal action")
class NoPassing(Othello):
    def legal(self, states):
        legal = super().legal(states)
        legal[:, 64] = False
        return legal


@caught_by("legality", "a legal action changes nothing")
class PassingIsAlwaysAllowedAndDoesNothing(ConnectFour):
    def step(self, states, actions):
        after = super().step(states, actions)
        after[actions == 3] = states[actions == 3]
        return after


@caught_by("ends", "a finished game moves on")
class MovesOnAfterTheEnd(ConnectFour):
    def step(self, states, actions):
        drops = states[:, 1] | (states[:, 1] + (np.uint64(1) << (7 * actions).astype(np.uint64)))
        return np.stack([states[:, 0] ^ states[:, 1], drops], axis=1)


@caught_by("mover", "not the mover's")
class SeesWithTheFirstPlayersEyes(ConnectFour):
    def observe(self, states):
        planes = super().observe(states)
        second = self.mover(states) == 1
        planes[second] = planes[second][:, ::-1]
        return planes


@caught_by("mover", "not the mover's")
class SeesWithTheOpponentsEyes(Othello):
    def observe(self, states):
        return np.ascontiguousarray(super().observe(states)[:, ::-1])


@caught_by("mover", "player 1 never moves")
class AlwaysTheFirstPlayersTurn(TicTacToe):
    def mover(self, states):
        return np.zeros(len(states), np.int8)


@caught_by("symmetry_tables", "not a permutation")
class TwoActionsBecomeOne(ConnectFour):
    action_symmetry = np.array([range(7), [6, 5, 4, 3, 3, 1, 0]], np.int32)


@caught_by("symmetry_tables", "one that is not listed")
class NoGroup(TicTacToe):
    spec = respec(TicTacToe, num_symmetries=7)
    action_symmetry = square_symmetry = TicTacToe().square_symmetry[:7]


@caught_by("symmetry", "wrong legal actions")
class ActionsStayWhereTheyAre(ConnectFour):
    action_symmetry = np.array([range(7), range(7)], np.int32)


@caught_by("symmetry", "wrong observation")
class PlanesTurnTheOtherWay(Othello):
    square_symmetry = np.argsort(Othello().square_symmetry, axis=1).astype(np.int32)


@caught_by("symmetry", "changes the outcome")
class MirrorsOneColour(ConnectFour):
    def symmetry(self, states, k):
        image = super().symmetry(states, k)
        image[:, 0] = states[:, 0]
        return image


@caught_by("symmetry", "changes the outcome")
class MirroringSwapsTheMover(Othello):
    def symmetry(self, states, k):
        image = super().symmetry(states, k)
        image[:, 2] ^= (k > 0).astype(np.uint64)
        return image


@caught_by("key", "one key for two positions")
class KeyOfAllStonesAlone(ConnectFour):
    def key(self, states):
        return super().key(np.stack([states[:, 1], states[:, 1]], axis=1))


@caught_by("key", "some bits are nearly constant")
class KeyWithoutHashing(ConnectFour):
    def key(self, states):
        return states[:, 0] + states[:, 1] + np.uint64(1)


@caught_by("key", "one key for two positions")
class KeyOfTheMoverAlone(Othello):
    def key(self, states):
        return super().key(states * np.array([0, 0, 1], np.uint64))


@caught_by("key", "two keys for positions that look the same")
class KeyRemembersTheWay(TicTacToe):
    def init(self, n):
        return np.zeros((n, 3), np.uint64)

    def step(self, states, actions):
        after = super().step(states, actions)
        after[:, 2] = states[:, 2] * np.uint64(9) + actions.astype(np.uint64)
        return after

    def key(self, states):
        return super().key(states) ^ super().key(states[:, [2, 2]])


@caught_by("rollout", "is not its outcome")
class OutcomeForTheMover(ConnectFour):
    def outcome(self, states):
        return super().outcome(states) * np.where(self.mover(states) == 0, 1, -1).astype(np.float32)


@caught_by("prove", "a move does better than the result")
class ProvesADrawWhereItKnowsNothing(ConnectFour):
    def prove(self, states, nodes):
        found = super().prove(states, 100)
        return np.where(np.isnan(found), np.float32(0), found)


@caught_by("prove", "is not its outcome")
class ProvesRunningGamesOnly(ConnectFour):
    def prove(self, states, nodes):
        return np.where(self.legal(states).any(axis=1), super().prove(states, nodes), np.float32("nan"))


@caught_by("prove", "more nodes, another result")
class ProvesByGuessing(ConnectFour):
    def prove(self, states, nodes):
        return np.where(np.isnan(self.outcome(states)), np.float32(np.sign(nodes - 100)), self.outcome(states))


@caught_by("rollout", "does not depend on the seed")
class RolloutIgnoresItsSeed(ConnectFour):
    def rollout(self, states, seeds):
        return super().rollout(states, np.zeros_like(seeds))


@caught_by("rollout", "not uniformly random")
class RolloutFavoursTheFirstPlayer(ConnectFour):
    def rollout(self, states, seeds):
        return np.maximum(super().rollout(states, seeds), super().rollout(states, ~seeds))


@caught_by("text", "two legal actions have one name")
class NamesAnActionTwice(Othello):
    def action_name(self, state, action):
        return super().action_name(state, action)[:1]


@caught_by("text", "which is not legal")
class TakesAnyNumber(ConnectFour):
    def parse_action(self, state, text):
        return int(text) - 1 if text.strip().isdigit() else super().parse_action(state, text)


@caught_by("text", "does not quote it")
class SaysOnlyNo(ConnectFour):
    def parse_action(self, state, text):
        try:
            return super().parse_action(state, text)
        except envs.IllegalAction:
            raise envs.IllegalAction("no") from None


@caught_by("text", "does not show what an action has changed")
class TextShowsOneColour(ConnectFour):
    def to_text(self, state):
        return super().to_text(state).replace("O", ".")


@caught_by("picture", "does not draw an arrow")
class PictureWithoutArrows(ConnectFour):
    def picture(self, state, arrows=(), last_action=None):
        return super().picture(state, (), last_action)


@caught_by("picture", "does not mark the last action")
class PictureWithoutTheLastAction(TicTacToe):
    def picture(self, state, arrows=(), last_action=None):
        return super().picture(state, arrows)


@pytest.mark.parametrize(("mutant", "check", "message"), MUTANTS)
def test_a_broken_game_is_caught(mutant, check, message):
    with pytest.raises(testing.ConformanceError, match=re.escape(message)):
        testing.CHECKS[check](testing.play(mutant()))


def test_every_check_catches_something():
    assert {mutant.values[1] for mutant in MUTANTS} == set(testing.CHECKS)


def test_the_message_names_game_and_check():
    with pytest.raises(testing.ConformanceError, match=r"^connect_four: ends: a finished game moves on"):
        testing.check_game(MovesOnAfterTheEnd())

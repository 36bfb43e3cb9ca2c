"""Whether all of it together learns: tic-tac-toe, measured against minimax."""

import numpy as np
import pytest
import torch

import envs
from agents import networks
from agents.networks import NetConfig
from agents.search.cache import CachedEvaluator
from agents.search.evaluators import NetworkEvaluator
from selfplay.chunks import join
from selfplay.config import preset
from selfplay.learner import Learner
from selfplay.play import SelfPlay
from selfplay.window import Window, rows_of

GAME = envs.make("tic_tac_toe")


@pytest.fixture(scope="module")
def solved():
    """All running positions and, for each, which actions keep its minimax value (bool[n, 9]) and that value."""
    values, found = {}, []

    def value(state):
        key = state.tobytes()
        if key not in values:
            outcome = GAME.outcome(state)[0]
            if not np.isnan(outcome):
                values[key] = outcome if GAME.mover(state)[0] == 0 else -outcome
            else:
                legal = np.flatnonzero(GAME.legal(state)[0])
                after = {a: -value(GAME.step(state, np.array([a], np.int32))) for a in legal}
                values[key] = max(after.values())
                found.append((state[0], [after.get(a) == values[key] for a in range(9)], values[key]))
        return values[key]

    assert value(GAME.init(1)) == 0.0  # tic-tac-toe is a draw
    assert len(values) == 5478
    states, good, value_of = zip(*found, strict=True)
    return np.array(states), np.array(good), np.array(value_of)


def errors(evaluate, solved):
    """(share of positions where the likeliest action throws the result away, mean error of the value)."""
    states, good, values = solved
    legal = GAME.legal(states)
    logits, wdl = evaluate(states, legal)
    actions = np.where(legal, logits, -np.inf).argmax(axis=1)
    return 1.0 - good[np.arange(len(states)), actions].mean(), np.abs(wdl[:, 0] - wdl[:, 2] - values).mean()


def test_tic_tac_toe_is_learned(solved):
    config = preset("tic_tac_toe", net=NetConfig(blocks=1, channels=16, pool_every=1), seed=3, full_fraction=0.5)
    torch.manual_seed(config.seed)
    learner = Learner(GAME, networks.make(GAME.spec, config.net), config)
    network = NetworkEvaluator(GAME, learner.net)
    evaluate = CachedEvaluator(GAME, network, config.cache)
    players, window = SelfPlay(GAME, evaluate, config, 1), Window(GAME.init(1).shape[1], 9)
    before = errors(network, solved)
    for round_ in range(20):
        games = []
        while len(games) < 100:
            games += players.turn()
        window.add(str(round_), *rows_of(join(games), config))
        for _ in range(8):
            learner.step(window.sample(learner.generator, config.batch), round_ / 20)
        network.load_weights(learner.average)
        evaluate.clear()
    after = errors(network, solved)
    print(before, after)
    assert before[0] > 0.3  # an untrained network takes the first legal action
    assert after[0] < 0.4 * before[0]
    assert after[1] < 0.5 * before[1]

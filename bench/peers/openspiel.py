"""Search speed of OpenSpiel's Python MCTS on Connect Four with our network as its evaluator, on one core.

    python -m bench.peers.openspiel --blocks 4 --channels 64 --seconds 20

Prints one line of JSON. The search evaluates one position at a time, as its AlphaZero does; the evaluator caches
nothing.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import pyspiel
import torch
from open_spiel.python.algorithms import mcts

import envs
from agents.networks import Net, NetConfig, folded


class NetworkEvaluator(mcts.Evaluator):  # type: ignore[misc]
    """Prior and value of a state from one forward pass."""

    def __init__(self, net: torch.nn.Module) -> None:
        self._net = net
        self._last: tuple[str | None, np.ndarray, float] = (None, np.empty(0), 0.0)
        self.evaluations = 0

    def _look(self, state: pyspiel.State) -> tuple[np.ndarray, float]:
        text = state.history_str()
        if text != self._last[0]:
            planes = np.array(state.observation_tensor(), np.float32).reshape(3, 6, 7)
            with torch.inference_mode():
                logits, wdl = self._net(torch.from_numpy(planes[None, :2]))
            win, _, loss = wdl[0].softmax(0).tolist()
            self._last = (text, logits[0].softmax(0).numpy(), win - loss)
            self.evaluations += 1
        return self._last[1], self._last[2]

    def evaluate(self, state: pyspiel.State) -> np.ndarray:
        value = self._look(state)[1]
        return np.array([value, -value] if state.current_player() == 0 else [-value, value])

    def prior(self, state: pyspiel.State) -> list[tuple[int, float]]:
        policy = self._look(state)[0]
        return [(action, float(policy[action])) for action in state.legal_actions()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("blocks", 4), ("channels", 64), ("simulations", 64)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    spec = envs.make("connect_four").spec
    net = Net(spec.observation_shape, spec.num_actions, NetConfig(blocks=options.blocks, channels=options.channels))
    with torch.inference_mode():  # as fast as the library makes it at batch 1
        fast = torch.jit.freeze(torch.jit.trace(folded(net).eval(), torch.zeros(1, *spec.observation_shape)))
    evaluator = NetworkEvaluator(fast)
    game = pyspiel.load_game("connect_four")
    bot = mcts.MCTSBot(
        game, 1.25, options.simulations, evaluator, child_selection_fn=mcts.SearchNode.puct_value, solve=True
    )
    searches, began = 0, time.perf_counter()
    state = game.new_initial_state()
    while (spent := time.perf_counter() - began) < options.seconds:
        root = bot.mcts_search(state)
        searches += root.explore_count
        state.apply_action(root.best_child().action)
        if state.is_terminal():
            state = game.new_initial_state()
    print(json.dumps({"simulations_per_second": searches / spent}))


if __name__ == "__main__":
    main()

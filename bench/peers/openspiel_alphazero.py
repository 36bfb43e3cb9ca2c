"""Search speed of OpenSpiel's own AlphaZero on Connect Four: Python search, evaluator and network, on one core.

    python -m bench.peers.openspiel_alphazero --blocks 4 --channels 64 --seconds 20

Needs the extra "peers". Prints one line of JSON. Its evaluator remembers 65,536 positions, as it does in training. The
network is built as OpenSpiel's training builds it, in the faster of its two flavours (linen took 2.6 times as long).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings

import pyspiel
from open_spiel.python.algorithms import mcts
from open_spiel.python.algorithms.alpha_zero import evaluator, utils


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("blocks", 4), ("channels", 64), ("simulations", 64)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--flavour", choices=["linen", "nnx"], default="nnx")
    options = parser.parse_args()
    game = pyspiel.load_game("connect_four")
    with tempfile.TemporaryDirectory() as folder:
        model = utils.api_selector(options.flavour).Model.build_model(
            "resnet",
            game.observation_tensor_shape(),
            game.num_distinct_actions(),
            nn_width=options.channels,
            nn_depth=options.blocks,
            weight_decay=1e-4,
            learning_rate=1e-3,
            path=folder,
        )
    bot = mcts.MCTSBot(
        game,
        1.25,
        options.simulations,
        evaluator.AlphaZeroEvaluator(game, model),
        child_selection_fn=mcts.SearchNode.puct_value,
        dont_return_chance_node=True,
        solve=True,
    )
    searches, began = 0, time.perf_counter()
    state = game.new_initial_state()
    bot.step(state)  # compiles
    while (spent := time.perf_counter() - began) < options.seconds:
        root = bot.mcts_search(state)
        searches += root.explore_count
        state.apply_action(root.best_child().action)
        if state.is_terminal():
            state = game.new_initial_state()
    print(json.dumps({"simulations_per_second": searches / spent}))


if __name__ == "__main__":
    main()

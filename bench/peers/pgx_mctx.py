"""Search speed of pgx + mctx: Gumbel MuZero search with a residual network in JAX, on all cores.

    python -m bench.peers.pgx_mctx --game chess --blocks 6 --channels 64 --batch 256 --simulations 64 --seconds 20

Needs the extra "peers". Prints one line of JSON. The network has the same convolutions as ours, batch norm left out as
if folded; random weights, since speed does not depend on them. Its observations of chess have more planes than ours
(119, and 115 on the small board), as they show the last eight positions, and its policy more moves (4,672 and 1,225).
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import jax
import jax.numpy as jnp
import mctx
import numpy as np
import pgx

Weights = dict[str, Any]
ENVS = {"connect_four": "connect_four", "chess": "chess", "minichess": "gardner_chess"}
PLANES = 8  # that the policy's head reduces the tower to


def make_weights(shape: tuple[int, ...], actions: int, blocks: int, channels: int) -> Weights:
    """For observations [height, width, planes]."""
    rng = np.random.default_rng(0)

    def tensor(*shape: int) -> jax.Array:
        return jnp.asarray(rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1])), jnp.float32)

    return {
        "stem": tensor(3, 3, shape[2], channels),
        "tower": [(tensor(3, 3, channels, channels), tensor(3, 3, channels, channels)) for _ in range(blocks)],
        "policy": (tensor(1, 1, channels, PLANES), tensor(PLANES * shape[0] * shape[1], actions)),
        "value": (tensor(1, 1, channels, 8), tensor(8, 64), tensor(64, 3)),
    }


def _conv(x: jax.Array, w: jax.Array) -> jax.Array:
    return jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def forward(weights: Weights, observation: jax.Array) -> tuple[jax.Array, jax.Array]:
    """bool[n, H, W, C] -> logits [n, A] and value [n]."""
    x = jax.nn.relu(_conv(observation.astype(jnp.float32), weights["stem"]))
    for first, second in weights["tower"]:
        x = jax.nn.relu(x + _conv(jax.nn.relu(_conv(x, first)), second))
    reduce, linear = weights["policy"]
    logits = jax.nn.relu(_conv(x, reduce)).reshape(len(x), -1) @ linear
    reduce, hidden, out = weights["value"]
    pooled = jax.nn.relu(_conv(x, reduce)).mean(axis=(1, 2))
    wdl = jax.nn.softmax(jax.nn.relu(pooled @ hidden) @ out)
    return logits, wdl[:, 0] - wdl[:, 2]


def make_search(env: Any, batch: int, simulations: int) -> tuple[Any, Any]:
    """(the initial states, one jitted function: a search from each state and a step with the action it found)."""

    def recurrent(weights: Weights, _: Any, action: jax.Array, state: Any) -> tuple[Any, Any]:
        mover = state.current_player
        state = jax.vmap(env.step)(state, action)
        logits, value = forward(weights, state.observation)
        logits = jnp.where(state.legal_action_mask, logits, jnp.finfo(logits.dtype).min)
        reward = state.rewards[jnp.arange(batch), mover]
        value = jnp.where(state.terminated, 0.0, value)
        discount = jnp.where(state.terminated, 0.0, -1.0)
        return mctx.RecurrentFnOutput(reward=reward, discount=discount, prior_logits=logits, value=value), state

    def move(weights: Weights, key: jax.Array, state: Any) -> Any:
        logits, value = forward(weights, state.observation)
        root = mctx.RootFnOutput(prior_logits=logits, value=value, embedding=state)
        out = mctx.gumbel_muzero_policy(
            weights, key, root, recurrent, simulations, invalid_actions=~state.legal_action_mask
        )
        after = jax.vmap(env.step)(state, out.action)
        fresh = jax.vmap(env.init)(jax.random.split(key, batch))
        over = after.terminated
        return jax.tree.map(lambda a, b: jnp.where(over.reshape(-1, *[1] * (a.ndim - 1)), a, b), fresh, after)

    states = jax.vmap(env.init)(jax.random.split(jax.random.key(0), batch))
    return states, jax.jit(move)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--game", choices=list(ENVS), default="connect_four")
    for name, default in (("blocks", 4), ("channels", 64), ("batch", 256), ("simulations", 64)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    env = pgx.make(ENVS[options.game])
    weights = make_weights(env.observation_shape, env.num_actions, options.blocks, options.channels)
    states, move = make_search(env, options.batch, options.simulations)
    key = jax.random.key(1)
    states = jax.block_until_ready(move(weights, key, states))  # compiles
    moves, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < options.seconds:
        key, sub = jax.random.split(key)
        states = jax.block_until_ready(move(weights, sub, states))
        moves += 1
    print(json.dumps({"simulations_per_second": moves * options.batch * options.simulations / spent}))


if __name__ == "__main__":
    main()

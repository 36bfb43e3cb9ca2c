"""The team game with other people's tools: SuperSuit makes it a vector environment, Stable-Baselines3's PPO learns it.

    pip install supersuit
    python examples/moba_sb3.py --steps 200000

Every hero of both sides is one of the vector's environments, so one network learns from all of them, by self-play. PPO
knows no masks; an illegal action is a wait.
"""

from __future__ import annotations

import argparse
from typing import Any

import supersuit
from stable_baselines3 import PPO

from envs import moba_v0


def vector_env(heroes: int, games: int, **options: Any) -> Any:
    """``games`` games of ``2 * heroes`` agents as one environment for Stable-Baselines3."""
    env = supersuit.pettingzoo_env_to_vec_env_v1(moba_v0.parallel_env(heroes=heroes, **options))
    return supersuit.concat_vec_envs_v1(env, games, num_cpus=1, base_class="stable_baselines3")


def learn(heroes: int, games: int, steps: int, **options: Any) -> PPO:
    """A policy after so many agent-steps."""
    model = PPO("MlpPolicy", vector_env(heroes, games), device="cpu", gamma=0.997, ent_coef=0.01, **options)
    return model.learn(steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heroes", type=int, choices=(1, 5), default=1, help="a side")
    parser.add_argument("--games", type=int, default=16, help="side by side")
    parser.add_argument("--steps", type=int, default=200_000, help="of agents")
    parser.add_argument("--save", default="moba_sb3.zip", metavar="FILE")
    args = parser.parse_args()
    learn(args.heroes, args.games, args.steps, n_steps=128, batch_size=1024, verbose=1).save(args.save)


if __name__ == "__main__":
    main()

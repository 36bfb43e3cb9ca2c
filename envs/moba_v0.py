"""The team game under the name PettingZoo's users expect: ``moba_v0.parallel_env(heroes=5)``; see `envs.moba`."""

from envs.moba.faces import env, parallel_env, raw_env

__all__ = ["env", "parallel_env", "raw_env"]

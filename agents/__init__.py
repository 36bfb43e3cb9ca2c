"""Players. ``agents.load(spec)`` makes one from a short text:

    random                      an agent by its kind
    mcts?simulations=200        with options; unknown keys and wrong types are refused
    uci:stockfish?elo=1320      a kind with a target
    runs/c4/latest?simulations=600   a checkpoint's folder

A module of this folder that has an ``AGENTS`` table (kind -> `AgentKind`) is found by itself.
"""

from __future__ import annotations

from agents.core import Agent, AgentError, AgentKind, Batch, Decision, GameKey
from agents.registry import kinds, load, parse

__all__ = ["Agent", "AgentError", "AgentKind", "Batch", "Decision", "GameKey", "kinds", "load", "parse"]

"""A team whose heroes share one network, learned by self-play: ``team:runs/x/latest``."""

from agents.team.player import AGENTS

__all__ = ["AGENTS"]

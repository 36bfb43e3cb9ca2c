"""Q-learning from pictures: the network, the replay memory, the learner, and the player of its checkpoints."""

from agents.dqn.player import AGENTS

__all__ = ["AGENTS"]

"""Atari 2600 games, played for points on the Arcade Learning Environment (ALE, Bellemare et al. 2013, arXiv 1207.4708).

Every game goes by its ALE name (``breakout``, ``pong``) under the `CLASSIC` protocol and with ``_sticky`` behind it
under `STICKY`. `Training` is the vector environment to learn in; `AtariGame` is what the arena plays: raw scores of
full games. None of this imports ALE before an emulator is needed.

Gymnasium's ``AtariPreprocessing`` gives the same frames bit for bit. It draws 1 to 30 no-ops by NumPy's generator,
ALE's vector emulator 0 to 30 by its own. Stable-Baselines3's ``AtariWrapper`` pools colours before it makes them
grey, so some pixels are 1 off; it presses the third action after FIRE; it clears the stack of frames after a lost
life, where the Nature DQN and this go on.
"""

from envs.atari.catalogue import PUBLISHED, Published
from envs.atari.game import AtariGame, AtariPlay
from envs.atari.protocol import CLASSIC, STICKY, Protocol
from envs.atari.table import SCORE_GAMES
from envs.atari.training import Ended, Tick, Training

__all__ = [
    "CLASSIC",
    "PUBLISHED",
    "SCORE_GAMES",
    "STICKY",
    "AtariGame",
    "AtariPlay",
    "Ended",
    "Protocol",
    "Published",
    "Tick",
    "Training",
]

"""Chess and Gardner's minichess on bitboards, batched.

The files in the order they build on each other: ``bitboards``, ``threats``, ``movegen`` and ``moving`` (one board),
``position`` (rows, draws, the batched kernels), ``counting`` (perft), ``planes``, ``actions``, ``fen``, ``notation``,
``pieces`` and ``pictures``, and ``game``, which puts them behind `envs.core.BoardGame`.
"""

from envs.chess.game import Chess, Minichess

GAMES = {"chess": Chess, "minichess": Minichess}

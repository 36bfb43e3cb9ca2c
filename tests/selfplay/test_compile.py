"""What `warm_up` promises: that workers find every kernel compiled."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from numba.core.registry import CPUDispatcher
import envs
from agents import networks
from agents.search.cache import CachedEvaluator
from agents.search.evaluators import NetworkEvaluator
from envs.kernels import PACKAGES
from selfplay.compile import warm_up
from selfplay.config import preset
from selfplay.play import SelfPlay

def compiled():
    ours = [module for name, module in sys.modules.items() if name.partition(".")[0] in PACKAGES]
    found = [f for module in ours for f in vars(module).values() if isinstance(f, CPUDispatcher)]
    return {(f.__module__, f.__name__, signature) for f in found for signature in f.signatures}

settings = preset("connect_four", net=networks.SIZES["tiny"], slots=32)
warm_up(settings)
before = compiled()
game = envs.make("connect_four")
network = NetworkEvaluator(game, networks.make(game.spec, settings.net))
players = SelfPlay(game, CachedEvaluator(game, network, 1024), settings, stream=1)
while players.games < 8:
    players.turn()
assert before, "no kernel was found"
print(*[f"{module}.{name}" for module, name, _ in compiled() - before])
"""


def test_nothing_is_left_to_compile() -> None:
    """In a process of its own: in this one other tests have compiled everything."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []

"""Chess engines that speak UCI, as agents for every game that they know: ``uci:stockfish?nodes=1000``.

The files in the order they build on each other: ``programs`` finds engines, ``process`` runs one, ``info`` understands
what it says, ``options`` sets it, ``player`` makes it an agent. The protocol: backscattering.de/chess/uci
"""

from __future__ import annotations

import envs
from agents.core import AgentKind
from agents.uci.options import UciOptions
from agents.uci.player import UciAgent
from agents.uci.programs import PACKAGES


def _runs(target: str, options: UciOptions) -> str | None:
    """A known engine is nobody's code, but its options may name files that it writes and libraries that it loads."""
    if target not in PACKAGES:
        return f"the program {target!r}"
    return f"{target} with the options {options.options!r}" if options.options else None


AGENTS = {
    "uci": AgentKind(
        id="uci",
        summary="a chess engine that speaks UCI, by its name or its path; Fairy-Stockfish plays minichess too",
        options=UciOptions,
        make=UciAgent,
        target="other",
        plays=lambda spec: spec.family == "board" and hasattr(envs.make(spec.id), "uci_variant"),
        example="uci:stockfish?nodes=1000",
        rating=lambda options: options.elo,
        runs=_runs,
        thinks=lambda options: (options.movetime or 0) / 1e3,
    )
}

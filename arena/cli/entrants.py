"""Who enters a ladder that has a training: agents of known strength, and the checkpoints."""

from __future__ import annotations

from pathlib import Path

ANCHORS = (  # of known strength
    *("random", "mcts?simulations=50", "mcts?simulations=400", "alphabeta", "perfect"),
    *("bot:pusher", "bot:farmer", "bot:brawler", "bot:captain", "bot:raider"),
)
ENGINES = {  # the same, where installed. Looking deeper would not change what these levels of Stockfish pick
    "chess": ("uci:stockfish?elo=1350&depth=5", "uci:stockfish?elo=1700&depth=6", "uci:stockfish?elo=2100&depth=10"),
    "minichess": ("uci:fairy-stockfish?depth=1", "uci:fairy-stockfish?depth=2", "uci:fairy-stockfish?depth=4"),
}


def anchors(game: str) -> list[str]:
    """Agents of known strength that can play this game."""
    import envs
    from agents import registry
    from agents.uci.programs import find_engine

    spec = envs.spec(game)
    engines = [engine for engine in ENGINES.get(game, ()) if find_engine(registry.parse(engine)[1])]
    return [anchor for anchor in ANCHORS if registry.parse(anchor)[0].plays(spec)] + engines


def game_of(run: Path) -> str:
    """The game of a training run, of whatever kind. Raises `InputError`: there is none."""
    from agents import cards
    from selfplay import config

    try:
        return cards.read_card(str(run)).game
    except cards.CheckpointError:  # none written yet
        return config.read(run).game


def given(anchor: str) -> tuple[str, float]:
    """The agent and the Elo that ``AGENT@ELO`` stands for. Raises `InputError`."""
    from agents import registry
    from envs.core import InputError

    spec, _, number = anchor.rpartition("@")
    try:
        if spec:
            return spec, float(number)
    except ValueError:  # the @ was part of the spec
        pass
    elo = registry.rating(anchor)  # as the agent promises
    if elo is None:
        raise InputError(f"which Elo has the anchor {anchor!r}? Say AGENT@ELO")
    return anchor, elo


def spread(run: Path, at_most: int, simulations: int | None) -> list[str]:
    """Specs of the first and the last of a run's checkpoints, and of others evenly between them."""
    from agents.checkpoints import numbered

    found = numbered(run)
    step = max((len(found) - 1) / max(at_most - 1, 1), 1.0)
    chosen = sorted({round(len(found) - 1 - i * step) for i in range(min(at_most, len(found)))})
    return [f"{found[number]}{searching(simulations)}" for number in chosen]


def searching(simulations: int | None) -> str:
    """The options of a checkpoint's agent, as in a spec."""
    return "" if simulations is None else f"?simulations={simulations}"

"""``arena play``: a person against an agent, in the terminal."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from arena.cli.shared import STORE, Game, StorePath, command, console, elsewhere, make_store

FALLBACKS = (  # opponents when no checkpoint comes with the package
    *("mcts?simulations=400", "alphabeta", "bot:captain", "bot:raider", "random"),
)


def play(
    game: Game,
    against: Annotated[
        str | None, typer.Option(help="The agent; the strongest that comes with the package if left out.")
    ] = None,
    seat: Annotated[Literal["first", "second", "random"], typer.Option(help="Which side is yours.")] = "first",
    name: Annotated[str, typer.Option(help="Your name in the record.")] = "you",
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=(1 << 63) - 1, help="Of the agent's chance; a new one each time if left out."),
    ] = None,
    store: StorePath = STORE,
) -> None:
    """Play against an agent in the terminal.

    Type "help" during the game for what you can do. The finished game is kept.

    Examples:
      arena play connect_four
      arena play othello --against "mcts?simulations=1000" --seat second
      arena play connect_four --against runs/overnight
    """
    import secrets
    from datetime import UTC, datetime

    import envs
    from agents import registry
    from arena.records import AgentRef
    from arena.view.person import Sitting

    rules, kept = envs.make(game), make_store(store)
    spec = against or strongest(game)[0]
    spec = registry.pinned(spec)  # a training that goes on changes what its folder stands for
    opponent = registry.load(spec)
    seed = secrets.randbits(31) if seed is None else seed
    sitting = Sitting(
        id=f"{game}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{seed}",
        game=rules,
        agent=opponent,
        person=AgentRef("person", name, f"person:{name}"),
        opponent=AgentRef(spec, opponent.name, opponent.fingerprint),
        seat={"first": 0, "second": 1, "random": seed % 2}[seat],
        seed=seed,
        ask=input,
        screen=console(),
    )
    try:
        record = sitting.play()
    finally:
        opponent.close()
    if record is not None:
        kept.add([record])
        again = command("watch", record.id, *elsewhere(store))
        console().print(f"\nWatch it again: {again}", style="dim", soft_wrap=True)


def strongest(game: str) -> list[str]:
    """Specs of agents that need no training, roughly the strongest first. Raises `InputError` for an unknown game."""
    import envs
    from agents import checkpoints, registry

    spec = envs.spec(game)
    own = [f"shipped:{name}" for name in checkpoints.shipped() if _game_of(name) == game]
    return own + [agent for agent in FALLBACKS if registry.parse(agent)[0].plays(spec)]


def _game_of(shipped: str) -> str:
    from agents import checkpoints

    return checkpoints.read_card(f"shipped:{shipped}").game

"""``arena uci``: an AlphaZero checkpoint as a chess engine."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated, Literal

import typer


def uci(
    agent: Annotated[str, typer.Option(metavar="CHECKPOINT", help="A chess or minichess checkpoint, or a run.")],
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"], typer.Option(help="In what the network computes.")
    ] = "auto",
    device: Annotated[Literal["cpu", "cuda"], typer.Option(help="Where the network computes.")] = "cpu",
) -> None:
    """Be a chess engine: speak UCI on standard input and output.

    Enter this command line as an engine in any chess program. The first start on a machine compiles for a minute.

    Examples:
      arena uci --agent runs/chess
      arena uci --agent runs/minichess --precision float32
    """
    from agents import cards
    from arena.uci.engine import Engine, Mail, Player
    from envs.core import InputError

    card = cards.read_card(agent)
    variants = {"chess": "chess", "minichess": "gardner"}
    if card.kind != "alphazero" or card.game not in variants:
        raise InputError(
            f"UCI is for alphazero checkpoints of chess and minichess; {agent} is {card.kind} for {card.game}"
        )

    def load() -> Player:
        from arena.uci import player

        return player.Player(str(card.folder), precision, device)

    if isinstance(sys.stdout, io.TextIOWrapper):  # what a program said is told back to it, in whatever encoding it has
        sys.stdout.reconfigure(errors="replace")

    def say(line: str) -> None:
        print(line, flush=True)

    mail = Mail()
    mail.read(sys.stdin.fileno())
    engine = Engine(f"Arena {card.game} {card.sha256[:8]}", variants[card.game], load, say)
    try:
        engine.run(mail)
    except BrokenPipeError:
        os._exit(0)  # the program has gone; there is nobody to flush to
    if engine.loading:
        os._exit(0)  # the loading thread cannot be interrupted, and would crash as the interpreter goes down

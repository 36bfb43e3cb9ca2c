"""Makes a checkpoint of a training for points the one that comes with the package, as ``shipped:NAME``.

    python -m bench.ship runs/breakout/best breakout --machine "2 cores of ..., no GPU"

Plays 100 full games with it (1% random actions) and writes it with a card that holds the command and the minutes of the
training, the machine, and the mean score with its 95% interval. Weights are stored in half precision, and it is these
that are measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import torch

import envs
from agents import checkpoints
from agents.core import AgentError
from bench.breakout_curve import interval, scores
from envs.core import InputError

EPSILON = 0.01


def ship(checkpoint: Path, name: str, command: str, machine: str, games: int, to: Path) -> str:
    """Writes ``to / name``; what was found, in a line. Raises `InputError`."""
    whole = checkpoints.read(checkpoint)
    card = whole.card
    game = envs.score_game(card.game)
    half = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in whole.tensors.items()}

    def write(folder: Path, meta: dict[str, object]) -> None:
        checkpoints.save(
            folder,
            kind=card.kind,
            game=card.game,
            game_version=card.game_version,
            net_config=card.net_config,
            tensors=half,
            meta={**card.meta, **meta},
        )

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name, {})
        found = scores(f"{Path(folder) / name}?epsilon={EPSILON}", game, games, 0)
    low, high = interval(found)
    mean = sum(found) / len(found)
    strength = {
        "command": f"arena match 'shipped:{name}' --game {card.game} --games {games}",
        "games": games,
        "random actions": EPSILON,
        "mean": round(mean, 2),
        "95%": [round(low, 2), round(high, 2)],
        "least": min(found),
        "most": max(found),
    }
    write(to / name, {"command": command, "machine": machine, "strength": strength})
    size = (to / name / checkpoints.TENSORS).stat().st_size / 1e6
    return f"{to / name}: {mean:.1f} ({low:.1f}-{high:.1f}) in {games} games, {size:.1f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("name")
    parser.add_argument("--command", help="of the training; by default made up from the card")
    parser.add_argument("--machine", required=True, help="on which it was trained")
    parser.add_argument("--games", type=int, default=100)
    parser.add_argument("--to", type=Path, default=checkpoints.SHIPPED)
    args = parser.parse_args()
    torch.set_num_threads(1)
    try:
        card = checkpoints.read_card(args.checkpoint)
        meta = card.meta
        usual = f"arena train {card.game} --minutes {meta.get('minutes', 0):.0f} --algo {meta.get('algo')}"
        usual += f" --seed {meta.get('seed')}"
        print(ship(args.checkpoint, args.name, args.command or usual, args.machine, args.games, args.to))
    except (InputError, AgentError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

"""Makes a checkpoint the one that comes with the package, as ``shipped:NAME``.

    python -m bench.ship runs/breakout/best breakout --machine "2 cores of ..., no GPU"
    python -m bench.ship runs/duel moba_1v1 --games 400 --machine "2 cores of ..., no GPU"
    python -m bench.ship runs/overnight connect_four --machine "2 cores of ..., no GPU"
    python -m bench.ship runs/minichess minichess --measured runs/minichess/elo --machine "2 cores of ..., no GPU"

Measures it and writes it with a card that holds the command and the minutes of the training, the machine, and what was
measured with its 95% intervals: the mean score of full games with 1% random actions, games against every scripted side,
in Connect Four errors by the exact solver's judgement, in chess and minichess games against engines (those that
`bench.elo` has played already, and keeps in ``--measured``, are not played again). Weights of a training for points are
stored in half precision, and it is these that are measured.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch

import envs
from agents import checkpoints
from agents.cards import Card
from agents.core import AgentError
from agents.moba_bots import BOTS
from agents.registry import load
from arena.scores import summarize
from bench import elo, moba_strength, strength
from bench.breakout_curve import scores
from bench.strength import Rate
from envs.core import InputError
from selfplay.cores import cores
from selfplay.options import FILE

EPSILON = 0.01
SIMULATIONS = 600  # a move in Connect Four
OPPONENTS = {"chess": (1500, 1900, 2200), "minichess": (3, 4, 5, 6)}  # levels of Elo; depths
PLIES: dict[str, elo.Plies] = {"chess": None, "minichess": [2, 3]}  # of random openings; longer ones decide minichess
Facts = dict[str, Any]


def points(folder: Path, card: Card, games: int) -> tuple[Facts, str]:
    """What a player for points reaches: facts for the card, and a line."""
    found = scores(f"{folder}?epsilon={EPSILON}", card.game, games, 0)
    mean = summarize(found).mean
    facts = {
        "command": f"arena match 'shipped:{folder.name}' --game {card.game} --games {games}",
        "games": games,
        "random actions": EPSILON,
        "mean": round(mean.value, 2),
        "95%": [round(mean.low, 2), round(mean.high, 2)],
        "least": min(found),
        "most": max(found),
    }
    return facts, f"{mean.value:.1f} ({mean.low:.1f}-{mean.high:.1f}) in {games} games"


def team(folder: Path, card: Card, games: int) -> tuple[Facts, str]:
    """What a team wins against each scripted side: facts for the card, and a line."""
    found = moba_strength.rows(moba_strength.measure(str(folder), [f"bot:{name}" for name in BOTS], games))
    facts = {
        "command": f"python -m bench.moba_strength shipped:{folder.name} --games {games}",
        "games against each": games,
        "won, %": {row["opponent"]: round(100 * row["rate"], 2) for row in found},
        "95%": {row["opponent"]: [round(100 * row["low"], 2), round(100 * row["high"], 2)] for row in found},
        "*": "never met in training",
    }
    return facts, ", ".join(f"{row['opponent']} {100 * row['rate']:.1f}%" for row in found)


def errors(folder: Path, card: Card, simulations: int) -> tuple[Facts, str]:
    """How often a Connect Four player throws a result away: facts for the card, and a line."""
    agent = load(f"{folder}?simulations={simulations}")
    try:
        found = strength.measure(agent, strength.load_sets(progress=True))
    finally:
        agent.close()
    rates = {result.name: result.all for result in found}
    facts = {
        "command": f"python -m bench.strength 'shipped:{folder.name}?simulations={simulations}'",
        "errors, %": {name: round(100 * rate.rate, 2) for name, rate in rates.items()},
        "95%": {name: [round(100 * end, 2) for end in rate.interval] for name, rate in rates.items()},
        "positions": {name: rate.n for name, rate in rates.items()},
    }
    return facts, ", ".join(f"{name} {100 * rate.rate:.1f}%" for name, rate in rates.items())


def engines(folder: Path, card: Card, games: int, measured: Path | None) -> tuple[Facts, str]:
    """What a chess player scores against each level of an engine: facts for the card, and a line."""
    kind = "levels" if card.game == "chess" else "depths"
    against = {kind: list(OPPONENTS[card.game])}
    plies = PLIES[card.game]
    bench = elo.Bench(elo.SIMULATIONS, cores(), 0, elo.BLOCK, measured, plies)
    bench.measure(str(folder), against.get("levels", ()), True, against.get("depths", ()), games)
    at = bench.point(str(folder))
    found = {value: elo.points(counts) for value, counts in at[kind].items() if int(value) in OPPONENTS[card.game]}
    rates = {value: Rate(won, n) for value, (won, n) in found.items()}
    options = f"--{kind} {' '.join(found)} {'--each ' if kind == 'levels' else ''}--games {games}"
    options += f" --block {elo.BLOCK}"
    options += "" if plies is None else f" --plies {plies[0]} {plies[1]}"
    facts = {
        "command": f"python -m bench.elo shipped:{folder.name} {options}",
        "simulations": elo.SIMULATIONS,
        "games against each": {value: n for value, (_, n) in found.items()},
        "engine": f"{elo.ENGINES[card.game]}, by {'its UCI_Elo' if kind == 'levels' else 'depth'}",
        "score, %": {value: round(100 * rate.rate, 1) for value, rate in rates.items()},
        "95%": {value: [round(100 * end, 1) for end in rate.interval] for value, rate in rates.items()},
        "Elo": at["elo"],
        "half at depth": at["half at depth"],
    }
    facts = {name: value for name, value in facts.items() if value is not None}
    return facts, ", ".join(f"{value}: {100 * rate.rate:.1f}%" for value, rate in rates.items())


def settings(checkpoint: Path) -> Facts:
    """All options of the training that a checkpoint comes from, whatever the presets are later; empty if not known."""
    runs = (folder / FILE for folder in (checkpoint, *checkpoint.parents[:2]))
    file = next((file for file in runs if file.is_file()), None)
    found: Facts = {} if file is None else json.loads(file.read_text(encoding="utf-8"))
    return {name: value for name, value in found.items() if name != "initial"}  # a path on that machine


def ship(
    checkpoint: Path, name: str, command: str, machine: str, games: int, to: Path, measured: Path | None = None
) -> str:
    """Writes ``to / name``; what was found, in a line. Raises `InputError`."""
    whole = checkpoints.read(checkpoint)
    card = whole.card
    family, tensors = envs.spec(card.game).family, whole.tensors
    if family == "board" and card.game not in ("connect_four", *OPPONENTS):
        raise InputError(f"the strength of {card.game} cannot be measured here yet")
    against_engines = partial(engines, measured=measured)
    measure = against_engines if card.game in OPPONENTS else {"team": team, "score": points, "board": errors}[family]
    if family == "score":
        tensors = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}

    def write(folder: Path, meta: Facts) -> None:
        checkpoints.save(
            folder,
            kind=card.kind,
            game=card.game,
            game_version=card.game_version,
            net_config=card.net_config,
            tensors=tensors,
            meta={**card.meta, **meta},
        )

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name, {})
        facts, line = measure(Path(folder) / name, card, SIMULATIONS if card.game == "connect_four" else games)
    write(to / name, {"command": command, "settings": settings(checkpoint), "machine": machine, "strength": facts})
    size = (to / name / checkpoints.TENSORS).stat().st_size / 1e6
    return f"{to / name}: {line}, {size:.1f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("name")
    parser.add_argument("--command", help="of the training; by default made up from the card")
    parser.add_argument("--machine", required=True, help="on which it was trained")
    parser.add_argument("--games", type=int, default=100)
    parser.add_argument("--measured", type=Path, help="folder of bench.elo --out")
    parser.add_argument("--to", type=Path, default=checkpoints.SHIPPED)
    args = parser.parse_args()
    torch.set_num_threads(1)
    try:
        card = checkpoints.read_card(args.checkpoint)
        meta = card.meta
        usual = f"arena train {card.game} --minutes {meta.get('minutes', 0):.0f}"
        usual += f" --algo {meta.get('algo')}" if envs.spec(card.game).family == "score" else ""
        usual += f" --seed {meta.get('seed')}"
        print(ship(args.checkpoint, args.name, args.command or usual, args.machine, args.games, args.to, args.measured))
    except (InputError, AgentError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

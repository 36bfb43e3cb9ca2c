"""How many mates an agent finds: ``python -m bench.mates AGENT ... [--positions FILE ...] [--peer-nodes N] [--json]``.

The positions are those of ``bench/positions/mate-in-one.epd`` and ``mate-in-two.epd``, which `bench.make_mates` made
and no training reads. One is solved if the move chosen is one after which mate in that many moves can no longer be
avoided, found out by trying everything (`mating`). Shares come with 95% Wilson intervals. Stockfish, where installed,
answers the same questions in the same run, with ``--peer-nodes`` a move. Examples:

    python -m bench.mates 'runs/chess?simulations=800'
    python -m bench.mates 'runs/chess/latest?simulations=800' 'runs/chess/latest?simulations=0' --json
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import chess
import chess.engine
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import envs
from agents.core import Agent, AgentError, Batch, GameKey
from agents.registry import load
from agents.uci.programs import find_engine
from bench.strength import BATCH, FOLDER, Rate
from envs.core import InputError, States

FILES = ("mate-in-one.epd", "mate-in-two.epd")
GAME = envs.make("chess")
_LINE = re.compile(r"(\S+ [wb] \S+ \S+) dm ([12]);")


@dataclass(frozen=True, slots=True)
class Mates:
    """The positions of a file, n of them."""

    name: str
    moves: NDArray[np.int64]  # [n] to the mate, 1 or 2
    states: States  # [n, W]
    solutions: NDArray[np.bool_]  # [n, A] the actions that mate in time


def read(path: Path) -> Mates:
    """The positions of an EPD file with the operation ``dm`` (direct mate) on every line. Raises `InputError`."""
    states, moves = [], []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise InputError(f"{path}, line {number}: {line[:60]!r} is not four fields of FEN and 'dm 1;' or 'dm 2;'")
        try:
            states.append(GAME.from_fen(f"{found[1]} 0 1"))
        except InputError as error:
            raise InputError(f"{path}, line {number}: {error}") from None
        moves.append(int(found[2]))
    if not states:
        raise InputError(f"{path} holds no positions")
    all_states, all_moves = np.array(states), np.array(moves)
    solutions = np.zeros((len(states), GAME.spec.num_actions), np.bool_)
    for n in (1, 2):
        here = np.flatnonzero(all_moves == n)
        solutions[here] = mating(all_states[here], n)
    for i in np.flatnonzero(~solutions.any(axis=1)):
        raise InputError(f"{path}, line {i + 1}: there is no mate in {moves[i]}")
    return Mates(path.stem, all_moves, all_states, solutions)


def mating(states: States, moves: int) -> NDArray[np.bool_]:
    """bool[n, A]: the actions after which mate cannot be avoided, in ``moves`` (1 or 2) moves of the mover at most."""
    out = np.zeros((len(states), GAME.spec.num_actions), np.bool_)
    rows, actions, after = successors(states)
    out[rows, actions] = _lost(after)
    if moves == 1:
        return out
    on = np.flatnonzero(np.isnan(GAME.outcome(after)) & ~out[rows, actions])
    for most in (1, 4, 1000):  # most first moves have a refutation among the first replies
        on = on[_all_replies_mated(after[on], most)]
    out[rows[on], actions[on]] = True
    return out


def successors(states: States) -> tuple[NDArray[np.int64], NDArray[np.int64], States]:
    """For every legal action: its row, the action, and the position after it."""
    rows, actions = np.nonzero(GAME.legal(states))
    return rows, actions, GAME.step(states[rows], actions.astype(np.int32))


def _lost(states: States) -> NDArray[np.bool_]:
    """bool[n]: whether the player to move is mated."""
    return GAME.outcome(states) == np.where(GAME.mover(states) == 0, -1, 1)


def _all_replies_mated(states: States, most: int) -> NDArray[np.bool_]:
    """bool[n]: whether each of the first ``most`` replies in these running positions leaves a mate in one."""
    rows, _, after = successors(states)
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    rows, after = rows[rank < most], after[rank < most]
    out = np.ones(len(states), np.bool_)
    out[rows[~np.isnan(GAME.outcome(after))]] = False  # a reply that ends the game escapes
    out[rows[~mating(after, 1).any(axis=1)]] = False
    return out


def solved(agent: Agent, mates: Mates, seed: int = 0) -> NDArray[np.bool_]:
    """bool[n]: whether the agent's move is a solution."""
    actions: list[int] = []
    for first in range(0, len(mates.states), BATCH):
        states = mates.states[first : first + BATCH]
        agent.start(GAME.spec, [GameKey(str(first + i), 0, seed + first + i) for i in range(len(states))])
        batch = Batch(np.arange(len(states)), states, GAME.legal(states), [[] for _ in states])
        actions += [decision.action for decision in agent.act(batch)]
    found: NDArray[np.bool_] = mates.solutions[np.arange(len(actions)), actions]
    return found


def solved_by_engine(path: Path, mates: Mates, nodes: int) -> NDArray[np.bool_]:
    """The same for an engine that thinks so many nodes afresh about each."""
    with chess.engine.SimpleEngine.popen_uci(str(path)) as engine:
        found = []
        for i, state in enumerate(mates.states):
            board = chess.Board(GAME.to_fen(state))
            move = engine.play(board, chess.engine.Limit(nodes=nodes), game=i).move
            found.append(bool(move) and mates.solutions[i, GAME.parse_action(state, move.uci())])
    return np.array(found, np.bool_)


@dataclass(frozen=True, slots=True)
class Result:
    who: str
    name: str
    missed: Rate
    seconds: float

    def as_json(self) -> dict[str, object]:
        low, high = self.missed.interval
        solved = self.missed.n - self.missed.errors
        shares = {"share": 1 - self.missed.rate, "low": 1 - high, "high": 1 - low}
        return {"agent": self.who, "set": self.name, "positions": self.missed.n, "solved": solved, **shares}


def measure(specs: Sequence[str], sets: Sequence[Mates], peer_nodes: int) -> list[Result]:
    """A result for every agent and set, the engine's among them."""
    results = []
    for spec in specs:
        agent = load(spec)
        try:
            for mates in sets:
                began = time.perf_counter()
                right = solved(agent, mates)
                missed = Rate(int((~right).sum()), len(right))
                results.append(Result(spec, mates.name, missed, time.perf_counter() - began))
        finally:
            agent.close()
    engine = find_engine("stockfish")
    for mates in sets if engine is not None and peer_nodes else ():
        began = time.perf_counter()
        right = solved_by_engine(engine, mates, peer_nodes)
        missed = Rate(int((~right).sum()), len(right))
        results.append(Result(f"Stockfish, {peer_nodes} nodes", mates.name, missed, time.perf_counter() - began))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agents", nargs="+", metavar="AGENT", help="any agent spec, as for `arena agents`")
    parser.add_argument("--positions", type=Path, nargs="+", metavar="FILE", default=[FOLDER / name for name in FILES])
    parser.add_argument("--peer-nodes", type=int, default=800, help="of Stockfish a move; 0: it is not asked")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    try:
        results = measure(args.agents, [read(path) for path in args.positions], args.peer_nodes)
    except (InputError, AgentError) as error:
        sys.exit(f"error: {error}")
    if args.json:
        print(json.dumps([result.as_json() for result in results], indent=1))
        return
    table = Table(title="Mates found", title_justify="left")
    for column in ("agent", "positions", "n", "solved", "%", "95%", "seconds"):
        table.add_column(column, justify="left" if column in ("agent", "positions") else "right")
    for result in results:
        low, high = (100 * (1 - end) for end in reversed(result.missed.interval))
        n, solved = result.missed.n, result.missed.n - result.missed.errors
        share = f"{100 * solved / n:.1f}"
        table.add_row(
            result.who, result.name, str(n), str(solved), share, f"{low:.1f}-{high:.1f}", f"{result.seconds:.1f}"
        )
    Console().print(table)
    if find_engine("stockfish") is None:
        print("Stockfish was not asked: it is not installed")


if __name__ == "__main__":
    main()

"""Speed of chess move generation on one core, beside python-chess in the same run: ``python -m bench.perft [--json]``.

Nodes are the leaves of perft; both sides count the last ply's moves without making them. Every count is checked against
the published one. python-chess goes less deep, so that both take seconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import chess
from rich.console import Console
from rich.table import Table

import envs
from envs.perft import perft

# https://www.chessprogramming.org/Perft_Results: leaves by depth
POSITIONS = {
    "initial position": (
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
        [20, 400, 8902, 197281, 4865609, 119060324],
    ),
    "Kiwipete": (
        "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
        [48, 2039, 97862, 4085603, 193690690],
    ),
    "endgame (3)": (
        "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1",
        [14, 191, 2812, 43238, 674624, 11030083, 178633661],
    ),
    "promotions (5)": (
        "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8",
        [44, 1486, 62379, 2103487, 89941194],
    ),
}
TARGET = 15e6  # nodes a second


def speed(count: Callable[[int], int], known: list[int], most: int) -> float:
    """Nodes a second at the greatest depth with at most ``most`` nodes. Raises `AssertionError` on a wrong count."""
    depth = max(d for d, nodes in enumerate(known, 1) if nodes <= most)
    start = time.perf_counter()
    nodes = count(depth)
    spent = time.perf_counter() - start
    assert nodes == known[depth - 1], f"{nodes} leaves at depth {depth}, not {known[depth - 1]}"
    return nodes / spent


def leaves(board: chess.Board, depth: int) -> int:
    """Perft by python-chess."""
    if depth == 1:
        return board.legal_moves.count()
    nodes = 0
    for move in board.legal_moves:
        board.push(move)
        nodes += leaves(board, depth - 1)
        board.pop()
    return nodes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=float, default=250e6, help="the most for us (default 250e6)")
    parser.add_argument("--peer-nodes", type=float, default=5e6, help="the most for python-chess (default 5e6)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    game = envs.make("chess")
    perft(game, 3)  # compiled before the clock starts
    measured = {}
    for name, (fen, known) in POSITIONS.items():
        state, board = game.from_fen(fen), chess.Board(fen)
        measured[name] = {
            "arena": speed(lambda depth, state=state: perft(game, depth, state)[-1], known, int(options.nodes)),
            "python-chess": speed(lambda depth, board=board: leaves(board, depth), known, int(options.peer_nodes)),
        }
    if options.json:
        print(json.dumps(measured, indent=2))
        return
    table = Table(title="Perft on one core, million nodes a second")
    for column in ("position", "arena", "python-chess", "ratio"):
        table.add_column(column, justify="left" if column == "position" else "right")
    for name, rates in measured.items():
        arena, peer = rates["arena"], rates["python-chess"]
        table.add_row(name, f"{arena / 1e6:,.1f}", f"{peer / 1e6:,.2f}", f"{arena / peer:,.0f}x")
    Console().print(table)
    slowest = min(rates["arena"] for rates in measured.values())
    verdict = "reached" if slowest >= TARGET else "missed"
    Console().print(f"target of {TARGET / 1e6:.0f} million nodes a second everywhere: {verdict}", style="dim")


if __name__ == "__main__":
    main()

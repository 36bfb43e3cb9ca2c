"""Elo on the scale of an engine's UCI_Elo: ``python -m bench.elo RUN [--every K] [--simulations 800] [--games 100]
[--levels ELO ...] [--each] [--depths D ...] [--plies LEAST MOST] [--out FOLDER] [--json]``.

RUN is a training of chess or minichess, of which every K-th checkpoint is measured, or one checkpoint
(``runs/chess``). Games are played as mirrored pairs from random openings, to the end that the rules give them.
``--plies`` says how long these are: on a small board the usual ones decide most games, whoever plays.

- ``--levels`` of the engine, by its UCI_Elo: ``--games`` in all, in blocks against the level that promises to tell most
  (the one nearest to what is known so far); with ``--each``, so many against every level
- ``--depths``: so many against the engine at its full strength, limited to each of these depths, and the depth at which
  the checkpoint scores half

The rating is the maximum of the likelihood ``sum(points * log p + (games - points) * log(1 - p))``, where ``p`` is the
expected score of the Elo model, over all levels; its 95% interval are the ratings whose likelihood is less than 1.92
below it (Wilks, profile likelihood). As draws vary less than wins and losses the interval is rather too wide.

``--out`` writes after every block, and what is already written there is not played again, so the command may be
stopped, repeated, given more games, and repeated while the run goes on. Examples:

    python -m bench.elo runs/chess --every 4 --out runs/chess/elo
    python -m bench.elo runs/chess --levels 1500 1900 2200 --each --games 100
    python -m bench.elo runs/minichess --depths 1 2 3 4 5 6 --games 40
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from scipy.optimize import brentq

from agents import checkpoints
from agents.core import AgentError
from agents.uci.programs import find_engine
from arena.match import play_match
from bench.curve import chosen
from bench.strength import Rate
from envs.core import InputError

ENGINES = {"chess": "stockfish", "minichess": "fairy-stockfish"}
LEVELS = (1350, 1500, 1650, 1800, 1950, 2100, 2250, 2400, 2550)
BLOCK = 10  # games
SIMULATIONS = 800  # a move
LOWEST, HIGHEST = -2000.0, 5000.0  # ratings beyond are as good as infinite
NEAR = 1.92  # half the 95% quantile of chi-squared with one degree of freedom

Counts = dict[str, int]  # wins, draws, losses of the checkpoint; "blocks" played
Point = dict[str, Any]  # what `point` makes; JSON
Plies = list[int] | None  # of random openings, least and most; None: the game's usual ones


def depth_of(elo: int) -> int:
    """A depth at which Stockfish has made up its mind when it plays as weakly as that: its level, from 0 to 20, is the
    depth after which it takes its pick (search.cpp of Stockfish 15, ``Skill``), and looking on changes nothing."""
    return 3 + int(max(0.0, (elo - 1346.6) / 143.4) ** (1 / 0.806))


def level(game: str, elo: int) -> str:
    return f"uci:{ENGINES[game]}?elo={elo}&depth={depth_of(elo)}"


def deep(game: str, depth: int) -> str:
    return f"uci:{ENGINES[game]}?depth={depth}"


def points(counts: Counts) -> tuple[float, int]:
    """Points, and games."""
    return counts["wins"] + counts["draws"] / 2, counts["wins"] + counts["draws"] + counts["losses"]


def _log_likelihood(elo: float, scores: Sequence[tuple[float, float, int]]) -> float:
    total = 0.0
    for other, won, games in scores:
        lead = (elo - other) * math.log(10) / 400
        total -= won * math.log1p(math.exp(-lead)) + (games - won) * math.log1p(math.exp(lead))
    return total


def likeliest(scores: Sequence[tuple[float, float, int]]) -> tuple[float, float, float]:
    """The rating and the ends of its 95% interval, from (opponent's rating, points, games); infinite where all points
    went one way, or where there are no games."""
    won, games = sum(one[1] for one in scores), sum(one[2] for one in scores)
    if not games:
        return math.nan, -math.inf, math.inf

    def surplus(elo: float) -> float:
        return won - sum(n / (1 + 10 ** ((other - elo) / 400)) for other, _, n in scores)

    best = -math.inf if not won else math.inf if won == games else brentq(surplus, LOWEST, HIGHEST)
    inside = min(max(best, LOWEST), HIGHEST)
    floor = _log_likelihood(inside, scores) - NEAR

    def short(elo: float) -> float:
        return _log_likelihood(elo, scores) - floor

    low = brentq(short, LOWEST, inside) if won and short(LOWEST) < 0 else -math.inf
    high = brentq(short, inside, HIGHEST) if won < games and short(HIGHEST) < 0 else math.inf
    return best, low, high


def half_way(scores: Sequence[tuple[int, float]]) -> float:
    """The depth at which half the points are won, between the last one with more and the first after it with less, from
    (depth, score) in order; infinite where there is none."""
    for (shallow, more), (deeper, less) in pairwise(scores):
        if more >= 0.5 > less:
            return shallow + (more - 0.5) / (more - less) * (deeper - shallow)
    return math.inf if scores and scores[-1][1] >= 0.5 else -math.inf


def play_block(agent: str, opponent: str, game: str, number: int, games: int, plies: Plies, seed: int) -> Counts:
    """Games of one block, whose number decides its openings; in a process with one thread."""
    torch.set_num_threads(1)
    counts = {"wins": 0, "draws": 0, "losses": 0}
    length, seed = (plies[0], plies[1]) if plies else None, 1_000_003 * seed + number
    for record in play_match(agent, opponent, game, games, seed=seed, plies=length, batch=games):
        if record.fault is not None:
            raise AgentError(f"{opponent}: {record.fault.kind}: {record.fault.message}")
        mine = record.returns[0 if record.agents[0].spec == agent else 1]
        counts["wins" if mine > 0 else "losses" if mine < 0 else "draws"] += 1
    return counts


def next_level(known: dict[int, Counts], levels: Sequence[int], each: bool, games: int, guess: float) -> int | None:
    """The level of the next block; None where enough is played. ``guess``: a rating where nothing is known yet."""
    if each:
        missing = [elo for elo in levels if points(known[elo])[1] < games]
        return missing[0] if missing else None
    if sum(points(counts)[1] for counts in known.values()) >= games:
        return None
    elo, _, _ = likeliest([(elo, *points(counts)) for elo, counts in known.items()])
    elo = guess if math.isnan(elo) else elo
    return min(levels, key=lambda one: (abs(one - min(max(elo, LOWEST), HIGHEST)), one))


def empty() -> Counts:
    return {"wins": 0, "draws": 0, "losses": 0, "blocks": 0}


def add(counts: Counts, more: Counts) -> None:
    for name, value in more.items():
        counts[name] += value
    counts["blocks"] += 1


class _Here(Executor):
    """Does the work in this process, at once."""

    def submit(self, work, /, *arguments, **more) -> Future:
        future: Future = Future()
        future.set_result(work(*arguments, **more))
        return future


class Bench:
    """The points of a curve, and where they are kept."""

    def __init__(
        self, simulations: int, workers: int, seed: int, block: int, out: Path | None, plies: Plies = None
    ) -> None:
        self.simulations, self.workers, self.seed, self.block, self.out = simulations, workers, seed, block, out
        self.plies = plies
        self.points: list[Point] = []
        if out is not None and (out / "elo.json").exists():
            self.points = json.loads((out / "elo.json").read_text(encoding="utf-8"))

    def point(self, target: str) -> Point:
        """What is known of a checkpoint, by its content, from such openings."""
        card = checkpoints.read_card(target)
        if card.game not in ENGINES:
            raise InputError(f"{target} plays {card.game}; this is for {' and '.join(ENGINES)}")
        wanted = (card.sha256, self.simulations, self.plies)
        for at in self.points:
            if (at["sha256"], at["simulations"], at.get("plies")) == wanted:
                return at
        minutes = card.meta.get("minutes")
        facts = {"checkpoint": card.folder.name, "game": card.game, "sha256": card.sha256, "minutes": minutes}
        new: Point = {**facts, "simulations": self.simulations, "plies": self.plies, "levels": {}, "depths": {}}
        self.points = sorted([*self.points, new], key=lambda at: (at["minutes"] or 0.0, at["checkpoint"]))
        return new

    def save(self) -> None:
        for at in self.points:
            scores = [(int(elo), *points(counts)) for elo, counts in at["levels"].items()]
            found = likeliest(scores)
            at["elo"], at["low"], at["high"] = (None if not math.isfinite(x) else round(x, 1) for x in found)
            by_depth = sorted((int(d), *points(counts)) for d, counts in at["depths"].items())
            half = half_way([(d, won / n) for d, won, n in by_depth if n])
            at["half at depth"] = round(half, 2) if math.isfinite(half) else None
        if self.out is not None:
            self.out.mkdir(parents=True, exist_ok=True)
            for name, text in (("elo.json", json.dumps(self.points, indent=1)), ("elo.md", markdown(self.points))):
                (self.out / f"{name}.new").write_text(text, encoding="utf-8")
                (self.out / f"{name}.new").replace(self.out / name)

    def measure(self, target: str, levels: Sequence[int], each: bool, depths: Sequence[int], games: int) -> None:
        """Plays what is missing of a checkpoint's games."""
        at = self.point(target)
        for elo in levels:
            at["levels"].setdefault(str(elo), empty())
        for depth in depths:
            at["depths"].setdefault(str(depth), empty())
        before = [one["elo"] for one in self.points if one is not at and one.get("elo") is not None]
        guess = before[-1] if before else min(levels, default=0)
        with self._pool() as pool:
            for depth in depths:
                while points(at["depths"][str(depth)])[1] < games:
                    self._round(pool, target, at, [("depths", depth)] * self.workers, games)
            while levels:
                known = {elo: at["levels"][str(elo)] for elo in levels}
                elo = next_level(known, levels, each, games, guess)
                if elo is None:
                    break
                self._round(pool, target, at, [("levels", elo)] * self.workers, games)
        self.save()

    def _pool(self) -> Executor:
        return ProcessPoolExecutor(self.workers, multiprocessing.get_context("spawn")) if self.workers > 1 else _Here()

    def _round(self, pool: Executor, target: str, at: Point, wanted: Sequence[tuple[str, int]], games: int) -> None:
        """One block in each process."""
        jobs = []
        for i, (kind, value) in enumerate(wanted):
            counts = at[kind][str(value)]
            opponent = (level if kind == "levels" else deep)(at["game"], value)
            agent = f"alphazero:{target}?simulations={self.simulations}"
            number = counts["blocks"] + i
            job = pool.submit(play_block, agent, opponent, at["game"], number, self.block, self.plies, self.seed)
            jobs.append((counts, job))
        for counts, job in jobs:
            add(counts, job.result())
        self.save()
        kind, value = wanted[0]
        won, n = points(at[kind][str(value)])
        where = f"Elo {value}" if kind == "levels" else f"depth {value}"
        print(f"{at['checkpoint']}: {won:g} of {n} against {where}; {_elo(at)}", file=sys.stderr, flush=True)


def _elo(at: Point) -> str:
    """The rating with its interval, for people."""
    low, high = at.get("low"), at.get("high")
    if at.get("elo") is None:
        return f"Elo below {high:.0f}" if high is not None else f"Elo above {low:.0f}" if low is not None else "no Elo"
    ends = ["?" if end is None else f"{end:.0f}" for end in (low, high)]
    return f"Elo {at['elo']:.0f} ({ends[0]} to {ends[1]})"


def markdown(found: Sequence[Point]) -> str:
    """A line a point, then a line an opponent, with the 95% interval of the score (Wilson)."""
    titles = ["minutes", "checkpoint", "simulations", "opening plies", "games", "Elo (95%)", "50 % at depth"]
    lines = [titles, ["---:"] * len(titles)]
    for at in found:
        games = sum(points(counts)[1] for kind in ("levels", "depths") for counts in at[kind].values())
        minutes = "?" if at["minutes"] is None else f"{at['minutes']:.1f}"
        half = "" if at["half at depth"] is None else f"{at['half at depth']:.1f}"
        elo = _elo(at).removeprefix("Elo ") if any(points(counts)[1] for counts in at["levels"].values()) else ""
        plies = "-".join(map(str, at["plies"])) if at.get("plies") else "usual"
        lines.append([minutes, at["checkpoint"], str(at["simulations"]), plies, str(games), elo, half])
    more = [["checkpoint", "opponent", "wins", "draws", "losses", "score, %", "95%"], ["---:"] * 7]
    for at in found:
        for kind, make in (("levels", level), ("depths", deep)):
            for value, counts in sorted(at[kind].items(), key=lambda item: int(item[0])):
                won, games = points(counts)
                if not games:
                    continue
                low, high = Rate(won, games).interval
                cells = [str(counts[name]) for name in ("wins", "draws", "losses")]
                score = [f"{100 * won / games:.1f}", f"{100 * low:.1f}-{100 * high:.1f}"]
                more.append([at["checkpoint"], make(at["game"], int(value)), *cells, *score])
    tables = ["\n".join(f"| {' | '.join(line)} |" for line in table) for table in (lines, more)]
    return "\n\n".join(tables) + "\n"


def targets(what: str, every: int) -> list[str]:
    """The checkpoints to measure."""
    run = Path(what)
    return [str(path) for path in chosen(run, every)] if checkpoints.numbered(run) else [what]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="the folder of a training run, or a checkpoint")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="only every K-th checkpoint of a run")
    parser.add_argument("--simulations", type=int, default=SIMULATIONS, help="a move")
    parser.add_argument("--levels", type=int, nargs="*", metavar="ELO", help="of the engine; usual ones if left out")
    parser.add_argument("--each", action="store_true", help="--games against every level")
    parser.add_argument("--depths", type=int, nargs="+", default=[], metavar="D", help="of the engine at full strength")
    parser.add_argument("--games", type=int, default=100, help="of a checkpoint, in whole rounds: a block a core")
    parser.add_argument("--block", type=int, default=BLOCK, help="games played side by side")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--plies", type=int, nargs=2, metavar=("LEAST", "MOST"), help="of the random openings")
    parser.add_argument("--seed", type=int, default=0, help="of openings and chance")
    parser.add_argument("--out", type=Path, help="folder for elo.json and elo.md")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if min(args.every, args.games, args.workers, args.block) < 1 or args.block % 2:
        parser.error("--every, --games and --workers take positive numbers, --block an even one")
    try:
        found = targets(args.run, args.every)
        bench = Bench(args.simulations, args.workers, args.seed, args.block, args.out, args.plies)
        game = bench.point(found[0])["game"]
        if find_engine(ENGINES[game]) is None:
            raise InputError(f"the engine {ENGINES[game]} is not installed; on Debian: apt install {ENGINES[game]}")
        levels = args.levels if args.levels is not None else [] if args.depths else LEVELS
        for target in found:
            bench.measure(target, sorted(levels), args.each, sorted(args.depths), args.games)
    except (InputError, AgentError) as error:
        sys.exit(f"error: {error}")
    print(json.dumps(bench.points, indent=1) if args.json else markdown(bench.points), end="")


if __name__ == "__main__":
    main()

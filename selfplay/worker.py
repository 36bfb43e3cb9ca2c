"""A process that plays: ``python -m selfplay.worker RUN INDEX PARENT``.

It talks through the run folder only. In: ``config.json`` and ``weights.safetensors``, which the learner replaces now
and then. Out: files of finished games, and of none as long as the first are under way. It may be killed at any moment;
games under way are then simply not there. On SIGTERM, and when its parent has gone, it writes what is finished and
ends.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import torch

import envs
from agents import networks
from agents.search.cache import CachedEvaluator
from agents.search.evaluators import NetworkEvaluator
from selfplay import chunks, config, files
from selfplay.play import SelfPlay

WEIGHTS = "weights.safetensors"
POLL_SECONDS = 0.25
DISK_FULL = 28  # exit code: no room for a file of games


class Published:
    """The newest weights in a run folder: whether they have changed, and what they are."""

    def __init__(self, run: Path) -> None:
        self._path = run / WEIGHTS
        self._stamp: tuple[int, int] | None = None

    def changed(self) -> bool:
        """Whether there are weights that `read` has not returned yet."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return False
        stamp = (stat.st_mtime_ns, stat.st_ino)
        changed, self._stamp = stamp != self._stamp, stamp
        return changed

    def read(self) -> tuple[dict[str, torch.Tensor], Any]:
        tensors, facts = files.read_tensors(self._path)
        return {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}, facts


def play(run: Path, index: int, parent: int) -> None:
    """Plays until told to stop, or until ``parent`` (a process id) is not the parent any more."""
    stop = False

    def on_stop(*_: object) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, on_stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent decides
    torch.set_num_threads(1)
    settings = config.read(run)
    game, published, folder = envs.make(settings.game), Published(run), run / chunks.FOLDER
    session = chunks.next_session(folder)
    while not published.changed():
        if stop or os.getppid() != parent:
            return
        time.sleep(POLL_SECONDS)
    tensors, facts = published.read()
    net = networks.make(game.spec, settings.net)
    net.load_state_dict(tensors)
    network = NetworkEvaluator(game, net, device=settings.device)
    evaluate = CachedEvaluator(game, network, settings.cache)
    players = SelfPlay(game, evaluate, settings, stream=session << 16 | index)
    players.version, players.simulations = facts["version"], facts["simulations"]

    waiting: list[chunks.Games] = []
    told, written, polled, number = _counts(players, evaluate), time.monotonic(), time.monotonic(), 0
    while True:
        waiting += players.turn()
        now = time.monotonic()
        if now < polled + POLL_SECONDS and not stop:
            continue
        polled = now
        alone = os.getppid() != parent
        late = now > written + settings.chunk_seconds
        first = late and not players.games  # of long games the first take minutes, and people wait for a sign of life
        if first or (waiting and (late or stop or alone or len(waiting) >= settings.chunk_games)):
            counts = _counts(players, evaluate)
            facts = {"seconds": now - written, **{name: counts[name] - told[name] for name in counts}}
            games = chunks.join(waiting) if waiting else chunks.none(game.init(1).shape[1], game.spec.max_legal)
            chunks.write(folder / chunks.name(index, session, number), games, facts)
            waiting, told, written, number = [], counts, now, number + 1
        if stop or alone:
            return
        if published.changed():
            tensors, facts = published.read()
            network.load_weights(tensors)
            evaluate.clear()
            players.version, players.simulations = facts["version"], facts["simulations"]


def _counts(players: SelfPlay, evaluate: CachedEvaluator) -> dict[str, int]:
    """What has been done since the start."""
    return {
        "games": players.games,
        "early": players.verdicts.ended,
        "early_checked": players.verdicts.checked,
        "early_wrong": players.verdicts.wrong,
        "moves": players.moves,
        "simulations": players.simulated,
        "evaluations": evaluate.evaluations,
        "hits": evaluate.hits,
        "requests": evaluate.requests,
    }


def main(arguments: list[str]) -> int:
    try:
        play(Path(arguments[0]), int(arguments[1]), int(arguments[2]))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return DISK_FULL
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

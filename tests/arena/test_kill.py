"""A ladder that is killed at random moments ends like one that never was."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from arena.records import MatchRecord
from arena.store import Query, Store
from tests.arena.ladder_to_kill import GAMES, play


def start(path: Path, game: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.arena.ladder_to_kill", str(path), game]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def live(path: Path, game: str, until: int, delay: float) -> int:
    """Lets a ladder run until so many games are done and ``delay`` seconds longer, then kills it. Its exit status."""
    with start(path, game) as process:
        assert process.stdout is not None
        while until > 0 and (line := process.stdout.readline()) and int(line) < until:
            pass
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        return process.wait()


def played(path: Path) -> dict[str, MatchRecord]:
    """The records without what the clock wrote into them."""
    store = Store(path, read_only=True)
    records = list(store.records(Query(ladder="ladder")))
    store.close()
    assert len({record.id for record in records}) == len(records)
    return {
        record.id: replace(
            record,
            started="",
            seconds=0.0,
            analysis=tuple(ply and replace(ply, ms=None) for ply in record.analysis),
        )
        for record in records
    }


@pytest.mark.parametrize(
    ("game", "kills", "share"),
    [
        ("tic_tac_toe", 5, 0.8),
        ("adaptive", 2, 0.8),
        pytest.param("tic_tac_toe", 20, 0.8, marks=pytest.mark.slow),
        pytest.param("adaptive", 8, 0.8, marks=pytest.mark.slow),
        pytest.param("moba_5v5", 4, 0.6, marks=pytest.mark.slow),
    ],
)
def test_a_ladder_killed_many_times_ends_like_an_undisturbed_one(
    tmp_path: Path, game: str, kills: int, share: float
) -> None:
    rng, games = random.Random(7), GAMES[game]
    disturbed, undisturbed = tmp_path / "disturbed.db", tmp_path / "undisturbed.db"
    starts = -(-kills // 4)  # the first ones at any moment from the very start on, the others spread over all the games
    moments = [0] * starts + sorted(rng.randrange(1, int(games * share)) for _ in range(kills - starts))
    before = 0
    for until in moments:
        delay = rng.random() * (0.3 if until else 2.0)
        assert live(disturbed, game, until, delay) == -signal.SIGKILL, "it was done already"
        if disturbed.exists():
            now = len(played(disturbed))
            assert before <= now < games
            before = now
    with start(disturbed, game) as process:
        assert process.wait() == 0
    scheduled = play(undisturbed, game, lambda progress: None)
    assert len(scheduled) == games
    assert played(undisturbed).keys() == scheduled
    assert played(disturbed) == played(undisturbed)

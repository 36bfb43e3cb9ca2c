from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import envs
from arena import pool as pool_module
from arena.openings import make_book
from arena.pool import Pool, WorkerError
from arena.records import AgentRef, Fault, MatchRecord
from arena.replay import verify
from arena.runner import DEFAULT_LIMITS, Limits, Task, Thinking
from arena.worker import Job
from tests.arena.scripted_agents import LOADER
from tests.processes import alive, eventually

BOOK = make_book(envs.make("tic_tac_toe"), 12, (2, 2))
TASKS = tuple(Task(f"{i:016x}-1", 1000 + i, BOOK[i % 12], i % 2) for i in range(12))
BAD = {f"{i:016x}-1" for i in (0, 8)}  # games in which an agent with every=8 misbehaves


def job(a: str, b: str, tasks: tuple[Task, ...] = TASKS, limits: Limits = DEFAULT_LIMITS) -> Job:
    one, two = (AgentRef(spec, spec, f"fingerprint of {spec}") for spec in (a, b))
    return Job("tic_tac_toe", (one, two), tasks, limits, LOADER)


def played(*jobs: Job, size: int = 1) -> dict[str, MatchRecord]:
    pool = Pool(size)
    try:
        found = [record for records in pool.play(jobs) for record in records]
    finally:
        assert pool.close() == []
    assert len({record.id for record in found}) == len(found)
    for record in found:
        assert verify(record) == []
    return {record.id: record for record in found}


def lost(record: MatchRecord, spec: str, kind: str) -> bool:
    """Whether the agent of that spec has lost by that fault."""
    fault = record.fault
    if fault is None or fault.seat is None:
        return False
    return fault.kind == kind and record.agents[fault.seat].spec == spec and record.returns[fault.seat] == -1.0


@pytest.fixture(scope="module")
def sound() -> dict[str, tuple[int, ...]]:
    games = played(job("a?", "b?"))
    assert games.keys() == {task.id for task in TASKS}
    assert all(record.fault is None for record in games.values())
    return {record.id: record.actions for record in games.values()}


def test_a_hanging_agent_loses_the_games_it_was_asked_about_and_the_others_go_on(
    sound: dict[str, tuple[int, ...]],
) -> None:
    hanging = "b?fault=hang&ply=4&every=8"
    games = played(job("a?", hanging, TASKS[:6], Limits(hang_s=1.0)))
    assert games.keys() == {task.id for task in TASKS[:6]}
    hung = {name for name, record in games.items() if lost(record, hanging, "hang")}
    reached = {name for name in BAD & games.keys() if len(sound[name]) > 4}  # games that get as far as the hang
    assert reached <= hung < games.keys()
    for name, record in games.items():
        assert record.actions == sound[name][: len(record.actions)]
        if name in hung:
            assert record.fault is not None
            assert record.fault.message in ("no answer in 2 s", "no answer in 3 s")  # of two or three games at once
            assert 4 <= len(record.actions) <= 5
        else:
            assert record.actions == sound[name]


@pytest.mark.parametrize(
    ("fault", "message"),
    [("segfault", "process killed by SIGSEGV"), ("exit", "process ended with status 3: that was it")],
)
def test_an_agent_that_kills_its_process_loses_just_the_games_in_which_it_does_so_again(
    fault: str, message: str, sound: dict[str, tuple[int, ...]]
) -> None:
    deadly = f"b?fault={fault}&ply=4&every=8"
    games = played(job("a?", deadly), size=2)
    reached = {name for name in BAD if len(sound[name]) > 4}
    assert {name for name, record in games.items() if lost(record, deadly, "crash")} == reached
    for name, record in games.items():
        if name in reached:
            assert record.fault is not None
            assert record.fault.message == message
        else:
            assert record.actions == sound[name]


def test_a_machine_that_kills_processes_is_not_an_agents_fault(sound: dict[str, tuple[int, ...]]) -> None:
    games = played(job("a?", "b?fault=killed&ply=4&every=8"), size=2)
    reached = {name for name in BAD if len(sound[name]) > 4}
    for name, record in games.items():
        if name in reached:
            assert record.fault == Fault("host", None, "process killed by SIGKILL")
        else:
            assert record.actions == sound[name]


def test_an_agent_that_always_kills_its_process_loses_everything_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    deadly, spawned = "b?fault=exit", []

    def spawn() -> object:
        spawned.append(before())
        return spawned[-1]

    before = pool_module._spawn
    monkeypatch.setattr(pool_module, "_spawn", spawn)
    many = tuple(Task(f"{i:016x}-2", i, BOOK[i % 12], 0) for i in range(100))
    games = played(job("a?", deadly, TASKS[:3]), job("a?", deadly, many))
    assert len(games) == 103
    assert len(spawned) <= 10, "not a process for every game"
    assert all(lost(record, deadly, "crash") for record in games.values())


@pytest.mark.parametrize(
    ("fault", "message"), [("load", "AgentError: no such file"), ("load-hang", "no answer in 4 s")]
)
def test_games_of_an_agent_that_cannot_be_loaded_do_not_count(fault: str, message: str) -> None:
    limits = Limits(load_s=4.0) if fault == "load-hang" else DEFAULT_LIMITS
    games = played(job("a?", f"b?fault={fault}", limits=limits), job("a?", "c?", (Task("f-1", 1, (), 0),)))
    assert games.pop("f-1").fault is None
    assert len(games) == len(TASKS)
    for record in games.values():
        assert not record.counts
        assert record.fault is not None
        assert record.fault.message == f"b?fault={fault} could not be loaded: {message}"
        assert record.actions == record.opening


def test_an_agent_that_has_become_another_is_not_let_in() -> None:
    stranger = AgentRef("b?", "b", "fingerprint of before")
    known = AgentRef("a?", "a?", "fingerprint of a?")
    games = played(Job("tic_tac_toe", (known, stranger), TASKS, DEFAULT_LIMITS, LOADER))
    for record in games.values():
        assert record.fault is not None
        assert record.fault.message.endswith(
            "b? has changed: it was fingerprint of before, now it is fingerprint of b?"
        )


def test_an_agent_may_play_itself() -> None:
    assert all(record.fault is None for record in played(job("a?", "a?")).values())


def test_agents_that_do_not_close_when_others_want_their_place_are_left_behind() -> None:
    names = ["a?fault=closing", "b?fault=unclosable", *(f"{name}?" for name in "cdefgh")]
    jobs = [job(names[2 * i], names[2 * i + 1], TASKS[3 * i : 3 * i + 3]) for i in range(4)]
    found = played(*jobs)
    assert len(found) == len(TASKS)
    assert all(record.fault is None for record in found.values())


def test_several_workers_share_many_jobs() -> None:
    jobs = [job("a?", "b?", (Task(f"{i:016x}-1", i, (), 0),)) for i in range(20)]
    assert len(played(*jobs, size=2)) == 20


def test_a_supervisor_that_was_away_blames_nobody_for_it() -> None:
    # as after Ctrl-Z: a worker that could not tell of its answers looks as if it had hung all the time
    pool, limits, stopped = Pool(1), Limits(hang_s=2.0), False
    try:
        for records in pool.play([job("a?sleep=0.01", "b?", TASKS[:1], limits)]):
            assert all(record.fault is None for record in records)
            (worker,) = pool._workers
            if isinstance(worker.asked, Thinking) and not stopped:
                stopped = True
                os.kill(worker.process.pid, signal.SIGSTOP)
                time.sleep(2 * limits.hang_s)
                threading.Timer(0.5, os.kill, (worker.process.pid, signal.SIGCONT)).start()
    finally:
        pool.close()
    assert stopped


def test_workers_that_cannot_start_are_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('broken installation')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pool = Pool(1)
    with pytest.raises(
        WorkerError, match="do not start: process ended with status 1: ImportError: broken installation"
    ):
        list(pool.play([job("a?", "b?")]))
    pool.close()


def test_closing_ends_a_worker_that_thinks() -> None:
    pool = Pool(1)
    playing = pool.play([job("a?", "b?fault=hang")])
    for _ in range(8):
        next(playing)
    began = time.monotonic()
    pool.close()
    assert time.monotonic() - began < 30  # and not when it has hung for too long


def test_workers_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    program = """
import sys
from arena.pool import Pool
from tests.arena.test_pool import job
pool = Pool(1)
for _ in pool.play([job("a?", "b?fault=hang")]):
    for worker in pool._workers:
        if worker.asked:
            print(worker.process.pid, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        worker = int(supervisor.stdout.readline())
        assert alive(worker)
        supervisor.send_signal(signal.SIGKILL)
    eventually(lambda: not alive(worker))

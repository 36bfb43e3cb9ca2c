import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from agents.core import AgentError, NoAnswer
from agents.uci.process import launch
from tests.agents.uci import fakes


async def converse(path, patience=60.0, start=60.0):
    """A conversation with an engine; returns its name and what it answers after 1. e4."""
    process = await launch(path, start)
    try:
        heard: list[str] = []
        answer = await process.ask(["position startpos moves e2e4", "go depth 1"], "bestmove", patience, heard.append)
        return process.name, answer, heard
    finally:
        await process.end()


def test_a_conversation(tmp_path):
    path = fakes.make(tmp_path)
    name, answer, heard = asyncio.run(converse(path))
    assert (name, answer) == ("Fake 1.0", "bestmove a7a5")
    assert heard == ["info depth 1 score cp 50 nodes 7 pv a7a5"]
    assert fakes.gone(path)


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ({"start": "crash"}, AgentError, r"engine fake exited \(3\); its last words: 'oh no'"),
        ({"start": "kill"}, AgentError, "engine fake killed by SIGKILL"),
        ({"start": "hang"}, NoAnswer, "fake: no uciok 1 s after its start"),
        ({"uci": "crash"}, AgentError, r"engine fake exited \(3\)"),
        ({"uci": "endless"}, AgentError, "without the end of a line"),
        ({"move": "crash", "ply": 1}, AgentError, r"engine fake exited \(3\); its last words: 'oh no'"),
        ({"move": "hang", "ply": 1}, NoAnswer, "fake: no bestmove 1 s after 'go depth 1'"),
        ({"move": "spin", "ply": 1}, NoAnswer, "fake: no bestmove 1 s after"),
        ({"move": "silent", "ply": 1}, NoAnswer, "fake: no bestmove 1 s after"),
        ({"move": "alone", "ply": 1}, NoAnswer, "fake: no bestmove 1 s after"),
        ({"move": "endless", "ply": 1}, AgentError, "without the end of a line"),
    ],
)
def test_faults_are_told_apart_and_leave_nothing_behind(tmp_path, fault, error, message):
    path, short = fakes.make(tmp_path, **fault), {"start" if "start" in fault else "patience": 1.0}
    with pytest.raises(error, match=message) as caught:
        asyncio.run(converse(path, **(short if error is NoAnswer else {})))
    assert type(caught.value) is error
    assert fakes.gone(path)


def test_a_flood_of_words_is_no_fault(tmp_path):
    path = fakes.make(tmp_path, move="flood", ply=1)
    _, answer, heard = asyncio.run(converse(path))
    assert answer == "bestmove a7a5"
    assert len(heard) == 100_001


def test_an_engine_that_will_not_quit_is_ended_with_its_children(tmp_path):
    path = fakes.make(tmp_path, stubborn=True)
    began = time.monotonic()
    assert asyncio.run(converse(path))[1] == "bestmove a7a5"
    assert time.monotonic() - began < 60  # of the hour that it sleeps
    assert fakes.gone(path)


def test_a_program_that_cannot_be_run(tmp_path):
    path = tmp_path / "broken"
    path.write_text("#!/no/such/interpreter\n")
    path.chmod(0o755)
    with pytest.raises(AgentError, match=r"engine broken exited \(12[67]\); its last words: '.*broken"):
        asyncio.run(launch(path, 60.0))


def test_engines_do_not_outlive_a_killed_arena(tmp_path):
    path = fakes.make(tmp_path, stubborn=True)
    code = f"""
import asyncio, pathlib, time
from agents.uci.process import launch
async def main():
    await launch(pathlib.Path({str(path)!r}), 60.0)
    print("ready", flush=True)
    time.sleep(3600)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as arena:
        assert arena.stdout is not None
        assert arena.stdout.readline() == b"ready\n"
        assert len(fakes.alive(path)) >= 3  # the arena, the engine, its child, the guard
        os.kill(arena.pid, signal.SIGKILL)
    assert fakes.gone(path)

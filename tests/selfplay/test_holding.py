"""What every training does with its process and its disk. (That the loop of board games minds a full disk is tested
beside it.)"""

import errno
import signal

import pytest

from selfplay import files, holding
from selfplay.dqn import train as dqn_loop
from selfplay.errors import DiskFull
from selfplay.ppo import train as ppo_loop
from selfplay.state import FILE
from tests.selfplay.dqn import test_train as of_points
from tests.selfplay.ppo import test_train as of_teams
from tests.selfplay.ticking import Ticking

LOOPS = {
    "pqn": (dqn_loop, lambda **changes: of_points.settings("pqn", **changes), lambda: of_points.stage),
    "dqn": (dqn_loop, lambda **changes: of_points.settings("dqn", **changes), lambda: of_points.stage),
    "ppo": (ppo_loop, of_teams.settings, of_teams.Stage),
}


@pytest.mark.parametrize("whole", [0, 1], ids=["at once", "at the very end"])
@pytest.mark.parametrize("name", LOOPS)
def test_a_full_disk_is_a_short_message_and_the_last_save_stays_whole(tmp_path, monkeypatch, name, whole):
    """A run saves beside the training when it begins and, here, not again before it ends."""
    run, (loop, settings, stage) = tmp_path / "run", LOOPS[name]
    monkeypatch.setattr(loop, "time", Ticking(1))
    loop.train(run, settings(save_seconds=1e6, checkpoint_seconds=1e6), 10, make_stage=stage())
    write, left = files.write, [whole]

    def full(path, content):
        if left[0]:
            left[0] -= 1
            write(path, content)
        else:
            path.with_name(path.name + files.PARTIAL).write_bytes(content[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", full)
        patch.setattr(loop, "time", Ticking(1))
        with pytest.raises(DiskFull, match=r"no space left in .*run; free some and resume"):
            loop.train(run, None, 20, resuming=True, make_stage=stage())
    assert files.read_tensors(run / FILE)[1]["counters"]["starts"] == 1 + whole
    monkeypatch.setattr(loop, "time", Ticking(1))
    result = loop.train(run, None, 30, resuming=True, make_stage=stage())
    assert result.seconds >= 30
    assert files.read_tensors(run / FILE)[1]["counters"]["starts"] == 2 + whole
    assert not list(run.rglob(f"*{files.PARTIAL}"))


def test_what_a_write_raised_is_raised_by_the_next_call():
    saver = holding.Saver()

    def fail():
        raise OSError(errno.ENOSPC, "No space left on device")

    saver.save(lambda: fail)
    with pytest.raises(OSError, match="No space left"):
        saver.save(lambda: fail)
    with pytest.raises(OSError, match="No space left"):
        saver.wait()
    saver.close()


def test_a_second_ctrl_c_acts_at_once():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it
    try:
        with holding.stop_signals() as stop:
            assert not stop.is_set()
            signal.raise_signal(signal.SIGINT)
            assert stop.is_set()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)

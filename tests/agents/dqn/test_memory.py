"""The replay memory against a memory that keeps every stack whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.dqn.memory import Memory, fit, machine_memory, rows_in
from envs.core import InputError

SIZE, STACK, GAMMA = 3, 4, 0.5


class Naive:
    """Plays made-up games and remembers each frame's whole stack, as an emulator shows it, by time and stream."""

    def __init__(self, streams, seed):
        self.random, self.streams = np.random.default_rng(seed), streams
        self.stacks, self.rows = [], []
        self.shown = np.zeros((streams, STACK, SIZE, SIZE), np.uint8)
        self.last = np.zeros(streams, bool)
        self.fresh = np.ones(streams, bool)  # the next frame begins a game

    def play(self, memory):
        """One tick: a frame is seen, an action is chosen, its outcome comes."""
        random, n = self.random, self.streams
        first = self.fresh
        self.shown = np.where(first[:, None, None, None], np.uint8(0), self.shown)
        self.shown = np.roll(self.shown, -1, axis=1)
        self.shown[:, -1] = random.integers(1, 256, (n, SIZE, SIZE))
        last = self.last & ~first
        ends = (random.random(n) < 0.2) & ~last  # a life or the game
        over = (random.random(n) < 0.15) & ~last  # stopped or lost: the next frame is the game's last
        actions, rewards = random.integers(0, 4, n), random.integers(-1, 2, n).astype(np.float32)
        self.stacks.append(self.shown.copy())
        self.rows.append((first, last, ends, actions, rewards))
        memory.add(self.shown[:, -1], first, actions, rewards, ends, last)
        self.fresh, self.last = last, over

    def restart(self):
        """The process was killed: new games begin."""
        self.rows[-1][1][:] = True
        self.fresh, self.last = np.ones(self.streams, bool), np.zeros(self.streams, bool)

    def transition(self, t, n, steps):
        """(stack, action, reward, discount, next stack) by the definition."""
        total, discount, after = 0.0, 1.0, t
        for _ in range(steps):
            _, last, ends, _, rewards = (column[n] for column in self.rows[after])
            if last:
                break
            total += discount * rewards
            discount *= GAMMA
            after += 1
            if ends:
                discount = 0.0
                break
        return self.stacks[t][n], self.rows[t][3][n], total, discount, self.stacks[after][n]


def check(memory, naive, steps, seed, draws=64):
    t, n = memory.draw(np.random.default_rng(seed), draws, steps)
    sample = memory.sample(np.random.default_rng(seed), draws, steps, GAMMA)
    assert not any(naive.rows[t[i]][1][n[i]] for i in range(draws))
    for i in range(draws):
        stack, action, reward, discount, after = naive.transition(t[i], n[i], steps)
        assert np.array_equal(sample.frames[i], stack)
        assert (sample.actions[i], sample.rewards[i], sample.discounts[i]) == (action, reward, discount)
        assert np.array_equal(sample.next_frames[i], after)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(8, 30),
    streams=st.integers(1, 3),
    ticks=st.integers(10, 80),
    steps=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_samples_are_what_was_seen(rows, streams, ticks, steps, seed):
    memory = Memory(rows, streams, height=SIZE, width=SIZE)
    naive = Naive(streams, seed)
    for _ in range(ticks):
        naive.play(memory)
    assert memory.frames == min(ticks, rows) * streams
    if memory.ready(steps) and any(not row[1].all() for row in naive.rows[memory.low + 3 : ticks - steps]):
        check(memory, naive, steps, seed)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(12, 30),
    saved=st.integers(5, 60),
    lost=st.integers(0, 40),
    more=st.integers(0, 60),
    seed=st.integers(0, 1000),
)
def test_a_memory_outlives_a_kill(tmp_path_factory, rows, saved, lost, more, seed):
    """Rows written after the last save are given up, and so are the older ones that they have overwritten."""
    path = tmp_path_factory.mktemp("memory") / "replay"
    memory, naive = Memory(rows, 2, height=SIZE, width=SIZE, path=path), Naive(2, seed)
    for _ in range(saved):
        naive.play(memory)
    memory.flush()
    for _ in range(lost):
        Naive(2, seed + 1).play(memory)
    memory._header[5] += 1  # killed in the middle of a row
    memory._frames[memory.head % rows] = 0

    memory = Memory(rows, 2, height=SIZE, width=SIZE, path=path, head=saved)
    naive.restart()
    whole = min(max(0, saved + lost + 1 - rows), saved)
    assert memory.low == whole
    for _ in range(more):
        naive.play(memory)
    assert memory.frames == 2 * min(saved + more - whole, rows)
    usable = naive.rows[(memory.low + 3 if memory.low else 0) : len(naive.rows) - 2]
    if memory.ready(2) and any(not row[1].all() for row in usable):
        check(memory, naive, 2, seed)


def test_what_a_lost_life_overwrote_stays_lost_after_another_kill(tmp_path):
    path, shape = tmp_path / "replay", {"height": SIZE, "width": SIZE}
    memory, naive = Memory(8, 2, path=path, **shape), Naive(2, 0)
    for _ in range(20):
        naive.play(memory)
    assert Memory(8, 2, path=path, head=16, **shape).low == 12
    again = Memory(8, 2, path=path, head=16, **shape)
    for _ in range(2):
        naive.play(again)
    assert Memory(8, 2, path=path, head=18, **shape).low == 12, "rows 10 and 11 were overwritten the first time"
    assert rows_in(path) == 8
    assert rows_in(tmp_path / "none") == 0


def test_every_transition_is_drawn_equally_often():
    memory, naive = Memory(50, 2, height=SIZE, width=SIZE), Naive(2, 1)
    for _ in range(120):
        naive.play(memory)
    t, n = memory.draw(np.random.default_rng(0), 40_000, 1)
    usable = [(row, s) for row in range(memory.low + 3, 119) for s in (0, 1) if not naive.rows[row][1][s]]
    counts = np.array([np.sum((t == row) & (n == s)) for row, s in usable])
    assert counts.sum() == 40_000
    assert np.abs(counts - 40_000 / len(usable)).max() < 5 * np.sqrt(40_000 / len(usable))


def test_files_that_do_not_fit_are_refused(tmp_path):
    Memory(10, 2, height=SIZE, width=SIZE, path=tmp_path / "a").add(
        np.zeros((2, SIZE, SIZE), np.uint8), *([np.zeros(2, bool)] * 5)
    )
    with pytest.raises(InputError, match="another size"):
        Memory(1000, 3, height=SIZE, width=SIZE, path=tmp_path / "a", head=1)
    with pytest.raises(InputError, match="of another shape"):
        Memory(5, 4, height=SIZE, width=SIZE, path=tmp_path / "a", head=1)
    with pytest.raises(InputError, match="holds 1 rows, but 5 were saved"):
        Memory(10, 2, height=SIZE, width=SIZE, path=tmp_path / "a", head=5)
    with pytest.raises(InputError, match="missing"):
        Memory(10, 2, height=SIZE, width=SIZE, path=tmp_path / "b", head=5)
    with pytest.raises(InputError, match=r"no space for .* GB of replay memory"):
        Memory(1 << 30, 64, path=tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_million_frames_take_less_than_7_5_gb(tmp_path):
    """Looked up without filling it: the file is made whole at once."""
    shape = {"height": 84, "width": 84}
    small, big = (len_of(tmp_path / str(rows), rows, shape) for rows in (1000, 2000))
    assert (big - small) / (1000 * 8) * 1e6 < 7.5e9
    assert fit(10**12) * (84 * 84 + 6) <= 0.4 * machine_memory()


@pytest.mark.parametrize("limit", ["memory.max", "memory/memory.limit_in_bytes"])
def test_the_memory_of_a_control_group_is_what_there_is(tmp_path, monkeypatch, limit):
    monkeypatch.setattr("agents.dqn.memory.GROUP", tmp_path)
    whole = machine_memory()
    assert whole > 1 << 28
    (tmp_path / limit).parent.mkdir(exist_ok=True)
    (tmp_path / limit).write_text(f"{1 << 28}\n")
    assert machine_memory() == 1 << 28
    (tmp_path / limit).write_text("max\n")
    assert machine_memory() == whole
    assert fit(1000) == 1000


def len_of(path, rows, shape):
    Memory(rows, 8, path=path, **shape)
    size = path.stat().st_size
    path.unlink()
    return size

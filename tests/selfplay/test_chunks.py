import dataclasses

import numpy as np
import pytest

from selfplay import chunks, files
from tests.selfplay.made import games


def test_games_come_back_as_they_were(tmp_path):
    written = chunks.join([games([3, 2]), games([4])])
    chunks.write(tmp_path / "g", written, {"moves": 9})
    back, facts = chunks.read(tmp_path / "g")
    assert facts == {"moves": 9}
    assert list(back.lengths) == [3, 2, 4]
    for field in dataclasses.fields(chunks.Games):
        old, new = getattr(written, field.name), getattr(back, field.name)
        assert old.dtype == new.dtype
        assert np.array_equal(old, new)


def test_no_games_are_games():
    some, no = games([3, 2]), chunks.none(2, 7)
    for field in dataclasses.fields(chunks.Games):
        old, new = getattr(some, field.name), getattr(chunks.join([no, some, no]), field.name)
        assert old.dtype == new.dtype
        assert np.array_equal(old, new)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"schema": chunks.SCHEMA}, "not a file of games"),
        ({}, "not a file of games"),
        ({"schema": 1}, "another version"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, facts, message):
    files.write_tensors(tmp_path / "g", {"weights": np.zeros(3)}, facts)
    with pytest.raises(files.Damaged, match=f"g: .*{message}"):
        chunks.read(tmp_path / "g")


def test_packing_keeps_the_legal_entries_in_order():
    legal = np.array([[0, 1, 0, 1, 1], [1, 0, 0, 0, 0]], np.bool_)
    policy = np.array([[0, 0.25, 0, 0.5, 0.25], [1, 0, 0, 0, 0]], np.float32)
    packed = chunks.pack(policy, legal, 4)
    assert packed.tolist() == [[0.25, 0.5, 0.25, 0], [1, 0, 0, 0]]
    assert np.array_equal(chunks.unpack(packed, legal), policy)


@pytest.mark.parametrize(
    ("outcome", "results"),
    [(1.0, [0, 2, 0]), (-1.0, [2, 0, 2]), (0.0, [1, 1, 1])],  # player 0 won, lost, drew; win 0, draw 1, loss 2
)
def test_the_result_is_the_movers(outcome, results):
    assert list(chunks.result(outcome, np.array([0, 1, 0], np.int8))) == results


def test_names_sort_as_written_and_leftovers_are_not_listed(tmp_path):
    names = [chunks.name(0, 1, 9), chunks.name(0, 1, 10), chunks.name(1, 2, 0)]
    for name in [*names, names[0] + files.PARTIAL, "notes.txt"]:
        (tmp_path / name).touch()
    assert chunks.listing(tmp_path) == names
    assert [chunks.worker_of(name) for name in names] == [0, 0, 1]


def test_a_session_number_is_never_used_twice(tmp_path):
    assert chunks.next_session(tmp_path) == 1
    (tmp_path / chunks.name(1, 1, 0)).touch()
    assert chunks.next_session(tmp_path) == 2
    (tmp_path / (chunks.name(0, 7, 3) + chunks.DAMAGED)).touch()  # a file put aside counts too
    assert chunks.next_session(tmp_path) == 8

import numpy as np
import pytest

from selfplay import files


def test_tensors_and_facts_come_back_as_they_were(tmp_path):
    tensors = {
        "words": np.array([[2**64 - 1, 0]], np.uint64),
        "scalar": np.array(3.5, np.float32),
        "none": np.zeros((0, 3), np.float16),
        "flags": np.array([True, False]),
        "strided": np.arange(6, dtype=np.int32).reshape(2, 3).T,
    }
    files.write_tensors(tmp_path / "x", tensors, {"big": 2**100, "text": "ü"})
    back, facts = files.read_tensors(tmp_path / "x")
    assert facts == {"big": 2**100, "text": "ü"}
    assert back.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert back[name].dtype == tensor.dtype
        assert back[name].shape == tensor.shape
        assert np.array_equal(back[name], tensor)


def test_every_truncation_is_noticed(tmp_path):
    whole = tmp_path / "whole"
    files.write_tensors(whole, {"a": np.arange(5)}, {"n": 1})
    content = whole.read_bytes()
    for length in range(len(content)):
        (tmp_path / "cut").write_bytes(content[:length])
        with pytest.raises(files.Damaged, match="cut: truncated or altered"):
            files.read_tensors(tmp_path / "cut")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "state"
    files.write(path, b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write(path, b"new and longer")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    files.remove_partial(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["state"]

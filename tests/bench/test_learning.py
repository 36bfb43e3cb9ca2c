"""The bench of a step of learning times each way, and leaves things as they were."""

import json

from agents import convolution
from bench import learning


def test_every_way_is_timed(monkeypatch, capsys):
    serves = convolution.serves
    monkeypatch.setattr("sys.argv", ["learning", "--games", "tic_tac_toe", "--steps", "2", "--json"])
    learning.main()
    found = json.loads(capsys.readouterr().out)["tic_tac_toe"]
    assert set(found) == set(learning.WAYS)
    assert all(seconds > 0 for seconds in found.values())
    assert convolution.serves is serves


def test_pytorchs_way_does_without_minimal_filtering():
    with learning.convolutions("PyTorch's"):
        assert not convolution.serves(None, None)

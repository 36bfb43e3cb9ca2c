"""Fixtures of these tests."""

import sys
from pathlib import Path

import pytest

import arena.cli

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def _other_processes_find_the_tests():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        yield


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs the program in an empty folder: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("ARENA_STORE", raising=False)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["arena", *words])
        try:
            arena.cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return call

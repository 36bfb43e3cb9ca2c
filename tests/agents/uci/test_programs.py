import pytest

from agents.uci import programs
from envs.core import InputError


@pytest.mark.parametrize("folder", ["on PATH", "usual"])
def test_engines_are_found_on_path_and_in_the_usual_folders(monkeypatch, tmp_path, folder):
    engine = tmp_path / "stockfish"
    engine.write_text("#!/bin/sh\n")
    monkeypatch.setattr(programs, "FOLDERS", (str(tmp_path),) if folder == "usual" else ())
    monkeypatch.setenv("PATH", str(tmp_path) if folder == "on PATH" else "")
    assert programs.find_engine("stockfish") is None  # not executable
    engine.chmod(0o755)
    assert programs.find_engine("stockfish") == engine
    assert programs.resolve("stockfish") == programs.resolve(str(engine)) == engine


def test_what_is_no_engine_is_quoted(monkeypatch, tmp_path):
    monkeypatch.setattr(programs, "FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "notes.txt"
    file.write_text("")
    for target, message in (
        ("", "which engine"),
        ("fairy-stockfish", "no engine 'fairy-stockfish' .*; on Debian: apt install fairy-stockfish"),
        ("deepblue", "no engine 'deepblue' on PATH"),
        ("/no/such/engine", "no engine '/no/such/engine': there is no such file"),
        (str(tmp_path) + "/", "there is no such file"),
        (str(file), "notes.txt' is not executable"),
    ):
        with pytest.raises(InputError, match=message):
            programs.resolve(target)

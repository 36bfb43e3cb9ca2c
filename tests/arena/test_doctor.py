import os
from importlib import metadata

from arena import doctor
from tests.agents.uci import fakes


def test_it_looks_at_everything_and_finds_this_installation_in_order():
    findings = doctor.examine()
    assert {"python", "packages", "cores", "processor", "gpu", "memory", "disk", "cache", "engine"} == {
        finding.topic for finding in findings
    }
    assert not [finding for finding in findings if finding.level == "bad"]
    assert f"torch {metadata.version('torch')}" in next(f.text for f in findings if f.topic == "packages")


def test_a_missing_package_is_bad(monkeypatch):
    version = metadata.version

    def without_scipy(name):
        if name == "scipy":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_scipy)
    assert [finding.text for finding in doctor.examine() if finding.level == "bad"] == [
        "scipy is missing: make install"
    ]


def test_a_package_that_cannot_be_imported_is_bad(monkeypatch):
    def broken(name):
        raise ImportError(f"lib{name}.so: wrong ELF class")

    monkeypatch.setattr(doctor.importlib, "import_module", broken)
    bad = [finding.text for finding in doctor.examine() if finding.level == "bad"]
    assert len(bad) == 3
    assert "numba cannot be imported: libnumba.so: wrong ELF class" in bad


def test_an_installation_that_is_not_one_is_bad(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", missing)
    assert [finding.topic for finding in doctor.examine() if finding.level == "bad"] == ["packages"]


def engines() -> list[doctor.Finding]:
    return [finding for finding in doctor.examine() if finding.topic == "engine"]


def test_engines_are_named_with_their_versions(monkeypatch, tmp_path):
    path = fakes.make(tmp_path)
    monkeypatch.setattr(doctor, "find_engine", lambda name: path if name == "stockfish" else None)
    fish, fairy = engines()
    assert fish == doctor.Finding("ok", "engine", f"stockfish: Fake 1.0 ({path})")
    assert fairy.level == "ok"
    assert fairy.text == ("fairy-stockfish: not installed (optional); on Debian: apt install fairy-stockfish")
    assert fakes.gone(path)


def test_an_engine_that_does_not_work_is_a_warning(monkeypatch, tmp_path):
    path = fakes.make(tmp_path, start="crash")
    monkeypatch.setattr(doctor, "find_engine", lambda name: path)
    assert {finding.level for finding in engines()} == {"warn"}
    assert f"stockfish: {path} does not work: engine fake exited (3)" in engines()[0].text


def test_little_disk_is_a_warning(monkeypatch):
    usage = type("Usage", (), {"free": 1e9})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    assert next(finding for finding in doctor.examine() if finding.topic == "disk").level == "warn"


def test_one_core_is_a_warning(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0}, raising=False)
    assert next(finding for finding in doctor.examine() if finding.topic == "cores").level == "warn"

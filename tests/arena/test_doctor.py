import os
from importlib import metadata

import pytest

from arena import doctor


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


@pytest.mark.parametrize("folder", ["on PATH", "usual"])
def test_engines_are_found_on_path_and_in_the_usual_folders(monkeypatch, tmp_path, folder):
    engine = tmp_path / "stockfish"
    engine.write_text("#!/bin/sh\n")
    monkeypatch.setattr(doctor, "ENGINE_FOLDERS", (str(tmp_path),) if folder == "usual" else ())
    monkeypatch.setenv("PATH", str(tmp_path) if folder == "on PATH" else "")
    assert doctor.find_engine("stockfish") is None  # not executable
    engine.chmod(0o755)
    assert doctor.find_engine("stockfish") == engine
    assert any(f"stockfish: {engine}" == finding.text for finding in doctor.examine() if finding.topic == "engine")


def test_little_disk_is_a_warning(monkeypatch):
    usage = type("Usage", (), {"free": 1e9})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    assert next(finding for finding in doctor.examine() if finding.topic == "disk").level == "warn"


def test_one_core_is_a_warning(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0}, raising=False)
    assert next(finding for finding in doctor.examine() if finding.topic == "cores").level == "warn"

"""What ``arena doctor`` looks at: all outside the repository that decides whether and how fast the arena runs."""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from agents.core import AgentError
from agents.uci.process import identify
from agents.uci.programs import PACKAGES, find_engine
from selfplay.cores import cores

PACKAGE = "arena-rl"
DISK_GB, MEMORY_GB = 5.0, 2.0  # less than this is worth a warning
CPU_FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16")  # what the networks' speed depends on


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. ``warn``: works, with a drawback; ``bad``: has to be put right."""

    level: Literal["ok", "warn", "bad"]
    topic: str
    text: str


def examine() -> list[Finding]:
    return [_python(), *_packages(), _cores(), _processor(), _gpu(), _memory(), _disk(), _cache(), *_engines()]


def _python() -> Finding:
    version = platform.python_version()
    return Finding(
        "ok" if sys.version_info >= (3, 11) else "bad", "python", f"{version} on {platform.platform(terse=True)}"
    )


def _packages() -> list[Finding]:
    """The installed versions of what the package requires, and whether the binary ones can be imported."""
    try:
        required = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return [Finding("bad", "packages", f"{PACKAGE} is not installed here: make install")]
    names = [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in required if "extra ==" not in line]
    found, findings = [], []
    for name in sorted(names):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            findings.append(Finding("bad", "packages", f"{name} is missing: make install"))
    for module in ("numba", "torch", "sqlalchemy"):
        try:
            importlib.import_module(module)
        except Exception as error:  # a broken binary may raise anything
            findings.append(Finding("bad", "packages", f"{module} cannot be imported: {error}"))
    return [Finding("ok", "packages", ", ".join(found)), *findings]


def _cores() -> Finding:
    usable = cores()
    busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return Finding("ok" if usable > 1 else "warn", "cores", f"{usable} of {os.cpu_count()} usable{busy}")


def _processor() -> Finding:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return Finding("ok", "processor", platform.processor() or platform.machine())
    model = re.search(r"model name\s*: (.*)", text)
    flags = re.search(r"(?:flags|Features)\s*: (.*)", text)
    has = [feature for feature in CPU_FEATURES if flags and feature in flags[1].split()]
    name = model[1] if model else platform.machine()
    slow = platform.machine() == "x86_64" and "avx2" not in has
    return Finding("warn" if slow else "ok", "processor", f"{name} ({', '.join(has) or 'no vector extensions known'})")


def _gpu() -> Finding:
    try:
        import torch
    except Exception:  # reported under packages
        return Finding("warn", "gpu", "unknown, as torch cannot be imported")
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
        return Finding("ok", "gpu", f"{', '.join(names)} (torch {torch.__version__})")
    return Finding("ok", "gpu", "none, and none is needed")


def _memory() -> Finding:
    try:
        text = Path("/proc/meminfo").read_text(encoding="utf-8")
    except OSError:
        return Finding("ok", "memory", "unknown")
    available = int(re.search(r"MemAvailable:\s*(\d+)", text)[1]) / 1e6  # type: ignore[index]
    return Finding("ok" if available >= MEMORY_GB else "warn", "memory", f"{available:.1f} GB available")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return Finding("ok" if free >= DISK_GB else "warn", "disk", f"{free:.0f} GB free in {Path.cwd()}")


def _cache() -> Finding:
    """Compiled kernels are kept beside their sources; where that is not allowed, numba takes a folder of the user."""
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(__file__).parent.parent)
    writable = os.access(folder if folder.exists() else folder.parent, os.W_OK)
    text = (
        f"compiled kernels are kept in {folder}" if writable else f"{folder} is read-only: kernels are kept elsewhere"
    )
    return Finding("ok" if writable else "warn", "cache", text)


def _engines() -> list[Finding]:
    """The chess engines that the arena knows by name, with their versions; none is required."""
    return [_engine(name, package) for name, package in PACKAGES.items()]


def _engine(name: str, package: str) -> Finding:
    path = find_engine(name)
    if path is None:
        return Finding("ok", "engine", f"{name}: not installed (optional); on Debian: apt install {package}")
    try:
        return Finding("ok", "engine", f"{name}: {identify(path)} ({path})")
    except AgentError as error:
        return Finding("warn", "engine", f"{name}: {path} does not work: {error}")

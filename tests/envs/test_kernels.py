"""Compiled code on disk must not outlive any source it was made of."""

import subprocess
import sys

import pytest

from envs import kernels

CALLER = """
from envs.kernels import njit
from mine.middle import doubled

@njit(cache=True)
def asked(x):
    return doubled(x) + 1
"""
MIDDLE = """
from envs.kernels import njit
import mine.factor

FACTOR = mine.factor.FACTOR

@njit(cache=True)
def doubled(x):
    return FACTOR * x
"""
ASK = """
import sys
from pathlib import Path
from envs import kernels
kernels.ROOT, kernels.PACKAGES = Path(sys.argv[1]), ("mine",)
sys.path.insert(0, sys.argv[1])
from mine.caller import asked
print(asked(10), sum(asked.stats.cache_hits.values()), sum(asked.stats.cache_misses.values()))
"""


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, source in (("caller", CALLER), ("middle", MIDDLE), ("factor", "FACTOR = 2\n"), ("other", "X = 1\n")):
        (folder / f"{name}.py").write_text(source)
    return folder


def ask(folder):
    """(what the kernel says, whether it came from the disk)"""
    answer = subprocess.run([sys.executable, "-c", ASK, str(folder.parent)], capture_output=True, text=True, check=True)
    value, hits, misses = map(int, answer.stdout.split())
    assert hits + misses == 1
    return value, bool(hits)


def test_a_kernel_is_compiled_again_when_something_it_uses_has_changed_and_only_then(mine):
    assert ask(mine) == (21, False)
    assert ask(mine) == (21, True)
    (mine / "other.py").write_text("X = 2\n")
    assert ask(mine) == (21, True)
    (mine / "factor.py").write_text("FACTOR = 3\n")
    assert ask(mine) == (31, False)
    (mine / "middle.py").write_text(MIDDLE.replace("FACTOR * x", "FACTOR * x * x"))
    assert ask(mine) == (301, False)
    assert ask(mine) == (301, True)


def test_code_compiled_for_a_type_whose_module_has_gone_is_compiled_again(mine):
    (mine / "pairs.py").write_text("from typing import NamedTuple\n\nclass Pair(NamedTuple):\n    a: int\n    b: int\n")
    told = "from mine.{} import Pair\n" + CALLER.replace("(x):", "(pair):").replace("doubled(x)", "doubled(pair.a)")
    (mine / "caller.py").write_text(
        told.format("pairs") + "\nasked_of = asked\nasked = lambda x: asked_of(Pair(x, 0))\n"
    )
    lines = "import mine.caller\nprint(asked(10))\n"
    asking = ASK[: ASK.index("print")] + lines

    def answer():
        words = [sys.executable, "-c", asking, str(mine.parent)]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()

    assert answer() == ["21"]
    (mine / "pairs.py").rename(mine / "couples.py")
    caller = (mine / "caller.py").read_text()
    (mine / "caller.py").write_text(caller.replace("mine.pairs", "mine.couples"))
    assert answer() == ["21"]


def test_a_stamp_covers_what_is_imported_by_any_way_of_saying_so(mine, monkeypatch):
    monkeypatch.setattr(kernels, "ROOT", mine.parent)
    monkeypatch.setattr(kernels, "PACKAGES", ("mine",))

    def forget():
        for known in (kernels.stamp, kernels._read, kernels._module):
            known.cache_clear()

    def fresh(file):
        forget()
        return kernels.stamp(file)

    for importing in ("import mine.other", "from mine import other", "from mine.other import (\n    X,\n)"):
        (mine / "asks.py").write_text(importing + "\nimport numpy\n")
        (mine / "other.py").write_text("X = 1\n")
        before = fresh(mine / "asks.py")
        assert fresh(mine / "asks.py") == before
        (mine / "other.py").write_text("X = 2\n")
        assert fresh(mine / "asks.py") != before
    forget()

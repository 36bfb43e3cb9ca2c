"""``njit``, numba's own, with compiled code on disk that is never older than any source it was made of.

numba compares a function's compiled code with the one file the function stands in. A function of another file that it
calls is compiled into it all the same, and would live on there after that file has changed: silently wrong rules after
an edit or an update. Here the stamp of a file covers every file of these packages that it imports, directly or not,
and code that was made of a file which is no longer there is old too.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import caching, config

__all__ = ["njit"]

ROOT = Path(__file__).parent.parent
PACKAGES = ("envs", "agents", "selfplay", "arena")


@cache
def stamp(file: Path) -> str:
    """A hash of the contents of ``file`` and of all it imports from `PACKAGES`."""
    found, ahead = set[Path](), [file]
    while ahead:
        path = ahead.pop()
        if path not in found:
            found.add(path)
            ahead += _read(path)[1]
    digests = "".join(_read(path)[0] for path in sorted(found))
    return hashlib.sha256(digests.encode()).hexdigest()


@cache
def _read(file: Path) -> tuple[str, tuple[Path, ...]]:
    """A hash of one file, and the files it imports itself."""
    source = file.read_bytes()
    imported: list[Path] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            imported += [path for name in node.names if (path := _module(name.name))]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                path = _module(f"{node.module}.{name.name}") or _module(node.module)
                imported += [path] if path else []
    return hashlib.sha256(source).hexdigest(), tuple(imported)


@cache
def _module(name: str) -> Path | None:
    """The file of a module of ours, by its dotted name; None if there is none."""
    if name.partition(".")[0] not in PACKAGES:
        return None
    base = ROOT.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


class _Stamped:
    """Replaces what a locator of numba says about the source's age."""

    _py_file: str

    def get_source_stamp(self) -> str:
        return stamp(Path(self._py_file))


class UserProvided(_Stamped, caching.UserProvidedCacheLocator):
    """In ``NUMBA_CACHE_DIR``."""


class InTree(_Stamped, caching.InTreeCacheLocator):
    """Beside the source."""


class UserWide(_Stamped, caching.UserWideCacheLocator):
    """In the user's folder for caches, where the source's folder cannot be written to."""


class Index(caching.IndexDataCacheFile):
    """What there is on disk. numba unpickles an index before it looks at its age, and fails where a type that was
    compiled for has since moved to another module; such an index is old like any other."""

    def _load_index(self) -> dict[Any, str]:
        try:
            found: dict[Any, str] = super()._load_index()  # type: ignore[no-untyped-call]
        except (ImportError, AttributeError):
            return {}
        return found


setattr(caching, "IndexDataCacheFile", Index)  # noqa: B010
if not getattr(config, "CACHE_LOCATOR_CLASSES", ""):  # unless somebody has locators of their own
    ours = [f"{__name__}.{kind.__name__}" for kind in (UserProvided, InTree, UserWide)]
    setattr(config, "CACHE_LOCATOR_CLASSES", ",".join([*ours, "IPythonCacheLocator", "ZipCacheLocator"]))  # noqa: B010

"""Lines from outside, and what happens inside, in the order in which they come."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """A queue of lines (str), and of items from threads of one's own; an ``EOFError`` is raised where lines end."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[str | Item | EOFError] = queue.SimpleQueue()

    def put(self, item: str | Item) -> None:
        self._queue.put(item)

    def close(self) -> None:
        """No more lines come."""
        self._queue.put(EOFError())

    def get(self, wait: bool) -> str | Item | None:
        """The next item; None where there is none and nobody wants to wait."""
        try:
            item = self._queue.get(block=wait)
        except queue.Empty:
            return None
        if isinstance(item, EOFError):
            raise item
        return item

    def read(self, descriptor: int) -> None:
        """Puts every line of a file here from now on, in a thread that dies with the process.

        It reads the bare file: a buffered one is locked while it waits, which would hang the end of the process."""
        _in_background(lambda: self._read(descriptor))

    def _read(self, descriptor: int) -> None:
        rest = b""
        try:
            while chunk := os.read(descriptor, 1 << 16):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self.put(line.decode("utf-8", "replace").strip())
        except OSError:  # no lines come from a file that cannot be read
            pass
        if rest:
            self.put(rest.decode("utf-8", "replace").strip())
        self.close()

    def fetch(self, make: Callable[[], Item]) -> None:
        """Puts what ``make`` returns here once it is there; it is made in a thread that dies with the process."""
        _in_background(lambda: self.put(make()))


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()

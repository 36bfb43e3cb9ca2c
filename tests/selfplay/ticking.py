"""A clock for trainings that does not depend on the machine."""

import itertools


class Ticking:
    """In place of the module ``time``: a call moves it on by a fixed time, so many calls are so many seconds."""

    def __init__(self, step):
        self._now, self._fine = itertools.count(0, step), itertools.count()

    def monotonic(self):
        return next(self._now)

    def perf_counter(self):
        return next(self._fine)

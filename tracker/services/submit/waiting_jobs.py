"""Set jobs aside whose call lasts: they take no place among those that a process works on at once.

A create whose answer is the result waits for minutes and does nothing meanwhile. Counted like the
others, two dozen of them would keep every other create waiting.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tracker.store.jobs import Job

MOST = 256
"""Jobs of one process that are set aside at once; a further one keeps its place."""


class WaitingJobs:
    """The jobs that wait for a slow answer. Their leases are renewed like those of all others."""

    def __init__(self, most: int = MOST) -> None:
        """None waits. most: how many may."""
        self._most = most
        self._jobs: set[Job] = set()
        self._listeners: list[Callable[[], None]] = []

    def __contains__(self, job: Job) -> bool:
        """Tell whether a job is set aside."""
        return job in self._jobs

    def call_on_set(self, listener: Callable[[], None]) -> None:
        """Call a function whenever a job is set aside, which gives its place free."""
        self._listeners.append(listener)

    @contextmanager
    def set_aside(self, job: Job) -> Iterator[None]:
        """Set a job aside while the block runs, where there is room."""
        if len(self._jobs) < self._most:
            self._jobs.add(job)
            for listener in self._listeners:
                listener()
        try:
            yield
        finally:
            self._jobs.discard(job)

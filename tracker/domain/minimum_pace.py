"""Tell a transfer that is too slow to wait for."""

from collections.abc import Callable

LEAST_BYTES = 64 * 1024


class MinimumPace:
    """How fast the bytes of one transfer come: LEAST_BYTES in each span of time, at least."""

    def __init__(self, span_s: float, clock: Callable[[], float], size: int = 0) -> None:
        """span_s: how long so many bytes may take. clock: monotonic, in seconds.

        size: bytes that have come before.
        """
        self._span_s, self._clock = span_s, clock
        self._since, self._size = clock(), size

    @property
    def span_s(self) -> float:
        """Return how long so many bytes may take."""
        return self._span_s

    def explain_slowness(self, size: int) -> str | None:
        """Return why a transfer is too slow; None where it is not. size: bytes that have come."""
        now = self._clock()
        if size - self._size >= LEAST_BYTES:
            self._since, self._size = now, size
        elif now - self._since > self._span_s:
            return f"only {size - self._size} bytes came within {self._span_s:g} s"
        return None

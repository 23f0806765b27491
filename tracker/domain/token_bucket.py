"""A token bucket: so many at once, then so many a second. Arithmetic only."""

import math


class TokenBucket:
    """Counts what is taken; the caller knows the time."""

    def __init__(self, size: float, per_s: float) -> None:
        """size: how many may be taken at once after a quiet time; per_s: how fast it fills."""
        self._size, self._per_s = size, per_s
        self._left = size
        self._since: float | None = None

    @classmethod
    def make_per_minute(cls, count: int) -> "TokenBucket":
        """Return a bucket that holds what a quiet minute may use."""
        return cls(float(count), count / 60)

    def take(self, now: float) -> bool:
        """Take one. False when none is left.

        now: monotonic seconds.
        """
        if self._since is not None:
            self._left = min(self._size, self._left + (now - self._since) * self._per_s)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def put_back(self) -> None:
        """Undo a `take` of what is not to be counted."""
        self._left = min(self._size, self._left + 1)

    @property
    def size(self) -> int:
        """Return how many may be taken at once."""
        return int(self._size)

    @property
    def left(self) -> int:
        """Return how many could be taken at the time of the last `take`."""
        return int(self._left)

    @property
    def wait_s(self) -> float:
        """Seconds, then, until one can be taken; 0 where one can."""
        return max(0.0, (1 - self._left) / self._per_s)

    @property
    def next_s(self) -> int:
        """Whole seconds, then, until one can be taken; at least 1."""
        return max(1, math.ceil(self.wait_s))

    @property
    def full_s(self) -> int:
        """Whole seconds, then, until all can be."""
        return math.ceil((self._size - self._left) / self._per_s)

"""A token bucket: so many at once, then so many a minute. Arithmetic only."""

import math


class TokenBucket:
    """Counts what is taken; the caller knows the time."""

    def __init__(self, per_minute: int) -> None:
        """per_minute: also how many may be taken at once after a quiet minute."""
        self._size = float(per_minute)
        self._left = float(per_minute)
        self._since: float | None = None

    def take(self, now: float) -> bool:
        """Take one. False when none is left.

        now: monotonic seconds.
        """
        if self._since is not None:
            self._left = min(self._size, self._left + (now - self._since) * self._size / 60)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def put_back(self) -> None:
        """Undo a `take` of what is not to be counted."""
        self._left = min(self._size, self._left + 1)

    @property
    def per_minute(self) -> int:
        """Return the rate that the bucket was made with."""
        return int(self._size)

    @property
    def left(self) -> int:
        """How many could be taken at the time of the last `take`."""
        return int(self._left)

    @property
    def next_s(self) -> int:
        """Whole seconds, then, until one can be taken; at least 1."""
        return max(1, math.ceil((1 - self._left) * 60 / self._size))

    @property
    def full_s(self) -> int:
        """Whole seconds, then, until all can be."""
        return math.ceil((self._size - self._left) * 60 / self._size)

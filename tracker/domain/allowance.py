"""A token bucket: so many at once, then so many a minute. Arithmetic only."""


class Allowance:
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

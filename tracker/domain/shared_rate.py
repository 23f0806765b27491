"""A rate limit over several processes: so many in each minute, drawn in blocks. Arithmetic only."""

import math

WINDOW_S = 60
BLOCKS = 10
"""Of a limit: a process draws a tenth of it at a time."""


def compute_window(seconds: float) -> int:
    """Return the number of the window of a time. seconds: since 1970, by the shared clock."""
    return int(seconds // WINDOW_S)


class SharedAllowance:
    """Counts what one process takes of a window; the caller knows the time, and draws."""

    def __init__(self, size: int) -> None:
        """size: how many all processes together may take in a window."""
        self.size = size
        self._window = self._asked_in = -1
        self._mine = 0
        self._drawn = 0
        self._now_s = 0.0

    @property
    def block(self) -> int:
        """Return how many are drawn at a time."""
        return max(1, self.size // BLOCKS)

    def must_draw(self, now_s: float) -> bool:
        """Tell whether a block must be drawn before one is taken, and may be there.

        now_s: since 1970, by the shared clock.
        """
        current = compute_window(now_s)
        if self._mine > 0:  # once a window: the database's may begin later than ours
            return current > max(self._window, self._asked_in)
        return current > self._window or self._drawn + self.block <= self.size

    def add(self, now_s: float, window: int, drawn: int | None) -> None:
        """Take a block in that was drawn.

        now_s:  as of `must_draw`.
        window: of the database's clock.
        drawn:  how many all have drawn of the window with it; None where no block was left.
        """
        self._asked_in = compute_window(now_s)
        if window > self._window:
            self._window, self._mine = window, 0
        if drawn is None:
            self._drawn = self.size
            return
        self._drawn = drawn
        self._mine += self.block

    def take(self, now_s: float) -> bool:
        """Take one. False when none is left."""
        self._now_s = now_s
        if self._mine == 0:
            return False
        self._mine -= 1
        return True

    @property
    def left(self) -> int:
        """Return how many all could take at the time of the last `take`, as far as is known."""
        return max(0, self.size - self._drawn) + self._mine

    @property
    def next_s(self) -> int:
        """Whole seconds, then, until one can be taken; at least 1."""
        return self.full_s

    @property
    def full_s(self) -> int:
        """Whole seconds, then, until all can be."""
        return max(1, math.ceil(WINDOW_S - self._now_s % WINDOW_S))
